"""Any sequence of what people do with one request, with time passing and everything sent twice: the conversation is
complete and in order, no state is skipped, and reminders come only while it is with its requester, each once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chassis.clock import clock
from chassis.testkit.harness import Harness
from services.intake.requests.domain import Action, legal_actions
from services.intake.requests.schemas import RequestState
from tests.intake.calls import REQUESTS, in_force
from tests.intake.samples import bags, without

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
REMINDERS = (timedelta(hours=24), timedelta(hours=72))
# What an action leads to; an amendment may complete the request, or not.
LEADS_TO = {
    "accept": (Action.ACCEPTED, "accepted"),
    "complete": (Action.AMENDED, "accepted"),
    "amend": (Action.AMENDED, "returned"),
    "return": (Action.RETURNED, "returned"),
    "answer": (Action.ANSWERED, "answered"),
    "cancel": (Action.CANCELLED, "cancelled"),
}
Json = dict[str, Any]


class Conversation:
    """One request through HTTP, beside a model of what must become of it."""

    def __init__(self, intake: Harness) -> None:
        self.intake = intake
        self.request: Json = {}
        self.was_accepted = False
        self.kinds: list[str] = []
        self.returned_at = MONDAY
        self.reminded = 0
        self.versions: list[tuple[str, int]] = []

    async def begin(self, complete: bool) -> None:
        brief = bags() | {"deadline": "2027-03-01T00:00:00Z"}
        answer = await self._send("POST", REQUESTS, brief if complete else without(brief, "sku"))
        self.request = answer.json()
        self._became("accepted" if complete else "returned")

    def possible(self, number: int) -> str:
        """One of the actions that are legal now; cancelling only where nothing else is."""
        legal = legal_actions(RequestState(self.request["state"]), was_accepted=self.was_accepted)
        names = [name for name, (action, _) in LEADS_TO.items() if action in legal and name != "cancel"]
        return names[number % len(names)] if names else "cancel"

    async def act(self, name: str) -> None:
        """Sent twice by one key; illegal actions are refused and change nothing."""
        action, state = LEADS_TO[name]
        legal = legal_actions(RequestState(self.request["state"]), was_accepted=self.was_accepted)
        path, body = f"{REQUESTS}/{self.request['id']}", self._body(name)
        if action is Action.AMENDED:
            answer = await self._send("PATCH", path, body, {"If-Match": f'"{self.request["version"]}"'})
        else:
            key = {"Idempotency-Key": str(uuid4())}
            answer = await self._send("POST", f"{path}/{name}", body, key)
            if answer.status_code in (200, 202):
                assert (await self._send("POST", f"{path}/{name}", body, key)).json() == answer.json()
        if action not in legal:
            assert (answer.status_code, answer.json()["allowed"]) == (409, sorted(legal)), name
            event(f"{name} is illegal")
            return
        if name == "cancel" and self.was_accepted:  # what is in production is cancelled by an amendment
            assert answer.status_code == 202, answer.text
            await self.check()
            self.request = await in_force(self.intake, answer.json())
            self._became(state)
            event("cancel in production")
            return
        assert answer.status_code == 200, answer.text
        self.kinds += ["answer"] * len(self.request["questions"]) if name == "answer" else []
        self.request = answer.json()
        self._became(state)
        self.kinds += ["question"] * len(self.request["questions"]) if name == "return" else []
        event(name)

    async def say(self) -> None:
        answer = await self._send("POST", f"{REQUESTS}/{self.request['id']}/messages", {"text": "Hm."})
        assert answer.status_code == 201
        self.kinds.append("note")

    async def pass_time(self, hours: float) -> None:
        clock.move(timedelta(hours=hours))

        while self.intake.service.timers and await self.intake.service.timers.fire_one():
            pass  # beside the service's own loop, which would take its time

        async def nothing_is_due() -> bool:
            return not await self.intake.fetch("SELECT 1 FROM timer WHERE due_at <= $1", clock.now())

        await self.intake.eventually(nothing_is_due)
        due = sum(self.returned_at + after <= clock.now() for after in REMINDERS)
        if self.request["state"] == "returned" and due > self.reminded:
            self.kinds += ["reminder"] * (due - self.reminded)
            self.reminded = due
            event("reminded")

    async def check(self) -> None:
        path = f"{REQUESTS}/{self.request['id']}"
        assert (await self._send("GET", path)).json() == self.request
        told = (await self._send("GET", f"{path}/messages?limit=200")).json()["items"]
        assert [(one["number"], one["kind"]) for one in told] == list(enumerate(self.kinds, start=1))
        assert [one["at"] for one in told] == sorted(one["at"] for one in told)
        rows = await self.intake.fetch(
            "SELECT subject, aggregate_version AS version FROM event_log WHERE aggregate_id = $1 ORDER BY position",
            self.request["id"],
        )
        log = [(row["subject"].split(".")[3], row["version"]) for row in rows]
        assert [one for one in log if one[0] != "reminded"] == self.versions
        assert [name for name, _ in log].count("reminded") == self.kinds.count("reminder")
        waits = self.request["state"] == "returned"
        timers = await self.intake.fetch("SELECT 1 FROM timer WHERE key LIKE $1", f"{self.request['id']}:%")
        assert len(timers) == (len(REMINDERS) - self.reminded if waits else 0)
        assert (self.request["waiting_for"] == "requester") == waits
        assert bool(self.request["questions"]) == (waits and self.was_accepted)

    def _became(self, state: str) -> None:
        again = self.was_accepted and state == "accepted"
        assert self.request["state"] == state
        self.was_accepted = self.was_accepted or state == "accepted"
        self.kinds += [state] if state != "answered" else []
        self.versions.append(("clarified" if again else state, len(self.versions) + 1))
        assert self.request["version"] == len(self.versions)
        if state == "returned":
            self.returned_at, self.reminded = clock.now(), 0

    def _body(self, name: str) -> Any:
        match name:
            case "complete":
                return {"sku": f"MB02-{uuid4().hex[:8]}"}
            case "amend":
                return {"product_name": "Backpack"}
            case "return":
                return {
                    "questions": [{"text": "Which size?"}, {"text": "Which hood?", "pointer": "/attributes/closure"}]
                }
            case "answer":
                ids = [one["id"] for one in self.request["questions"]] or [str(uuid4())]
                return {"answers": [{"question_id": one, "text": "M."} for one in ids]}
            case "cancel":
                return {"cause": "Dropped."}
        return None

    async def _send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        own = self.intake.bearer("producer") | (headers or {})
        return await self.intake.client.request(method, path, json=body, headers=own)


# Mostly what is possible then (a number chooses among it), now and then anything.
_steps = st.lists(
    st.integers(0, 5) | st.integers(0, 5) | st.sampled_from([*LEADS_TO, "say"]) | st.sampled_from([1.0, 23.5, 60.0]),
    min_size=4,
    max_size=16,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(complete=st.booleans(), steps=_steps)
async def test_any_conversation(intake: Harness, complete: bool, steps: list[str | float | int]) -> None:
    clock.set(MONDAY)
    talk = Conversation(intake)
    await talk.begin(complete)
    await talk.check()
    for step in steps:
        if isinstance(step, float):
            await talk.pass_time(step)
        elif step == "say":
            await talk.say()
        else:
            await talk.act(talk.possible(step) if isinstance(step, int) else step)
        await talk.check()
