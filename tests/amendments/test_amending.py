"""A change to an accepted request, from its proposal to the work that follows it, across intake and routing."""

import asyncio

import pytest

from chassis.testkit.harness import Start
from contracts.amendments import AmendmentAccepted, AmendmentApplied, AmendmentClosed, AmendmentQuoted
from contracts.intake import RequestAmended, RequestCancelled
from contracts.routing import WorkAmended, WorkCancelled, WorkPlanned, WorkRedone
from contracts.values import Gate
from packshot.play import before
from packshot.play.api import Api
from services.intake.app import create_app as create_intake
from services.intake.settings import IntakeSettings
from services.routing.app import create_app as create_routing
from services.routing.settings import RoutingSettings
from tests.amendments.conftest import House, Json
from tests.intake.samples import bags
from tests.routing.others import decide, do, hand_in, in_state, read


def small() -> Json:
    """One colorway and one channel: the shots of a bag, each with one variant."""
    return bags() | {"colorways": ["black"], "channels": ["pdp"], "required_views": [], "waivers": []}


def slots(work: list[Json]) -> set[tuple[str, str, str | None]]:
    return {(item["colorway"], item["view"], item["channel"]) for item in work if item["state"] != "cancelled"}


async def test_a_colorway_is_added_when_its_owner_accepts_and_not_before(house: House) -> None:
    request, before = await house.accepted(small())
    amendment = await house.quoted(request, changes={"colorways": ["black", "gray"]})
    quote = amendment["quote"]
    assert quote["counts"] == {"added": len(before), "removed": 0, "redone": 0, "changed": 0, "kept": len(before)}
    assert {line["colorway"] for line in quote["lines"]} == {"gray"}
    assert {line["effect"] for line in quote["lines"]} == {"added"}
    assert (quote["losses"], quote["cost"]["lost"], quote["cost"]["currency"]) == (0, 0, "EUR")
    assert quote["cost"]["difference"] > 0
    assert amendment["changed"] == ["colorways"]
    # Nothing is in force yet.
    assert slots(await house.work_of(request)) == slots(before)
    assert (await house.read(f"/v1/requests/{request['id']}"))["colorways"] == ["black"]

    await house.applied(amendment)
    after = await house.work_of(request)
    assert slots(after) == slots(before) | {("gray", view, channel) for _, view, channel in slots(before)}
    assert {item["id"] for item in before} < {item["id"] for item in after}
    now_it_says = await house.read(f"/v1/requests/{request['id']}")
    assert (now_it_says["colorways"], now_it_says["version"]) == (["black", "gray"], 2)
    assert {shot["colorway"] for shot in now_it_says["shots"]} == {"black", "gray"}
    [told] = await house.intake.recorded(RequestAmended, request["id"])
    assert (told.aggregateversion, str(told.data.amendment_id)) == (2, amendment["id"])
    first, added = [event.data for event in await house.routing.recorded(WorkPlanned)]
    assert {item.colorway for item in added.items} == {"gray"}
    assert (first.cause, added.cause) == (None, f"amendment {amendment['id']}: The campaign moved.")
    made = next(item for item in after if item["colorway"] == "gray")
    assert (await read(house.routing, made["id"]))["history"][0]["cause"] == added.cause


async def test_what_is_not_asked_for_any_more_stops_and_keeps_its_history(house: House) -> None:
    request, _ = await house.accepted(small() | {"colorways": ["black", "gray"]})
    amendment = await house.quoted(request, changes={"colorways": ["black"]})
    assert amendment["quote"]["counts"]["removed"] > 0
    assert amendment["quote"]["cost"]["difference"] < 0
    await house.applied(amendment)
    work = await house.work_of(request)
    assert {item["state"] for item in work if item["colorway"] == "gray"} == {"cancelled"}
    stopped = next(item for item in work if item["colorway"] == "gray")
    last = (await read(house.routing, stopped["id"]))["history"][-1]
    assert (last["what"], last["by"]) == ("cancelled", "producer-1")
    assert last["cause"].startswith(f"amendment {amendment['id']}")
    # What was stopped may be asked for again: it is made anew.
    again = await house.quoted(request, changes={"colorways": ["black", "gray"]})
    await house.applied(again)
    assert slots(await house.work_of(request)) == {
        (colorway, view, channel) for _, view, channel in slots(work) for colorway in ("black", "gray")
    }
    assert len(await house.routing.recorded(WorkCancelled)) == amendment["quote"]["counts"]["removed"]


