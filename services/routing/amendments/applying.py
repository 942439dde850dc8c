"""From the differences to the steps of work: what an accepted amendment does. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from contracts.amendments import Effect
from services.routing.amendments.domain import Difference
from services.routing.work import domain
from services.routing.work.domain import Change


def steps(found: Iterable[Difference], by: str, at: datetime, cause: str) -> list[Change]:
    """Every step, masters before their variants. `cause` names the amendment: it is in each item's history."""
    taken: list[Change] = []
    for one in found:
        before, after = one.before, one.after
        match one.effect:
            case Effect.ADDED if after is not None:
                made = replace(domain.create(after, by), cause=cause)
                taken.append(made)
                if one.starts is not None:
                    taken.append(replace(domain.make_ready(after, by, at, one.starts), cause=cause))
            case Effect.REMOVED if before is not None:
                taken.append(domain.cancel(before.item, by, at, cause))
            case Effect.REDONE if before is not None and after is not None:
                taken.append(domain.redo(before.item, after, by, at, cause))
            case Effect.CHANGED if before is not None and after is not None:
                taken.append(domain.amend(before.item, after, by, at, cause, clock_begins=one.clock_begins))
    return taken
