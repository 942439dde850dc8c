"""What it costs to measure a photo: every check of one image by itself, beside a bare Pillow decode of the same bytes.

On photos of the project's own sample, and on a real catalogue where one is at hand (`PACKSHOT_CATALOGUE`). The bars are
the real catalogue's: one core must measure four times as many photos a second as CleanVision, which isn't run here; its
8.7 is the figure that the specification gives for 341 photos of about 1.7 megapixels on a core of this kind. Decode and
measurement of a photo follow each other, so that whatever else the machine does slows both. Both in a process that
keeps its memory, as the worker's measuring process does: without that a decode takes half as long again.
"""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from bench.figure import Figure
from packshot.sample.files import jpeg
from packshot.sample.products import DESIGNS, products, take
from services.qc.inspection.engine import inspect
from services.qc.inspection.false_fails import PACKSHOT
from services.qc.inspection.memory import keep_memory

CATALOGUE = Path(os.environ.get("PACKSHOT_CATALOGUE") or Path(__file__).parents[2] / "shared" / "data" / "catalogue")
CLEANVISION = 8.7  # photos a second
BAR_PEER, BAR_DECODE, BAR_TWO = 4.0, 0.35, 1.8
ROUNDS, BUSY_ROUNDS = 3, 10  # over the sample, beside a decode and in two processes
LARGE, LARGE_TIMES = (3000, 4000), 20  # px
# Asks for every check of one image by itself.
EVERY = PACKSHOT.model_copy(
    update={"centred": True, "whole_subject": True, "straight": True, "clipping_path": True, "min_margin": 0.01}
)


def run() -> list[Figure]:
    keep_memory()
    photos = [jpeg(take(one, one.colorways[0], "front", 7)) for one in products(len(DESIGNS), 7)]
    figures = _beside_decode("the sample", photos * ROUNDS)
    if (CATALOGUE / "photos").is_dir():
        real = [path.read_bytes() for path in sorted((CATALOGUE / "photos").iterdir())]
        figures = _beside_decode("a real catalogue", real, asked=True) + figures
    return [*figures, _two_against_one(photos * BUSY_ROUNDS), _large(photos[0])]


def _beside_decode(what: str, photos: list[bytes], *, asked: bool = False) -> list[Figure]:
    """`asked`: whether the bars are for these photos."""
    decoding = measuring = 0.0
    _measure(photos[:4])  # until everything is loaded
    for data in photos:
        started = time.perf_counter()
        with Image.open(BytesIO(data)) as image:
            image.load()
        decoded = time.perf_counter()
        _measure([data])
        decoding += decoded - started
        measuring += time.perf_counter() - decoded
    rate, bare = len(photos) / measuring, len(photos) / decoding
    name = f"all checks, {len(photos)} photos of {what}, one core"

    def figure(against: str, other: float, least: float) -> Figure:
        holds = rate >= least * other if asked else None
        return Figure(name, round(rate, 1), "1/s", against, rate / other, f"≥ {least:g} ×" if asked else None, holds)

    return [
        figure(f"a bare Pillow decode: {bare:.1f}/s", bare, BAR_DECODE),
        figure(f"CleanVision, as published: {CLEANVISION}/s", CLEANVISION, BAR_PEER),
    ]


def _two_against_one(photos: list[bytes]) -> Figure:
    one, two = _rate(photos, 1), _rate(photos, 2)
    return Figure(
        "all checks, two processes", round(two, 1), "1/s", f"one: {one:.1f}/s",
        ratio=two / one, bar=f"≥ {BAR_TWO} ×", holds=two >= BAR_TWO * one,
    )  # fmt: skip


def _rate(photos: list[bytes], processes: int) -> float:
    """Photos a second of so many processes, each with all the photos."""
    with ExitStack() as stack:
        pools = [
            stack.enter_context(ProcessPoolExecutor(1, get_context("spawn"), initializer=keep_memory))
            for _ in range(processes)
        ]
        for pool in pools:
            pool.submit(_measure, photos[:4]).result()
        started = time.perf_counter()
        for done in [pool.submit(_measure, photos) for pool in pools]:
            done.result()
        return processes * len(photos) / (time.perf_counter() - started)


def _large(photo: bytes) -> Figure:
    """The share that measuring has in what a large photo takes from its delivery to its verdict."""
    large, seconds = enlarged(photo), list[float]()
    for _ in range(LARGE_TIMES):
        started = time.perf_counter()
        _measure([large])
        seconds.append(time.perf_counter() - started)
    p95 = sorted(seconds)[round(0.95 * LARGE_TIMES) - 1] * 1000
    return Figure("all checks, one photo of 12 MP, p95", round(p95), "ms", "without its delivery")


def enlarged(photo: bytes) -> bytes:
    """The photo at 12 megapixels."""
    buffer = BytesIO()
    with Image.open(BytesIO(photo)) as image:
        profile = image.info.get("icc_profile")
        image.resize(LARGE, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92, icc_profile=profile)
    return buffer.getvalue()


def _measure(photos: Iterable[bytes]) -> None:
    for data in photos:
        inspect(data, "photo.jpg", EVERY)


if __name__ == "__main__":
    for one in run():
        print(one)