async def test_work_past_a_gate_is_never_silently_lost(house: House) -> None:
    request, work = await house.accepted(small())
    shot, front = work[0], work[0]["view"]
    await hand_in(house.routing, shot)
    await in_state(house.routing, shot["id"], "in_review")
    await decide(house.routing, shot, "passed", Gate.STYLING_FIT)  # the last gate that was passed is `final_qc` here

    async def noted() -> bool:
        return bool(await house.routing.fetch("SELECT 1 FROM passed_gate"))

    await house.routing.eventually(noted)
    waived = [{"view": front, "cause": "It is not needed."}]
    amendment = await house.quoted(request, changes={"waivers": waived})
    assert amendment["quote"]["losses"] == 1
    assert amendment["quote"]["cost"]["lost"] > 0
    refused = await house.decide(amendment)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:packshot:problem:losses-not-acknowledged")
    [named] = refused.json()["errors"]
    assert shot["id"] in named["detail"]
    assert "past the gate final_qc" in named["detail"]
    assert (await house.in_state(amendment["id"], "quoted"))["version"] == amendment["version"]
    items = await house.routing.client.get(
        f"/v1/quotes/{amendment['id']}/items", params={"is_loss": True}, headers=house.routing.bearer("reviewer")
    )
    assert [line["work_item_id"] for line in items.json()["items"]] == [shot["id"]]
    await house.applied(amendment, acknowledge_losses=True)
    await in_state(house.routing, shot["id"], "cancelled")


async def test_begun_work_is_redone_and_the_rest_follows(house: House) -> None:
    request, work = await house.accepted(small())
    shot, variant, untouched, *_ = work
    await hand_in(house.routing, shot)
    await in_state(house.routing, shot["id"], "in_review")
    amendment = await house.quoted(request, changes={"materials": ["leather", "metal_hardware"]})
    counts = amendment["quote"]["counts"]
    assert (counts["redone"], counts["changed"], counts["added"], counts["removed"]) == (1, len(work) - 1, 0, 0)
    await house.applied(amendment)
    redone = await in_state(house.routing, shot["id"], "ready", round=1)
    assert redone["materials"] == ["leather", "metal_hardware"]
    assert redone["history"][-1]["what"] == "redone"
    assert (await in_state(house.routing, untouched["id"], "ready"))["materials"] == ["leather", "metal_hardware"]
    assert (await read(house.routing, variant["id"]))["state"] == "waiting"
    assert len(await house.routing.recorded(WorkRedone)) == 1
    assert len(await house.routing.recorded(WorkAmended)) == len(work) - 1


async def test_a_note_need_not_redo_begun_work(house: House) -> None:
    request, work = await house.accepted(small())
    await do(house.routing, work[0], "claim")
    attributes = small()["attributes"] | {"laptop_sleeve": False}
    redoing = await house.quoted(request, changes={"attributes": attributes})
    assert redoing["quote"]["counts"]["redone"] == 1
    assert (await house.decide(redoing, "withdraw", role="merchandiser")).json()["state"] == "withdrawn"
    keeping = await house.quoted(request, changes={"attributes": attributes}, keep_begun_work=True)
    assert keeping["quote"]["counts"]["redone"] == 0
    await house.applied(keeping)
    assert (await read(house.routing, work[0]["id"]))["state"] == "claimed"


