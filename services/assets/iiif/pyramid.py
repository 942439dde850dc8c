"""A pyramid: an image at its full size and at half, a quarter, … of it, each level cut into tiles, in one file.

The file is an index of fixed size and then the tiles, each a complete JPEG or PNG in sRGB with its profile: so a tile
is one read of a part of one file, and nothing is decoded. Little-endian:

    8 bytes  MAGIC
    4 × u32  width, height and tile size in px; 0 when the tiles are JPEGs, 1 when they are PNGs
    u64      bytes of the whole file
    n × u64  where each tile begins, level by level from the full size on, row by row
    n × u32  how many bytes it has
"""

import struct
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.assets.iiif.domain import Box, ImageFormat, View

FORM = 1
"""Of the file and of what is in its tiles. Another number is another place: what was made before isn't read."""
MAGIC = b"PKPYRMD\x01"
TILE = 512  # px
INDEX_BYTES = 16 * 1024
"""Enough for the index of every image that is decoded: 100 megapixels have about 520 tiles, and no side has more than
65,535 px."""
_HEAD = struct.Struct("<8s4IQ")
_FORMATS: tuple[ImageFormat, ...] = ("jpg", "png")


def place_of(sha256: str) -> str:
    """In the store."""
    return f"pyramid/{FORM}/{sha256[:2]}/{sha256}"


def level_sizes(width: int, height: int) -> list[tuple[int, int]]:
    """Each is half of the one before, rounded up; the last one fits into a tile."""
    sizes = [(width, height)]
    while max(sizes[-1]) > TILE:
        across, down = sizes[-1]
        sizes.append(((across + 1) // 2, (down + 1) // 2))
    return sizes


def grid_of(width: int, height: int) -> tuple[int, int]:
    """Tiles across and down."""
    return -(-width // TILE), -(-height // TILE)


class Damaged(ValueError):
    """Not a pyramid's index, or not of this file."""


@dataclass(frozen=True, eq=False)
class Pyramid:
    """The index: where each tile is in the file."""

    width: int
    height: int
    format: ImageFormat
    starts: NDArray[np.uint64] = field(repr=False)
    lengths: NDArray[np.uint32] = field(repr=False)

    @cached_property
    def levels(self) -> list[tuple[int, int]]:
        return level_sizes(self.width, self.height)

    @cached_property
    def _first_tiles(self) -> list[int]:
        """The number of each level's first tile, and of all tiles."""
        numbers = [0]
        for size in self.levels:
            across, down = grid_of(*size)
            numbers.append(numbers[-1] + across * down)
        return numbers

    def tile_at(self, level: int, column: int, row: int) -> tuple[int, int]:
        """The tile's first byte in the file, and the one after its last."""
        across, _ = grid_of(*self.levels[level])
        number = self._first_tiles[level] + row * across + column
        start = int(self.starts[number])
        return start, start + int(self.lengths[number])

    def tile_of(self, view: View) -> tuple[int, int] | None:
        """The bytes, like `tile_at`, of the tile that is this view as it stands; None when there is none."""
        if not view.is_plain or view.format != self.format:
            return None
        region = view.region
        for level in range(len(self.levels)):
            side = TILE << level
            whole = Box(
                region.x // side * side,
                region.y // side * side,
                min(side, self.width - region.x // side * side),
                min(side, self.height - region.y // side * side),
            )
            if region == whole and (view.width, view.height) == scaled(region.width, region.height, level):
                return self.tile_at(level, region.x // side, region.y // side)
        return None

    def to_bytes(self) -> bytes:
        size = index_bytes(self.width, self.height) + int(self.lengths.sum(dtype=np.uint64))
        head = _HEAD.pack(MAGIC, self.width, self.height, TILE, _FORMATS.index(self.format), size)
        return head + self.starts.astype("<u8").tobytes() + self.lengths.astype("<u4").tobytes()


def scaled(width: int, height: int, level: int) -> tuple[int, int]:
    """How large something of the full size is at this level."""
    return -(-width >> level), -(-height >> level)


def count_of(width: int, height: int) -> int:
    """Tiles of an image of this size, at all levels."""
    return sum(across * down for across, down in (grid_of(*size) for size in level_sizes(width, height)))


def index_bytes(width: int, height: int) -> int:
    """Where the first tile begins."""
    return _HEAD.size + count_of(width, height) * 12


def read_index(begin: bytes, file_bytes: int) -> Pyramid:
    """`begin`: the file's first `INDEX_BYTES`, or all of a smaller one. Raises `Damaged`."""
    if len(begin) < _HEAD.size:
        raise Damaged("it has no head")
    magic, width, height, tile, number, size = _HEAD.unpack_from(begin)
    if magic != MAGIC or tile != TILE or number >= len(_FORMATS) or not (width and height):
        raise Damaged("it has another head")
    if size != file_bytes:
        raise Damaged(f"it has {file_bytes} bytes, not {size}")
    if index_bytes(width, height) > len(begin):
        raise Damaged("its index is cut off")
    count = count_of(width, height)
    starts = np.frombuffer(begin, "<u8", count, _HEAD.size)
    lengths = np.frombuffer(begin, "<u4", count, _HEAD.size + 8 * count)
    return Pyramid(width, height, _FORMATS[number], starts, lengths)
