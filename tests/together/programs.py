"""What nobody wants: time that runs out, events that come again or too early, processes that die. And all together."""

from datetime import datetime, timedelta

from chassis.clock import clock, now
from tests.routing.others import decide, hand_in
from tests.together.machine import chosen, rule, some, which
from tests.together.model import QUOTE_LASTS
from tests.together.work import Work
from tests.together.world import POINTS

# A Monday morning, a Friday evening before the clocks go forward, and a Saturday before they go back.
STARTS = [datetime.fromisoformat(at) for at in ("2026-03-02T08:00Z", "2026-03-27T16:30Z", "2026-10-24T10:15Z")]


class Programs(Work):
    """Each program begins with a request in production."""

    def begins(self, start: datetime) -> None:
        self.begin(start)
        self.bring_in(None)
        self.check()

    @rule(minutes=[*range(1, 1000, 37), *(1440 * days for days in (1, 2, 3, 4, 7, 10))])
    def time_passes(self, minutes: int) -> None:
        self._time_is(now() + timedelta(minutes=minutes))
        self.done("clock")

    @some(lambda self: self.items("claimed"))
    @rule(pick=which)
    def a_lease_runs_out(self, pick: int) -> None:
        until = chosen(self.items("claimed"), pick).lease_until
        assert until is not None
        self._time_is(until)

    def _time_is(self, at: datetime) -> None:
        """Leases run out, and quotes."""
        clock.set(at)
        for item in self.items("claimed"):
            if item.lease_until and item.lease_until <= at:
                item.goes_to("ready")
                self.done("expire", self.of(item))
        for request in self.amended():
            if request.amendment and request.amendment.quoted_at + QUOTE_LASTS <= at:
                request.amendment = None
                self.done("quote expires")

    @rule(pick=range(10_000))
    def an_event_comes_again(self, pick: int) -> None:
        """Any of this program, under its own id."""
        last = self.world.run(self.world.last_sequence())
        self.world.run(self.world.comes_again(self.since + 1 + pick % (last - self.since)))
        self.done("redeliver")

    @rule()
    def all_events_come_again(self) -> None:
        """In their order, as when the stream was lost: what is over is not begun again."""
        self.quiet()
        self.world.run(self.world.all_come_again())
        self.done("redeliver all")

    @some(lambda self: self.at_place("ready", "claimed"))
    @rule(pick=which)
    def a_decision_overtakes_its_version(self, pick: int) -> None:
        item = chosen(self.at_place("ready", "claimed"), pick)
        work = self.shown(item)
        self.world.run(decide(self.world.routing, work, "failed"))
        self.world.run(hand_in(self.world.routing, work))
        self.is_in_review(item)
        self.is_sent_back(item)
        self.done("overtake")

    @some(lambda self: [item for item in self.items("ready", "claimed", "in_review", "blocked") if item.round])
    @rule(pick=which, is_decision=[True, False])
    def an_earlier_round_is_told_late(self, pick: int, is_decision: bool) -> None:
        """It changes nothing."""
        items = [item for item in self.items("ready", "claimed", "in_review", "blocked") if item.round]
        item = chosen(items, pick)
        tell = decide if is_decision else hand_in
        self.world.run(tell(self.world.routing, self.shown(item), round=item.round - 1))
        self.done("old news")

    @rule(point=POINTS)
    def will_die(self, point: str) -> None:
        """The next who comes there. What kills it is whatever happens next."""
        self.world.arm(point)

    @rule(name=["intake", "routing"])
    def starts_again(self, name: str) -> None:
        self.world.run(self.world.stop(name))
        self.world.run(self.world.start(name))
        self.done("restart")

    @some(lambda self: self.in_state("accepted", "answered", "asked"))
    @rule(pick=which, minutes=range(0, 3000, 50))
    def routing_is_away(self, pick: int, minutes: int) -> None:
        """Meanwhile a request is returned or answered, and time passes: a pause counts from when it began."""
        request = chosen(self.in_state("accepted", "answered", "asked"), pick)
        self.quiet()
        self.world.run(self.world.stop("routing"))
        if request.state == "asked":
            self._answer(request)
        else:
            self._return(request)
        if not self.items("claimed") and not self.held_with_a_holder():
            self._time_is(now() + timedelta(minutes=minutes))
        self.world.run(self.world.start("routing"))
        self.done("away")

    def held_with_a_holder(self) -> bool:
        return any(item.holder for item in self.items("blocked"))
