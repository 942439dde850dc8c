"""HTTP for channel packs."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.problems import documented
from contracts.assets import ChannelPack
from services.assets.channels import service
from services.assets.channels.schemas import ChannelPackContent, ChannelPacks

router = APIRouter(prefix="/v1/channel-packs", tags=["channel packs"])

Channel = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="As a request names it: `amazon`.")]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="None: the newest.")]

_UNKNOWN = documented({404: "There is no such channel; `known` lists those that there are."})


@router.get("", summary="What each channel asks for")
async def list_channel_packs(session: Session, caller: AnyCaller) -> ChannelPacks:
    """What each channel asks of an image, from which source, read when; and in words what no field can say."""
    return ChannelPacks(items=await service.channel_packs(session))


@router.get("/{channel}", summary="What one channel asks for", responses=_UNKNOWN)
async def read_channel_pack(
    session: Session, caller: AnyCaller, channel: Channel, response: Response, version: Number = None
) -> ChannelPack:
    """The newest version, or one that a variant names as its `channel_pack`. The `ETag` is what an edit sends back as
    `If-Match`."""
    pack = await service.get_channel_pack(session, channel, version)
    set_etag(response, pack.version)
    return pack


@router.put("/{channel}", summary="Publish the next version of a channel's pack", responses=EDITED)
async def publish_channel_pack(
    session: Session,
    caller: AnyCaller,
    channel: Channel,
    expected: IfMatch,
    body: Annotated[ChannelPackContent, edit_of(ChannelPackContent, "channel")],
    response: Response,
) -> ChannelPack:
    """All of the pack anew; `If-Match: "0"` makes a new channel, which requests can name within moments. Only the owner
    of `files_and_rights` may. Refused, with every cause at once: what contradicts itself, and what no rendered file
    could meet. Variants that have begun keep their version."""
    pack = await service.publish_channel_pack(session, channel, body, caller, expected)
    set_etag(response, pack.version)
    return pack
