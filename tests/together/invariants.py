"""What holds whenever all is quiet: of the services alone, between the two, and against the model."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chassis.clock import now
from tests.together.model import FINAL, Item, Request
from tests.together.world import Json, World

# The diagram of routing's README: from, step, to. Where blocked work goes, its place says.
DIAGRAM = {
    ("", "created", "ready"), ("", "created", "waiting"),
    ("waiting", "ready", "ready"),
    ("ready", "claimed", "claimed"), ("claimed", "claimed", "claimed"),
    ("claimed", "released", "ready"), ("claimed", "handed_over", "ready"),
    ("ready", "handed_in", "in_review"), ("claimed", "handed_in", "in_review"),
    ("in_review", "returned", "ready"), ("in_review", "approved", "approved"),
    ("ready", "blocked", "blocked"), ("claimed", "blocked", "blocked"), ("in_review", "blocked", "blocked"),
    ("ready", "redone", "ready"), ("claimed", "redone", "ready"), ("in_review", "redone", "ready"),
    ("approved", "redone", "ready"),
    ("ready", "redone", "waiting"), ("claimed", "redone", "waiting"), ("in_review", "redone", "waiting"),
    ("approved", "redone", "waiting"),
    ("blocked", "redone", "blocked"), ("blocked", "blocked", "blocked"),  # something else holds it now
    ("blocked", "released", "blocked"),
    *((state, "cancelled", "cancelled") for state in ("waiting", "ready", "claimed", "in_review", "blocked")),
}  # fmt: skip
STAYS = {"at_risk", "breached", "escalated", "amended"}
ROUNDS = {"returned", "redone"}

# What routing makes of an amendment's state in intake.
AGREES = {
    "quoted": "quoted", "accepted": "quoted", "applied": "applied", "rejected": "closed", "withdrawn": "closed",
    "expired": "closed", "refused": "refused",
}  # fmt: skip

SLA_OF_CLASS = {"C1": 1.0, "C2": 1.5, "C3": 2.0, "C4": 3.0}
SLA_HOURS = {"catalog": 24, "high_complexity": 24, "marketplace": 8}


async def check(world: World, requests: Iterable[Request]) -> None:
    """Everything. Raises an AssertionError."""
    of_model = list(requests)
    for request in of_model:
        work = await work_of(world, request)
        compare(request, work)
    await no_work_without_an_accepted_request(world)
    await no_state_is_skipped(world)
    await nothing_is_applied_twice(world)
    await both_agree(world, of_model)
    await nothing_is_given_up(world)


async def work_of(world: World, request: Request) -> list[Json]:
    """Oldest first: masters before their variants."""
    answer = await world.call("routing", "GET", f"/v1/work?limit=200&request_id={request.id}")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found[::-1]


def compare(request: Request, work: list[Json]) -> None:
    """The work of a request is what the model says, each item in its place, its round, with its holder and due time."""
    known = {item.id: item for item in request.items if item.id}
    fresh = {item.slot: item for item in request.items if not item.id}
    for one in work:
        item = known.get(one["id"]) or fresh.pop((one["colorway"], one["view"], one["channel"]), None)
        assert item is not None, f"nobody asked for {one}"
        item.id = one["id"]
        if item.begun_at and item.budget is None:
            item.budget = round(60 * SLA_HOURS[one["track"]] * SLA_OF_CLASS[one["complexity_class"]])
        got, wanted = seen(one), expected(item)
        differs = {name: (got[name], wanted[name]) for name in got if got[name] != wanted[name]}
        assert not differs, f"(is, should be) {differs} of {item}"
        assert_risk(item, one)
    assert not fresh, f"not made: {fresh}"
    assert len(work) == len(request.items)


def seen(one: Json) -> Json:
    names = ("state", "round", "step", "claimed_by", "lease_until", "due_at", "materials", "parent_id")
    return {name: moment(one[name]) if name in ("lease_until", "due_at") else one[name] for name in names}


def expected(item: Item) -> Json:
    is_over = item.state == "cancelled"
    return {
        "state": item.state,
        "round": item.round,
        "step": item.step,
        "claimed_by": None if is_over else item.holder,
        "lease_until": None if is_over else item.lease_until,
        "due_at": item.due_at(),
        "materials": item.materials,
        "parent_id": item.master.id if item.master else None,
    }


def moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def assert_risk(item: Item, one: Json) -> None:
    due = item.due_at()
    if due and item.state not in FINAL and not item.holds and due <= now():
        item.was_late = True
        assert one["risk"] == "breached", f"{item} is late"
    assert item.was_late or one["risk"] != "breached", f"{item} was never late"
    if one["state"] == "claimed":
        until = moment(one["lease_until"])
        assert until is not None
        assert until > now(), "a lease that ran out holds nothing"


async def no_work_without_an_accepted_request(world: World) -> None:
    accepted = {row.id: row.state for row in await world.rows("intake", ACCEPTED)}
    for row in await world.rows("routing", "SELECT request_id, state FROM work_item"):
        assert row.request_id in accepted, "work without an accepted request"
        if accepted[row.request_id] == "cancelled":
            assert row.state in FINAL, "a cancelled request has open work"


ACCEPTED = "SELECT id, state FROM request WHERE accepted IS NOT NULL"


async def no_state_is_skipped(world: World) -> None:
    """Each item's history is a path through the diagram, without a gap, to where it stands."""
    items = {row.id: row for row in await world.rows("routing", "SELECT id, version, state, round FROM work_item")}
    steps: dict[Any, list[Any]] = {key: [] for key in items}
    for row in await world.rows("routing", "SELECT * FROM history ORDER BY work_item_id, version"):
        steps[row.work_item_id].append(row)
    for key, path in steps.items():
        assert [step.version for step in path] == list(range(1, items[key].version + 1))
        assert path[-1].state == items[key].state
        assert sum(step.what in ROUNDS for step in path) == items[key].round
        walk(path)


