"""Which work item a delivered file is for, and why it is quarantined where it is for none. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from contracts.values import WorkState
from services.assets.deliveries.schemas import NamedFile, UploadedFile
from services.assets.store.formats import KNOWN
from services.assets.versions.domain import name_problem
from services.assets.work.domain import SETTLED, WorkCopy, why_not_open


@dataclass(frozen=True)
class Judgement:
    """`item`: the work item that takes the file. `reasons`: why it is quarantined. `may_change`: only because of a
    state that an event may be about to change."""

    item: WorkCopy | None = None
    reasons: list[str] = field(default_factory=list)
    may_change: bool = False


def judge_all(
    files: Sequence[NamedFile],
    uploaded: dict[str, UploadedFile],
    items: Collection[WorkCopy],
    delivered: Collection[tuple[UUID, int]],
    vendor: str,
    refused_names: Mapping[tuple[UUID, str, str], str] | None = None,
) -> list[Judgement]:
    """In order: a file that is accepted takes its work item from those after it.

    `uploaded`: the vendor's files by hash. `delivered`: work items and rounds that have a version. `refused_names`:
    work item, file name and hash → why a naming pack doesn't take that name for it.
    """
    taken = set(delivered)
    judgements = []
    for file in files:
        reasons = file_reasons(file, uploaded)
        same_slot = [item for item in items if item.slot == file.slot and file.request_id in (None, item.request_id)]
        judgement = _find_item(file, same_slot, taken, vendor)
        if reasons:
            judgement = Judgement(reasons=[*reasons, *judgement.reasons])
        elif judgement.item is not None and (
            why := (refused_names or {}).get((judgement.item.id, file.filename, file.sha256))
        ):
            judgement = Judgement(reasons=[why])
        elif judgement.item is not None:
            taken.add((judgement.item.id, judgement.item.round))
        judgements.append(judgement)
    return judgements


def file_reasons(file: NamedFile, uploaded: dict[str, UploadedFile]) -> list[str]:
    """What is wrong with the file itself, whatever it is for."""
    reasons = []
    if problem := name_problem(file.filename):
        reasons.append(f"The file name {problem}.")
    if (found := uploaded.get(file.sha256)) is None:
        reasons.append("The file was not uploaded: no complete file with this SHA-256 came from you.")
    elif found.media_type is None:
        reasons.append(f"The file is not an image of a known format ({', '.join(KNOWN)}).")
    return reasons


def _find_item(
    file: NamedFile, same_slot: Collection[WorkCopy], taken: Collection[tuple[UUID, int]], vendor: str
) -> Judgement:
    """Of several open ones, the oldest: it has waited longest."""
    if not same_slot:
        asked = f"request {file.request_id} doesn't ask" if file.request_id else "nobody has asked"
        return Judgement(reasons=[f"There is no such work: {asked} for {file.slot}."], may_change=True)
    newest_first = sorted(same_slot, key=lambda item: (item.created_at, item.id), reverse=True)
    waiting = [item for item in newest_first if (item.id, item.round) not in taken and _is_open(item, vendor)]
    if waiting:
        return Judgement(item=waiting[-1])
    return Judgement(
        reasons=[f"No file is awaited for {file.slot}: {_why(newest_first, taken)}."],
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
