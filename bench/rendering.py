"""What it costs to render three channels of a master of 12 megapixels, labelled, signed and read again: beside a bare
Pillow decode of the master and a bare encode of each of the three files, piece by piece in turns."""

import statistics
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from uuid import uuid4

from PIL import Image

from bench.figure import Figure
from bench.measuring import CATALOGUE, enlarged
from contracts.assets import ChannelPack
from contracts.values import DigitalSourceType, ImageSpec
from packshot.local.signing import signing_files
from packshot.sample.files import jpeg
from packshot.sample.products import products, take
from services.assets.labels.credentials import Credentials, load_credentials
from services.assets.rendering import render
from services.assets.rendering.channels import default_channel_packs
from services.assets.variants import making
from services.assets.variants.making import Order, make

CHANNELS = ("pdp", "amazon", "zalando")
BAR = 2.0
ROUNDS = 7
SHOT = ImageSpec(white_background=True)


def run() -> list[Figure]:
    packs = default_channel_packs()
    chosen = [packs[channel] for channel in CHANNELS]
    one = products(1, 7)[0]
    masters = {"the sample": enlarged(jpeg(take(one, one.colorways[0], "front", 7)))}
    if (CATALOGUE / "photos").is_dir():
        real = sorted((CATALOGUE / "photos").iterdir())[1]
        masters = {"a real photo": enlarged(real.read_bytes()), **masters}
    with tempfile.TemporaryDirectory() as folder:
        files = signing_files(Path(folder))
        credentials = load_credentials(files.certificates, files.key)
    return [_figure(what, master, chosen, credentials) for what, master in masters.items()]


def _figure(what: str, master: bytes, packs: list[ChannelPack], credentials: Credentials | None) -> Figure:
    pictures = [_decoded(render(master, pack, pack.spec_for(SHOT)).content) for pack in packs]
    ours, bare = list[float](), list[float]()
    for _ in range(ROUNDS):
        bare.append(_seconds(lambda: _bare(master, pictures, packs)))
        ours.append(_seconds(lambda: _all(master, packs, credentials)))
    mine, other = statistics.median(ours) * 1000, statistics.median(bare) * 1000
    return Figure(
        f"{len(packs)} channels of {what} at 12 MP", round(mine), "ms",
        f"a bare decode and {len(packs)} bare encodes: {other:.0f} ms", mine / other, f"≤ {BAR:g} ×",
        mine <= BAR * other,
    )  # fmt: skip


def _all(master: bytes, packs: list[ChannelPack], credentials: Credentials | None) -> None:
    making._kept = None  # as the first channel of a master finds it
    for pack in packs:
        make(
            Order(
                master, uuid4(), "image/jpeg", "master.jpg", pack, pack.spec_for(SHOT), f"{pack.channel}.jpg",
                DigitalSourceType.HUMAN_EDITS, credentials,
            )
        )  # fmt: skip


def _bare(master: bytes, pictures: list[Image.Image], packs: list[ChannelPack]) -> None:
    _decoded(master)
    for picture, pack in zip(pictures, packs, strict=True):
        options = {"quality": pack.quality, "subsampling": "4:4:4", "progressive": True, "optimize": True}
        picture.save(BytesIO(), "JPEG", **options)


def _decoded(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content)) as image:
        image.load()
        return image


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
