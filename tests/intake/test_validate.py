"""Trying a brief: what would become of it is told as creation would tell it, and nothing is stored."""

from typing import Any

import pytest

from chassis.testkit.harness import Harness
from contracts.values import Role
from services.intake.requests.endpoints import MAY_REQUEST
from tests.intake.calls import CATEGORIES, REQUESTS, content, post, publish
from tests.intake.samples import COMPLETE, ai_background, apparel, bags, changed, jewelry, without

VALIDATE = f"{REQUESTS}:validate"


async def validate(intake: Harness, brief: Any, role: str = Role.PRODUCER) -> Any:
    return await intake.client.post(VALIDATE, json=brief, headers=intake.bearer(role))


async def stored(intake: Harness) -> list[int]:
    """How many requests, messages, timers and events there are."""
    tables = ("request", "message", "timer", "event_log", "idempotency")
    return [(await intake.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables]


BRIEFS = [
    *(make() for make in COMPLETE.values()),
    without(bags(), "sku"),
    without(apparel(), "attributes"),
    changed(bags(), category="hats"),
    {},
]


@pytest.mark.parametrize("brief", BRIEFS)
async def test_it_tells_what_creation_would_do(intake: Harness, brief: dict[str, Any]) -> None:
    before = await stored(intake)
    answer = await validate(intake, brief)
    assert answer.status_code == 200, answer.text
    assert await stored(intake) == before
    told, made = answer.json(), (await post(intake, brief)).json()
    assert (told["state"], told["problems"]) == (made["state"], made["problems"])
    if made["state"] == "accepted":
        assert (told["shots"], told["category_version"]) == (made["shots"], made["category_version"])
        assert told["ai_ruling"] == made["ai_ruling"]
    else:
        assert bool(told["shots"]) == (told["category_version"] is not None and bool(brief.get("colorways")))


async def test_a_forbidden_use_of_ai_would_be_refused(intake: Harness) -> None:
    brief = without(jewelry() | {"ai": ai_background()["ai"]}, "sku")
    told = (await validate(intake, brief)).json()
    assert (told["state"], told["ai_ruling"]["verdict"]) == ("refused", "forbidden")
    assert [one["pointer"] for one in told["problems"]] == ["/ai", "/sku"]
    assert told["problems"][0]["remedy"]
    assert (await post(intake, brief)).json()["detail"] == told["problems"][0]["problem"]


async def test_what_is_no_brief_is_refused_as_at_creation(intake: Harness) -> None:
    nonsense: list[Any] = [{"sku": 5}, {"surprise": 1}, [], None, {"colorways": ["a"] * 51}]
    for wrong in nonsense:
        tried, made = await validate(intake, wrong), await post(intake, wrong)
        assert tried.status_code == made.status_code == 422
        assert tried.json()["errors"] == made.json()["errors"]


async def test_shots_without_end_are_not_listed(intake: Harness) -> None:
    pack = await content(intake, f"{CATEGORIES}/bags")
    pack["recipe"] = [view | {"shots": 10} for view in pack["recipe"]]
    assert (await publish(intake, f"{CATEGORIES}/albums", pack, 0)).status_code == 200
    many = [f"colour-{number}" for number in range(50)]
    told = (await validate(intake, bags() | {"category": "albums", "colorways": many, "waivers": None})).json()
    assert (told["state"], len(told["shots"])) == ("returned", 500)
    assert [one["pointer"] for one in told["problems"]] == ["/colorways"]


async def test_who_may_try(intake: Harness) -> None:
    for role in Role:
        assert (await validate(intake, {}, role)).status_code == (200 if role in MAY_REQUEST else 403), role
    assert (await intake.client.post(VALIDATE, json={})).status_code == 401
