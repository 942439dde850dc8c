"""Keeping overlays in the store, and reading them from there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

from chassis.logs import get_logger
from chassis.problems import Unavailable
from services.qc.evidence.domain import Drawn, Kept, location_of
from services.qc.evidence.errors import OverlayMissing
from services.qc.inspections.files import Files, Unreadable

log = get_logger(__name__)


async def keep(files: Files, drawn: Sequence[Drawn]) -> list[Kept]:
    """Store them, by their content: what a crash leaves before they are on record is found there the next time. Raises
    `Unwritable`."""
    kept = [
        Kept(
            check=one.check,
            sha256=hashlib.sha256(one.png).hexdigest(),
            bytes=len(one.png),
            width=one.width,
            height=one.height,
            scale=one.scale,
            legend=one.legend,
        )
        for one in drawn
    ]
    await asyncio.gather(
        *(files.write(location_of(one.sha256), each.png) for one, each in zip(kept, drawn, strict=True))
    )
    return kept


async def stream(files: Files, kept: Kept) -> AsyncIterator[bytes]:
    """Raises `OverlayMissing` and `Unavailable` before the first byte."""
    location = location_of(kept.sha256)
    try:
        return await files.stream(location, kept.bytes)
    except FileNotFoundError as error:
        log.error("an overlay is missing", location=location, error=str(error))
        raise OverlayMissing("The overlay is not in the store. This is in the logs under the request id.") from error
    except Unreadable as error:
        log.error("the store refused", location=location, error=str(error))
        raise Unavailable("The file store can't be reached. Try again.") from error
