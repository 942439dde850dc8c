"""Importing again: the same file, a corrected one, one whose requests were edited, completed or cancelled meanwhile."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testkit.harness import Harness
from services.intake.imports import rows as import_rows
from services.intake.imports.corrections import merge, pair
from services.intake.requests.schemas import Brief
from tests.intake.calls import REQUESTS, cancel, cancelled
from tests.intake.samples import channel_pack
from tests.intake.tables import IMPORTS, Json, csv_file, done, good_row, imported, rows_of, send
from tests.intake.test_imports import counts, download, lines_of, request_of


async def patched(intake: Harness, row: Json, role: str = "producer", **changes: Any) -> Json:
    """The row's request, edited."""
    view = await request_of(intake, row)
    answer = await intake.client.patch(
        f"{REQUESTS}/{row['request_id']}",
        json=changes,
        headers=intake.bearer(role) | {"If-Match": f'"{view["version"]}"'},
    )
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def test_what_is_still_wrong_is_said_again(intake: Harness) -> None:
    first, second, good = good_row(approval_owner=""), good_row(approval_owner=""), good_row()
    before = await rows_of(intake, await imported(intake, csv_file([first, second, good])))
    half = csv_file([first | {"approval_owner": "ines.moreau"}, second, good])
    view = await imported(intake, half)
    assert (counts(view), view["to_correct"]) == ((3, 1, 0, 0, 2), 1)
    corrected, left, same = await rows_of(intake, view)
    assert (corrected["outcome"], corrected["request_state"], corrected["problems"]) == ("accepted", "accepted", [])
    assert (left["outcome"], left["request_state"]) == ("doubled", "returned")
    assert (same["outcome"], same["request_state"], same["problems"]) == ("doubled", "accepted", [])
    assert left["request_id"] == before[1]["request_id"]
    assert [problem["column"] for problem in left["problems"]] == ["approval_owner"]
    assert await rows_of(intake, view, to_correct=True) == [left]
    [line] = lines_of(await download(intake, f"{view['id']}/problems.csv"))
    assert (line["row"], line["outcome"]) == ("3", "doubled")
    assert (await request_of(intake, left))["version"] == 1  # nothing changed: nobody is told, no reminder begins anew


async def test_what_was_completed_or_cancelled_meanwhile_is_not_to_correct(intake: Harness) -> None:
    file = csv_file([good_row(approval_owner=""), good_row(approval_owner=""), good_row(approval_owner="")])
    view = await imported(intake, file)
    completed, dropped, left = await rows_of(intake, view)
    await patched(intake, completed, approval_owner="ines.moreau")
    assert (await cancel(intake, dropped["request_id"])).status_code == 200
    assert [row["row"] for row in await rows_of(intake, view, to_correct=True)] == [left["row"]]
    assert [line["row"] for line in lines_of(await download(intake, f"{view['id']}/problems.csv"))] == ["4"]
    again = await imported(intake, file)
    assert (counts(again), again["to_correct"]) == ((3, 0, 1, 0, 2), 2)
    now = await rows_of(intake, again)
    assert [(row["outcome"], row["request_state"]) for row in now] == [
        ("doubled", "accepted"), ("returned", "returned"), ("doubled", "returned"),
    ]  # fmt: skip
    assert now[0]["problems"] == []
    assert now[1]["request_id"] != dropped["request_id"]


async def test_the_same_bytes_after_a_cancellation_make_another(intake: Harness) -> None:
    file = csv_file([good_row()])
    [first] = await rows_of(intake, await imported(intake, file))
    await cancelled(intake, first["request_id"])
    [second] = await rows_of(intake, await imported(intake, file))
    assert second["outcome"] == "accepted"
    assert second["request_id"] != first["request_id"]


async def test_the_same_bytes_in_another_time_zone_say_another_time(intake: Harness) -> None:
    file = csv_file([good_row(deadline="2027-03-31 17:00", approval_owner="")])
    [first] = await rows_of(intake, await imported(intake, file))
    second_view = await imported(intake, file, time_zone="America/New_York")
    [second] = await rows_of(intake, second_view)
    assert second_view["time_zone"] == "America/New_York"
    assert second["request_id"] == first["request_id"]
    assert (await request_of(intake, second))["deadline"] == "2027-03-31T21:00:00Z"


async def test_the_same_bytes_while_they_are_imported_are_the_same_import(intake: Harness) -> None:
    timers = intake.service.timers
    assert timers is not None
    handlers = timers._handlers
    timers._handlers = {"none": handlers[import_rows.ROWS_TIMER]}  # the rows wait
    try:
        file = csv_file([good_row(deadline="2027-03-31")])
        first = await send(intake, file)
        again = await send(intake, file, role="merchandiser", name="renamed")
        elsewhere = await send(intake, file, time_zone="America/New_York")
    finally:
        timers._handlers = handlers
    assert (first.status_code, again.status_code, elsewhere.status_code) == (202, 200, 202)
    assert again.json()["id"] == first.json()["id"] != elsewhere.json()["id"]
    await done(intake, first)
    await done(intake, elsewhere)


