"""The chain of decisions: each carries a hash over itself and the hash before it, so that one that was changed, removed
or put in between later shows. Pure.

What is hashed is the decision's JSON as the API gives it: without fields that are null (those that a later version adds
leave the old hashes as they are) and without its link, keys sorted, no spaces, UTF-8. Anyone can count it again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What comes before the first decision."""

LINK = "link"


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
            self.position, self.hash = position, said
        return None


def hash_of(before: str, decision: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the hash before it, a line feed and the decision."""
    content = _without_nulls({name: value for name, value in decision.items() if name != LINK})
    said = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
