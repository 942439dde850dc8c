"""What one person may take from one queue. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.values import WorkItem
from services.routing.queues.schemas import Lane, Queue
from services.routing.tracks.schemas import Level

_LEVELS = tuple(Level)


@dataclass(frozen=True)
class Limits:
    """What a person's record limits: None: any team, any level, either lane. Who has no record has no limits."""

    teams: tuple[str, ...] | None = None
    level: Level | None = None
    lane: Lane | None = None

    def levels(self) -> list[str] | None:
        """The levels that work may ask for; None: any."""
        return None if self.level is None else [*_LEVELS[: _LEVELS.index(self.level) + 1]]

    def keeps_out_of(self, queue: Queue) -> bool:
        """Whether it is another lane's."""
        return self.lane is not None and self.lane is not queue.lane

    def why_not(self, work: WorkItem) -> str | None:
        """Why it isn't for this person, in words; None when it is."""
        if work.team is not None and self.teams is not None and work.team not in self.teams:
            return f"it is for the team {work.team}, and yours: {_listed(self.teams)}"
        levels = self.levels()
        if work.level is not None and levels is not None and work.level not in levels:
            return f"it asks for the level {work.level}, and you are {self.level}"
        return None


@dataclass(frozen=True)
class Offer:
    """A kind of work that waits in a queue: for which team (None: any), of which level (None: any)."""

    team: str | None
    level: str | None


def why_nothing(limits: Limits, offers: Sequence[Offer]) -> tuple[str, str]:
    """Why someone gets none of the kinds of work that wait: a word for programs, and a sentence."""
    if not offers:
        return "nothing_waits", "Nothing waits in it."
    teams = [offer for offer in offers if limits.teams is None or offer.team is None or offer.team in limits.teams]
    if not teams:
        wanted = _listed(sorted({str(offer.team) for offer in offers}))
        return "other_teams", f"What waits is for other teams: {wanted}. Yours: {_listed(limits.teams or ())}."
    levels = limits.levels()
    if levels is not None and all(offer.level is not None and offer.level not in levels for offer in teams):
        wanted = _listed(sorted({str(offer.level) for offer in teams}))
        return "higher_level", f"What waits asks for another level: {wanted}. Yours: {limits.level}."
    return "being_taken", "Others are taking what waits at this moment. Ask again."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
