"""The conversation about a request: asked, answered, accepted again; kept in order."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from chassis.testkit.harness import Harness
from contracts.intake import RequestAnswered, RequestClarified, RequestReturned
from contracts.values import Role
from services.intake.clarification.service import MOST_MESSAGES
from tests.intake.calls import REQUESTS, cancelled, post
from tests.intake.conversation import HOOD, SIZE, answers, ask, do, read, story, thread
from tests.intake.samples import bags, without


async def test_asked_answered_accepted(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    asked = await ask(intake, made, HOOD, SIZE)
    assert (asked["state"], asked["waiting_for"], asked["version"]) == ("returned", "requester", 2)
    assert [(one["text"], one["pointer"], one["asked_by"]) for one in asked["questions"]] == [
        (HOOD["text"], HOOD["pointer"], "producer-1"), (SIZE["text"], None, "producer-1"),
    ]  # fmt: skip
    # It is still what it was, in all but where it stands.
    assert {name: asked[name] for name in ("shots", "accepted_at", "category_version")} == {
        name: made[name] for name in ("shots", "accepted_at", "category_version")
    }
    answered = (await do(intake, made, "answer", answers(asked), Role.MERCHANDISER)).json()
    assert (answered["state"], answered["waiting_for"], answered["questions"]) == ("answered", "us", [])
    accepted = (await do(intake, made, "accept", role=Role.CREATIVE_OPS_MANAGER)).json()
    assert (accepted["state"], accepted["waiting_for"], accepted["version"]) == ("accepted", None, 4)
    assert await read(intake, made) == accepted

    said = await thread(intake, made)
    assert [(one["number"], one["kind"], one["by"]) for one in said] == [
        (1, "accepted", "intake"), (2, "returned", "intake"), (3, "question", "producer-1"),
        (4, "question", "producer-1"), (5, "answer", "merchandiser-1"), (6, "answer", "merchandiser-1"),
        (7, "accepted", "intake"),
    ]  # fmt: skip
    assert [one["question_id"] for one in said[4:6]] == [one["id"] for one in said[2:4]]
    assert [one["pointer"] for one in said[2:6]] == [HOOD["pointer"], None] * 2

    [back] = await intake.recorded(RequestReturned, made["id"])
    [answer] = await intake.recorded(RequestAnswered, made["id"])
    [clarified] = await intake.recorded(RequestClarified, made["id"])
    assert [event.aggregateversion for event in (back, answer, clarified)] == [2, 3, 4]
    assert (back.data.problems, back.data.returned_by) == ([], "producer-1")
    assert [one.model_dump(mode="json") for one in back.data.questions] == asked["questions"]
    assert [one.question_id for one in answer.data.answers] == [UUID(one["id"]) for one in asked["questions"]]
    assert back.data.returned_at == answer.data.returned_at == clarified.data.returned_at
    assert answer.data.answered_at == clarified.data.answered_at


async def test_answers_that_are_not_enough_are_asked_about_again(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    first = await ask(intake, made)
    await do(intake, made, "answer", answers(first))
    again = await ask(intake, made, SIZE)
    assert (again["state"], [one["text"] for one in again["questions"]]) == ("returned", [SIZE["text"]])
    # The old question is not open any more.
    assert (await do(intake, made, "answer", answers(first))).status_code == 422
    assert (await do(intake, made, "answer", answers(again))).status_code == 200
    assert (await do(intake, made, "accept")).status_code == 200


async def test_a_cancelled_request_has_no_open_questions(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    await ask(intake, made)
    over = await cancelled(intake, made["id"])
    assert (over["state"], over["questions"], over["waiting_for"]) == ("cancelled", [], None)


async def test_an_incomplete_request_tells_its_story_too(intake: Harness) -> None:
    made = (await post(intake, without(bags(), "sku"))).json()
    headers = intake.bearer("merchandiser") | {"If-Match": '"1"'}
    amended = await intake.client.patch(f"{REQUESTS}/{made['id']}", json={"sku": "MB02"}, headers=headers)
    assert amended.json()["state"] == "accepted"
    first, last = await thread(intake, made)
    assert (first["kind"], "/sku: No SKU" in first["text"]) == ("returned", True)
    assert (last["kind"], last["text"].startswith("Amended by merchandiser-1. Complete: ")) == ("accepted", True)


async def test_more_problems_than_a_message_holds_are_counted(intake: Harness) -> None:
    waivers = [{"view": "front"}] * 200
    made = (await post(intake, bags() | {"waivers": waivers})).json()
    [entry] = await thread(intake, made)
    assert len(made["problems"]) == 200
    told = entry["text"].splitlines()
    assert (told[0], len(entry["text"]) < 2100) == ("200 to complete:", True)
    assert told[-1] == f"… and {200 - (len(told) - 2)} more."


async def test_the_same_key_asks_and_answers_once(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    ask_twice = [
        await do(intake, made, "return", {"questions": [HOOD]}, **{"Idempotency-Key": f"ask-{made['id']}"})
        for _ in range(2)
    ]
    assert ask_twice[0].json() == ask_twice[1].json()
    sent = answers(ask_twice[0].json())
    both = await asyncio.gather(
        *(do(intake, made, "answer", sent, **{"Idempotency-Key": f"answer-{made['id']}"}) for _ in range(2))
    )
    assert both[0].json() == both[1].json()
    note = [
        await do(intake, made, "messages", {"text": "Hm."}, **{"Idempotency-Key": f"note-{made['id']}"})
        for _ in range(2)
    ]
    assert (note[0].status_code, note[0].json()) == (201, note[1].json())
    assert await story(intake, made) == ["accepted", "returned", "question", "answer", "note"]


async def test_of_those_who_act_at_once_one_wins(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    body = {"questions": [HOOD]}
    results = await asyncio.gather(*(do(intake, made, "return", body) for _ in range(5)))
    assert sorted(one.status_code for one in results) == [200, 409, 409, 409, 409]
    notes = await asyncio.gather(*(do(intake, made, "messages", {"text": f"{n}"}) for n in range(8)))
    assert {one.status_code for one in notes} == {201}
    said = await thread(intake, made, limit=3)
    assert [one["number"] for one in said] == list(range(1, 12))
    assert sorted(one["text"] for one in said[3:]) == [f"{n}" for n in range(8)]


async def test_a_note_changes_nothing_else(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    note = await do(intake, made, "messages", {"text": " The box is dented.\nStill fine? ", "pointer": "/references/0"})
    assert (note.json()["text"], note.json()["kind"]) == ("The box is dented.\nStill fine?", "note")
    assert await read(intake, made) == made
    await cancelled(intake, made["id"])
    assert (await do(intake, made, "messages", {"text": "A pity."})).status_code == 201


async def test_messages_are_kept_for_ever(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    for statement in ("UPDATE message SET text = ''", "DELETE FROM message"):
        with pytest.raises(Exception, match="append-only"):
            await intake.fetch(statement)
    assert len(await thread(intake, made)) == 1


async def test_a_conversation_has_an_end(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    await intake.fetch(
        "INSERT INTO message (id, request_id, number, kind, text, by, at)"
        " SELECT gen_random_uuid(), $1, n, 'note', 'x', 'x', now() FROM generate_series(2, $2) AS n",
        UUID(made["id"]),
        MOST_MESSAGES,
    )
    assert (await do(intake, made, "messages", {"text": "One more."})).status_code == 409
    await ask(intake, made)  # what happens to the request is told all the same
    assert len(await thread(intake, made, limit=200)) == MOST_MESSAGES + 2


async def test_lists_tell_what_waits_for_whom(intake: Harness) -> None:
    def mine(colorway: str) -> dict[str, Any]:
        return {"sku": "WAIT-1", "colorways": [colorway], "waivers": []}

    incomplete = (await post(intake, without(bags() | mine("black"), "use"))).json()
    asked, answered = [(await post(intake, bags() | mine(colorway))).json() for colorway in ("gray", "red")]
    await post(intake, bags() | mine("blue"))
    await ask(intake, asked)
    await do(intake, answered, "answer", answers(await ask(intake, answered)))

    async def waiting(**query: str) -> list[tuple[str, str]]:
        headers = intake.bearer("vendor")
        found = await intake.client.get(REQUESTS, params={"sku": "WAIT-1", **query}, headers=headers)
        assert found.status_code == 200, found.text
        return [(one["id"], one["waiting_for"]) for one in found.json()["items"]]

    assert await waiting(waiting_for="requester") == [(asked["id"], "requester"), (incomplete["id"], "requester")]
    assert await waiting(waiting_for="us") == [(answered["id"], "us")]
    assert await waiting(waiting_for="us", state="accepted") == []
    assert await waiting(waiting_for="us", state="answered") == [(answered["id"], "us")]
    assert [whom for _, whom in await waiting(state="accepted")] == [None]
    wrong = await intake.client.get(REQUESTS, params={"waiting_for": "me"}, headers=intake.bearer("vendor"))
    assert wrong.status_code == 422
