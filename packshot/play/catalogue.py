"""A catalogue on disk: `catalogue.csv`, the photos, and (for a sample) which of them have a defective twin."""

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

CATEGORIES = ("apparel", "bags", "jewelry", "shoes")
COLUMNS = ("sku", "product_name", "category", "product_type", "colorway", "view", "file", "sha256")


class BadCatalogue(Exception):
    """The folder can't be played; says why."""


@dataclass(frozen=True)
class Photo:
    """One photo: the approved final that the run must end with. `defective` is delivered before it, if there is one."""

    sku: str
    colorway: str
    view: str
    path: Path
    sha256: str
    defective: Path | None = None
    check: str | None = None

    @property
    def slot(self) -> tuple[str, str, str]:
        return self.sku, self.colorway, self.view


@dataclass(frozen=True)
class Product:
    """One SKU with all its photos."""

    sku: str
    name: str
    category: str
    product_type: str
    photos: tuple[Photo, ...]

    @property
    def colorways(self) -> list[str]:
        return sorted({photo.colorway for photo in self.photos})

    @property
    def views(self) -> list[str]:
        return sorted({photo.view for photo in self.photos})


def read_catalogue(folder: Path) -> list[Product]:
    """Every product, in the order of the file. Raises `BadCatalogue`."""
    rows = _rows(folder / "catalogue.csv", COLUMNS)
    defects = {}
    if (folder / "defects.csv").exists():
        defects = {row["correct_file"]: row for row in _rows(folder / "defects.csv", ("file", "check", "correct_file"))}
    photos: dict[str, list[Photo]] = defaultdict(list)
    heads: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["category"] not in CATEGORIES:
            raise BadCatalogue(f"{row['file']}: {row['category']} is not one of {', '.join(CATEGORIES)}.")
        path = _photo(folder, row["file"])
        if hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            raise BadCatalogue(f"{path} is not the file that catalogue.csv means: its SHA-256 differs.")
        defect = defects.get(row["file"])
        photo = Photo(
            row["sku"],
            row["colorway"],
            row["view"],
            path,
            row["sha256"],
            _photo(folder, defect["file"]) if defect else None,
            defect["check"] if defect else None,
        )
        if any(other.slot == photo.slot for other in photos[photo.sku]):
            raise BadCatalogue(f"catalogue.csv names {photo.sku} {photo.colorway} {photo.view} twice.")
        photos[photo.sku].append(photo)
        heads.setdefault(photo.sku, row)
    return [
        Product(sku, head["product_name"], head["category"], head["product_type"], tuple(photos[sku]))
        for sku, head in heads.items()
    ]


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise BadCatalogue(f"{path} lacks the columns {', '.join(sorted(missing))}.")
            return list(reader)
    except FileNotFoundError:
        raise BadCatalogue(f"There is no {path}.") from None


def _photo(folder: Path, name: str) -> Path:
    for path in (folder / "photos" / name, folder / name):
        if path.is_file():
            return path
    raise BadCatalogue(f"{name} is in catalogue.csv, but not in {folder / 'photos'}.")
