"""Requests and work as the READMEs of intake and routing tell of them, in memory and without the services' code."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.together import office
from tests.together.office import Pause

LEASE = timedelta(hours=8)
QUOTE_LASTS = timedelta(days=5)
PERSON, REQUESTER = "person", "requester"
RUNNING = {"ready", "claimed", "in_review"}
FINAL = {"approved", "cancelled"}

Slot = tuple[str, str, str | None]
"""Colorway, view, channel."""


@dataclass
class Item:
    """A work item. `place`: its state, of blocked work the one that it was blocked in. `budget`: the minutes of its
    SLA; None: to be read from its track and class."""

    id: str
    slot: Slot
    materials: list[str]
    place: str
    master: "Item | None" = None
    cancelled: bool = False
    round: int = 0
    step: str = "studio"
    holder: str | None = None
    lease_until: datetime | None = None
    holds: set[str] = field(default_factory=set)
    past_gate: bool = False
    begun_at: datetime | None = None
    budget: int | None = None
    deadline: datetime | None = None
    pauses: list[Pause] = field(default_factory=list)
    paused_at: datetime | None = None
    was_late: bool = False

    @property
    def is_shot(self) -> bool:
        return self.slot[2] is None

    @property
    def state(self) -> str:
        return "cancelled" if self.cancelled else "blocked" if self.holds else self.place

    @property
    def is_begun(self) -> bool:
        if not self.is_shot:
            return self.place != "waiting"
        return (self.place, self.round, self.step) != ("ready", 0, "studio")

    @property
    def would_be_lost(self) -> bool:
        """If it were stopped or redone."""
        return self.past_gate or self.state == "approved"

    def due_at(self) -> datetime | None:
        """Business time since it began, less its pauses; the deadline where that comes first."""
        if self.begun_at is None or self.deadline is None or self.budget is None:
            return None
        return min(office.worked_off(self.begun_at, self.budget, self.pauses), self.deadline)

    def starts_clock(self, at: datetime, deadline: datetime) -> None:
        self.begun_at, self.deadline, self.budget, self.was_late = at, deadline, None, False
        self.pauses, self.paused_at = [], at if self.holds else None

    def goes_to(self, place: str, step: str | None = None) -> None:
        """A step of the work: nobody holds it any more."""
        self.place, self.step = place, step or self.step
        self.holder = self.lease_until = None

    def is_claimed(self, by: str, at: datetime) -> None:
        self.place, self.holder, self.lease_until = "claimed", by, at + LEASE

    def is_held_up(self, reason: str, at: datetime) -> None:
        if (self.place in RUNNING or self.holds) and not self.cancelled:
            self.paused_at = self.paused_at or at
            self.lease_until = None
            self.holds.add(reason)

    def goes_on(self, reasons: Iterable[str], at: datetime) -> None:
        if not self.holds:
            return
        self.holds -= set(reasons)
        if self.holds:
            return
        if self.paused_at is not None:
            pause = (self.paused_at, at)
            self.pauses.append(pause)
            if self.deadline and self.deadline > self.paused_at:
                self.deadline = office.after(self.deadline, office.between(*pause))
        self.paused_at = None
        if self.holder:
            self.lease_until = at + LEASE

    def is_made_again(self, at: datetime, deadline: datetime) -> None:
        """An amendment: the next round begins, with a new clock. What is blocked stays so."""
        self.round, self.past_gate = self.round + 1, False
        self.goes_to("ready" if self.is_shot else "waiting", "studio" if self.is_shot else "delivery")
        if self.is_shot:
            self.starts_clock(at, deadline)
        else:
            self.begun_at, self.pauses, self.paused_at = None, [], None


@dataclass
class Amendment:
    """`changes` None: a cancellation."""

    id: str
    changes: dict[str, Any] | None
    quoted_at: datetime
    seen: int  # what had happened to the request when it was quoted
    version: int
    losses: int


@dataclass
class Request:
    """`state`: `incomplete` was never accepted; `asked` is with its requester."""

    id: str
    brief: dict[str, Any]
    state: str
    items: list[Item] = field(default_factory=list)
    amendment: Amendment | None = None
    happened: int = 0

    @property
    def in_production(self) -> bool:
        return self.state in ("accepted", "asked", "answered")

    @property
    def deadline(self) -> datetime:
        return datetime.fromisoformat(self.brief["deadline"])

    @property
    def live(self) -> list[Item]:
        """Masters before variants."""
        return sorted((item for item in self.items if not item.cancelled), key=lambda item: not item.is_shot)

    def slots(self, brief: dict[str, Any] | None = None) -> list[Slot]:
        said = brief or self.brief
        waived = {one["view"] for one in said["waivers"]}
        views = [view for view in ("front", "back", "side", "detail", "fabric_texture") if view not in waived]
        shots: list[Slot] = [(colorway, view, None) for colorway in said["colorways"] for view in views]
        return shots + [(colorway, view, one) for colorway, view, _ in shots for one in said["channels"]]

    def is_accepted(self, at: datetime) -> None:
        self.state = "accepted"
        self._make(self.slots(), at)

    def _make(self, slots: Iterable[Slot], at: datetime) -> None:
        """What there is not. A variant of a master that is approved, and stays so, is ready at once."""
        for slot in slots:
            if any(item.slot == slot for item in self.live):
                continue
            master = next((one for one in self.live if one.slot == (*slot[:2], None)), None)
            item = Item("", slot, self.brief["materials"], "ready" if slot[2] is None else "waiting", master)
            item.step = "studio" if item.is_shot else "delivery"
            self.items.append(item)
            if item.is_shot or (master and master.state == "approved"):
                self._starts(item, at)

    def _starts(self, item: Item, at: datetime) -> None:
        item.place = "ready"
        item.starts_clock(at, self.deadline)
        self.waits_too(item, at)

    def waits_too(self, item: Item, at: datetime) -> None:
        """What goes on while its request is with its requester is paused at once."""
        if self.state == "asked":
            item.is_held_up(REQUESTER, at)

    def approve(self, item: Item, at: datetime) -> None:
        item.goes_on({PERSON, REQUESTER}, at)
        item.goes_to("approved", "delivery")
        for variant in self.live:
            if item.is_shot and variant.master is item and variant.place == "waiting":
                variant.holds.discard(REQUESTER)
                self._starts(variant, at)

    def lost_by(self, changes: dict[str, Any] | None) -> list[Item]:
        """Work past a gate that these changes would stop or redo."""
        return [item for item, what in self._effects(changes) if what in ("stops", "again") and item.would_be_lost]

    def _effects(self, changes: dict[str, Any] | None) -> Iterator[tuple[Item, str]]:
        new = self.brief | (changes or {})
        before, after = self.slots(), [] if changes is None else self.slots(new)
        again = set[Slot]()
        for item in self.live:
            by_then = self.brief["materials"] if item.slot in before else item.materials
            is_made_otherwise = by_then != new["materials"] or (*item.slot[:2], None) in again
            if item.slot not in after:
                yield item, "stays" if item.state == "approved" else "stops"
            elif is_made_otherwise and item.is_begun:
                again.add(item.slot)
                yield item, "again"
            elif is_made_otherwise:
                yield item, "otherwise"
            else:
                yield item, "stays"

    def amend(self, changes: dict[str, Any] | None, at: datetime) -> None:
        """An amendment is in force."""
        new = self.brief | (changes or {})
        effects, slots = list(self._effects(changes)), [] if changes is None else self.slots(new)
        moved = new["deadline"] != self.brief["deadline"]
        self.brief = new
        for item, what in effects:
            if what != "stays":
                item.materials = new["materials"]
            if what == "stops":
                item.cancelled, item.holder, item.lease_until = True, None, None
            elif what == "again":
                item.is_made_again(at, self.deadline)
                self.waits_too(item, at)
            elif what == "otherwise" and item.is_shot:
                item.starts_clock(at, self.deadline)
            elif moved and item.slot in slots and item.state not in FINAL and item.begun_at:
                item.deadline = self.deadline
        self._make(slots, at)
        if changes is None:
            self.state = "cancelled"