async def test_a_row_that_waited_for_a_channel_is_checked_anew(intake: Harness) -> None:
    file = csv_file([good_row(channels="pdp; otto")])
    [first] = await rows_of(intake, await imported(intake, file))
    assert "`otto` is not known" in first["problems"][0]["problem"]
    assert "amazon" in first["problems"][0]["remedy"]
    await intake.publish(channel_pack("otto"), "channel-otto")

    async def is_kept() -> bool:
        return bool(await intake.fetch("SELECT 1 FROM pack WHERE name = 'channel/otto'"))

    await intake.eventually(is_kept)
    [second] = await rows_of(intake, await imported(intake, file))
    assert (second["outcome"], second["request_id"]) == ("accepted", first["request_id"])


async def test_rows_of_one_sku_continue_each_its_own_request_whoever_corrects_them(intake: Harness) -> None:
    sku = good_row()["sku"]
    rows = [good_row(sku=sku, colorways=colorway, approval_owner="") for colorway in ("white", "black")]
    before = await rows_of(intake, await imported(intake, csv_file(rows)))
    fixed = csv_file([row | {"approval_owner": "ines.moreau"} for row in reversed(rows)])
    view = await done(intake, await send(intake, fixed, role="merchandiser"))
    assert counts(view) == (2, 2, 0, 0, 0)
    after = await rows_of(intake, view)
    assert [row["request_id"] for row in after] == [row["request_id"] for row in reversed(before)]
    body = await request_of(intake, after[0])
    assert (body["requested_by"], body["colorways"]) == ("producer-1", ["black"])


async def test_another_colorway_of_a_sku_is_a_request_of_its_own(intake: Harness) -> None:
    row = good_row(colorways="white", approval_owner="")
    [first] = await rows_of(intake, await imported(intake, csv_file([row])))
    [other] = await rows_of(intake, await imported(intake, csv_file([row | {"colorways": "black"}])))
    assert other["request_id"] != first["request_id"]
    assert (await request_of(intake, first))["colorways"] == ["white"]


async def test_a_request_that_two_rows_could_continue_is_that_of_the_row_that_it_came_from(intake: Harness) -> None:
    row = good_row(colorways="white", approval_owner="")
    [first] = await rows_of(intake, await imported(intake, csv_file([row])))
    [wider] = await rows_of(intake, await imported(intake, csv_file([row | {"colorways": "white; black"}])))
    assert wider["request_id"] == first["request_id"]
    other = row | {"colorways": "black", "approval_owner": "ines.moreau"}
    new, back = await rows_of(intake, await imported(intake, csv_file([other, row])))
    assert (new["outcome"], back["request_id"]) == ("accepted", first["request_id"])
    assert new["request_id"] != first["request_id"]
    assert (await request_of(intake, back))["colorways"] == ["white"]


async def test_a_correction_leaves_alone_what_was_edited_meanwhile(intake: Harness) -> None:
    row = good_row(approval_owner="", materials="cotton", product_name="From the file")
    [first] = await rows_of(intake, await imported(intake, csv_file([row])))
    attributes = (await request_of(intake, first))["attributes"] | {"fit_notes": "Edited."}
    await patched(intake, first, product_name="Edited", materials=["cotton", "fleece"], attributes=attributes)
    corrected = row | {"approval_owner": "ines.moreau", "attributes.size_represented": "L"}
    [second] = await rows_of(intake, await imported(intake, csv_file([corrected])))
    assert (second["outcome"], second["request_id"]) == ("accepted", first["request_id"])
    body = await request_of(intake, second)
    assert (body["product_name"], body["materials"]) == ("Edited", ["cotton", "fleece"])
    assert body["attributes"] == attributes | {"size_represented": "L"}
    assert body["approval_owner"] == "ines.moreau"


async def test_a_cell_that_contradicts_an_edit_is_refused(intake: Harness) -> None:
    row = good_row(approval_owner="", product_name="From the file")
    [first] = await rows_of(intake, await imported(intake, csv_file([row])))
    await patched(intake, first, product_name="Edited")
    corrected = row | {"approval_owner": "ines.moreau", "product_name": "Corrected"}
    view = await imported(intake, csv_file([corrected]))
    [refused] = await rows_of(intake, view)
    [problem] = refused["problems"]
    assert (refused["outcome"], problem["column"], problem["value"]) == ("refused", "product_name", "Corrected")
    assert "`Edited`" in problem["problem"]
    assert first["request_id"] in problem["problem"]
    assert (await request_of(intake, first))["version"] == 2
    [agreed] = await rows_of(intake, await imported(intake, csv_file([corrected | {"product_name": "Edited"}])))
    assert (agreed["outcome"], agreed["request_id"]) == ("accepted", first["request_id"])