async def test_a_priority_goes_to_work_where_it_is(house: House) -> None:
    request, work = await house.accepted(small())
    await do(house.routing, work[0], "claim", role="photographer", subject="phil")
    amendment = await house.quoted(request, changes={"priority": "high", "approval_owner": "otto"})
    await house.applied(amendment)
    claimed = await read(house.routing, work[0]["id"])
    assert (claimed["state"], claimed["claimed_by"], claimed["priority"]) == ("claimed", "phil", "high")
    assert {item["approval_owner"] for item in await house.work_of(request)} == {"otto"}


async def test_work_that_moved_on_is_quoted_anew_and_nothing_is_applied(house: House) -> None:
    request, work = await house.accepted(small() | {"colorways": ["black", "gray"]})
    gray = next(item for item in work if item["colorway"] == "gray" and item["kind"] == "shot")
    amendment = await house.quoted(request, changes={"colorways": ["black"]})
    await hand_in(house.routing, gray)
    await in_state(house.routing, gray["id"], "in_review")
    assert (await house.decide(amendment)).status_code == 200

    async def quoted_again() -> Json:
        found = await house.read(f"/v1/amendments/{amendment['id']}")
        assert (found["state"], found["quote"]["number"]) == ("quoted", 2), found
        return found

    again = await house.intake.eventually(quoted_again)
    assert f"gray {gray['view']} (not_begun → begun)" in again["reason"]
    assert (again["accepted_by"], again["accepted_at"]) == (None, None)
    assert slots(await house.work_of(request)) == slots(work)
    assert (await house.read(f"/v1/requests/{request['id']}"))["version"] == 1
    assert (await house.decide(amendment)).status_code == 412, "that quote is gone"
    await house.applied(again)
    assert {item["colorway"] for item in await house.work_of(request) if item["state"] != "cancelled"} == {"black"}
    assert [event.data.quote.number for event in await house.routing.recorded(AmendmentQuoted)] == [1, 2]
    assert len(await house.routing.recorded(AmendmentApplied)) == 1


async def test_a_renewed_lease_makes_no_quote_old(house: House) -> None:
    request, work = await house.accepted(small())
    await do(house.routing, work[0], "claim", subject="pia")
    amendment = await house.quoted(request, changes={"materials": ["leather", "metal_hardware"]})
    await do(house.routing, work[0], "claim", subject="pia")
    await house.applied(amendment)


async def test_cancelling_stops_what_is_not_approved(house: House) -> None:
    request, work = await house.accepted(small())
    shot, variant, *_ = work
    await hand_in(house.routing, shot)
    await decide(house.routing, shot, "passed")
    await in_state(house.routing, variant["id"], "ready")
    answer = await house.intake.client.post(
        f"/v1/requests/{request['id']}/cancel", json={"cause": "Dropped."}, headers=house.intake.bearer("producer")
    )
    assert answer.status_code == 202
    amendment = await house.in_state(answer.json()["id"], "quoted")
    counts = amendment["quote"]["counts"]
    assert (counts["removed"], counts["kept"]) == (len(work) - 1, 1)
    assert (await house.read(f"/v1/requests/{request['id']}"))["state"] == "accepted"
    await house.applied(amendment)
    found = await house.read(f"/v1/requests/{request['id']}")
    assert (found["state"], found["cancel_cause"], found["version"]) == ("cancelled", "Dropped.", 2)
    states = {item["id"]: item["state"] for item in await house.work_of(request)}
    assert states.pop(shot["id"]) == "approved"
    assert set(states.values()) == {"cancelled"}
    [told] = await house.intake.recorded(RequestCancelled, request["id"])
    assert (told.data.cancelled_by, told.aggregateversion) == ("producer-1", 2)
    assert (await house.propose(request, changes={"priority": "low"})).status_code == 409


