"""A catalogue of rendered product photos with known defects, for those who have no photos of their own."""

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from packshot.sample.defects import DEFECTS, Defect
from packshot.sample.files import jpeg
from packshot.sample.products import Product, products, take
from packshot.sample.studio import HEIGHT, WIDTH

COLUMNS = (
    "sku", "product_name", "category", "product_type", "colorway", "view", "file", "width", "height", "bytes", "sha256"
)  # fmt: skip
DEFECT_COLUMNS = ("file", "defect", "check", "correct_file")
EVERY_DEFECTIVE = 5  # an odd number, so that the defects meet every place of other patterns

Progress = Callable[[int, int], None]  # photos done, of how many


@dataclass(frozen=True, slots=True)
class Photo:
    """One row of catalogue.csv."""

    product: Product
    colorway: str
    view: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DefectivePhoto:
    """One row of defects.csv: `file` is what goes wrong at first, `correct_file` the photo that puts it right."""

    file: str
    defect: str
    check: str
    correct_file: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What was written. The files are in `folder / "photos"`."""

    folder: Path
    photos: tuple[Photo, ...]
    defects: tuple[DefectivePhoto, ...]


def make_catalogue(folder: Path, *, skus: int = 12, seed: int = 7, progress: Progress | None = None) -> Catalogue:
    """Write catalogue.csv, defects.csv and photos/ into the folder; the same bytes for the same `skus` and `seed`.

    The first colorway of each SKU has a front, a back and a detail view, the others a front. Every fifth photo has a
    defective twin, the defects taking turns.
    """
    if skus < 1:
        raise ValueError("a catalogue has at least one SKU")
    shots = [shot for product in products(skus, seed) for shot in _shots(product)]
    (folder / "photos" / "defects").mkdir(parents=True, exist_ok=True)
    photos: list[Photo] = []
    defects: list[DefectivePhoto] = []
    waiting = list(DEFECTS)
    for place, (product, colorway, view) in enumerate(shots):
        pixels = take(product, colorway, view, seed)
        content = jpeg(pixels)
        stem = f"{product.sku.lower()}-{colorway}-{view}"
        file = f"{stem}.jpg"
        (folder / "photos" / file).write_bytes(content)
        photos.append(Photo(product, colorway, view, file, len(content), hashlib.sha256(content).hexdigest()))
        if place % EVERY_DEFECTIVE == EVERY_DEFECTIVE // 2:
            defect = _next_defect(waiting, view)
            twin = f"defects/{stem}-{defect.name}.jpg"
            (folder / "photos" / twin).write_bytes(defect.make(pixels))
            defects.append(DefectivePhoto(twin, defect.name, defect.check, file))
        if progress is not None:
            progress(place + 1, len(shots))
    _write(folder / "catalogue.csv", COLUMNS, map(_row, photos))
    _write(
        folder / "defects.csv", DEFECT_COLUMNS, ((one.file, one.defect, one.check, one.correct_file) for one in defects)
    )
    return Catalogue(folder, tuple(photos), tuple(defects))


def _shots(product: Product) -> list[tuple[Product, str, str]]:
    first, *others = product.colorways
    views = [(product, first, view) for view in ("front", "back", "detail")]
    return views + [(product, colorway, "front") for colorway in others]


def _next_defect(waiting: list[Defect], view: str) -> Defect:
    """The next in turn that this view can have; those that it can't keep their place."""
    fitting = next(defect for defect in waiting if view != "detail" or not defect.packshot_only)
    waiting.remove(fitting)
    waiting.append(fitting)
    return fitting


def _row(photo: Photo) -> tuple[str | int, ...]:
    design = photo.product.design
    return (
        photo.product.sku,
        photo.product.name,
        design.category,
        design.product_type,
        photo.colorway,
        photo.view,
        photo.file,
        WIDTH,
        HEIGHT,
        photo.bytes,
        photo.sha256,
    )


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str | int, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
