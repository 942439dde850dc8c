"""Images over HTTP: from an upload to its tiles, and everything that an image request can meet."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from chassis.ids import new_id
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, Start, running
from contracts.assets import ColourReference, ColourReferenceKind, ColourReferenceStored
from services.assets.app import create_app
from services.assets.iiif.keeping import Pyramids
from services.assets.iiif.pyramid import FORM, place_of
from services.assets.settings import AssetsSettings
from services.assets.store.errors import FileMissing
from services.assets.worker import create_app as create_worker
from tests.assets.factory import Vendor, claimed, named, photo, ready, sha256, upload
from tests.assets.stores import store_at
from tests.assets.test_iiif_pyramid import psnr
from tests.assets.test_upload import files_in

PHOTO = photo(1, 1100, 900)
SHA = sha256(PHOTO)
TILE = "512,512,512,388/512,388/0/default.jpg"
UNKNOWN = "0" * 64


@pytest_asyncio.fixture(scope="module")
async def assets(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    """Without a worker: what is shown is made when it is asked for. It has one photo."""
    async with running(create_app, AssetsSettings, issuer, tmp_path_factory.mktemp("assets")) as harness:
        await uploaded(harness, PHOTO)
        yield harness


async def uploaded(assets: Harness, content: bytes) -> str:
    answer = await upload(assets, await claimed(assets), content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sha256"])


async def get(assets: Harness, path: str, **headers: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return await assets.client.get(f"/iiif/3/{path}", headers=assets.bearer("reviewer") | headers)


def pyramids_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"**/pyramid/{FORM}/*/*") if path.is_file()]


async def test_an_upload_becomes_tiles_before_anybody_asks(start: Start, tmp_path: Path) -> None:
    """Over a real socket. The API makes nothing: the worker has."""
    assets = await start(create_app, AssetsSettings)
    worker = await start(create_worker, AssetsSettings, fresh=False, process="worker")
    reference = photo(2, 80, 60)
    location = (await assets.app.state.store.put(reference, "image/jpeg")).location
    stored = ColourReference(
        id=new_id(), sku="WJ01", colorway="blue", kind=ColourReferenceKind.SWATCH, number=1, sha256=sha256(reference),
        bytes=len(reference), media_type="image/jpeg", filename="swatch.jpg", location=location, stored_by="me",
        role="qc_lead", stored_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    assert await uploaded(assets, PHOTO) == SHA
    await uploaded(assets, PHOTO[:9000])  # broken: nobody's dead letter
    await worker.publish(ColourReferenceStored(reference=stored), "WJ01-blue-swatch")

    async def are_made() -> bool:
        rows = await worker.fetch("SELECT count(*) AS n FROM inbox WHERE consumer = 'assets-pyramids'")
        return bool(rows[0]["n"] == 3)

    await worker.eventually(are_made, 60)
    assert {path.name for path in pyramids_in(tmp_path)} == {SHA, sha256(reference)}
    assert not [name for name in files_in(tmp_path) if name.startswith("incoming/")]
    async with (
        assets.served() as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=assets.bearer("reviewer")) as client,
    ):
        answer = await client.get(f"/iiif/3/{SHA}/{TILE}")
        information = await client.get(f"/iiif/3/{SHA}", follow_redirects=True)
    assert answer.status_code == 200
    [file] = [path.read_bytes() for path in pyramids_in(tmp_path) if path.name == SHA]
    assert answer.content in file
    original = np.asarray(Image.open(io.BytesIO(PHOTO)))[512:, 512:1024]
    assert psnr(np.asarray(Image.open(io.BytesIO(answer.content))), original) > 50
    assert information.json()["id"] == f"http://127.0.0.1:{port}/iiif/3/{SHA}"
    assert assets.app.state.images._making._child._pool is None


async def test_what_is_told_of_an_image(assets: Harness) -> None:
    forwarded = {"X_Forwarded_Host": "packshot.example", "X_Forwarded_Proto": "https"}
    answer = await get(assets, f"{SHA}/info.json", **forwarded)
    assert answer.json() == {
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": f"https://packshot.example/iiif/3/{SHA}",
        "type": "ImageService3", "protocol": "http://iiif.io/api/image", "profile": "level2",
        "width": 1100, "height": 900, "maxWidth": 4096, "maxArea": 8_000_000,
        "sizes": [{"width": 275, "height": 225}, {"width": 550, "height": 450}, {"width": 1100, "height": 900}],
        "tiles": [{"width": 512, "scaleFactors": [1, 2, 4]}],
        "extraQualities": ["color", "gray"],
        "extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader"],
    }  # fmt: skip
    assert next(iter(answer.json())) == "@context"
    assert answer.headers["Link"] == '<http://iiif.io/api/image/3/level2.json>;rel="profile"'
    json_ld = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    for accepted, media_type in (
        ("*/*", json_ld), ("application/ld+json", json_ld), ("application/ld+json, application/json", json_ld),
        ("application/json", "application/json"), ("text/html, application/json;q=0.9", "application/json"),
    ):  # fmt: skip
        assert (await get(assets, f"{SHA}/info.json", Accept=accepted)).headers["Content-Type"] == media_type
    again = await get(assets, f"{SHA}/info.json", If_None_Match=answer.headers["ETag"], **forwarded)
    assert (again.status_code, again.content) == (304, b"")
    base = await get(assets, SHA)
    assert (base.status_code, base.headers["Location"]) == (303, f"/iiif/3/{SHA}/info.json")
    foreign = await get(assets, "日本%0A")
    assert foreign.headers["Location"] == "/iiif/3/%E6%97%A5%E6%9C%AC%0A/info.json"


async def test_every_size_and_tile_that_is_told_is_given(assets: Harness) -> None:
    told = (await get(assets, f"{SHA}/info.json")).json()
    for size in told["sizes"]:
        answer = await get(assets, f"{SHA}/full/{size['width']},{size['height']}/0/default.jpg")
        assert Image.open(io.BytesIO(answer.content)).size == (size["width"], size["height"])


async def test_an_image_may_be_kept_for_ever_by_who_may_see_it(assets: Harness) -> None:
    answer = await get(assets, f"{SHA}/{TILE}")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert set(answer.headers["Cache-Control"].split(", ")) >= {"private", "immutable"}
    assert answer.headers["Vary"] == "Authorization"
    canonical = f"http://test/iiif/3/{SHA}/512,512,512,388/max/0/default.jpg"
    assert answer.headers["Link"].endswith(f', <{canonical}>;rel="canonical"')
    again = await get(assets, f"{SHA}/{TILE}", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    head = await assets.client.head(f"/iiif/3/{SHA}/{TILE}", headers=assets.bearer("reviewer"))
    assert (head.status_code, head.headers["ETag"]) == (200, answer.headers["ETag"])
    others = (TILE.replace("jpg", "png"), TILE.replace("/0/", "/180/"), TILE.replace("default", "gray"))
    assert answer.headers["ETag"] not in {(await get(assets, f"{SHA}/{one}")).headers["ETag"] for one in others}
    same = await get(assets, f"{SHA}/512,512,512,999/512,388/360/color.jpg")
    assert (same.headers["ETag"], same.content) == (answer.headers["ETag"], answer.content)


async def test_pages_of_any_origin_may_ask_with_a_token(assets: Harness) -> None:
    asks = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET"}
    for path in (SHA, f"{SHA}/info.json", f"{SHA}/{TILE}"):
        before = await assets.client.options(f"/iiif/3/{path}", headers=asks)
        assert (before.status_code, before.headers["Access-Control-Allow-Origin"]) == (204, "*")
        assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
        nobody = await assets.client.get(f"/iiif/3/{path}")
        assert (nobody.status_code, nobody.headers["Access-Control-Allow-Origin"]) == (401, "*")
    for path in (f"{SHA}/info.json", f"{SHA}/{TILE}", f"{SHA}/x/max/0/default.jpg", f"{UNKNOWN}/info.json"):
        answer = await get(assets, path, Origin="https://viewer.example")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_refusals_say_why(assets: Harness) -> None:
    for path, status, says in (
        (f"{SHA}/full/^2000,/0/default.jpg", 501, "own size or smaller"),
        (f"{SHA}/full/2000,/0/default.jpg", 400, "larger than the region, 1100 × 900 px"),
        (f"{SHA}/5000,0,1,1/max/0/default.jpg", 400, "no pixel of this image, which is 1100 × 900 px"),
        (f"{SHA}/full/max/45/default.jpg", 400, "rotation is 0, 90, 180, 270"),
        (f"{SHA}/full/max/0/default.webp", 400, "format is one of jpg, png"),
        (f"{UNKNOWN}/full/max/0/default.jpg", 404, "has this SHA-256"),
        (f"{UNKNOWN}/info.json", 404, "has this SHA-256"),
        (f"{SHA.upper()}/info.json", 404, "has this SHA-256"),
        (f"..%2F{SHA}/info.json", 404, ""),
        (f"{SHA[:-1]}%00/info.json", 404, "has this SHA-256"),
        (f"{SHA}/full", 404, ""),
    ):
        answer = await get(assets, path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), path
        assert says in answer.json()["detail"]


async def test_only_versions_and_colour_references_are_shown(assets: Harness) -> None:
    """What a vendor has sent lies in the same store, and is nobody's version before its delivery is accepted."""
    sent, staged = photo(5, 70, 70), photo(6, 70, 70)
    vendor = await Vendor.registered(assets)
    assert (await vendor.put(sent)).is_success
    await assets.app.state.store.put(staged, "image/jpeg")
    for content in (sent, staged):
        assert (await get(assets, f"{sha256(content)}/full/max/0/default.jpg")).status_code == 404
    item = await ready(assets, sku="WJ77")
    assert (await vendor.deliver(named(item, sent))).is_success
    assert (await get(assets, f"{sha256(sent)}/full/max/0/default.jpg")).status_code == 200


