"""The packs through HTTP: edited by their owners, versioned, refused with every cause; work keeps its versions."""

import asyncio
import copy
from datetime import datetime, timedelta
from typing import Any

import pytest

from chassis.testkit.harness import Harness, Start
from contracts.values import Domain, Role
from services.routing.app import create_app
from services.routing.settings import RoutingSettings
from tests.routing.others import Json, accept, brief, cancel, decide, hand_in, in_state
from tests.routing.owners import OWNERS, PACKS, content, put, tell_domains


@pytest.fixture
async def house(routing: Harness) -> Harness:
    """Routing that knows who decides what."""
    await tell_domains(routing)
    return routing


async def test_only_its_owner_edits_a_pack(house: Harness) -> None:
    for path, owner in PACKS.items():
        body = await content(house, path)
        for role in Role:
            if role is not owner:
                refused = await put(house, path, body, role=role)
                assert (refused.status_code, refused.json()["allowed_roles"]) == (403, [owner]), (path, role)
        assert (await house.client.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 401
        edited = await put(house, path, body)
        assert (edited.status_code, edited.headers["ETag"], edited.json()["version"]) == (200, '"2"', 2), path


async def test_the_owner_is_who_governance_says(start: Start) -> None:
    routing = await start(create_app, RoutingSettings)
    body = await content(routing, "/v1/tracks/teams")
    early = await put(routing, "/v1/tracks/teams", body)
    assert (early.status_code, "Retry-After" in early.headers) == (503, True)
    await tell_domains(routing)
    await tell_domains(routing, 2, {**OWNERS, Domain.SCHEDULE_AND_VENDORS: Role.STUDIO_MANAGER})
    assert (await put(routing, "/v1/tracks/teams", body)).status_code == 403
    assert (await put(routing, "/v1/tracks/teams", body, role=Role.STUDIO_MANAGER)).status_code == 200


async def test_an_edit_names_the_version_that_it_changes(house: Harness) -> None:
    for path in PACKS:
        body = await content(house, path)
        assert (await put(house, path, body, None)).status_code == 428
        answers = await asyncio.gather(*(put(house, path, body) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412], path


async def test_every_version_can_be_read(house: Harness) -> None:
    headers = house.bearer(Role.VENDOR)
    for path, owner in PACKS.items():
        first = await content(house, path)
        second = copy.deepcopy(first)
        if "rules" in second:
            second["rules"][0]["because"] = "somebody thought better of it"
        elif "holidays" in second:
            second["holidays"] = ["2026-12-25"]
        else:
            second["elapsed_hours"]["catalog"]["studio"] = 3
        assert (await put(house, path, second)).status_code == 200
        newest, oldest = (await house.client.get(f"{path}/versions", headers=headers)).json()["items"]
        assert (newest["version"], newest["published_by"]) == (2, f"{owner}-1")
        assert (oldest["version"], oldest["published_by"]) == (1, "defaults")
        for version, expected in ((1, first), (2, second)):
            answer = await house.client.get(f"{path}/versions/{version}", headers=headers)
            assert answer.json() == {**expected, "version": version}, path
        page = (await house.client.get(f"{path}/versions?limit=1", headers=headers)).json()
        assert ([one["version"] for one in page["items"]], page["next_before"]) == ([2], 2)
        rest = (await house.client.get(f"{path}/versions?limit=1&before=2", headers=headers)).json()
        assert ([one["version"] for one in rest["items"]], rest["next_before"]) == ([1], None)
        missing = await house.client.get(f"{path}/versions/3", headers=headers)
        assert (missing.status_code, "there are 1 to 2" in missing.json()["detail"]) == (404, True)
        for wrong in ("versions/0", "versions/x", "versions/99999999999", "versions?limit=0", "versions?before=-1"):
            assert (await house.client.get(f"{path}/{wrong}", headers=headers)).status_code == 422, wrong
        for right in ("", "/versions", "/versions/1"):
            assert (await house.client.get(path + right)).status_code == 401


async def test_an_edit_decides_about_new_work_only(house: Harness, monday: datetime) -> None:
    [before, *_] = await accept(house, brief())
    tracks, teams = await content(house, "/v1/tracks"), await content(house, "/v1/tracks/teams")
    rush = copy.deepcopy(next(track for track in tracks["tracks"] if track["name"] == "catalog"))
    tracks["tracks"].append({**rush, "name": "rush", "queue": "hero", "sla_hours": 2})
    tracks["rules"].insert(0, {"id": "tees", "track": "rush", "because": "tees sell by the hour",
                               "when": [{"field": "category", "any_of": ["apparel"]}]})  # fmt: skip
    assert (await put(house, "/v1/tracks", tracks)).status_code == 200
    teams["teams"].append({"name": "rushers", "title": "Rush", "watches": "the clock", "level": "senior"})
    teams["rules"].insert(0, {"id": "rush", "team": "rushers", "because": "they are quick",
                              "when": [{"field": "track", "any_of": ["rush"]}]})  # fmt: skip
    assert (await put(house, "/v1/tracks/teams", teams)).status_code == 200
    [after, *_] = await accept(house, brief())
    assert (after["track"], after["queue"], after["team"], after["level"]) == ("rush", "hero", "rushers", "senior")
    assert (after["due_at"], after["packs"]) == (
        "2026-03-02T10:00:00Z", {"tracks": 2, "classes": 1, "calendar": 1, "teams": 2},
    )  # fmt: skip
    assert before["packs"] == {"tracks": 1, "classes": 1, "calendar": 1, "teams": 1}
    await hand_in(house, before)
    await decide(house, before, "failed")
    kept = await in_state(house, before["id"], "ready", round=1)
    assert (kept["track"], kept["packs"]) == ("catalog", before["packs"])


async def test_a_track_puts_its_work_into_a_queue_that_there_is(house: Harness) -> None:
    tracks = await content(house, "/v1/tracks")
    tracks["tracks"][0]["queue"] = "nowhere"
    refused = await put(house, "/v1/tracks", tracks)
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert (error["pointer"], error["detail"]) == ("/tracks/0/queue", "there is no queue nowhere")
    assert "catalog" in error["remedy"]


async def test_a_track_or_team_with_unfinished_work_stays(house: Harness) -> None:
    """It is named, with how many items are on it; when they are done, it can go."""
    request = brief(views=("ghost_mannequin", "front"), channels=["pdp"])
    work = await accept(house, request)
    tracks, teams = await content(house, "/v1/tracks"), await content(house, "/v1/tracks/teams")

    def without(pack: Json, what: str, *names: str) -> Json:
        kept = [one for one in pack[what] if one["name"] not in names]
        rules = [rule for rule in pack["rules"] if rule.get("track", rule.get("team")) not in names]
        return {**pack, what: kept, "rules": rules}

    no_ghosts = without(tracks, "tracks", "ghost_mannequin", "video")
    refused = await put(house, "/v1/tracks", no_ghosts)
    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [
            {
                "pointer": "/tracks",
                "detail": "the track ghost_mannequin would be gone, but 1 unfinished work item is on it",
                "remedy": "Keep it, or finish or re-route that work first: `GET /v1/work?track=ghost_mannequin`"
                " lists it.",
            }
        ],
    )
    fewer_teams = without(teams, "teams", "marketplace_formatting", "ghost_mannequin")
    refused = await put(house, "/v1/tracks/teams", fewer_teams)
    assert [error["detail"] for error in refused.json()["errors"]] == [
        "the team ghost_mannequin would be gone, but 1 unfinished work item is on it",
        "the team marketplace_formatting would be gone, but 2 unfinished work items are on it",
    ]
    assert len((await house.client.get("/v1/work?team=marketplace_formatting", headers=house.bearer("vendor")))
               .json()["items"]) == 2  # fmt: skip
    assert (await content(house, "/v1/tracks"), await content(house, "/v1/tracks/teams")) == (tracks, teams)
    await cancel(house, request)
    for item in work:
        await in_state(house, item["id"], "cancelled")
    assert (await put(house, "/v1/tracks", no_ghosts)).status_code == 200
    assert (await put(house, "/v1/tracks/teams", fewer_teams)).status_code == 200


async def test_a_track_that_a_team_rule_asks_for_stays(house: Harness) -> None:
    tracks = await content(house, "/v1/tracks")
    tracks["tracks"] = [track for track in tracks["tracks"] if track["name"] != "on_model"]
    tracks["rules"] = [rule for rule in tracks["rules"] if rule["track"] != "on_model"]
    [error] = (await put(house, "/v1/tracks", tracks)).json()["errors"]
    asks = "rule on_model_track of the teams pack asks for it"
    assert error["detail"] == f"the track on_model would be gone, but {asks}"


async def test_every_cause_is_named_at_once(house: Harness) -> None:
    tracks = await content(house, "/v1/tracks")
    campaign = copy.deepcopy(next(rule for rule in tracks["rules"] if rule["id"] == "campaign"))
    tracks["rules"][:0] = [
        {**campaign, "id": "other", "track": "video"},
        {**campaign, "id": "circle", "when": [{"field": "team", "any_of": ["general"]}]},
    ]
    refused = await put(house, "/v1/tracks", tracks)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "2 things keep this pack from being published; `errors` names each."
    assert [(error["pointer"], error["detail"][:40]) for error in refused.json()["errors"]] == [
        ("/rules/1/when/0/field", "a circle: rule circle decides the track "),
        ("/rules/3", "rules other and campaign contradict each"),
    ]
    tracks["rules"][0]["when"][0]["field"] = "weather"
    unknown = (await put(house, "/v1/tracks", tracks)).json()["errors"]
    assert [error["pointer"] for error in unknown] == ["/rules/0/when/0/field"]
    assert "there is no such fact; there are: category, materials" in unknown[0]["detail"]


async def test_a_calendar_under_which_nothing_is_ever_due(house: Harness, monday: datetime) -> None:
    path, monday_only = "/v1/tracks/calendar", {"monday": {"opens": "09:00", "closes": "18:00"}}
    mondays = [(monday + timedelta(weeks=week)).date().isoformat() for week in range(54)]
    never = {"time_zone": "Europe/Berlin", "hours": monday_only, "holidays": mondays}
    [error] = (await put(house, path, never)).json()["errors"]
    assert (error["pointer"], error["detail"]) == (
        "/holidays", "no business hour comes within a year, so that no work would ever be due",
    )  # fmt: skip
    assert (await put(house, path, never | {"holidays": mondays[:50]})).status_code == 200
    # Two hours a night; on the 29th of March the clocks of Berlin skip 02:00 to 03:00, so that half an hour is missing.
    nights = {day: {"opens": "02:30", "closes": "04:30"} for day in ("saturday", "sunday")}
    assert (await put(house, path, {"time_zone": "Europe/Berlin", "hours": nights}, 2)).status_code == 200
    shot, *_ = await accept(house, brief())
    assert (shot["packs"]["calendar"], shot["due_at"]) == (3, "2026-04-18T01:00:00Z")


async def test_what_a_pack_contradicts_has_its_place(house: Harness) -> None:
    """All of it at once, in words of ours."""
    tracks = await content(house, "/v1/tracks")
    last = len(tracks["rules"])
    tracks["rules"].append(tracks["rules"][0] | {"track": "moon"})
    tracks["variant_track"] = "mars"
    refused = await put(house, "/v1/tracks", tracks)
    assert refused.status_code == 422
    errors = refused.json()["errors"]
    assert {(one["pointer"], one["detail"].partition(",")[0]) for one in errors} == {
        (f"/rules/{last}/id", f"names are unique; doubled: {tracks['rules'][0]['id']}"),
        ("/variant_track", "no such track: mars"),
        (f"/rules/{last}/track", "no such track: moon"),
        (f"/rules/{last - 1}/when", "the last rule"),
        (f"/rules/{last}/when", "the last rule"),
    }
    assert all(one["remedy"] for one in errors)
    classes = await content(house, "/v1/tracks/classes")
    classes["classes"].pop()
    [missing] = (await put(house, "/v1/tracks/classes", classes)).json()["errors"]
    assert (missing["pointer"], missing["detail"][-11:]) == ("/classes", "missing: C4")
    tracks["tracks"][0]["gates"].reverse()
    [gates] = (await put(house, "/v1/tracks", tracks)).json()["errors"]
    assert (gates["pointer"], gates["detail"][:10]) == ("/tracks/0", "gates come")


async def test_a_lease_is_long_enough_to_begin(house: Harness) -> None:
    tracks = await content(house, "/v1/tracks")
    refused = await put(house, "/v1/tracks", tracks | {"lease_hours": 1e-9})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/lease_hours")
    assert (await put(house, "/v1/tracks", tracks | {"lease_hours": 0.02})).status_code == 200


async def test_a_zone_is_the_same_on_every_machine(house: Harness) -> None:
    calendar = await content(house, "/v1/tracks/calendar")
    for zone in ("localtime", "CET", "right/Europe/Berlin", "posix/Europe/Berlin", "Moon/Base"):
        refused = await put(house, "/v1/tracks/calendar", calendar | {"time_zone": zone})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/time_zone"), zone
    for version, zone in enumerate(("UTC", "America/Argentina/Buenos_Aires"), 1):
        assert (await put(house, "/v1/tracks/calendar", calendar | {"time_zone": zone}, version)).status_code == 200


async def test_nonsense_is_refused_and_changes_nothing(house: Harness) -> None:
    for path in PACKS:
        body = await content(house, path)
        part = next(name for name in ("rules", "hours", "elapsed_hours") if name in body)
        nonsense: list[Any] = [
            None, [], {}, "pack", body | {"more": 1}, body | {part: []}, body | {part: None}, body | {part: [[]] * 600},
            body | {part: 10**40},
        ]  # fmt: skip
        if "rules" in body:
            rules = body["rules"]
            nonsense += [
                body | {"rules": [*rules, *rules]},
                body | {"rules": [{**rules[0], "because": "nul \x00"}, *rules[1:]]},
                body | {"rules": [{**rules[0], "when": rules[0]["when"] * 11}, *rules[1:]]},
                body | {"rules": [{**rules[0], "when": [{"field": "x" * 10_000, "any_of": ["a"]}]}, *rules[1:]]},
            ]
        for wrong in nonsense:
            answer = await put(house, path, wrong)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wrong
            assert answer.json()["errors"]
        assert await content(house, path) == body


async def test_a_level_is_one_that_there_is(house: Harness) -> None:
    classes, teams = await content(house, "/v1/tracks/classes"), await content(house, "/v1/tracks/teams")
    assert [entry["retoucher"] for entry in classes["classes"]] == ["junior", "standard", "senior", "specialist"]
    classes["classes"][0]["retoucher"] = teams["teams"][0]["level"] = "wizard"
    assert (await put(house, "/v1/tracks/classes", classes)).status_code == 422
    assert (await put(house, "/v1/tracks/teams", teams)).status_code == 422
