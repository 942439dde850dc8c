"""When work is due after an amendment: its clock begins anew, or goes on to another deadline. Pure."""

from collections.abc import Callable
from datetime import datetime

from contracts.values import WorkKind
from services.routing.sla.clocks import Clock
from services.routing.tracks.domain import Choice
from services.routing.tracks.schemas import PackVersions, Track
from services.routing.tracks.service import Packs
from services.routing.work.domain import Due, Tracked
from services.routing.work.planning import due_for

# A person may have given work a track that is newer than the packs that it was routed with: its due time is theirs.
_FOREIGN_TRACK = Choice(decides="due_at", rule="kept", because="its track is not in the packs that it was routed with")

PacksOf = Callable[[PackVersions], Packs]
Ends = tuple[datetime | None, datetime | None]


class Clocks:
    """Of one amendment, at one moment. Items that were made together are computed once."""

    def __init__(
        self, old_deadline: datetime | None, new_deadline: datetime | None, packs_of: PacksOf, at: datetime
    ) -> None:
        self._old, self._new, self._packs_of, self._at = old_deadline, new_deadline, packs_of, at
        self._known: dict[object, Ends] = {}

    def of(self, item: Tracked) -> Due:
        """Its clock begins now."""
        packs, work = self._packs_of(item.packs), item.work
        track, complexity = _track_of(item, packs), packs.classes.entry(work.complexity_class)
        if track is None:
            return Due(work.due_at, item.at_risk_at, _FOREIGN_TRACK)
        return due_for(self._at, track, complexity, self._new, packs)

    def from_now(self, item: Tracked) -> Due | None:
        """None: a variant that waits for its master has no clock yet."""
        return self.of(item) if item.work.kind is WorkKind.SHOT else None

    def kept(self, item: Tracked, clock: Clock | None) -> Ends:
        """When it is due and at risk: its clock goes on, and only a changed deadline moves the end of it. Pauses that
        it had move the end of the SLA, never the new deadline."""
        work = item.work
        if work.due_at is None or clock is None or self._new == self._old:
            return work.due_at, item.at_risk_at
        key = (clock, work.track, work.complexity_class, item.packs.model_dump_json())
        if key not in self._known:
            packs = self._packs_of(item.packs)
            track, complexity = _track_of(item, packs), packs.classes.entry(work.complexity_class)
            if track is None:
                return work.due_at, item.at_risk_at
            by_sla = due_for(clock.started_at, track, complexity, None, packs).due_at
            self._known[key] = self._ends(clock, by_sla and clock.moved(by_sla, packs.calendar), packs)
        return self._known[key]

    def _ends(self, clock: Clock, sla_ends_at: datetime | None, packs: Packs) -> Ends:
        ends = [one for one in (sla_ends_at, self._new) if one]
        if not ends:
            return None, None
        start, end = clock.started_at, min(ends)
        share = packs.calendar.between(start, end) * packs.tracks.at_risk_share
        return end, min(end, packs.calendar.add(start, share))


def _track_of(item: Tracked, packs: Packs) -> Track | None:
    return next((track for track in packs.tracks.tracks if track.name == item.work.track), None)
