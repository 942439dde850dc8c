"""The conversation about a request: what is illegal, senseless or not for everyone changes nothing."""

from typing import Any
from uuid import uuid4

import pytest

from chassis.testkit.harness import Harness
from contracts.values import Role
from services.intake.requests.endpoints import MAY_REQUEST
from tests.intake.calls import REQUESTS, cancelled, post, publish
from tests.intake.conversation import HOOD, PACK, SIZE, Json, answers, ask, do, read, story
from tests.intake.samples import bags, without

ASKERS = {Role.PRODUCER, Role.CREATIVE_OPS_MANAGER}
SPEAKERS = {*MAY_REQUEST, Role.STUDIO_MANAGER, Role.RETOUCHING_LEAD, Role.QC_LEAD, Role.ASSET_MANAGER}


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
