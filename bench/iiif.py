"""A reviewer's viewer: tiles of 512 px out of photos of 24 megapixels, through the gateway, one after the other.

Everything runs as `packshot up` runs it. Cold: a photo's first tile, from a pyramid that the worker has just stored and
that no process has looked at, with its file put out of the system's cache where the system lets us. Warm: tiles that
were asked for a moment ago. What is no tile is composed: a whole photo for a screen, a part of it off the grid.
"""

import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from bench.delivery_to_verdict import claimed_shots
from bench.figure import Figure
from packshot.sample.files import jpeg
from packshot.sample.products import DESIGNS, products, take
from tests.whole import Whole, until, whole_packshot

PHOTOS = 20  # of the 36 shots that delivery_to_verdict asks for
SHOTS = 36
WIDTH, HEIGHT = 4000, 6000
TILE = 512
COLD, WARM = 100, 10  # ms, of 95 in 100
WARM_TILES = 15  # of each photo
NOISE = 3.0  # of 255: as a sensor has it, so that tiles are as large as a camera's


def run() -> list[Figure]:
    with whole_packshot() as whole, httpx.Client(base_url=whole.url, timeout=60) as client:
        client.headers.update(whole.token("reviewer"))
        shots = claimed_shots(whole, client, SHOTS)
        made = [_deliver(whole, client, *each) for each in zip(shots, _photos(), strict=False)]
        cold = [_cold(whole, client, sha256) for sha256, _ in made]
        some = [f"{sha256}/{tile}" for tile in _tiles()[:WARM_TILES] for sha256, _ in made]
        for tile in some:
            _timed(client, tile)
        warm = [_timed(client, tile) for tile in some]
        screen = [_timed(client, f"{sha256}/full/!1600,1600/0/default.jpg") for sha256, _ in made]
        part = [_timed(client, f"{sha256}/777,999,1200,900/max/0/default.png") for sha256, _ in made]
    return [
        _figure(f"a tile of 24 MP, cold, {len(cold)} photos", cold, COLD),
        _figure(f"a tile of 24 MP, warm, {len(warm)} tiles", warm, WARM),
        Figure("the same, p50", round(statistics.median(warm), 1), "ms"),
        Figure("a photo of 24 MP at 1,600 px, composed, p50", round(statistics.median(screen)), "ms"),
        Figure("a part of 1,200 × 900 px as PNG, composed, p50", round(statistics.median(part)), "ms"),
        Figure("from upload to pyramid, beside qc, p50", statistics.median(took for _, took in made), "s"),
    ]


def _figure(what: str, milliseconds: list[float], bar: int) -> Figure:
    p95 = sorted(milliseconds)[round(0.95 * len(milliseconds)) - 1]
    return Figure(f"{what}, p95", round(p95, 1), "ms", bar=f"≤ {bar} ms", holds=p95 <= bar)


def _photos() -> Iterable[bytes]:
    """So many different ones, one at a time: each is large."""
    drawn = products(len(DESIGNS), 7)
    different = ((one, colour, view) for view in ("front", "detail") for one in drawn for colour in one.colorways)
    noise = np.random.default_rng(1).normal(0, NOISE, (HEIGHT, WIDTH, 3)).astype(np.int16)
    for each in itertools.islice(different, PHOTOS):
        with Image.open(BytesIO(jpeg(take(*each, 7)))) as image:
            profile = image.info.get("icc_profile")
            pixels = np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        file = BytesIO()
        noisy = Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
        noisy.save(file, "JPEG", quality=92, icc_profile=profile)
        yield file.getvalue()


def _deliver(whole: Whole, client: httpx.Client, shot: str, photo: bytes) -> tuple[str, float]:
    """Its hash, and seconds from its upload to its pyramid; returns when it was measured, too."""
    started = time.perf_counter()
    answer = client.post(
        "/v1/versions",
        params={"work_item_id": shot, "filename": "photo.jpg"},
        content=photo,
        headers=whole.token("photographer"),
    )
    version = answer.raise_for_status().json()
    until(lambda: _file(whole, version["sha256"]), "the pyramid")
    took = time.perf_counter() - started
    until(lambda: client.get(f"/v1/inspections/{version['id']}").status_code == 200, "the inspection")
    return version["sha256"], took


def _file(whole: Whole, sha256: str) -> Path | None:
    return next(whole.data.part("store").glob(f"pyramid/*/*/{sha256}"), None)


def _tiles() -> list[str]:
    """All whole ones of the full size, and of the half."""
    across = [(x, y, TILE) for x in range(0, WIDTH - TILE, TILE) for y in range(0, HEIGHT - TILE, TILE)]
    across += [(x, y, 2 * TILE) for x in range(0, WIDTH - 2 * TILE, 2 * TILE) for y in (0, 2048)]
    return [f"{x},{y},{side},{side}/{TILE},{TILE}/0/default.jpg" for x, y, side in across]


def _cold(whole: Whole, client: httpx.Client, sha256: str) -> float:
    path = _file(whole, sha256)
    assert path is not None
    forget: Callable[[int, int, int, int], None] | None = getattr(os, "posix_fadvise", None)
    if forget is not None:
        with path.open("rb") as file:
            forget(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return _timed(client, f"{sha256}/{_tiles()[-1]}")


def _timed(client: httpx.Client, view: str) -> float:
    """Milliseconds. Not so often that the gateway's rate limit is met."""
    time.sleep(0.005)
    started = time.perf_counter()
    answer = client.get(f"/iiif/3/{view}")
    took = time.perf_counter() - started
    assert answer.status_code == 200, answer.text
    return took * 1000


if __name__ == "__main__":
    for one in run():
        print(one)