async def test_a_pyramid_that_is_not_whole_is_made_again(assets: Harness) -> None:
    content = photo(7, 700, 600)
    digest = await uploaded(assets, content)
    path = f"{digest}/full/max/0/default.jpg"
    before = await get(assets, path)
    file = assets.app.state.store._folder / place_of(digest)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", None):
        file.unlink() if damaged is None else file.write_bytes(damaged)
        assert (await get(assets, path)).status_code in (500, 503)
        again = await get(assets, path)
        assert (again.status_code, again.content) == (200, before.content)
        assert file.read_bytes() == whole


async def test_what_can_not_be_decoded_is_told_and_not_tried_again(assets: Harness) -> None:
    digest = await uploaded(assets, photo(8, 300, 300)[:2500])
    for _ in range(2):
        answer = await get(assets, f"{digest}/info.json")
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:packshot:problem:cannot-be-shown")
        assert "damaged" in answer.json()["detail"]
    assert list(assets.app.state.images._making._refused) == [digest]


async def test_a_process_that_ended_is_replaced(assets: Harness) -> None:
    await get(assets, f"{SHA}/info.json")
    digest = await uploaded(assets, photo(9, 600, 90))
    child = assets.app.state.images._making._child
    if child._process is not None:
        child._process.kill()
        await asyncio.to_thread(child._process.join)
        answer = await get(assets, f"{digest}/info.json")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (await get(assets, f"{digest}/info.json")).status_code == 200


