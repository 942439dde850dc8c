"""Files become requests: good rows go through, bad ones say which cell, and nothing is made twice."""

import asyncio
import csv
import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from chassis.testkit.harness import Harness
from contracts.intake import ImportFinished, RequestAccepted
from contracts.values import Role
from tests.intake.calls import REQUESTS, cancelled
from tests.intake.samples import ai_model_shot, apparel
from tests.intake.tables import (
    CSV,
    IMPORTS,
    XLSX,
    Json,
    as_cells,
    bag_row,
    csv_file,
    done,
    good_row,
    imported,
    rows_of,
    send,
    xlsx_file,
)
from tests.intake.test_requests import REQUESTERS


def counts(view: Json) -> tuple[int, ...]:
    return tuple(view["counts"][name] for name in ("rows", "accepted", "returned", "refused", "doubled"))


async def request_of(intake: Harness, row: Json) -> Json:
    answer = await intake.client.get(f"{REQUESTS}/{row['request_id']}", headers=intake.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def test_rows_become_requests_as_if_they_came_alone(intake: Harness) -> None:
    brief = ai_model_shot()
    view = await imported(intake, csv_file([as_cells(brief), bag_row()]), name="Spring 2027")
    assert counts(view) == (2, 2, 0, 0, 0)
    assert (view["name"], view["imported_by"], view["time_zone"]) == ("Spring 2027", "producer-1", "UTC")
    assert view["started_at"] <= view["finished_at"]
    [row, _] = await rows_of(intake, view)
    assert (row["row"], row["outcome"], row["sku"], row["problems"]) == (2, "accepted", brief["sku"], [])
    body = await request_of(intake, row)
    assert {name: body[name] for name in brief} == brief | {"ai": body["ai"]}
    assert {name: body["ai"][name] for name in brief["ai"]} == brief["ai"]
    [event] = await intake.recorded(RequestAccepted, row["request_id"])
    assert (event.data.request.requested_by, event.correlationid) == ("producer-1", view["id"])
    [finished] = await intake.recorded(ImportFinished, view["id"])
    assert (finished.data.rows, finished.data.accepted, finished.data.name) == (2, 2, "Spring 2027")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_however_a_csv_is_written_its_content_counts(intake: Harness, delimiter: str) -> None:
    row = good_row(colorways="black|gray", fit_notes="")
    row["attributes.fit_notes"] = 'Regular; "boxy", as worn\nfor good'
    del row["fit_notes"]
    first = await imported(intake, b"\xef\xbb\xbf" + csv_file([row], delimiter).replace(b"sku", b" SKU ", 1))
    assert counts(first) == (1, 1, 0, 0, 0)
    [made] = await rows_of(intake, first)
    body = await request_of(intake, made)
    assert body["colorways"] == ["black", "gray"]
    assert body["attributes"]["fit_notes"] == 'Regular; "boxy", as worn\nfor good'
    row |= {"colorways": " black ; gray", "attributes.ghost_mannequin": "No"}
    again = await imported(intake, xlsx_file([row]), XLSX)
    [doubled] = await rows_of(intake, again)
    assert (doubled["outcome"], doubled["request_id"]) == ("doubled", made["request_id"])


async def test_xlsx_values_of_every_type(intake: Harness) -> None:
    row: Json = bag_row() | {
        "attributes.strap_count": 2,
        "attributes.laptop_sleeve": True,
        "deadline": datetime(2027, 3, 31, 17, 30),  # noqa: DTZ001, as a spreadsheet has it
    }
    other = bag_row() | {"deadline": datetime(2027, 3, 31)}  # noqa: DTZ001
    view = await imported(intake, xlsx_file([row, other]), XLSX, time_zone="America/New_York")
    first, second = [await request_of(intake, one) for one in await rows_of(intake, view)]
    assert (first["state"], first["attributes"]["strap_count"], first["attributes"]["laptop_sleeve"]) == (
        "accepted",
        2,
        True,
    )
    assert (first["deadline"], second["deadline"]) == ("2027-03-31T21:30:00Z", "2027-04-01T03:59:59Z")


async def test_bad_rows_say_which_cell_and_good_ones_go_through(intake: Harness) -> None:
    rows = [
        good_row(),
        good_row(sku="not a sku"),
        good_row(channels="pdp; tiktok"),
        good_row(deadline="next week"),
        good_row(deadline="2027-03-28 02:30"),
        good_row(product_name="=1+1"),
        good_row(materials="#REF!"),
        good_row(**{"attributes.ghost_mannequin": "maybe"}),
        good_row(approval_owner=""),
        as_cells(ai_model_shot()) | {"ai.human_review": "false"},
        good_row(sku="EXAMPLE-SKU"),
    ]
    file = csv_file(rows)
    header = file.split(b"\r\n")[0].decode().split(",")
    view = await imported(intake, file, time_zone="Europe/Berlin")
    found = {row["row"]: row for row in await rows_of(intake, view)}
    outcomes = [found[number]["outcome"] for number in range(2, 13)]
    assert outcomes == [
        "accepted", "refused", "returned", "refused", "refused", "refused", "refused", "returned", "returned",
        "refused", "refused",
    ]  # fmt: skip
    assert counts(view) == (11, 1, 3, 7, 0)

    def where(column: str, row: int) -> str:
        return f"{chr(ord('A') + header.index(column))}{row}"

    for number, column, value, words in (
        (3, "sku", "not a sku", "match"),
        (4, "channels", "pdp; tiktok", "`tiktok` is not known"),
        (5, "deadline", "next week", "without guessing"),
        (6, "deadline", "2027-03-28 02:30", "clocks are put forward"),
        (7, "product_name", "=1+1", "formula"),
        (8, "materials", "#REF!", "error #REF!"),
        (9, "attributes.ghost_mannequin", "maybe", "true or false"),
        (10, "approval_owner", None, "Nobody is named"),
        (12, "sku", "EXAMPLE-SKU", "example row"),
    ):
        [problem] = found[number]["problems"]
        assert (problem["cell"], problem["column"], problem["value"]) == (where(column, number), column, value)
        assert words in problem["problem"], problem
        assert problem["remedy"]
    [forbidden] = found[11]["problems"]
    assert (forbidden["column"], found[11]["request_id"]) == ("ai.use", None)
    assert await rows_of(intake, view, outcome=["returned", "refused"], limit=2) == [
        row for row in found.values() if row["outcome"] != "accepted"
    ]


async def test_formulas_of_a_workbook_are_never_evaluated(intake: Harness) -> None:
    row = good_row(product_name='=HYPERLINK("https://evil.example","x")')
    view = await imported(intake, xlsx_file([row, good_row(sku="=A2")]), XLSX)
    for one in await rows_of(intake, view):
        [problem] = one["problems"]
        assert one["outcome"] == "refused"
        assert "formula" in problem["problem"]
        assert "paste its value" in problem["remedy"]
        assert problem["value"].startswith("=")


async def test_a_second_run_of_a_file_makes_nothing(intake: Harness) -> None:
    file = csv_file([good_row(), good_row(deadline="")])
    answer = await send(intake, file)
    assert answer.status_code == 202
    first = await done(intake, answer)
    again = await done(intake, await send(intake, file, role="merchandiser", name="the same, renamed"))
    assert (counts(again), again["name"]) == ((2, 0, 0, 0, 2), "the same, renamed")
    ids = [[row["request_id"] for row in await rows_of(intake, view)] for view in (first, again)]
    assert ids[0] == ids[1]
    file = csv_file([good_row(sku="TWICE-1")])
    for answer in await asyncio.gather(*(send(intake, file) for _ in range(3))):
        await done(intake, answer)
    assert len(await intake.fetch("SELECT id FROM request WHERE sku = 'TWICE-1'")) == 1


async def test_a_corrected_file_makes_only_what_was_corrected(intake: Harness) -> None:
    good, returned, refused = good_row(), good_row(approval_owner=""), good_row(deadline="soon")
    first = await imported(intake, csv_file([good, returned, refused]))
    assert counts(first) == (3, 1, 1, 1, 0)
    before = await rows_of(intake, first)
    corrected = [good, returned | {"approval_owner": "ines.moreau"}, refused | {"deadline": "2027-12-01"}]
    second = await imported(intake, csv_file(corrected))
    assert counts(second) == (3, 2, 0, 0, 1)
    after = await rows_of(intake, second)
    assert after[0]["request_id"] == before[0]["request_id"]
    # The corrected row continues the request that was returned; nobody has to look after the old one.
    assert after[1]["request_id"] == before[1]["request_id"]
    assert (await request_of(intake, after[1]))["version"] == 2
    skus = [row["sku"] for row in (good, returned, refused)]
    assert len(await intake.fetch("SELECT id FROM request WHERE sku = ANY($1)", skus)) == 3


async def test_a_row_whose_request_was_cancelled_makes_another(intake: Harness) -> None:
    row = good_row()
    [first] = await rows_of(intake, await imported(intake, csv_file([row])))
    await cancelled(intake, first["request_id"])
    [second] = await rows_of(intake, await imported(intake, csv_file([row], ";")))
    assert second["outcome"] == "accepted"
    assert second["request_id"] != first["request_id"]
    [third] = await rows_of(intake, await imported(intake, csv_file([row], "\t")))
    assert (third["outcome"], third["request_id"]) == ("doubled", second["request_id"])


async def test_duplicates_inside_a_file_and_across_requests(intake: Harness) -> None:
    sku = good_row()["sku"]
    taken = (await intake.client.post(REQUESTS, json=apparel(), headers=intake.bearer("producer"))).json()
    rows = [
        good_row(sku=sku, colorways="black"),
        good_row(sku=sku, colorways="white"),
        good_row(sku=sku, colorways="red; black"),
        good_row(sku=taken["sku"], colorways="black"),
    ]
    view = await imported(intake, csv_file(rows))
    first, second, third, fourth = await rows_of(intake, view)
    assert [row["outcome"] for row in (first, second, third, fourth)] == ["accepted", "accepted", "refused", "returned"]
    assert "Row 2 of this file" in third["problems"][0]["problem"]
    assert taken["id"] in fourth["problems"][0]["problem"]


async def test_the_same_incomplete_row_twice_is_one_request(intake: Harness) -> None:
    row = {name: value for name, value in good_row().items() if name != "colorways"}
    view = await imported(intake, csv_file([row, row]))
    first, second = await rows_of(intake, view)
    assert (first["outcome"], second["outcome"]) == ("returned", "doubled")
    assert first["request_id"] == second["request_id"]


async def download(intake: Harness, path: str, **params: Any) -> bytes:
    answer = await intake.client.get(f"{IMPORTS}/{path}", params=params, headers=intake.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.content


def lines_of(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))


async def test_problems_to_download(intake: Harness) -> None:
    view = await imported(
        intake, csv_file([good_row(), good_row(sku="+a b"), good_row(product_name="=cmd|' /C calc'!A0")])
    )
    lines = lines_of(await download(intake, f"{view['id']}/problems.csv"))
    assert [(line["row"], line["column"], line["outcome"]) for line in lines] == [
        ("3", "sku", "refused"),
        ("4", "product_name", "refused"),
    ]
    assert [line["value"][:2] for line in lines] == ["'+", "'="]
    assert all(line["cell"] and line["problem"] and line["remedy"] for line in lines)
    book = openpyxl.load_workbook(io.BytesIO(await download(intake, f"{view['id']}/problems.xlsx")))
    sheet = book.worksheets[0]
    table = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert table[0] == list(lines[0])
    assert [["" if cell is None else cell for cell in line] for line in table[1:]] == [list(x.values()) for x in lines]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


async def test_no_formula_where_lists_are_separated_by_semicolons(intake: Harness) -> None:
    """Such a spreadsheet splits our commas' CSV at semicolons, whatever quotes there are inside of a cell."""
    names = ["x;=cmd|'/C calc'!A0", 'x;"=1+1', "x\n=1+1", "x; @y", "two; three"]
    rows = [good_row(product_name=name, approval_owner="") for name in names]
    view = await imported(intake, csv_file(rows))
    file = (await download(intake, f"{view['id']}/problems.csv", form="rows")).decode("utf-8-sig")
    for delimiter in ",;\t":
        for line in csv.reader(io.StringIO(file, newline=""), delimiter=delimiter):
            assert not [cell for cell in line if cell.strip(' "').startswith(("=", "+", "-", "@"))], line
    assert file.count('","') > len(rows) * 10
    again = await rows_of(intake, await imported(intake, file.encode()))
    assert [(await request_of(intake, row))["product_name"] for row in again] == names


@pytest.mark.parametrize("form", ["rows", "problems"])
async def test_a_workbook_of_whatever_cells_hold_can_be_opened(intake: Harness, form: str) -> None:
    rows = [good_row(product_name=f"a{character}b") for character in "\ufffe\uffff\x00"]
    view = await imported(intake, csv_file(rows))
    file = await download(intake, f"{view['id']}/problems.xlsx", form=form)
    cells = [str(cell) for row in openpyxl.load_workbook(io.BytesIO(file)).worksheets[0].values for cell in row]
    assert cells.count("a�b") == 3


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_bad_rows_are_downloaded_corrected_and_sent_again(intake: Harness, file_format: str) -> None:
    formula, minus = good_row(product_name="=B1"), good_row(approval_owner="")
    minus["attributes.fit_notes"] = "- boxy"
    view = await imported(intake, csv_file([good_row(), formula, minus]))
    file = await download(intake, f"{view['id']}/problems.{file_format}", form="rows")
    media_type = CSV if file_format == "csv" else XLSX
    unchanged = await imported(intake, file, media_type)
    assert counts(unchanged) == (2, 0, 0, 1, 1)
    if file_format == "csv":
        lines = lines_of(file)
    else:
        rows = openpyxl.load_workbook(io.BytesIO(file)).worksheets[0].iter_rows(values_only=True)
        names = [str(name) for name in next(rows)]
        lines = [{name: str(cell or "") for name, cell in zip(names, row, strict=True)} for row in rows]
    assert "formula" in lines[0]["problems"]
    lines[0]["product_name"], lines[1]["approval_owner"] = "Hoodie", "ines.moreau"
    corrected = await imported(intake, csv_file(lines))
    assert counts(corrected) == (2, 2, 0, 0, 0)
    body = await request_of(intake, (await rows_of(intake, corrected))[1])
    assert body["attributes"]["fit_notes"] == "- boxy"


@pytest.mark.parametrize("category", ["apparel", "shoes", "bags", "jewelry"])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_a_template_is_accepted_once_its_sku_is_a_real_one(
    intake: Harness, category: str, file_format: str
) -> None:
    file = await download(intake, "template", category=category, format=file_format)
    media_type = CSV if file_format == "csv" else XLSX
    [example] = await rows_of(intake, await imported(intake, file, media_type))
    assert (example["outcome"], example["sku"]) == ("refused", "EXAMPLE-SKU")
    if file_format == "csv":
        view = await imported(intake, file.replace(b"EXAMPLE-SKU", good_row()["sku"].encode()))
        assert counts(view) == (1, 1, 0, 0, 0), await rows_of(intake, view)


async def test_a_template_with_ai(intake: Harness) -> None:
    [example] = lines_of(await download(intake, "template", ai="true"))
    assert {"ai.use", "ai.human_review", "ai.source_image"} <= set(example)
    unknown = await intake.client.get(
        f"{IMPORTS}/template", params={"category": "hats"}, headers=intake.bearer("reviewer")
    )
    assert unknown.status_code == 404


async def test_lists(intake: Harness) -> None:
    made = [(await imported(intake, csv_file([good_row()])))["id"] for _ in range(3)]
    answer = await intake.client.get(IMPORTS, params={"limit": 2}, headers=intake.bearer("reviewer"))
    assert [one["id"] for one in answer.json()["items"]] == made[:0:-1]
    cursor = answer.json()["next_cursor"]
    rest = await intake.client.get(IMPORTS, params={"limit": 1, "cursor": cursor}, headers=intake.bearer("reviewer"))
    assert rest.json()["items"][0]["id"] == made[0]


async def test_who_may_import(intake: Harness) -> None:
    """Every role tries everything; nobody without a token does anything."""
    file = csv_file([good_row()])
    view = await imported(intake, file)
    reads = [IMPORTS, f"{IMPORTS}/template"]
    reads += [f"{IMPORTS}/{view['id']}{rest}" for rest in ("", "/rows", "/problems.csv", "/problems.xlsx")]
    for role in Role:
        answer = await send(intake, file, role=role)
        assert answer.status_code in ((200, 202) if role in REQUESTERS else (403,)), role
        for path in reads:
            assert (await intake.client.get(path, headers=intake.bearer(role))).status_code == 200
    assert (await intake.client.post(IMPORTS, params={"name": "x"}, content=file)).status_code == 401
    for path in reads:
        assert (await intake.client.get(path)).status_code == 401


async def test_unknown_imports(intake: Harness) -> None:
    headers = intake.bearer("producer")
    unknown = f"{IMPORTS}/019ab000-4a10-7c31-9f52-6b1d2c7e4a01"
    for path in (unknown, f"{unknown}/rows", f"{unknown}/problems.csv", f"{IMPORTS}/nonsense"):
        assert (await intake.client.get(path, headers=headers)).status_code in (404, 422), path
    assert (await intake.client.get(f"{unknown}/problems.exe", headers=headers)).status_code == 422
