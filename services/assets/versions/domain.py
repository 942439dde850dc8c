"""Rules of versions: their names, and who may hand one in."""

import unicodedata
from uuid import UUID

from chassis.ids import derived_id
from contracts.assets import Version
from contracts.values import WorkState
from services.assets.versions.errors import AlreadyDelivered, HeldByAnother, NotOpen, UnknownWork
from services.assets.work.domain import AWAITS_FILE, SETTLED, WorkCopy, why_not_open

MAX_NAME_BYTES = 255
_UNSHOWN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def asset_of(work_item_id: UUID) -> UUID:
    """All versions of a work item are versions of one asset."""
    return derived_id("asset", work_item_id)


def name_problem(name: str) -> str | None:
    """Why this can't be a file's name; None when it can."""
    if not name.strip():
        return "is empty"
    if name.strip() in (".", ".."):
        return "is a folder's name"
    if any(character in "/\\" for character in name):
        return "has a path separator: send the name alone"
    if any(unicodedata.category(character) in _UNSHOWN for character in name):
        return "has characters that can't be shown"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"has more than {MAX_NAME_BYTES} bytes"
    return None


def shown_name(name: str) -> str:
    """A name from outside that is fit to be shown and stored, whatever it was."""
    harmless = "".join("�" if unicodedata.category(one) in _UNSHOWN or one in "/\\" else one for one in name)
    return harmless.encode()[:MAX_NAME_BYTES].decode(errors="ignore") or "�"


def check_may_upload(item: WorkCopy | None, delivered: Version | None, caller: str) -> WorkCopy:
    """The item, when the caller may hand in its round's version now. Raises what stands against it."""
    if item is None:
        raise UnknownWork("There is no such work item.")
    if delivered is not None and item.state not in SETTLED:
        raise AlreadyDelivered(delivered)
    if item.state is WorkState.CLAIMED and item.claimed_by == caller:
        return item
    if item.state is WorkState.CLAIMED:
        raise HeldByAnother(item)
    remedy = f" Claim it first: POST /v1/work/{item.id}/claim." if item.state is WorkState.READY else ""
    raise NotOpen(item, f"This work item takes no file now: {why_not_open(item)}.{remedy}")


def check_still_open(item: WorkCopy | None, begun: WorkCopy, caller: str) -> WorkCopy:
    """The item, when a file that its holder began to upload can still count.

    A lease that ran out meanwhile doesn't matter, as long as nobody else has claimed the item.
    """
    if item is None:
        raise UnknownWork("There is no such work item.")
    if item.round != begun.round or item.state not in AWAITS_FILE:
        raise NotOpen(item, f"While the file came, the work item went on: {why_not_open(item)}.")
    if item.state is WorkState.CLAIMED and item.claimed_by != caller:
        raise HeldByAnother(item)
    return item
