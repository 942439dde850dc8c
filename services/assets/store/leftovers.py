"""What killed processes left behind before it was whole, or in its place."""

import asyncio
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError

from chassis.clock import now
from chassis.logs import get_logger

if TYPE_CHECKING:
    from obstore.store import ObjectStore

LEFT_OVER_AFTER = timedelta(days=1)

_STAGED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(#\d+)?")
"""As the store names what it stages; obstore numbers what it has not finished."""

log = get_logger(__name__)


async def sweep(objects: "ObjectStore", folder: Path | None, below: str, *, shared: bool = False) -> int:
    """Remove what is older than a day below this prefix. `folder`: that of a store on a local disk. `shared`: others
    write there too, and only what has a staged file's name is removed. Returns how many files that were."""
    if folder is not None:
        removed = await asyncio.to_thread(_sweep_folder, folder / below, shared)
    else:
        removed = await _sweep_bucket(objects, below, shared)
    if removed:
        log.warning("unfinished files were swept away", files=removed)
    return removed


async def remove(objects: "ObjectStore", key: str) -> None:
    """What can't be deleted now is swept away later."""
    try:
        with suppress(FileNotFoundError):
            await objects.delete_async(key)
    except BaseError as error:
        log.warning("an unfinished file stays until it is swept away", key=key, error=repr(error))


def _sweep_folder(folder: Path, shared: bool) -> int:
    """Also what obstore has not finished: it hides that from its own list."""
    removed = 0
    for file in folder.glob("*"):
        if shared and not _STAGED.fullmatch(file.name):
            continue
        with suppress(FileNotFoundError):  # another process has just moved it to its place
            if _is_left_over(file.stat().st_mtime):
                file.unlink()
                removed += 1
    return removed


async def _sweep_bucket(objects: "ObjectStore", below: str, shared: bool) -> int:
    """Complete files only: a bucket's lifecycle rule ends multipart uploads that were never completed."""
    old = [
        found["path"]
        async for batch in objects.list(below)
        for found in batch
        if _is_left_over(found["last_modified"].timestamp())
        and (not shared or _STAGED.fullmatch(found["path"].removeprefix(f"{below}/")))
    ]
    for key in old:
        await remove(objects, key)
    return len(old)


def _is_left_over(modified: float) -> bool:
    return datetime.fromtimestamp(modified, UTC) < now() - LEFT_OVER_AFTER
