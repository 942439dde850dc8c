"""Renders photos for channels and measures the files, a photo at a time, in some processes."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

from PIL import Image

from contracts.assets import ChannelPack
from contracts.values import Measurement, MeasurementOutcome
from services.assets.rendering import CannotRender
from services.assets.variants.making import Order, make
from services.assets.versions.domain import shown_name
from services.qc.inspection import NO_REFERENCE, ApprovedFile
from services.qc.inspection.engine import measure_frame
from services.qc.inspection.false_fails import spec_of
from services.qc.inspection.frame import read_frame
from services.qc.inspection.reference import AiUse, Slot
from services.qc.inspection.thresholds import DEFAULT

_ENDINGS = {"jpeg": "jpg"}
_THUMBNAIL = (150, 170)  # px
_NOBODY = UUID(int=0)
WORST = (MeasurementOutcome.FAIL, MeasurementOutcome.CANNOT_MEASURE, MeasurementOutcome.FLAG, MeasurementOutcome.PASS)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Photo:
    """A master of a catalogue."""

    path: Path
    sku: str
    colorway: str
    view: str


@dataclass(frozen=True)
class Tile:
    """One variant. `problem`: why there is none. `measurements`: what did not simply pass."""

    channel: str
    filename: str = ""
    width: int = 0
    height: int = 0
    size: int = 0  # bytes
    quality: int | None = None
    thumbnail: bytes = b""
    measurements: list[Measurement] = field(default_factory=list)
    problem: str | None = None

    @property
    def verdict(self) -> MeasurementOutcome:
        if self.problem is not None:
            return MeasurementOutcome.FAIL
        found = {one.outcome for one in self.measurements}
        return next((outcome for outcome in WORST if outcome in found), MeasurementOutcome.PASS)

    def of(self, outcome: MeasurementOutcome) -> list[Measurement]:
        return [one for one in self.measurements if one.outcome is outcome]


@dataclass(frozen=True)
class Row:
    """One master with its variants."""

    photo: Photo
    thumbnail: bytes
    tiles: list[Tile]


def read_photos(catalogue: Path, *, every: bool) -> list[Photo]:
    """Of `catalogue/catalogue.csv`; unless all are wanted, the first of each SKU. Raises `FileNotFoundError`."""
    with (catalogue / "catalogue.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    photos = [Photo(catalogue / "photos" / row["file"], row["sku"], row["colorway"], row["view"]) for row in rows]
    return photos if every else list({photo.sku: photo for photo in reversed(photos)}.values())[::-1]


def render_all(
    photos: Sequence[Photo], packs: Sequence[ChannelPack], out: Path, processes: int, on_progress: Progress
) -> Iterator[Row]:
    """Each file goes to `out/channel/name`."""
    for pack in packs:
        (out / pack.channel).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        jobs = [pool.submit(_row, photo, packs, out) for photo in photos]
        for done, job in enumerate(jobs, 1):
            yield job.result()
            on_progress(done, len(jobs))


def _row(photo: Photo, packs: Sequence[ChannelPack], out: Path) -> Row:
    master = photo.path.read_bytes()
    read = NO_REFERENCE.reading(ApprovedFile(master, photo.path.name), None).with_colour_of_capture()
    tiles = []
    for pack in packs:
        spec, ending = pack.spec_for(spec_of(photo.view)), _ENDINGS.get(pack.format, pack.format)
        filename = shown_name(f"{photo.sku}_{photo.colorway}_{photo.view}.{ending}")
        order = Order(master, _NOBODY, "image/jpeg", photo.path.name, pack, spec, filename)
        try:
            made = make(order)
        except CannotRender as error:
            tiles.append(Tile(pack.channel, problem=str(error)))
            continue
        (out / pack.channel / filename).write_bytes(made.content)
        slot = Slot(photo.sku, photo.colorway, photo.view, pack.channel)
        reference = replace(read, slot=slot, ai_use=AiUse.NONE)
        measured = measure_frame(read_frame(made.content, filename, DEFAULT), spec, reference)
        notable = [one for one in measured if one.outcome is not MeasurementOutcome.PASS]
        size = made.width, made.height
        tiles.append(
            Tile(pack.channel, filename, *size, len(made.content), made.quality, _thumbnail(made.content), notable)
        )
    return Row(photo, _thumbnail(master), tiles)


def _thumbnail(content: bytes) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.thumbnail(_THUMBNAIL, Image.Resampling.LANCZOS)
        image.convert("RGB").save(file, "JPEG", quality=82)
    return file.getvalue()
