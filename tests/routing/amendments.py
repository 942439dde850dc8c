"""What the rules of amendments are tried on: contents of requests, their work, and what may have happened to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from chassis.packs import read_toml
from contracts.amendments import Quote, QuoteLine
from contracts.values import Gate, ImageSpec, Priority, Request, ShotPlan, WorkKind
from services.routing.amendments.applying import steps
from services.routing.amendments.domain import Difference, Proposal, Standing, differences
from services.routing.amendments.quoting import Basis, quoted
from services.routing.amendments.schemas import PublishedRates
from services.routing.app import PACKS
from services.routing.sla.clocks import Clock, clock_of
from services.routing.steps.schemas import PublishedSteps
from services.routing.work import domain
from services.routing.work.domain import Tracked
from services.routing.work.planning import due_for, plan_work
from tests.routing.others import MONDAY, brief
from tests.routing.test_rules import DEFAULTS

STEPS = PublishedSteps.model_validate(read_toml(PACKS / "steps.toml") | {"version": 1})
RATES = PublishedRates.model_validate(read_toml(PACKS / "rates.toml") | {"version": 1})
LEASE = timedelta(hours=8)
VIEWS = ["front", "back", "on_model", "ghost_mannequin"]
# What may have happened to a shot, and to the variant of an approved one.
FATES = ("untouched", "claimed", "in_review", "past_technical", "past_final", "returned", "blocked", "approved")


def content(
    colorways: Sequence[str] = ("white",), views: Sequence[str] = ("front",), size: int = 1000, **changes: Any
) -> Request:
    shots = [
        ShotPlan(colorway=colorway, view=view, spec=ImageSpec(min_width=size))
        for colorway in colorways
        for view in views
    ]
    return brief(colorways=list(colorways), shots=shots, **changes)


def compare(
    standings: Sequence[Standing], old: Request | None, new: Request | None, at: datetime = MONDAY, keep: bool = False
) -> list[Difference]:
    """Who says nothing of a clock has one that began on Monday and never stood still, once it runs at all."""
    proposal = Proposal(old, old.deadline if old else None, new, keep)
    running = [
        replace(one, clock=one.clock or (clock_of(one.item, [], DEFAULTS.calendar) and Clock(MONDAY)))
        for one in standings
    ]
    return differences(proposal, running, lambda _: DEFAULTS, DEFAULTS, at)


def quote_of(found: Sequence[Difference], at: datetime = MONDAY) -> tuple[Quote, list[QuoteLine]]:
    return quoted(found, Basis(STEPS, RATES), DEFAULTS.versions, 1, at)


def applied(standings: Sequence[Standing], found: Sequence[Difference], at: datetime = MONDAY) -> list[Tracked]:
    """All items afterwards, in their newest state."""
    after = {one.item.work.id: one.item for one in standings}
    for change in steps(found, "mina", at, "amendment 7"):
        assert change.before is None or after[change.before.work.id] is not None
        assert change.cause == "amendment 7"
        after[change.after.work.id] = change.after
    return list(after.values())


def lived(item: Tracked, fate: str) -> Standing:
    """An item in the state that this leads to."""
    passed: set[Gate] = set()
    if fate == "claimed":
        item = domain.claim(item, "phil", MONDAY, LEASE).after
    elif fate == "blocked":
        item = domain.block(item, "pia", MONDAY, "the sample is damaged").after
    elif fate != "untouched":
        item = domain.hand_in(item, "phil", MONDAY).after
    if fate in ("past_technical", "past_final"):
        passed = {Gate.TECHNICAL} if fate == "past_technical" else set(Gate)
    elif fate == "returned":
        item = domain.send_back(item, "quinn", MONDAY, "studio", "technical: out_of_focus").after
    elif fate == "approved":
        item, passed = domain.approve(item, "quinn", MONDAY, MONDAY).after, set(Gate)
    return Standing(item, frozenset(passed))


def world(request: Request, fates: Sequence[str]) -> list[Standing]:
    """The request's work; each next item has the next fate, variants only once their master is approved."""
    found: list[Standing] = []
    is_approved = dict[object, bool]()
    for number, item in enumerate(plan_work(request, DEFAULTS, MONDAY)):
        fate = fates[number % len(fates)]
        if item.work.kind is WorkKind.VARIANT:
            if not is_approved[item.work.parent_id]:
                found.append(Standing(item))
                continue
            track, complexity = (
                DEFAULTS.tracks.track(item.work.track),
                DEFAULTS.classes.entry(item.work.complexity_class),
            )
            item = domain.make_ready(item, "quinn", MONDAY, due_for(MONDAY, track, complexity, None, DEFAULTS)).after
        found.append(lived(item, fate))
        is_approved[item.work.id] = fate == "approved"
    return found


requests = st.builds(
    content,
    colorways=st.lists(st.sampled_from(["white", "black", "gray"]), min_size=1, max_size=3, unique=True),
    views=st.lists(st.sampled_from(VIEWS), min_size=1, max_size=4, unique=True),
    size=st.sampled_from([1000, 2000]),
    channels=st.lists(st.sampled_from(["pdp", "zalando", "amazon"]), min_size=1, max_size=3, unique=True),
    materials=st.sampled_from([["cotton"], ["knit"], ["lace"]]),
    use=st.sampled_from(["catalog", "campaign"]),  # another track for the shots, the same for their variants
    priority=st.sampled_from(list(Priority)),
    approval_owner=st.sampled_from(["mina", "otto"]),
    attributes=st.sampled_from([{"fit_notes": "a"}, {"fit_notes": "b"}, {"return_sensitive": True}]),
    deadline=st.sampled_from([None, MONDAY + timedelta(days=1), MONDAY + timedelta(days=40)]),
)
all_fates = st.lists(st.sampled_from(FATES), min_size=1, max_size=12)
