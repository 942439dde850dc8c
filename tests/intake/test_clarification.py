"""The conversation about a request: asked, answered, accepted again; kept in order; reminders, each once."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from contracts.intake import RequestAmended, RequestAnswered, RequestClarified, RequestReminded, RequestReturned
from contracts.values import Role
from services.intake.app import create_app
from services.intake.clarification.service import MOST_MESSAGES
from services.intake.requests.endpoints import MAY_REQUEST
from services.intake.settings import IntakeSettings
from tests.intake.calls import REQUESTS, cancelled, content, in_force, post, publish
from tests.intake.samples import bags, without

PACK = "/v1/clarification"
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOOD = {"text": "The sample has a hood. Is that right?", "pointer": "/attributes/closure"}
SIZE = {"text": "Which size is the sample?"}
ASKERS = {Role.PRODUCER, Role.CREATIVE_OPS_MANAGER}
SPEAKERS = {*MAY_REQUEST, Role.STUDIO_MANAGER, Role.RETOUCHING_LEAD, Role.QC_LEAD, Role.ASSET_MANAGER}

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    clock.reset()


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


async def test_every_open_question_has_one_answer(intake: Harness) -> None:
    made = (await post(intake, bags())).json()
    asked = await ask(intake, made, HOOD, SIZE)
    one, two = answers(asked)["answers"]
    stranger = {"question_id": str(uuid4()), "text": "Yes."}
    for sent, pointers in (
        ([one], ["/answers"]),
        ([one, one], ["/answers/1/question_id", "/answers"]),
        ([one, two, stranger], ["/answers/2/question_id"]),
        ([stranger], ["/answers/0/question_id", "/answers", "/answers"]),
        ([], ["/answers"]),
        ([one, two | {"text": "  "}], ["/answers/1/text"]),
        ([one, two | {"question_id": "x"}], ["/answers/1/question_id"]),
    ):
        refused = await do(intake, made, "answer", {"answers": sent})
        assert (refused.status_code, [wrong["pointer"] for wrong in refused.json()["errors"]]) == (422, pointers), sent
    assert await read(intake, made) == asked
    assert (await do(intake, made, "answer", {"answers": [two, one]})).status_code == 200


async def test_what_is_illegal_names_what_is_legal(intake: Harness) -> None:
    whole, incomplete = (await post(intake, bags())).json(), (await post(intake, without(bags(), "sku"))).json()
    bodies = {"return": {"questions": [HOOD]}, "answer": {"answers": [{"question_id": str(uuid4()), "text": "x"}]}}

    async def illegal(made: Json, action: str, allowed: list[str]) -> None:
        answer = await do(intake, made, action, bodies.get(action))
        assert (answer.status_code, answer.json()["allowed"]) == (409, allowed), action

    for action in ("return", "answer", "accept"):
        await illegal(incomplete, action, ["amended", "cancelled"])
    for action in ("answer", "accept"):
        await illegal(whole, action, ["cancelled", "returned"])
    asked = await ask(intake, whole)
    for action in ("return", "accept"):
        await illegal(whole, action, ["answered", "cancelled"])
    headers = intake.bearer("producer") | {"If-Match": '"2"'}
    amended = await intake.client.patch(f"{REQUESTS}/{whole['id']}", json={"sku": "MB03"}, headers=headers)
    assert (amended.status_code, amended.json()["allowed"]) == (409, ["answered", "cancelled"])
    assert f"{REQUESTS}/{{id}}/amendments" in amended.json()["detail"]
    await do(intake, whole, "answer", answers(asked))
    await illegal(whole, "answer", ["accepted", "cancelled", "returned"])
    await cancelled(intake, whole["id"])
    for action in ("return", "answer", "accept"):
        await illegal(whole, action, [])
    assert (await story(intake, whole))[-1] == "cancelled"


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


@pytest.mark.parametrize(
    ("action", "body", "pointers"),
    [
        ("return", {"questions": []}, ["/questions"]),
        ("return", {"questions": [SIZE] * 21}, ["/questions"]),
        ("return", {}, ["/questions"]),
        ("return", {"questions": [{"text": ""}]}, ["/questions/0/text"]),
        ("return", {"questions": [{"text": "x" * 2001}]}, ["/questions/0/text"]),
        ("return", {"questions": [{"text": "nul \x00"}]}, ["/questions/0/text"]),
        ("return", {"questions": [{"text": 5}]}, ["/questions/0/text"]),
        ("return", {"questions": [SIZE | {"pointer": "sku"}]}, ["/questions/0/pointer"]),
        ("return", {"questions": [SIZE | {"pointer": "/secret"}]}, ["/questions/0/pointer"]),
        ("return", {"questions": [SIZE | {"pointer": "/"}]}, ["/questions/0/pointer"]),
        ("return", {"questions": [SIZE | {"pointer": "/sku" * 5}]}, ["/questions/0/pointer"]),
        ("return", {"questions": [SIZE | {"more": 1}]}, ["/questions/0/more"]),
        ("messages", {"text": "x", "pointer": "/nothing"}, ["/pointer"]),
        ("messages", {"text": " \n "}, ["/text"]),
        ("messages", {"text": "x", "kind": "accepted"}, ["/kind"]),
        ("messages", [], [""]),
        ("answer", {"answers": [{"text": "x"}]}, ["/answers/0/question_id"]),
        ("answer", {"answers": [{"question_id": 5, "text": "x"}]}, ["/answers/0/question_id"]),
    ],
)
async def test_nonsense_changes_nothing(intake: Harness, action: str, body: Any, pointers: list[str]) -> None:
    made = (await post(intake, bags())).json()
    answer = await do(intake, made, action, body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert await read(intake, made) == made
    assert await story(intake, made) == ["accepted"]


async def test_unknown_requests_and_cursors(intake: Harness) -> None:
    nobody = {"id": str(uuid4())}
    bodies: Json = {"return": {"questions": [HOOD]}, "messages": {"text": "x"}}
    bodies["answer"] = {"answers": [{"question_id": str(uuid4()), "text": "x"}]}
    for action in ("return", "answer", "accept", "messages"):
        assert (await do(intake, nobody, action, bodies.get(action))).status_code == 404, action
    headers = intake.bearer("producer")
    assert (await intake.client.get(f"{REQUESTS}/{nobody['id']}/messages", headers=headers)).status_code == 404
    made, other = (await post(intake, bags())).json(), (await post(intake, bags())).json()
    for n in range(2):
        await do(intake, other, "messages", {"text": f"{n}"})
    path = f"{REQUESTS}/{other['id']}/messages"
    cursor = (await intake.client.get(path, params={"limit": 1}, headers=headers)).json()["next_cursor"]
    for wrong in ({"cursor": cursor}, {"cursor": "zzz"}, {"limit": 0}):
        answer = await intake.client.get(f"{REQUESTS}/{made['id']}/messages", params=wrong, headers=headers)
        assert answer.status_code == 422, wrong


async def test_who_may_do_what(intake: Harness) -> None:
    """Every role tries every step; nobody without a token does anything."""
    steps: list[tuple[str, set[Role]]] = [
        ("return", ASKERS), ("answer", set(MAY_REQUEST)), ("accept", ASKERS), ("messages", SPEAKERS),
    ]  # fmt: skip
    for role in Role:
        made = (await post(intake, bags())).json()
        for action, may in steps:
            body = {"return": {"questions": [HOOD]}, "messages": {"text": "x"}}.get(action)
            if action == "answer":
                body = answers(await read(intake, made))
            answer = await do(intake, made, action, body, role)
            if role in may:
                assert answer.status_code in (200, 201), (role, action, answer.text)
            else:
                assert answer.status_code == 403, (role, action)
                assert set(answer.json()["allowed_roles"]) == {str(one) for one in may}
                await do(intake, made, action, body, Role.PRODUCER)
            path = f"{REQUESTS}/{made['id']}/{action}"
            assert (await intake.client.post(path, json=body)).status_code == 401
        for path in (f"{REQUESTS}/{made['id']}/messages", PACK):
            assert (await intake.client.get(path, headers=intake.bearer(role))).status_code == 200
            assert (await intake.client.get(path)).status_code == 401
        edited = await publish(intake, PACK, {"reminder_hours": [24, 72]}, 99, role)
        assert edited.status_code == (412 if role is Role.CREATIVE_OPS_MANAGER else 403)


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


async def test_reminders_come_at_their_hours_and_once(fresh_intake: Harness, start: Start) -> None:
    """With a replica that rings them too."""
    intake = fresh_intake
    await start(create_app, IntakeSettings, fresh=False)
    clock.set(MONDAY)
    made = (await post(intake, bags() | {"deadline": "2026-06-01T00:00:00Z"})).json()
    asked = await ask(intake, made)
    incomplete = (await post(intake, {"sku": "MB02"})).json()
    clock.set(MONDAY + 24 * HOUR - timedelta(seconds=1))
    await rung(intake)
    assert await story(intake, made) == ["accepted", "returned", "question"]
    clock.set(MONDAY + 24 * HOUR)
    await rung(intake)
    clock.set(MONDAY + 100 * HOUR)
    await rung(intake)
    assert await story(intake, made) == ["accepted", "returned", "question", "reminder", "reminder"]
    assert await story(intake, incomplete) == ["returned", "reminder", "reminder"]
    first, second = await intake.recorded(RequestReminded, made["id"])
    assert [(one.data.number, one.data.to, one.data.reminded_at) for one in (first, second)] == [
        (1, "producer-1", MONDAY + 24 * HOUR), (2, "producer-1", MONDAY + 100 * HOUR),
    ]  # fmt: skip
    assert {first.aggregateversion, second.aggregateversion} == {asked["version"]}
    assert await read(intake, made) == asked  # a reminder changes nothing that an edit would have to know of
    assert await intake.fetch("SELECT 1 FROM timer") == []


async def test_what_ends_the_wait_ends_the_reminders(fresh_intake: Harness) -> None:
    clock.set(MONDAY)
    deadline = {"deadline": "2026-06-01T00:00:00Z"}
    answered, dropped = [(await post(fresh_intake, bags() | deadline)).json() for _ in range(2)]
    completed = (await post(fresh_intake, without(bags() | deadline, "sku"))).json()
    asked = await ask(fresh_intake, answered)
    await ask(fresh_intake, dropped)
    assert len(await fresh_intake.fetch("SELECT 1 FROM timer")) == 6
    await do(fresh_intake, answered, "answer", answers(asked))
    await cancelled(fresh_intake, dropped["id"])
    headers = fresh_intake.bearer("producer") | {"If-Match": '"1"'}
    await fresh_intake.client.patch(f"{REQUESTS}/{completed['id']}", json={"sku": "MB02"}, headers=headers)
    assert await fresh_intake.fetch("SELECT 1 FROM timer") == []
    # Each return has reminders of its own.
    await ask(fresh_intake, answered)
    clock.set(MONDAY + 30 * HOUR)
    await rung(fresh_intake)
    assert (await story(fresh_intake, answered))[-2:] == ["question", "reminder"]


async def test_an_amendment_comes_into_force_while_it_is_with_its_requester(fresh_intake: Harness) -> None:
    """It was proposed before: content alone changes. The questions stay open, and the reminders come."""
    clock.set(MONDAY)
    made = (await post(fresh_intake, bags() | {"deadline": "2026-06-01T00:00:00Z"})).json()
    proposal = {"changes": {"priority": "high"}, "cause": "The campaign moved."}
    amendment = (await do(fresh_intake, made, "amendments", proposal)).json()
    asked = await ask(fresh_intake, made)
    refused = await do(fresh_intake, made, "amendments", {"changes": {"priority": "low"}, "cause": "x"})
    assert (refused.status_code, refused.json()["state"]) == (409, "returned")
    assert "questions" in refused.json()["detail"]
    after = await in_force(fresh_intake, amendment)
    assert (after["priority"], after["version"]) == ("high", 3)
    assert {name: after[name] for name in ("state", "questions", "waiting_for")} == {
        name: asked[name] for name in ("state", "questions", "waiting_for")
    }
    [told] = await fresh_intake.recorded(RequestAmended, made["id"])
    assert (told.aggregateversion, told.data.state) == (3, "returned")
    last = (await thread(fresh_intake, made))[-1]
    assert (last["kind"], last["text"], last["by"]) == (
        "amended", "Amended (priority): The campaign moved.", "producer-1",
    )  # fmt: skip
    clock.set(MONDAY + 30 * HOUR)
    await rung(fresh_intake)
    assert [event.aggregateversion for event in await fresh_intake.recorded(RequestReminded)] == [3]
    answered = (await do(fresh_intake, made, "answer", answers(asked))).json()
    assert (answered["state"], answered["version"]) == ("answered", 4)
    assert await fresh_intake.fetch("SELECT 1 FROM timer WHERE kind = 'reminder'") == []


async def test_who_asks_for_what_is_in_work_is_reminded_too(fresh_intake: Harness) -> None:
    clock.set(MONDAY)
    brief = bags() | {"deadline": "2026-06-01T00:00:00Z"}
    await post(fresh_intake, brief)
    assert (await post(fresh_intake, brief)).json()["state"] == "returned"
    clock.set(MONDAY + 30 * HOUR)
    await rung(fresh_intake)
    assert len(await fresh_intake.recorded(RequestReminded)) == 1


async def test_a_reminder_of_an_earlier_return_is_silent(fresh_intake: Harness) -> None:
    """Its timer was taken by a process that died, say, and comes back when the wait is over."""
    clock.set(MONDAY)
    made = (await post(fresh_intake, bags() | {"deadline": "2026-06-01T00:00:00Z"})).json()
    asked = await ask(fresh_intake, made)
    await fresh_intake.fetch("INSERT INTO timer SELECT gen_random_uuid(), kind, key || '00', due_at FROM timer")
    await do(fresh_intake, made, "answer", answers(asked))
    assert len(await fresh_intake.fetch("SELECT 1 FROM timer")) == 2
    await ask(fresh_intake, made)
    clock.set(MONDAY + 100 * HOUR)
    await rung(fresh_intake)
    assert [event.aggregateversion for event in await fresh_intake.recorded(RequestReminded)] == [4, 4]


async def test_the_hours_are_a_pack(fresh_intake: Harness) -> None:
    clock.set(MONDAY)
    assert await content(fresh_intake, PACK) == {"reminder_hours": [24, 72]}
    before = (await post(fresh_intake, {"sku": "MB02"})).json()
    edited = await publish(fresh_intake, PACK, {"reminder_hours": [0.5]}, 1)
    assert (edited.status_code, edited.headers["ETag"], edited.json()["version"]) == (200, '"2"', 2)
    assert (await publish(fresh_intake, PACK, {"reminder_hours": [1]}, 1)).status_code == 412
    after = (await post(fresh_intake, {"sku": "MB02"})).json()
    clock.set(MONDAY + HOUR)
    await rung(fresh_intake)
    assert (await story(fresh_intake, before), await story(fresh_intake, after)) == (
        ["returned"],
        ["returned", "reminder"],
    )
    for wrong in ([0], [-1], [1, 1], [3, 2], [10**6], ["soon"], list(range(1, 12)), None):
        answer = await publish(fresh_intake, PACK, {"reminder_hours": wrong}, 2)
        assert answer.status_code == 422, wrong
    assert (await publish(fresh_intake, PACK, {"reminder_hours": []}, 2)).status_code == 200
    await post(fresh_intake, {"sku": "MB02"})
    assert len(await fresh_intake.fetch("SELECT 1 FROM timer")) == 2  # the two of the first one
