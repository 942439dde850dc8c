"""HTTP for names, and for the packs that make them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.problems import documented
from contracts.assets import NamingPack
from services.assets.naming import packs, service
from services.assets.naming.schemas import (
    CheckedName,
    NameAsked,
    NameWanted,
    NamingContent,
    NamingPacks,
    RightName,
)

router = APIRouter(prefix="/v1/naming-packs", tags=["naming packs"])
names = APIRouter(prefix="/v1/names", tags=["naming packs"])

Channel = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="`brand`, or a channel that has its own pack.")
]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="None: the newest.")]

_UNKNOWN = documented({404: "There is no such pack; `known` lists those that there are."})
_NOT_ASKED = documented({404: "Nobody has asked for such a file."})


@router.get("", summary="How files are named")
async def list_naming_packs(session: Session, caller: AnyCaller) -> NamingPacks:
    """The brand's pack, and those of channels that have their own. The variants of other channels are named by their
    channel pack's pattern, in the brand's manner."""
    return NamingPacks(items=await packs.naming_packs(session))


@router.get("/{channel}", summary="How the brand's or a channel's files are named", responses=_UNKNOWN)
async def read_naming_pack(
    session: Session, caller: AnyCaller, channel: Channel, response: Response, version: Number = None
) -> NamingPack:
    """The `ETag` is what an edit sends back as `If-Match`."""
    pack = await packs.get_naming_pack(session, channel, version)
    set_etag(response, pack.version)
    return pack


@router.put("/{channel}", summary="Publish the next version of a naming pack", responses=EDITED | _UNKNOWN)
async def publish_naming_pack(
    session: Session,
    caller: AnyCaller,
    channel: Channel,
    expected: IfMatch,
    body: Annotated[NamingContent, edit_of(NamingContent, "channel")],
    response: Response,
) -> NamingPack:
    """All of the pack anew; `If-Match: "0"` gives a channel its own. Only the owner of `files_and_rights` may. It
    counts for what is handed in from now on; what is there keeps its names."""
    pack = await packs.publish_naming_pack(session, channel, body, caller, expected)
    set_etag(response, pack.version)
    return pack


@names.post(":propose", summary="What a file is to be named", responses=_NOT_ASKED)
async def propose_name(session: Session, caller: AnyCaller, body: NameWanted) -> RightName:
    """The slot has this name from now on: no other one's file for the same channel will get it."""
    return await service.propose(session, body)


@names.post(":check", summary="Whether a file's name is right", responses=_NOT_ASKED)
async def check_name(session: Session, caller: AnyCaller, body: NameAsked) -> CheckedName:
    """It fits, or what is wrong with it; and the right one."""
    return await service.check(session, body)