def walk(path: list[Any]) -> None:
    state, place = "", ""
    for step in path:
        if step.what in STAYS:
            assert step.state == state, f"{step.what} moved it from {state} to {step.state}"
            assert state not in FINAL
        elif step.what == "unblocked":
            assert (state, step.state) == ("blocked", place), f"unblocked from {state} to {step.state}, not {place}"
        else:
            assert (state, step.what, step.state) in DIAGRAM, f"{state} → {step.what} → {step.state}"
        if step.state == "blocked":
            if state != "blocked":
                place = state
            elif step.what == "redone":
                place = path[0].state  # a shot begins again, a variant waits for its master
        state = step.state


async def nothing_is_applied_twice(world: World) -> None:
    """Every step was told once, in order; every slot has one item; every quote one number."""
    told = "SELECT aggregate_id, count(*) AS n, count(DISTINCT aggregate_version) AS versions FROM event_log"
    for name, but in (("routing", "planned"), ("intake", "reminded")):  # these leave their aggregate as it is
        for row in await world.rows(name, f"{told} WHERE subject NOT LIKE '%.{but}.%' GROUP BY aggregate_id"):
            assert row.n == row.versions, f"{row.aggregate_id} told a step twice"
    history = await world.rows("routing", "SELECT count(*) AS n FROM history WHERE what <> 'created'")
    [said] = await world.rows("routing", TOLD_STEPS)
    assert said.n == history[0].n, "each step is told once"
    twice = await world.rows("routing", DOUBLED)
    assert not twice, f"one slot, two items: {twice}"


TOLD_STEPS = (
    "SELECT count(*) AS n FROM event_log WHERE subject LIKE 'evt.routing.work.%' AND subject NOT LIKE '%.planned.%'"
)
DOUBLED = (
    "SELECT request_id, colorway, view, channel FROM work_item WHERE state <> 'cancelled'"
    " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
)


async def both_agree(world: World, requests: list[Request]) -> None:
    """What is accepted, cancelled, with its requester, amended and in work is the same in both services."""
    intake = {str(row.id): row for row in await world.rows("intake", "SELECT * FROM request")}
    routing = {str(row.id): row for row in await world.rows("routing", "SELECT * FROM request")}
    assert set(intake) == {request.id for request in requests}
    for request in requests:
        said = intake[request.id]
        state = {"incomplete": "returned", "asked": "returned"}.get(request.state, request.state)
        assert said.state == state
        assert (said.accepted is not None) == (request.id in routing) or request.state == "cancelled"
        if (known := routing.get(request.id)) is not None:
            assert known.cancelled == (said.state == "cancelled")
            assert known.with_requester == (request.state == "asked") or known.cancelled
            if said.accepted is not None and not known.cancelled:
                assert known.deadline == datetime.fromisoformat(said.accepted["deadline"]) == request.deadline
    quoted = {row.id: row for row in await world.rows("routing", "SELECT id, state FROM amendment")}
    for row in await world.rows("intake", "SELECT id, state FROM amendment"):
        assert quoted[row.id].state == AGREES[row.state], f"intake says {row.state}"
    await slots_are_those_in_work(world)


async def slots_are_those_in_work(world: World) -> None:
    taken = {tuple(row) for row in await world.rows("intake", "SELECT request_id, colorway, view FROM slot")}
    in_work = {tuple(row) for row in await world.rows("routing", IN_WORK)}
    assert in_work <= taken, "someone else could ask for what is in work"


IN_WORK = (
    "SELECT request_id, colorway, view FROM work_item WHERE kind = 'shot' AND state NOT IN ('approved', 'cancelled')"
)


async def nothing_is_given_up(world: World) -> None:
    info = await world.routing.service.bus.js.stream_info("DLQ")
    assert info.state.messages == 0, "an event ended among the dead letters"
