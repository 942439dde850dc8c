"""The SLA clock's rules, against a model that counts quarters of an hour: SLA time is business time less pauses."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import ValidationError

from chassis.packs import read_toml
from contracts.routing import WorkAtRisk, WorkBreached, WorkChanged, WorkEscalated
from contracts.values import ComplexityClass, Risk, Role, Step, WorkKind, WorkState
from services.routing.app import PACKS
from services.routing.calendar.domain import BusinessCalendar
from services.routing.handoffs.domain import Moment, stint
from services.routing.sla.domain import climb, fits_until, needs_fitting, time_to_go, usual_of
from services.routing.steps.schemas import StepsPack
from services.routing.tracks.schemas import Rung, Track
from services.routing.tracks.service import Packs
from services.routing.work import domain
from services.routing.work.domain import TRANSITIONS, Action, Change, TimerKind, Tracked, legal_actions, timers_of
from services.routing.work.planning import plan_work
from tests.routing.others import MONDAY, brief
from tests.routing.test_lifecycle import OF_AMENDMENTS, STEPS
from tests.routing.test_rules import CALENDAR, CLASSES, DEFAULTS, TRACKS

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
NONE = timedelta(0)
C1 = CLASSES.classes[0]

CATALOG = TRACKS.track("catalog").model_copy(
    update={
        "ladder": [
            Rung(after_hours=2, to=Role.PRODUCER), Rung(after_hours=8, to=Role.CREATIVE_OPS_MANAGER),
            Rung(after_hours=24, to=Role.APPROVAL_OWNER), Rung(after_hours=60, to=Role.QC_LEAD),
        ],
    }
)  # fmt: skip
SAID = StepsPack.model_validate(read_toml(PACKS / "steps.toml"))
USUAL = usual_of(
    SAID.model_copy(update={"elapsed_hours": {"catalog": {Step.STUDIO: 6, Step.RETOUCHING: 8, Step.QC: 3}}}),
    CLASSES,
    {},
)
SLA, SHARE = 24 * HOUR, 18 * HOUR
TO_GO = {Step.STUDIO: 17 * HOUR, Step.RETOUCHING: 11 * HOUR, Step.QC: 3 * HOUR}


def calendar_of(zone: str, opens: time, closes: time, days: range, holidays: tuple[date, ...] = ()) -> BusinessCalendar:
    return BusinessCalendar(ZoneInfo(zone), dict.fromkeys(days, (opens, closes)), frozenset(holidays))


# Where the clocks change, and when, in each: a day or two later.
PLACES = [
    (calendar_of("Europe/Berlin", time(9), time(18), range(5)), datetime(2026, 10, 23, 7, tzinfo=UTC)),
    (calendar_of("Europe/Berlin", time(9), time(18), range(5)), datetime(2027, 3, 26, 8, tzinfo=UTC)),
    (calendar_of("Europe/Berlin", time(9), time(18), range(5), (date(2026, 4, 6),)), datetime(2026, 4, 2, tzinfo=UTC)),
    (calendar_of("Europe/Berlin", time(0), time(0), range(7)), datetime(2026, 10, 24, 12, tzinfo=UTC)),
    (calendar_of("America/New_York", time(0), time(6), range(7)), datetime(2026, 10, 31, 3, tzinfo=UTC)),
    (calendar_of("Australia/Lord_Howe", time(0), time(12), range(7)), datetime(2026, 10, 3, 1, tzinfo=UTC)),
]


def is_open(calendar: BusinessCalendar, at: datetime) -> bool:
    """The same calendar, asked about one moment: by the local time that a clock on the wall shows."""
    local = at.astimezone(calendar.zone)
    hours = calendar.hours.get(local.weekday())
    if hours is None or local.date() in calendar.holidays:
        return False
    opens, closes = hours
    return opens <= local.time() and (closes == time(0) or local.time() < closes)


def packs_with(track: Track) -> Packs:
    """The defaults, with another catalog track."""
    return replace(DEFAULTS, tracks=TRACKS.model_copy(update={"tracks": [track, TRACKS.track("marketplace")]}))


class SlaOfAShot(RuleBasedStateMachine):
    """Random people, gates, pauses and moves of the clock, across nights, weekends and changes of the clocks."""

    @initialize(place=st.sampled_from(PLACES), known=st.booleans())
    def begin(self, place: tuple[BusinessCalendar, datetime], known: bool) -> None:
        self.calendar, self.now = place
        self.usual = USUAL if known else {}
        self.to_go = TO_GO if known else dict.fromkeys(TO_GO, NONE)
        packs = replace(packs_with(CATALOG), calendar=self.calendar)
        self.item = plan_work(brief(channels=[]), packs, self.now, self.usual)[0]
        self.model = NONE  # business time less pauses
        self.was_at_risk = False
        self.told: list[WorkChanged | str] = []
        self.over = NONE  # the time of the steps that are over
        self.moments = [Moment(1, self.now, "created", "ana", WorkState.READY)]
        self.look()

    @rule(number=st.integers(0, 11))
    def act(self, number: int) -> None:
        """One of the steps that are legal and end neither it nor its clock."""
        never = {Action.CANCEL, Action.APPROVE, Action.EXPIRE, *OF_AMENDMENTS}
        if self.item.work.step is not Step.STUDIO:
            never.add(Action.HAND_OVER)
        legal = [action for action in TRANSITIONS[self.item.work.state] if action in legal_actions(self.item) - never]
        action = legal[number % len(legal)]
        if action is Action.UNBLOCK:
            change = domain.unblock(self.item, "phil", self.now, self.calendar, 8 * HOUR)
        elif action is Action.SEND_BACK:
            place = "studio" if self.item.version % 2 else "retouching"
            change = domain.send_back(self.item, "quinn", self.now, place, "x")
        else:
            change = STEPS[action](self.item, "phil", self.now)
        self.take(change)
        self.look()

    @rule(quarters=st.integers(1, 60) | st.integers(1, 250))
    def time_passes(self, quarters: int) -> None:
        for _ in range(quarters):
            if self.item.work.state is not WorkState.BLOCKED and is_open(self.calendar, self.now):
                self.model += QUARTER
            self.now += QUARTER
        self.look()

    def look(self) -> None:
        """The timers ring."""
        for change in climb(self.item, self.now, CATALOG, self.calendar):
            self.take(change)

    def take(self, change: Change) -> None:
        before, after = self.item, change.after
        assert change.before is not None
        assert (change.before.version, after.version) == (before.version, before.version + 1)
        if needs_fitting(before, after):
            work = after.work
            to_go = time_to_go(work.kind, work.step, CATALOG, C1, self.usual)
            after = replace(after, fits_until=fits_until(self.now, work.due_at, to_go, self.calendar))
        if before.work.step is not after.work.step:
            self.over += self.spent()
            self.moments = []
        what = change.event.type.split(".")[2]
        self.moments.append(Moment(after.version, self.now, what, change.by, after.work.state))
        if change.event in (WorkAtRisk, WorkBreached):
            self.told.append(what)
        elif change.event is WorkEscalated:
            self.told.append(change.says["rung"])
        self.item = after

    def spent(self) -> timedelta:
        took = stint(self.moments, self.now, self.calendar)
        return took.waiting.business + took.working.business

    @invariant()
    def the_clock_is_business_time_less_pauses(self) -> None:
        if not hasattr(self, "item"):
            return
        work, blocked = self.item.work, self.item.work.state is WorkState.BLOCKED
        assert self.over + self.spent() == self.model
        if not blocked:
            self.was_at_risk |= self.model >= min(SHARE, SLA - self.to_go[work.step])
        expected: list[str] = ["at_risk", "at_risk"] if self.was_at_risk else []
        expected += ["breached", "breach"] if self.model >= SLA else []
        expected += [rung.name for rung in CATALOG.ladder if self.model >= SLA + rung.after_hours * HOUR]
        risk = Risk.BREACHED if "breached" in expected else Risk.AT_RISK if expected else Risk.ON_TIME
        assert work.risk is risk
        if blocked:
            assert timers_of(self.item) == {}
        elif risk is not Risk.BREACHED:
            assert work.due_at is not None
            assert self.left_by_the_model(work.due_at) == SLA - self.model
        else:
            assert (TimerKind.ESCALATE in timers_of(self.item)) == (self.model < SLA + 60 * HOUR)

    def left_by_the_model(self, until: datetime) -> timedelta:
        left, at = NONE, self.now
        while at < until:
            left += QUARTER if is_open(self.calendar, at) else NONE
            at += QUARTER
        return left


SlaOfAShot.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestSlaOfAShot = SlaOfAShot.TestCase


def shot_on(track: Track = CATALOG) -> Tracked:
    return plan_work(brief(), packs_with(track), MONDAY)[0]


def rungs(changes: list[Change]) -> list[str]:
    return [change.says.get("rung", change.event.type.split(".")[2]) for change in changes]


def test_a_jump_over_all_takes_each_once_and_in_order() -> None:
    changes = climb(shot_on(), MONDAY + timedelta(days=365), CATALOG, CALENDAR)
    assert rungs(changes) == [
        "at_risk", "at_risk", "breached", "breach", "breach+2h", "breach+8h", "breach+24h", "breach+60h",
    ]  # fmt: skip
    assert [change.after.version for change in changes] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert climb(changes[-1].after, MONDAY + timedelta(days=700), CATALOG, CALENDAR) == []


def test_a_track_tells_whom_it_names() -> None:
    silent = CATALOG.model_copy(update={"at_risk_to": None, "breach_to": None, "ladder": []})
    changes = climb(shot_on(silent), MONDAY + timedelta(days=365), silent, CALENDAR)
    assert rungs(changes) == ["at_risk", "breached"]
    assert changes[-1].after.next_rung_at is None


def test_what_is_over_or_paused_climbs_nothing() -> None:
    item, far = shot_on(), MONDAY + timedelta(days=365)
    handed_in = domain.hand_in(item, "phil", MONDAY).after
    for still in (
        domain.approve(handed_in, "quinn", MONDAY, MONDAY), domain.cancel(item, "ana", MONDAY, "x"),
        domain.block(item, "pia", MONDAY, "x"),
    ):  # fmt: skip
        assert climb(still.after, far, CATALOG, CALENDAR) == []


def test_rework_keeps_the_due_date_and_the_rung() -> None:
    item = climb(shot_on(), CALENDAR.add(MONDAY, 27 * HOUR), CATALOG, CALENDAR)[-1].after
    at = CALENDAR.add(MONDAY, 28 * HOUR)
    back = domain.send_back(domain.hand_in(item, "phil", at).after, "quinn", at, "studio", "x").after
    assert (back.work.due_at, back.work.risk) == (item.work.due_at, Risk.BREACHED)
    assert rungs(climb(back, CALENDAR.add(MONDAY, 32 * HOUR), CATALOG, CALENDAR)) == ["breach+8h"]


def test_how_long_is_left_to_go() -> None:
    """The pack's hours times the class's factor, and what was measured instead."""
    c4 = CLASSES.entry(ComplexityClass.C4)
    assert time_to_go(WorkKind.SHOT, Step.STUDIO, CATALOG, C1, USUAL) == 17 * HOUR
    assert time_to_go(WorkKind.SHOT, Step.RETOUCHING, CATALOG, c4, USUAL) == 33 * HOUR
    assert time_to_go(WorkKind.SHOT, Step.DELIVERY, CATALOG, C1, USUAL) == NONE
    measured = {
        ("catalog", Step.QC, ComplexityClass.C1): 10 * HOUR,
        ("hero", Step.RETOUCHING, ComplexityClass.C1): HOUR,
        ("nowhere", Step.QC, ComplexityClass.C1): HOUR,
    }
    usual = usual_of(SAID, CLASSES, measured)
    assert time_to_go(WorkKind.SHOT, Step.STUDIO, CATALOG, C1, usual) == (2 + 3 + 10) * HOUR
    assert time_to_go(WorkKind.SHOT, Step.RETOUCHING, CATALOG, c4, usual) == (3 + 1) * 3 * HOUR
    assert time_to_go(WorkKind.SHOT, Step.STUDIO, TRACKS.track("hero"), C1, usual) == (8 + 1 + 4) * HOUR
    marketplace, experiment = TRACKS.track("marketplace"), TRACKS.track("ai_experiment")
    assert time_to_go(WorkKind.VARIANT, Step.DELIVERY, marketplace, C1, usual) == 2 * HOUR
    assert time_to_go(WorkKind.VARIANT, Step.QC, marketplace, C1, usual) == HOUR
    assert time_to_go(WorkKind.SHOT, Step.STUDIO, experiment, C1, usual) == NONE


@pytest.mark.parametrize(
    ("to_go", "due", "until"),
    [
        (6, 24, 18),
        (24, 24, 0),  # just so: at risk at once
        (30, 24, 0),
        (0, 24, None),  # nobody knows how long they take
        (6, None, None),
    ],
)
def test_until_when_they_fit(to_go: float, due: float | None, until: float | None) -> None:
    due_at = CALENDAR.add(MONDAY, due * HOUR) if due else None
    found = fits_until(MONDAY, due_at, to_go * HOUR, CALENDAR)
    assert found == (CALENDAR.add(MONDAY, until * HOUR) if until is not None else None)


def test_work_that_never_fits_is_at_risk_from_its_first_moment_and_not_before() -> None:
    usual = {("catalog", Step.STUDIO, ComplexityClass.C1): 100 * HOUR}
    shot = plan_work(brief(), packs_with(CATALOG), MONDAY, usual)[0]
    assert timers_of(shot)[TimerKind.AT_RISK] == MONDAY
    assert rungs(climb(shot, MONDAY - timedelta(seconds=1), CATALOG, CALENDAR)) == []
    assert rungs(climb(shot, MONDAY, CATALOG, CALENDAR)) == ["at_risk", "at_risk"]


@pytest.mark.parametrize(
    "changes",
    [
        {"ladder": [{"after_hours": 8, "to": "producer"}, {"after_hours": 8, "to": "qc_lead"}]},
        {"ladder": [{"after_hours": 8, "to": "producer"}, {"after_hours": 4, "to": "qc_lead"}]},
        {"ladder": [{"after_hours": 0, "to": "producer"}]},
        {"ladder": [{"after_hours": 0.1, "to": "producer"}]},
        {"ladder": [{"after_hours": 8, "to": "nobody"}]},
        {"ladder": [{"after_hours": 8}]},
        {"ladder": [{"after_hours": hours, "to": "producer"} for hours in range(1, 22)]},
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    content = CATALOG.model_dump(mode="json")
    Track.model_validate(content)
    with pytest.raises(ValidationError):
        Track.model_validate({**content, **changes})
