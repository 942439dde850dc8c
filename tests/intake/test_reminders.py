"""Reminders of what is with its requester: at their hours, each once, and only while it waits."""

from datetime import timedelta

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from contracts.intake import RequestAmended, RequestReminded
from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from tests.intake.calls import REQUESTS, cancelled, content, in_force, post, publish
from tests.intake.conversation import HOUR, MONDAY, PACK, answers, ask, do, read, rung, story, thread
from tests.intake.samples import bags, without


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
    for wrong in ([0], [-1], [1e-9], [0.01, 24], [1, 1], [3, 2], [10**6], ["soon"], list(range(1, 12)), None):
        answer = await publish(fresh_intake, PACK, {"reminder_hours": wrong}, 2)
        assert answer.status_code == 422, wrong
    assert (await publish(fresh_intake, PACK, {"reminder_hours": []}, 2)).status_code == 200
    await post(fresh_intake, {"sku": "MB02"})
    assert len(await fresh_intake.fetch("SELECT 1 FROM timer")) == 2  # the two of the first one
