"""HTTP for gates, checklists and reasons."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.problems import FieldError, Invalid
from contracts.values import ComplexityClass, Gate, IntendedUse, WorkKind
from services.qc.reference import service
from services.qc.reference.conditions import SpecAsk, facts
from services.qc.reference.schemas import (
    Checklists,
    ComposedChecklists,
    Gates,
    PublishedChecklists,
    PublishedGates,
    PublishedReasons,
    Reasons,
)

router = APIRouter(tags=["gates, checklists and reasons"])

Value = Annotated[str | None, Query(max_length=200)]


@router.get("/v1/gates", summary="The gates, and whose decision each is")
async def read_gates(session: Session, caller: AnyCaller, response: Response) -> PublishedGates:
    """In their fixed order. The `ETag` is what an edit sends back as `If-Match`."""
    gates = await service.published_gates(session)
    set_etag(response, gates.version)
    return gates


@router.put("/v1/gates", summary="Publish the next version of the gates", responses=EDITED)
async def publish_gates(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[Gates, edit_of(Gates)],
    response: Response,
) -> PublishedGates:
    """Who decides at each gate, and what passes by measurement. Only the owner of `pass_fail` may. There are always
    the same gates, in the same order. It counts at once: whoever decides an open gate needs the new role."""
    version = await service.publish_gates(session, body, caller, expected)
    set_etag(response, version)
    return PublishedGates(version=version, **dict(body))


@router.get("/v1/checklists", summary="What is answered at each gate", response_model_exclude_none=True)
async def read_checklists(session: Session, caller: AnyCaller, response: Response) -> PublishedChecklists:
    """All items, each with the work that it is asked of: what reviews that open from now on are composed from. The
    `ETag` is what an edit sends back as `If-Match`."""
    checklists = await service.current_checklists(session)
    set_etag(response, checklists.version)
    return checklists


@router.get("/v1/checklists:composed", summary="What work with these values would be asked")
async def compose_checklists(
    session: Session,
    caller: AnyCaller,
    gate: Annotated[Gate | None, Query(description="Only at this gate.")] = None,
    category: Value = None,
    materials: Annotated[list[str] | None, Query(max_length=100, description="Once for each of the product's.")] = None,
    view: Value = None,
    channel: Annotated[str | None, Query(max_length=200, description="Of a variant.")] = None,
    use: IntendedUse | None = None,
    kind: Annotated[
        WorkKind | None, Query(description="If it isn't given: a variant with a channel, a shot without.")
    ] = None,
    complexity_class: ComplexityClass | None = None,
    track: Value = None,
    specs: Annotated[
        list[SpecAsk] | None, Query(max_length=10, description="Once for each that the spec asks for.")
    ] = None,
    ai: Annotated[bool, Query(description="Whether AI has a part in it.")] = False,
) -> ComposedChecklists:
    """By the version in force: to try a pack. What isn't given meets no condition. Of a review that is open its packet
    says what it asks."""
    if channel and kind is WorkKind.SHOT:
        remedy = "Leave `channel` out, or send `kind=variant`."
        error = FieldError(pointer="query/channel", detail="a shot has no channel: it is a variant's", remedy=remedy)
        raise Invalid("There is no such work; `errors` says why.", errors=[error])
    of_work = facts(
        category=category,
        materials=materials or (),
        view=view,
        channel=channel,
        use=use,
        kind=kind or (WorkKind.VARIANT if channel else WorkKind.SHOT),
        complexity_class=complexity_class,
        track=track,
        specs=specs or (),
        ai=ai,
    )
    return await service.composed_checklists(session, of_work, gate)


@router.put(
    "/v1/checklists",
    summary="Publish the next version of the checklists",
    response_model_exclude_none=True,
    responses=EDITED,
)
async def publish_checklists(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[Checklists, edit_of(Checklists)],
    response: Response,
) -> PublishedChecklists:
    """All checklists anew. Only the owner of `pass_fail` may. Open reviews keep what they began with."""
    version = await service.publish_checklists(session, body, caller, expected)
    set_etag(response, version)
    return PublishedChecklists(version=version, checklists=body.checklists)


@router.get("/v1/reasons", summary="Why work is sent back, and where to")
async def read_reasons(session: Session, caller: AnyCaller, response: Response) -> PublishedReasons:
    """The whole taxonomy. The `ETag` is what an edit sends back as `If-Match`."""
    reasons = await service.current_reasons(session)
    set_etag(response, reasons.version)
    return reasons


@router.put("/v1/reasons", summary="Publish the next version of the reasons")
async def publish_reasons(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[Reasons, edit_of(Reasons)],
    response: Response,
) -> PublishedReasons:
    """All reasons anew. Only the owner of `pass_fail` may."""
    version = await service.publish_reasons(session, body, caller, expected)
    set_etag(response, version)
    return PublishedReasons(version=version, **dict(body))
