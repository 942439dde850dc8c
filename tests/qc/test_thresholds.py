"""The bounds of the checks as a pack: edited by their owner, in the direction of each check; a file is measured against
the version that is current then."""

import asyncio
import io
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console

from chassis.problems import Faults
from chassis.testkit.harness import Harness, Start
from contracts.assets import VersionStored
from contracts.values import Gate, ImageSpec, WorkItem
from packshot.publish import publish_thresholds
from services.qc.evaluation.pack import write_pack
from services.qc.settings import QcSettings
from services.qc.thresholds.consistency import LEAST
from services.qc.thresholds.domain import DEFAULT, UNITS, Bounds, Thresholds, digest_of
from services.qc.thresholds.schemas import StoredThresholds, ThresholdsPack
from services.qc.worker import create_app
from tests.qc.pictures import photo
from tests.qc.stage import Stage, work_item
from tests.qc.test_worker import inspection, stored

PATH = "/v1/thresholds"
CONTENT = ThresholdsPack(bounds=DEFAULT).model_dump(mode="json")


def edited(bounds: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The default, edited; a bound of None is left out."""
    changed = CONTENT["bounds"] | (bounds or {})
    return CONTENT | {"bounds": {name: value for name, value in changed.items() if value is not None}} | fields


def pointers_of(content: dict[str, Any]) -> list[str]:
    """Where a pack is wrong; none if it isn't."""
    try:
        ThresholdsPack.model_validate(content)
    except ValidationError as error:
        found = []
        for one in error.errors():
            where = "".join(f"/{part}" for part in one["loc"])
            cause = one.get("ctx", {}).get("error")
            found += [where + fault.pointer for fault in cause.faults] if isinstance(cause, Faults) else [where]
        return found
    return []


def test_every_threshold_has_its_unit_and_the_default_contradicts_nothing() -> None:
    assert set(UNITS) == set(Thresholds.model_fields)
    assert {name for name in LEAST if isinstance(getattr(DEFAULT, name), Bounds)} == LEAST
    assert pointers_of(CONTENT) == []


@pytest.mark.parametrize("name", [name for name in UNITS if isinstance(getattr(DEFAULT, name), Bounds)])
def test_bounds_get_worse_from_pass_to_fail_in_the_direction_of_each_check(name: str) -> None:
    """The default turned round is refused: so the direction that an edit is held to is that of the file."""
    default = CONTENT["bounds"][name]
    turned = {"passes": default["flags"], "flags": default["passes"]}
    assert f"/bounds/{name}/flags" in pointers_of(edited({name: turned}))
    assert f"/categories/shoes/{name}/flags" in pointers_of(edited(categories={"shoes": {name: turned}}))


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        (edited({"tilt": None, "halo": None}), ["/bounds/halo", "/bounds/tilt"]),
        (edited({"sharpness": 3}), ["/bounds/sharpness"]),
        (edited({"tilt": {"passes": 1, "flags": 2, "fails": 3}}), ["/bounds/tilt/fails"]),
        (edited({"tilt": 2}), ["/bounds/tilt"]),
        (edited({"noise": {"passes": -1, "flags": float("inf")}}), ["/bounds/noise/passes", "/bounds/noise/flags"]),
        (edited({"jpeg_quality": {"passes": 101, "flags": 80}}), ["/bounds/jpeg_quality"]),
        (edited({"white_background": {"passes": 120, "flags": 97}}), ["/bounds/white_background"]),
        (edited({"same_colour": 6.0}), ["/bounds/same_colour"]),
        (edited({"enlarged_edge_width": 4.0}), ["/bounds/enlarged_edge_width"]),
        (
            edited({"colour_critical": {"passes": 2.5, "flags": 4.0}}),
            ["/bounds/colour_critical/passes", "/bounds/colour_critical/flags"],
        ),
        (edited(units={"contour": "mm"}), ["/units/contour"]),
        (edited(units={"sharpness": "px"}), ["/units/sharpness"]),
        (edited(categories={"Shoes!": {}}), ["/categories/Shoes!/[key]"]),
        (edited(categories={"shoes": {"sharpness": 3}}), ["/categories/shoes/sharpness"]),
        (edited(categories={"shoes": {"tilt": {"flag": 3}}}), ["/categories/shoes/tilt/flag"]),
        (edited(categories={"shoes": {"dust_repeats": 1}}), ["/categories/shoes/dust_repeats"]),
        (edited(categories={"shoes": {"colour": {"flags": 1.5}}}),
         ["/categories/shoes/colour/flags", "/categories/shoes/colour_critical/flags"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(content: dict[str, Any], pointers: list[str]) -> None:
    assert sorted(pointers_of(content)) == sorted(pointers)


def test_a_category_says_only_what_differs() -> None:
    pack = ThresholdsPack.model_validate(
        edited(categories={"jewelry": {"colour": {"flags": 3.0}, "structure": 0.1}, "bags": {}})
    )
    assert pack.of("jewelry").colour == Bounds(passes=2.0, flags=3.0)
    assert pack.of("jewelry").structure == 0.1
    assert pack.of("jewelry").edge_width == DEFAULT.edge_width
    assert pack.of("bags") == pack.of("apparel") == DEFAULT
    assert digest_of(pack.of("jewelry")) != digest_of(DEFAULT)
    said = pack.model_dump(mode="json")["categories"]
    assert said == {"jewelry": {"colour": {"flags": 3.0}, "structure": 0.1}, "bags": {}}


def test_what_another_release_published_is_read_as_it_was_meant() -> None:
    """What the file has since is the file's; what it has no more is no threshold; and nothing is judged again."""
    bounds = CONTENT["bounds"] | {"sharpness": 9, "edge_width": {"passes": 1.0, "flags": 2.0}}
    del bounds["tilt"]
    old = StoredThresholds.model_validate({"bounds": bounds, "categories": {"shoes": {"sharpness": 1, "structure": 1}}})
    read = old.published(4)
    assert (read.version, read.bounds.edge_width.flags, read.bounds.tilt) == (4, 2.0, DEFAULT.tilt)
    assert (read.of("shoes").structure, read.of("bags").structure) == (1, DEFAULT.structure)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
async def worker(stage: Stage, start: Start) -> Harness:
    return await start(create_app, QcSettings, fresh=False, process="worker")


async def test_a_file_is_measured_against_the_version_that_is_current_and_keeps_it(
    stage: Stage, worker: Harness, store: Path
) -> None:
    spec, data = ImageSpec(formats=["jpeg"], white_background=True), photo()

    async def measured(category: str = "apparel") -> tuple[WorkItem, dict[str, Any], str]:
        work = await stage.publish_work(work_item(spec=spec, category=category))
        version = stored(store, work, data)
        await stage.qc.publish(VersionStored(version=version), version.id)
        found = await inspection(stage, version.id)
        return work, found, next(one["outcome"] for one in found["measurements"] if one["check"] == "T09")

    shot, before, focus = await measured()
    assert (focus, before["engine"]["thresholds_version"]) == ("pass", 1)
    read = await stage.qc.client.get(PATH, headers=stage.qc.bearer("reviewer"))
    assert (read.json(), read.headers["ETag"]) == (CONTENT | {"version": 1}, '"1"')

    strict = {"edge_width": {"passes": 0.5, "flags": 1.0}, "enlarged_edge_width": 0.5}
    body = edited(strict, categories={"shoes": {"edge_width": CONTENT["bounds"]["edge_width"]}})
    headers = {"If-Match": read.headers["ETag"]}
    refused = await stage.qc.client.put(PATH, json=body, headers=stage.qc.bearer("creative_director") | headers)
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, ["qc_lead"])
    wrong = body | {"categories": {"shoes": {"sharpness": 1}, "bags": {"tilt": {"passes": 3.0}}}}
    refused = await stage.qc.client.put(PATH, json=wrong, headers=stage.qc.bearer("qc_lead") | headers)
    [unknown] = refused.json()["errors"]
    assert (refused.status_code, unknown["pointer"]) == (422, "/categories/shoes/sharpness")
    published = await stage.qc.client.put(PATH, json=body, headers=stage.qc.bearer("qc_lead") | headers)
    assert (published.status_code, published.headers["ETag"]) == (200, '"2"'), published.text
    again = await stage.qc.client.put(PATH, json=body, headers=stage.qc.bearer("qc_lead") | headers)
    assert again.status_code == 412

    _, after, focus = await measured()
    assert (focus, after["measured_as"], after["engine"]["thresholds_version"]) == ("fail", None, 2)
    _, same, focus = await measured()
    assert (focus, same["measured_as"], same["engine"]) == ("fail", after["id"], after["engine"])
    _, shoes, focus = await measured("shoes")
    assert (focus, shoes["measured_as"], shoes["engine"]["thresholds_version"]) == ("pass", None, 2)

    packet = await stage.packet(shot.id)
    assert packet["open_gate"]["gate"] == Gate.STYLING_FIT
    assert next(one["outcome"] for one in packet["measurements"] if one["check"] == "T09") == "pass"
    for version, content in ((1, CONTENT), (2, body)):
        path = f"{PATH}/versions/{version}"
        assert (await get(stage, path)).json() == content | {"version": version}
    unknown_version = await get(stage, f"{PATH}/versions/3")
    assert (unknown_version.status_code, "1 to 2" in unknown_version.json()["detail"]) == (404, True)
    for path in (PATH, f"{PATH}/versions/1"):
        assert (await stage.qc.client.get(path)).status_code == 401


async def test_a_file_of_thresholds_is_published_by_command(stage: Stage, tmp_path: Path) -> None:
    pack = tmp_path / "new.toml"
    write_pack(pack, DEFAULT.model_copy(update={"edge_width": Bounds(passes=2.4, flags=3.0)}), [], "[12] photos")
    categories = {"shoes": {"edge_width": {"passes": 2.0, "flags": 2.5}}}
    headers = stage.qc.bearer("qc_lead") | {"If-Match": '"1"'}
    assert (await stage.qc.client.put(PATH, json=edited(categories=categories), headers=headers)).status_code == 200

    async with stage.qc.served() as port:

        async def command(role: str) -> tuple[int, str]:
            out, token = io.StringIO(), stage.qc.bearer(role)["Authorization"].removeprefix("Bearer ")
            url, console = f"http://127.0.0.1:{port}", Console(file=out, width=200)
            return await asyncio.to_thread(publish_thresholds, pack, url, token, console), out.getvalue()

        code, said = await command("reviewer")
        assert (code, "qc_lead" in said) == (2, True), said
        code, said = await command("qc_lead")
        assert (code, "Version 3" in said, "2.6 / 3.5" in said, "2.4 / 3" in said) == (0, True, True, True), said
        assert "shoes" in said
        now = (await get(stage, PATH)).json()
        assert (now["version"], now["bounds"]["edge_width"]) == (3, {"passes": 2.4, "flags": 3.0})
        assert now["categories"] == categories
        code, said = await command("qc_lead")
        assert (code, "Nothing was published" in said) == (0, True), said
        pack.write_text(pack.read_text().replace("passes = 2.4", "passes = 4.4"))
        code, said = await command("qc_lead")
        assert (code, "edge_width" in said) == (2, True), said
    assert (await get(stage, PATH)).json() == now


def get(stage: Stage, path: str) -> Awaitable[Any]:
    return stage.qc.client.get(path, headers=stage.qc.bearer("reviewer"))
