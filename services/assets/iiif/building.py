"""A master → its pyramid, band by band: made for a process of its own.

The decoded master is held once; beside it of each level no more than two bands of tiles.
"""

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from services.assets.iiif.domain import ImageFormat
from services.assets.iiif.pixels import encoded
from services.assets.iiif.pyramid import TILE, Pyramid, count_of, grid_of, index_bytes, level_sizes
from services.assets.rendering.decoding import decode


def own_id() -> int:
    """The process id of who runs it; by then all of this is loaded."""
    return os.getpid()


def build(master: Path, made: Path) -> None:
    """Reads one file and writes the other. The same bytes give the same bytes. Raises `CannotRender`."""
    picture = decode(master)
    with made.open("wb") as file:
        building = _Building(file, picture.width, picture.height, "jpg" if picture.is_opaque else "png")
        for top in range(0, picture.height, TILE):
            building.add(0, picture.rows(top, min(top + TILE, picture.height)))
        building.finish()


class _Building:
    """Tiles are written as they come; the index, whose size is known from the beginning, at the end."""

    def __init__(self, file: BinaryIO, width: int, height: int, image_format: ImageFormat) -> None:
        count = count_of(width, height)
        starts, lengths = np.zeros(count, np.uint64), np.zeros(count, np.uint32)
        self._pyramid = Pyramid(width, height, image_format, starts, lengths)
        self._sizes = level_sizes(width, height)
        self._rows = [0] * len(self._sizes)
        self._waiting: list[Image.Image | None] = [None] * len(self._sizes)
        self._firsts = np.cumsum([0, *(across * down for across, down in (grid_of(*size) for size in self._sizes))])
        self._file = file
        self._end = index_bytes(width, height)
        file.seek(self._end)

    def add(self, level: int, band: Image.Image) -> None:
        """The next row of tiles of this level; of the levels above, what follows from it."""
        columns, rows = grid_of(*self._sizes[level])
        number = int(self._firsts[level]) + self._rows[level] * columns
        for left in range(0, band.width, TILE):
            tile = band.crop((left, 0, min(left + TILE, band.width), band.height))
            content = encoded(np.asarray(tile), self._pyramid.format)
            self._pyramid.starts[number], self._pyramid.lengths[number] = self._end, len(content)
            self._file.write(content)
            self._end += len(content)
            number += 1
        self._rows[level] += 1
        if level + 1 < len(self._sizes):
            self._pass_on(level + 1, _halved(band), is_last=self._rows[level] == rows)

    def _pass_on(self, level: int, half: Image.Image, *, is_last: bool) -> None:
        """Two halves of bands make a band."""
        before = self._waiting[level]
        band = half if before is None else _stacked(before, half)
        if before is None and not is_last:
            self._waiting[level] = band
            return
        self._waiting[level] = None
        self.add(level, band)

    def finish(self) -> None:
        self._file.seek(0)
        self._file.write(self._pyramid.to_bytes())


def _halved(band: Image.Image) -> Image.Image:
    """Each four pixels become their mean, weighted by how opaque they are."""
    if band.mode == "RGBA":
        return band.convert("RGBa").reduce(2).convert("RGBA")
    return band.reduce(2)


def _stacked(above: Image.Image, below: Image.Image) -> Image.Image:
    both = Image.new(above.mode, (above.width, above.height + below.height))
    both.paste(above, (0, 0))
    both.paste(below, (0, above.height))
    return both
