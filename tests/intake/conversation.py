"""The conversation about a request: what tests say in it, and read of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.clock import clock
from chassis.testkit.harness import Harness
from contracts.values import Role
from tests.intake.calls import REQUESTS

PACK = "/v1/clarification"
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOOD = {"text": "The sample has a hood. Is that right?", "pointer": "/attributes/closure"}
SIZE = {"text": "Which size is the sample?"}
Json = dict[str, Any]


async def do(
    intake: Harness, made: Json, action: str, body: Any = None, role: str = Role.PRODUCER, **headers: str
) -> Any:
    path = f"{REQUESTS}/{made['id']}/{action}"
    return await intake.client.post(path, json=body, headers=intake.bearer(role) | headers)


async def ask(intake: Harness, made: Json, *questions: Json) -> Json:
    answer = await do(intake, made, "return", {"questions": list(questions or (HOOD,))})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def answers(asked: Json, text: str = "Yes.") -> Json:
    return {"answers": [{"question_id": question["id"], "text": text} for question in asked["questions"]]}


async def read(intake: Harness, made: Json) -> Json:
    answer = await intake.client.get(f"{REQUESTS}/{made['id']}", headers=intake.bearer("reviewer"))
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


async def thread(intake: Harness, made: Json, **query: Any) -> list[Json]:
    path = f"{REQUESTS}/{made['id']}/messages"
    answer = await intake.client.get(path, params=query, headers=intake.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    cursor = answer.json()["next_cursor"]
    return found + (await thread(intake, made, **query | {"cursor": cursor}) if cursor else [])


async def story(intake: Harness, made: Json) -> list[str]:
    return [entry["kind"] for entry in await thread(intake, made)]


async def rung(intake: Harness) -> None:
    """No reminder is due any more."""

    async def none_due() -> bool:
        return not await intake.fetch("SELECT 1 FROM timer WHERE due_at <= $1", clock.now())

    await intake.eventually(none_due)