async def test_corrected_in_the_request_and_then_in_the_file_is_one_request(intake: Harness) -> None:
    row = good_row(approval_owner="")
    [first] = await rows_of(intake, await imported(intake, csv_file([row])))
    await patched(intake, first, approval_owner="ines.moreau")
    [second] = await rows_of(intake, await imported(intake, csv_file([row | {"approval_owner": "ines.moreau"}])))
    assert (second["outcome"], second["request_id"], second["problems"]) == ("doubled", first["request_id"], [])


async def test_questions_of_production_are_to_answer(intake: Harness) -> None:
    file = csv_file([good_row()])
    [first] = await rows_of(intake, await imported(intake, file))
    answer = await intake.client.post(
        f"{REQUESTS}/{first['request_id']}/return",
        json={"questions": [{"pointer": "/colorways", "text": "Which gray?"}]},
        headers=intake.bearer("producer"),
    )
    assert answer.status_code == 200, answer.text
    [second] = await rows_of(intake, await imported(intake, file))
    assert (second["outcome"], second["request_state"]) == ("doubled", "returned")
    [problem] = second["problems"]
    assert (problem["column"], problem["problem"]) == ("colorways", "Production asks: Which gray?")


async def test_waivers_come_in_a_column(intake: Harness) -> None:
    row = good_row(waivers="back: Nothing is printed there; detail/gray: Only black has it", colorways="black; gray")
    view = await imported(intake, csv_file([row, good_row(waivers="back"), good_row(waivers="Back view: no")]))
    made, causeless, wrong = await rows_of(intake, view)
    assert (made["outcome"], causeless["outcome"], wrong["outcome"]) == ("accepted", "returned", "refused"), made
    body = await request_of(intake, made)
    assert [(one["view"], one["colorway"]) for one in body["waivers"]] == [("back", None), ("detail", "gray")]
    assert "back" not in {shot["view"] for shot in body["shots"]}
    assert (causeless["problems"][0]["column"], wrong["problems"][0]["column"]) == ("waivers", "waivers")
    assert "`view: cause`" in wrong["problems"][0]["remedy"]


@pytest.mark.parametrize(
    ("column", "value", "remedy"),
    [
        ("category", "Apparel", "apparel, bags"),
        ("use", "Catalog", "catalog, campaign"),
        ("priority", "High", "low, normal, high, urgent"),
        ("priority", "+1", "low, normal, high, urgent"),
        ("channels", "pdp; Zalando!", "amazon, otto, pdp, zalando"),
        ("materials", "Cotton", "cotton"),
        ("required_views", "Detail ", "detail"),
        ("proposed_class", "C0000000001", "C1"),
    ],
)
async def test_words_that_are_none_are_answered_with_those_that_there_are(
    intake: Harness, column: str, value: str, remedy: str
) -> None:
    view = await imported(intake, csv_file([good_row(**{column: value})]))
    [row] = await rows_of(intake, view)
    [problem] = [one for one in row["problems"] if one["column"] == column]
    assert "pattern" not in problem["problem"]
    assert remedy.replace("otto, ", "") in problem["remedy"].replace("otto, ", "")


def test_rows_are_paired_by_their_colorways() -> None:
    one, two, three = UUID(int=1), UUID(int=2), UUID(int=3)

    def ways(*names: str) -> frozenset[str]:
        return frozenset(names)

    assert pair({2: ways("a"), 3: ways("b")}, {one: ways("b"), two: ways("a")}) == {2: two, 3: one}
    assert pair({2: ways("a", "b"), 3: ways("a")}, {one: ways("a")}) == {3: one}
    assert pair({2: ways("c"), 3: ways("a", "x")}, {one: ways(), two: ways("a")}) == {3: two, 2: one}
    assert pair({2: ways("c")}, {three: ways("a")}) == {}


def test_a_merge_takes_what_the_file_changed_and_nothing_else() -> None:
    said = Brief(sku="A1", use="catalog", attributes={"a": "1", "b": "2"}, priority="low")
    current = said.model_copy(update={"use": "social", "attributes": {"a": "1", "b": "edited", "c": True}})
    says = Brief(sku="A1", use="catalog", attributes={"a": "3", "b": "2"}, priority="low", colorways=["black"])
    found = merge(current, said, says)
    assert found.conflicts == []
    assert found.brief == Brief(
        sku="A1", use="social", attributes={"a": "3", "b": "edited", "c": True}, priority="low", colorways=["black"]
    )
    assert merge(current, said, said).brief == current
    assert merge(said, said, Brief(sku="A1")).brief == Brief(sku="A1")
    [conflict] = merge(current, said, says.model_copy(update={"use": "email"})).conflicts
    assert (conflict.column, conflict.in_request) == ("use", "social")


async def test_an_import_that_is_not_there_has_no_rows_to_correct(intake: Harness) -> None:
    answer = await intake.client.get(
        f"{IMPORTS}/{uuid4()}/rows", params={"to_correct": True}, headers=intake.bearer("producer")
    )
    assert answer.status_code == 404