async def test_a_channel_of_approved_masters_is_ready_at_once(house: House) -> None:
    request, work = await house.accepted(small())
    shot = work[0]
    await hand_in(house.routing, shot)
    await decide(house.routing, shot, "passed")
    await in_state(house.routing, shot["id"], "approved")
    amendment = await house.quoted(request, changes={"channels": ["pdp", "amazon"]})
    await house.applied(amendment)
    made = {item["view"]: item for item in await house.work_of(request) if item["channel"] == "amazon"}
    assert made[shot["view"]]["state"] == "ready"
    assert (made[shot["view"]]["parent_id"], made[shot["view"]]["version"]) == (shot["id"], 2)
    assert made[shot["view"]]["due_at"] is not None
    assert {item["state"] for view, item in made.items() if view != shot["view"]} == {"waiting"}


async def test_redoing_an_approved_master_takes_its_variants_back(house: House) -> None:
    request, work = await house.accepted(small())
    shot, variant, *_ = work
    for item in (shot, variant):
        await in_state(house.routing, item["id"], "ready")
        await hand_in(house.routing, item)
        await decide(house.routing, item, "passed")
        await in_state(house.routing, item["id"], "approved")
    amendment = await house.quoted(request, changes={"materials": ["leather", "metal_hardware"]})
    assert amendment["quote"]["losses"] == 2
    await house.applied(amendment, acknowledge_losses=True)
    assert (await in_state(house.routing, shot["id"], "ready", round=1))["approved_at"] is None
    await in_state(house.routing, variant["id"], "waiting", round=1)
    await hand_in(house.routing, shot, round=1)
    await decide(house.routing, shot, "passed", round=1)
    await in_state(house.routing, variant["id"], "ready", round=1)


async def test_a_blocked_variant_follows_its_redone_master(house: House) -> None:
    """It is blocked by hand, its master is made anew and approved: once it is unblocked it can be rendered."""
    request, work = await house.accepted(small())
    shot, variant, *_ = work
    await hand_in(house.routing, shot)
    await decide(house.routing, shot, "passed")
    await in_state(house.routing, variant["id"], "ready")
    await do(house.routing, variant, "block", json={"cause": "The channel is closed."})
    amendment = await house.quoted(request, changes={"materials": ["leather", "metal_hardware"]})
    await house.applied(amendment, acknowledge_losses=True)
    await in_state(house.routing, variant["id"], "blocked", round=1)
    await hand_in(house.routing, shot, round=1)
    await decide(house.routing, shot, "passed", round=1)
    await in_state(house.routing, shot["id"], "approved", round=1)
    blocked = await in_state(house.routing, variant["id"], "blocked", round=1)
    assert [step["what"] for step in blocked["history"][-4:]] == ["redone", "unblocked", "ready", "blocked"]
    assert blocked["due_at"] is not None
    assert (await do(house.routing, variant, "unblock")).json()["state"] == "ready"


async def test_what_an_amendment_sets_going_waits_for_the_requester_too(house: House) -> None:
    """Production has asked: what is added and what is redone is paused at once, and goes on with the answer."""
    request, work = await house.accepted(small())
    shot = work[0]
    await do(house.routing, shot, "claim", subject="pia")
    changes = {"colorways": ["black", "gray"], "materials": ["leather", "metal_hardware"]}
    amendment = await house.quoted(request, changes=changes)
    path, headers = f"/v1/requests/{request['id']}", house.intake.bearer("producer")
    question = {"questions": [{"text": "Has it a hood?"}]}
    asked = (await house.intake.client.post(f"{path}/return", json=question, headers=headers)).json()
    assert asked["state"] == "returned"
    await in_state(house.routing, shot["id"], "blocked")
    await house.applied(amendment)
    said = await house.read(path)
    assert (said["state"], said["questions"], said["colorways"]) == ("returned", asked["questions"], ["black", "gray"])
    await in_state(house.routing, shot["id"], "blocked", round=1)
    added = [item for item in await house.work_of(request) if item["colorway"] == "gray"]
    assert {(item["kind"], item["state"]) for item in added} == {("shot", "blocked"), ("variant", "waiting")}
    sent = {"answers": [{"question_id": asked["questions"][0]["id"], "text": "No."}]}
    assert (await house.intake.client.post(f"{path}/answer", json=sent, headers=headers)).status_code == 200
    await in_state(house.routing, shot["id"], "ready", round=1)
    for item in added:
        await in_state(house.routing, item["id"], "ready" if item["kind"] == "shot" else "waiting")