async def test_many_who_wait_for_one_image_have_it_made_once(start: Start) -> None:
    """And where too many images are waited for, or one takes too long, the answer comes at once."""
    assets = await start(create_app, AssetsSettings, pyramid_queue=1, pyramid_wait_seconds=0.001)
    first, second = await uploaded(assets, PHOTO), await uploaded(assets, photo(2, 90, 90))
    making = assets.app.state.images._making
    answers = await asyncio.gather(*(get(assets, f"{first}/info.json") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {503}
    assert all("is being made ready" in answer.json()["detail"] for answer in answers)
    assert list(making._tasks) == [first]
    other = await get(assets, f"{second}/info.json")
    assert (other.status_code, other.headers["Retry-After"]) == (503, "5")
    assert "before this one" in other.json()["detail"]

    async def is_made() -> bool:
        return (await get(assets, f"{first}/info.json")).status_code == 200

    async def nobody_waits() -> bool:
        return not making._tasks

    await assets.eventually(is_made, 60)
    await assets.eventually(nobody_waits)


async def test_nothing_half_made_is_visible(tmp_path: Path) -> None:
    store = store_at(f"file://{tmp_path / 'store'}")
    location = (await store.put(PHOTO, "image/jpeg")).location
    pyramids = Pyramids(store)

    def write_half(master: Path, made: Path) -> None:
        assert master.read_bytes() == PHOTO
        made.write_bytes(b"half")

    async def break_off(build: object, master: Path, made: Path) -> None:
        write_half(master, made)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await pyramids.make(SHA, location, break_off)
    with pytest.raises(FileMissing):
        await pyramids.make(SHA, "sha256/00/nothing", break_off)
    assert files_in(tmp_path) == [location]
    assert await pyramids.find(SHA) is None
