"""Which work item a delivered file is for, and why it is quarantined where it is for none. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.values import DigitalSourceType, WorkState
from services.assets.deliveries.schemas import NamedFile, UploadedFile
from services.assets.labels.domain import UNLABELLED, LabelRecord
from services.assets.store.formats import KNOWN
from services.assets.versions.domain import name_problem
from services.assets.work.domain import SETTLED, WorkCopy, why_not_open

FETCH_AGAIN_AFTER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
"""After each failed try but the last: six tries in about seven hours."""


class Code(StrEnum):
    """Why a file is quarantined, for programs."""

    BAD_NAME = "bad_name"
    WRONG_NAME = "wrong_name"  # a naming pack asks for another
    WRONG_LABEL = "wrong_label"  # what it declares of AI contradicts what is on record
    NOT_UPLOADED = "not_uploaded"
    NOT_AN_IMAGE = "not_an_image"
    NO_SUCH_WORK = "no_such_work"
    NOT_AWAITED = "not_awaited"
    VENDOR_INACTIVE = "vendor_inactive"  # switched off before the file was decided on
    URL_REFUSED = "url_refused"  # private, redirects without end, no https
    NOT_FETCHED = "not_fetched"  # after the last try
    TOO_LARGE = "too_large"
    OTHER_SIZE = "other_size"
    OTHER_BYTES = "other_bytes"  # their SHA-256 is another


@dataclass(frozen=True)
class Reason:
    """Why a file is quarantined: `text` is for people."""

    code: Code
    text: str


VENDOR_INACTIVE = Reason(
    Code.VENDOR_INACTIVE, "Nothing is taken from this vendor: it was switched off before this file was decided on."
)


@dataclass(frozen=True)
class Judgement:
    """`item`: the work item that takes the file. `label`: what its version says of AI then. `reasons`: why it is
    quarantined. `waits`: it is to be fetched before it can be judged. `may_change`: only because of a state that an
    event may be about to change."""

    item: WorkCopy | None = None
    label: LabelRecord = UNLABELLED
    reasons: list[Reason] = field(default_factory=list)
    waits: bool = False
    may_change: bool = False


def next_fetch(attempts: int, at: datetime) -> datetime | None:
    """When a file is fetched again of which so many tries have failed, the last of them at `at`; None: never."""
    return at + FETCH_AGAIN_AFTER[attempts - 1] if attempts <= len(FETCH_AGAIN_AFTER) else None


def judge_all(
    files: Sequence[NamedFile],
    uploaded: dict[str, UploadedFile],
    items: Collection[WorkCopy],
    delivered: Collection[tuple[UUID, int]],
    vendor: str,
    refused_names: Mapping[tuple[UUID, str, str], str] | None = None,
    labels: Mapping[tuple[UUID, DigitalSourceType | None], LabelRecord | str] | None = None,
) -> list[Judgement]:
    """In order: a file that is accepted takes its work item from those after it. One that is yet to be fetched takes
    nothing: whichever is here first counts. It isn't fetched where its work is settled.

    `uploaded`: the vendor's files by hash. `delivered`: work items and rounds that have a version. `refused_names`:
    work item, file name and hash → why a naming pack doesn't take that name for it. `labels`: work item and what a file
    declares → what it says then, or why that contradicts the record.
    """
    taken = set(delivered)
    judgements = []
    for file in files:
        reasons = file_reasons(file, uploaded)
        same_slot = [item for item in items if item.slot == file.slot and file.request_id in (None, item.request_id)]
        judgement = _find_item(file, same_slot, taken, vendor)
        if reasons:
            judgement = Judgement(reasons=[*reasons, *judgement.reasons])
        elif file.sha256 not in uploaded and (judgement.item is not None or judgement.may_change):
            judgement = Judgement(waits=True)
        elif judgement.item is not None and (
            why := (refused_names or {}).get((judgement.item.id, file.filename, file.sha256))
        ):
            judgement = Judgement(reasons=[Reason(Code.WRONG_NAME, why)])
        elif (item := judgement.item) is not None:
            label = (labels or {}).get((item.id, file.digital_source_type), UNLABELLED)
            if isinstance(label, str):
                judgement = Judgement(reasons=[Reason(Code.WRONG_LABEL, label)])
            else:
                judgement = Judgement(item=item, label=label)
                taken.add((item.id, item.round))
        judgements.append(judgement)
    return judgements


def file_reasons(file: NamedFile, uploaded: dict[str, UploadedFile]) -> list[Reason]:
    """What is wrong with the file itself, whatever it is for."""
    reasons = []
    if problem := name_problem(file.filename):
        reasons.append(Reason(Code.BAD_NAME, f"The file name {problem}."))
    found = uploaded.get(file.sha256)
    if found is None and file.url is None:
        why = "The file was not uploaded: no complete file with this SHA-256 came from you."
        reasons.append(Reason(Code.NOT_UPLOADED, why))
    if found is not None and found.media_type is None:
        why = f"The file is not an image of a known format ({', '.join(KNOWN)})."
        reasons.append(Reason(Code.NOT_AN_IMAGE, why))
    if found is not None and file.bytes not in (None, found.bytes):
        reasons.append(Reason(Code.OTHER_SIZE, f"The file has {found.bytes} bytes, not {file.bytes}."))
    return reasons


def _find_item(
    file: NamedFile, same_slot: Collection[WorkCopy], taken: Collection[tuple[UUID, int]], vendor: str
) -> Judgement:
    """Of several open ones, the oldest: it has waited longest."""
    if not same_slot:
        asked = f"request {file.request_id} doesn't ask" if file.request_id else "nobody has asked"
        why = f"There is no such work: {asked} for {file.slot}."
        return Judgement(reasons=[Reason(Code.NO_SUCH_WORK, why)], may_change=True)
    newest_first = sorted(same_slot, key=lambda item: (item.created_at, item.id), reverse=True)
    waiting = [item for item in newest_first if (item.id, item.round) not in taken and _is_open(item, vendor)]
    if waiting:
        return Judgement(item=waiting[-1])
    return Judgement(
        reasons=[Reason(Code.NOT_AWAITED, f"No file is awaited for {file.slot}: {_why(newest_first, taken)}.")],
        may_change=any(item.state not in SETTLED for item in same_slot),
    )


def _is_open(item: WorkCopy, vendor: str) -> bool:
    """In its queue, or held by the vendor itself."""
    return item.state is WorkState.READY or (item.state is WorkState.CLAIMED and item.claimed_by == vendor)


def _why(newest_first: Sequence[WorkCopy], taken: Collection[tuple[UUID, int]]) -> str:
    """About the item that comes closest: one that is not settled, if there is one."""
    item = next((one for one in newest_first if one.state not in SETTLED), newest_first[0])
    if (item.id, item.round) in taken and item.state not in SETTLED:
        return f"round {item.round} of it was delivered already"
    return why_not_open(item)
