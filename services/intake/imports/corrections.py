"""How a corrected row continues its request: which one, and what of it the file changes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.intake.imports.columns import AI, ATTRIBUTES, COLUMNS
from services.intake.requests.schemas import AiBrief, Brief

Colorways = frozenset[str]

# What a row and a request of one SKU have in common, the surest first. Different colorways are different products.
_ALIKE: tuple[Callable[[Colorways, Colorways], bool], ...] = (
    lambda row, request: row == request,
    lambda row, request: bool(row & request),
    lambda row, request: not row or not request,
)


def pair(rows: Mapping[int, Colorways], requests: Mapping[UUID, Colorways]) -> dict[int, UUID]:
    """Row → the request that it continues, out of those of one SKU."""
    found: dict[int, UUID] = {}
    for alike in _ALIKE:
        for number, colorways in rows.items():
            taken = found.values()
            free = (one for one, theirs in requests.items() if one not in taken and alike(colorways, theirs))
            if number not in found and (one := next(free, None)):
                found[number] = one
    return found


@dataclass(frozen=True)
class Conflict:
    """A column that the file changed, and somebody changed to something else in the request."""

    column: str
    in_request: Any


@dataclass(frozen=True)
class Merge:
    """A request's brief with what the file changed; unless `conflicts` says that the two contradict each other."""

    brief: Brief
    conflicts: list[Conflict]


def merge(current: Brief, said: Brief, says: Brief) -> Merge:
    """`said`: what the file said last of the request, which says `current` by now; `says`: what it says now. What the
    file didn't change stays as it is in the request."""
    now, before, after = by_column(current), by_column(said), by_column(says)
    changes: dict[str, Any] = {}
    conflicts = []
    for column in dict.fromkeys([*before, *after]):
        if before.get(column) == after.get(column) or now.get(column) == after.get(column):
            continue
        if now.get(column) == before.get(column):
            changes[column] = after.get(column)
        else:
            conflicts.append(Conflict(column, now.get(column)))
    return Merge(_changed(current, changes), conflicts)


def by_column(brief: Brief) -> dict[str, Any]:
    """What a brief says, column by column."""
    fields = {name: getattr(brief, name) for name in COLUMNS}
    fields |= {ATTRIBUTES + name: value for name, value in (brief.attributes or {}).items()}
    fields |= {AI + name: value for name, value in (brief.ai or AiBrief())}
    return {name: value for name, value in fields.items() if value is not None}


def _changed(brief: Brief, changes: Mapping[str, Any]) -> Brief:
    fields = {name: value for name, value in changes.items() if name in COLUMNS}
    for prefix, name in ((ATTRIBUTES, "attributes"), (AI, "ai")):
        inner = {column.removeprefix(prefix): value for column, value in changes.items() if column.startswith(prefix)}
        if inner:
            old = dict(getattr(brief, name) or {})
            kept = {key: value for key, value in (old | inner).items() if value is not None}
            fields[name] = kept if name == "attributes" else AiBrief(**kept)
            if not kept:
                fields[name] = None
    return brief.model_copy(update=fields)
