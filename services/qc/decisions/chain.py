"""The chain of decisions: each carries a hash over itself and the hash before it, so that one that was changed, removed
or put in between later shows. Pure.

What is hashed is the decision's JSON as the API gives it: without fields that are null (those that a later version adds
leave the old hashes as they are) and without its link, keys sorted, no spaces, UTF-8. Anyone can count it again.

A decision names what it was made on (`basis`), with a digest of the inspection: whoever changes what was measured is
found too. A decision without a basis is from before that, and hashed as it was then; to take a basis away changes the
hash.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What comes before the first decision."""

LINK, BASIS = "link", "basis"
MEASURED = ("id", "version_id", "sha256", "outcome", "measurements")
"""What is hashed of an inspection."""


@dataclass(frozen=True)
class Break:
    """The first place where the chain doesn't hold, and what is wrong there."""

    position: int
    cause: str


@dataclass
class Walk:
    """Follows the chain from its beginning, page by page."""

    position: int = 0
    hash: str = GENESIS
    sealed: int = 0
    """Decisions that this reader may not see yet: their hashes are taken as they are said."""
    without_basis: int = 0
    """Decisions from before they named what they were made on."""

    def follow(self, decisions: Iterable[Mapping[str, Any]]) -> Break | None:
        """The first break among the next decisions, oldest first, as the API gives them; None: all of them hold."""
        for decision in decisions:
            position, said = decision[LINK]["position"], decision[LINK]["hash"]
            if position != self.position + 1:
                return Break(self.position + 1, f"is missing: after {self.position} comes {position}")
            if decision.get("sealed"):
                self.sealed += 1
            elif said != hash_of(self.hash, decision):
                return Break(position, f"decision {decision.get('id')} is not the one that was recorded there")
            elif decision.get(BASIS) is None:
                self.without_basis += 1
            self.position, self.hash = position, said
        return None


def changed_since(decisions: Iterable[Mapping[str, Any]], inspections: Iterable[Mapping[str, Any]]) -> Break | None:
    """The first of these decisions that was made on something else than what is kept of its version's inspection; both
    as the API gives them."""
    now = {one["version_id"]: one for one in inspections}
    for decision in decisions:
        if (basis := decision.get(BASIS)) is None:
            continue
        found = now.get(decision["version_id"])
        if found is None or found["id"] != basis["inspection_id"]:
            return Break(decision[LINK]["position"], f"inspection {basis['inspection_id']}, which it is on, is gone")
        if digest_of(found) != basis["measured"]:
            cause = f"inspection {found['id']} is not the one that it was made on: what was measured was changed"
            return Break(decision[LINK]["position"], cause)
    return None


def hash_of(before: str, decision: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the hash before it, a line feed and the decision."""
    said = _written({name: value for name, value in decision.items() if name != LINK})
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def digest_of(inspection: Mapping[str, Any]) -> str:
    """SHA-256 in hex of what was measured, of an inspection's JSON as the API gives it."""
    return hashlib.sha256(_written({name: inspection[name] for name in MEASURED}).encode()).hexdigest()


def _written(value: Mapping[str, Any]) -> str:
    return json.dumps(_without_nulls(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
