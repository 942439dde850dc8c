"""HTTP for decision domains."""

from typing import Annotated

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import IfMatch, set_etag
from chassis.packs import edit_of
from services.governance.decision_domains import service
from services.governance.decision_domains.schemas import DecisionDomains, PublishedDomains

router = APIRouter(prefix="/v1/decision-domains", tags=["decision domains"])


@router.get("", summary="Who decides what")
async def read_decision_domains(session: Session, caller: AnyCaller, response: Response) -> PublishedDomains:
    """Every domain with its one owner role. The `ETag` is what an edit sends back as `If-Match`."""
    domains = await service.current_domains(session)
    set_etag(response, domains.version)
    return domains


@router.put("", summary="Publish the next version")
async def publish_decision_domains(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[DecisionDomains, edit_of(DecisionDomains)],
    response: Response,
) -> PublishedDomains:
    """All domains anew. Only the owner of `sla_and_exceptions` may; every service follows within moments."""
    version = await service.publish_domains(session, body, caller, expected)
    set_etag(response, version)
    return PublishedDomains(version=version, domains=body.domains)