async def test_cancelling_what_is_with_its_requester_is_quoted_too(house: House) -> None:
    request, _ = await house.accepted(small())
    path, headers = f"/v1/requests/{request['id']}", house.intake.bearer("producer")
    await house.intake.client.post(f"{path}/return", json={"questions": [{"text": "A hood?"}]}, headers=headers)
    answer = await house.intake.client.post(f"{path}/cancel", json={"cause": "Dropped."}, headers=headers)
    assert answer.status_code == 202
    await house.applied(await house.in_state(answer.json()["id"], "quoted"))
    found = await house.read(path)
    assert (found["state"], found["questions"]) == ("cancelled", [])
    assert {item["state"] for item in await house.work_of(request)} == {"cancelled"}
    assert (await house.intake.client.get(f"/v1/slots?sku={request['sku']}", headers=headers)).json()["items"] == []


async def test_of_two_who_accept_at_once_one_does(house: House) -> None:
    request, work = await house.accepted(small())
    amendment = await house.quoted(request, changes={"colorways": ["black", "gray"]})
    answers = await asyncio.gather(*(house.decide(amendment) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    await house.in_state(amendment["id"], "applied")
    assert len(await house.work_of(request)) == 2 * len(work)
    assert len(await house.intake.recorded(AmendmentAccepted)) == 1
    assert await house.intake.recorded(AmendmentClosed) == []


async def test_two_replicas_of_each_apply_each_amendment_once(house: House, start: Start) -> None:
    await start(create_intake, IntakeSettings, fresh=False)
    await start(create_routing, RoutingSettings, fresh=False)

    async def amend_one() -> tuple[Json, int]:
        request, before = await house.accepted(small())
        amendment = await house.quoted(request, changes={"colorways": ["black", "gray"], "priority": "high"})
        await asyncio.gather(
            house.decide(amendment),
            *(do(house.routing, item, "claim", subject="pia") for item in before if item["kind"] == "shot"),
        )

        async def is_applied() -> bool:
            """However often it is quoted anew on the way."""
            found = await house.read(f"/v1/amendments/{amendment['id']}")
            if found["state"] == "quoted":
                await house.decide(found)
            return bool(found["state"] == "applied")

        await house.intake.eventually(is_applied)
        return request, 2 * len(before)

    for request, expected in await asyncio.gather(*(amend_one() for _ in range(4))):
        work = await house.work_of(request)
        assert len(work) == len(slots(work)) == expected
        assert {item["priority"] for item in work} == {"high"}
        assert len(await house.intake.recorded(RequestAmended, request["id"])) == 1
    assert len(await house.routing.recorded(AmendmentApplied)) == 4


async def test_the_player_cancels_what_a_run_has_left(house: House) -> None:
    """Also what is past a gate, and where the cancellation itself was broken off."""
    producer = Api(house.intake.client, house.intake.bearer("producer")["Authorization"].removeprefix("Bearer "))
    for number, proposed in enumerate((False, True)):
        request, work = await house.accepted(small() | {"sku": f"LEFT-{number}"})
        await hand_in(house.routing, work[0])
        await decide(house.routing, work[0], "passed")
        await in_state(house.routing, work[0]["id"], "approved")
        if proposed:
            await house.propose(request, cancel=True)
        await before.cancel_one(producer, request["id"])
        assert (await house.read(f"/v1/requests/{request['id']}"))["state"] == "cancelled"
    request, _ = await house.accepted(small() | {"sku": "LEFT-2"})
    await house.propose(request, changes={"priority": "high"})
    with pytest.raises(AssertionError, match="is open"):
        await before.cancel_one(producer, request["id"])
