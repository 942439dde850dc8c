"""Imports under load and failure: a season, two replicas, kills, broken-off uploads; and whatever a table holds."""

import asyncio
import csv
import io
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.embedded import free_port
from chassis.testkit.harness import Harness, Start, eventually
from contracts.intake import ImportFinished, RequestAccepted, RequestReturned
from services.intake.app import create_app
from services.intake.imports import rows as import_rows
from services.intake.imports.child import Read, read_file
from services.intake.imports.columns import COLUMNS
from services.intake.requests import service as requests
from services.intake.requests.schemas import Brief
from services.intake.settings import IntakeSettings
from tests.intake.conftest import tell_reference
from tests.intake.tables import (
    CSV,
    IMPORTS,
    Json,
    bag_row,
    csv_file,
    done,
    good_row,
    imported,
    rows_of,
    send,
    xlsx_file,
)


def season(number: int, prefix: str) -> list[dict[str, str]]:
    """Rows of one colorway each; every tenth has no approver, every hundredth is unreadable."""
    made = []
    for index in range(number):
        row = bag_row(sku=f"{prefix}-{index}", colorways="black")
        if index % 100 == 99:
            row["deadline"] = "soon"
        elif index % 10 == 9:
            row["approval_owner"] = ""
        made.append(row)
    return made


async def made_once(intake: Harness, view: Json, prefix: str) -> None:
    """Every row has its outcome, every request its one event, and each number agrees with each other."""
    counts = view["counts"]
    rows = await rows_of(intake, view, limit=500)
    ids = [row["request_id"] for row in rows if row["request_id"]]
    assert len(rows) == counts["rows"]
    assert len(ids) == len(set(ids)) == counts["accepted"] + counts["returned"]
    stored = await intake.fetch("SELECT id::text FROM request WHERE starts_with(sku, $1)", prefix)
    assert {row["id"] for row in stored} == set(ids)
    said = [str(event.data.request.id) for event in await intake.recorded(RequestAccepted)]
    said += [str(event.data.id) for event in await intake.recorded(RequestReturned)]
    made = set(ids)
    assert sorted(one for one in said if one in made) == sorted(ids)
    assert len(await intake.recorded(ImportFinished, view["id"])) == 1


@pytest.mark.timeout(600)
async def test_a_season_imported_and_corrected(fresh_intake: Harness) -> None:
    """Of 2,000 rows; `PACKSHOT_SEASON_ROWS=10000` takes the largest file that there is, and four minutes."""
    hundreds = int(os.environ.get("PACKSHOT_SEASON_ROWS", "2000")) // 100
    rows = season(100 * hundreds, "BIG")
    view = await done(fresh_intake, await send(fresh_intake, csv_file(rows)), 400)
    assert list(view["counts"].values()) == [100 * hundreds, 90 * hundreds, 9 * hundreds, hundreds, 0, 0]
    await made_once(fresh_intake, view, "BIG-")
    rows[9]["approval_owner"] = "ines.moreau"
    again = await done(fresh_intake, await send(fresh_intake, csv_file(rows)), 400)
    assert list(again["counts"].values()) == [100 * hundreds, 1, 0, hundreds, 99 * hundreds - 1, 0]
    assert len(await fresh_intake.fetch("SELECT id FROM request")) == 99 * hundreds


def test_a_workbook_says_the_same_as_its_csv(tmp_path: Path) -> None:
    rows = season(2_000, "BIG")
    (tmp_path / "a.xlsx").write_bytes(xlsx_file(rows))
    (tmp_path / "a.csv").write_bytes(csv_file(rows))
    for is_xlsx, name in ((True, "a.xlsx"), (False, "a.csv")):
        found = read_file(tmp_path / name, is_xlsx, tmp_path / f"{name}.rows")
        assert isinstance(found, Read), found
        assert found.rows == 2_000
    assert (tmp_path / "a.xlsx.rows").read_bytes() == (tmp_path / "a.csv.rows").read_bytes()


async def test_two_replicas_work_off_one_import(start: Start) -> None:
    one = await start(create_app, IntakeSettings)
    await tell_reference(one)
    other = await start(create_app, IntakeSettings, fresh=False)
    files = [csv_file(season(400, prefix)) for prefix in ("TWO-A", "TWO-B")]
    answers = await asyncio.gather(send(one, files[0]), send(other, files[1]), send(other, files[0]))
    for answer, prefix in zip(answers[:2], ("TWO-A-", "TWO-B-"), strict=True):
        view = await done(one, answer)
        assert list(view["counts"].values()) == [400, 360, 36, 4, 0, 0]
        await made_once(one, view, prefix)


async def test_two_files_with_the_same_rows_at_the_same_moment(start: Start) -> None:
    one = await start(create_app, IntakeSettings)
    await tell_reference(one)
    other = await start(create_app, IntakeSettings, fresh=False)
    rows = season(200, "SAME")
    answers = await asyncio.gather(send(one, csv_file(rows)), send(other, csv_file(rows[::-1], ";")))
    views = [await done(one, answer, 120) for answer in answers]
    counts = [view["counts"] for view in views]
    assert sum(one["accepted"] for one in counts) == 180
    assert sum(one["returned"] for one in counts) == 18
    assert sum(one["doubled"] for one in counts) == 198
    assert len(await one.fetch("SELECT id FROM request")) == 198


