"""HTTP for dossiers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import documented
from services.assets.dossiers import service
from services.assets.dossiers.errors import NoKey
from services.assets.dossiers.schemas import PublicKeys, SignedDossier
from services.assets.dossiers.signing import DossierKey

router = APIRouter(tags=["dossiers"])

MEDIA_TYPE = "application/jose+json"
_ANSWERS = documented(
    {
        404: "There is no such version, or it is no approved final.",
        503: "Other services' news of it are still on their way, or no key to sign it is set.",
    }
)


def _key(request: Request) -> DossierKey:
    key: DossierKey | None = request.app.state.dossier_key
    if key is None:
        raise NoKey
    return key


Key = Annotated[DossierKey, Depends(_key)]


@router.get(
    "/v1/finals/{version_id}/dossier",
    summary="What proves how a final was asked for, made, measured and decided",
    response_class=JSONResponse,
    responses=_ANSWERS | {200: {"model": SignedDossier, "content": {MEDIA_TYPE: {}}}},
)
async def read_dossier(session: Session, caller: AnyCaller, version_id: UUID, key: Key) -> Any:
    """A JSON Web Signature whose payload is a `Dossier`: the request, every version with its hash, the measurements,
    all decisions with their checklist's version. `packshot verify FILE DOSSIER` checks file and dossier offline."""
    return JSONResponse(await service.signed_dossier(session, version_id, key), media_type=MEDIA_TYPE)


@router.get("/v1/dossier-keys", summary="The public keys that dossiers are checked with", responses=_ANSWERS)
async def read_dossier_keys(caller: AnyCaller, key: Key) -> PublicKeys:
    """Keep them beside the dossiers: they are checked without this server, and by keys that you trust."""
    return PublicKeys.model_validate(key.public_keys())
