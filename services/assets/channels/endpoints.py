"""HTTP for channel packs."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import ProblemDetails
from contracts.assets import ChannelPack
from services.assets.channels import service

router = APIRouter(prefix="/v1/channels", tags=["channels"])

_PROBLEM = {
    "model": ProblemDetails,
    "content": {"application/problem+json": {}},
    "description": "There is no such channel; `known` lists those that there are.",
}


class Channels(BaseModel):
    """Every channel, with the newest version of its pack."""

    items: list[ChannelPack]


@router.get("", summary="List channels")
async def list_channels(session: Session, caller: AnyCaller) -> Channels:
    """What each channel asks of an image, from which source, read when."""
    return Channels(items=await service.channels(session))


@router.get("/{channel}", summary="Read a channel's pack", responses={404: _PROBLEM})
async def read_channel(
    session: Session,
    caller: AnyCaller,
    channel: Annotated[str, Path(max_length=100)],
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="None: the newest.")] = None,
) -> ChannelPack:
    return await service.get_channel(session, channel, version)