async def test_killed_between_a_batch_and_its_commit(start: Start, tmp_path: Path) -> None:
    """The process that began the import dies in its first batch; whoever lives makes the rest, each row once."""
    intake = await start(create_app, IntakeSettings)
    await tell_reference(intake)
    assert intake.service.timers is not None
    (tmp_path / "intake.import.batch").touch()
    port = free_port()
    async with (
        intake.in_a_process("services.intake.app:create_app", tmp_path, port) as process,
        httpx.AsyncClient(timeout=60) as client,
    ):
        # This one stands still meanwhile, or it would be too quick for the other.
        handler = intake.service.timers._handlers[import_rows.ROWS_TIMER]
        intake.service.timers._handlers = {"none": handler}
        answer = await client.post(
            f"http://127.0.0.1:{port}{IMPORTS}",
            params={"name": "spring"},
            content=csv_file(season(300, "KILL")),
            headers=intake.bearer("producer") | {"Content-Type": CSV},
        )
        assert answer.status_code == 202, answer.text
        assert await process.wait() == -signal.SIGKILL
        left = (await intake.client.get(answer.headers["Location"], headers=intake.bearer("producer"))).json()
        assert left["counts"]["left"] % import_rows.BATCH == 0
        assert left["state"] == "running"
        intake.service.timers._handlers = {import_rows.ROWS_TIMER: handler}
        view = await done(intake, answer)
    assert list(view["counts"].values()) == [300, 270, 27, 3, 0, 0]
    await made_once(intake, view, "KILL-")


async def test_a_broken_off_upload_leaves_nothing(intake: Harness, port: int) -> None:
    def arrived() -> set[Path]:
        return set(Path(tempfile.gettempdir()).glob("packshot-import-*"))

    before = arrived()

    def folders() -> set[Path]:
        return arrived() - before

    file = csv_file(season(1000, "CUT"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    token = intake.bearer("producer")["Authorization"]
    head = (
        f"POST {IMPORTS}?name=cut HTTP/1.1\r\nHost: test\r\nAuthorization: {token}\r\n"
        f"Content-Type: text/csv\r\nContent-Length: {len(file)}\r\n\r\n"
    )
    writer.write(head.encode() + file[: len(file) // 2])
    await writer.drain()

    async def arriving() -> bool:
        return bool(folders())

    await eventually(arriving)
    writer.close()

    async def gone() -> bool:
        return not folders()

    await eventually(gone)
    assert await intake.fetch("SELECT 1 FROM request WHERE starts_with(sku, 'CUT-')") == []
    assert await intake.fetch("SELECT 1 FROM import WHERE name = 'cut'") == []


async def test_a_row_that_breaks_is_refused_and_blocks_nobody(intake: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    made = requests.create_many

    async def breaking(session: Any, briefs: list[Brief], *rest: Any) -> Any:
        if any(brief.product_name == "Breaks" for brief in briefs):
            raise ZeroDivisionError("not foreseen")
        return await made(session, briefs, *rest)

    monkeypatch.setattr(requests, "create_many", breaking)
    view = await imported(intake, csv_file([good_row(), good_row(product_name="Breaks"), good_row()]))
    first, second, third = await rows_of(intake, view)
    assert [row["outcome"] for row in (first, second, third)] == ["accepted", "refused", "accepted"]
    assert "ZeroDivisionError" in second["problems"][0]["problem"]
    assert await intake.fetch("SELECT 1 FROM request WHERE sku = $1", second["sku"]) == []


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["=1+1", "-1", "@x", "true", "2027-03-28 02:30", "9999-12-31", "0001-01-01", "2027-13-01", "a;b|c", "#N/A",
     "apparel", "catalog", "\x00", "\ud7ff", '"', "'=x", "2027-01-01T00:00:00+99:99", "9" * 30, "pdp", "normal"]
)  # fmt: skip
NAMES = st.sampled_from([*COLUMNS, "attributes.fit_notes", "attributes.ghost_mannequin", "ai.use", "ai.human_review"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(NAMES, min_size=1, max_size=8, unique=True),
    table=st.lists(st.lists(TEXTS, max_size=9), min_size=1, max_size=6),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]),
)
async def test_whatever_a_table_holds_it_has_an_answer_and_the_counts_add_up(
    intake: Harness, names: list[str], table: list[list[str]], zone: str
) -> None:
    rows = [dict(zip(names, line, strict=False)) for line in table]
    columns = names if "sku" in names else ["sku", *names]
    answer = await send(intake, csv_file(rows, columns=columns), time_zone=zone)
    assert answer.status_code in (200, 202, 422), answer.text
    if answer.status_code == 422:
        return
    view = await done(intake, answer)
    for row in await rows_of(intake, view):
        assert row["outcome"] is not None
        assert (row["request_id"] is None) == (row["outcome"] == "refused")
        assert bool(row["problems"]) == (row["outcome"] == "refused" or row["request_state"] == "returned")
        assert "our side" not in str(row["problems"]), row
    for rest in ("problems.csv", "problems.csv?form=rows", "problems.xlsx"):
        got = await intake.client.get(f"{IMPORTS}/{view['id']}/{rest}", headers=intake.bearer("producer"))
        assert got.status_code == 200
        if rest != "problems.xlsx":
            cells = [cell for line in csv.reader(io.StringIO(got.text.lstrip("\ufeff"), newline="")) for cell in line]
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
