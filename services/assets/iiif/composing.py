"""A view that is no tile, out of the tiles of the smallest level that is large enough. For a thread: what takes long
here lets go of the interpreter's lock."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from services.assets.iiif.domain import View
from services.assets.iiif.pixels import Pixels, decoded, encoded
from services.assets.iiif.pyramid import TILE, Pyramid, scaled

_TURNS = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}


@dataclass(frozen=True, slots=True)
class Source:
    """The part of a level that a view is made of: from (left, top) up to (right, bottom), px of that level."""

    level: int
    left: int
    top: int
    right: int
    bottom: int

    def tiles(self) -> list[tuple[int, int]]:
        """Column and row of each that it touches, row by row."""
        columns = range(self.left // TILE, -(-self.right // TILE))
        return [(column, row) for row in range(self.top // TILE, -(-self.bottom // TILE)) for column in columns]


def source_of(pyramid: Pyramid, view: View, max_area: int) -> Source:
    """Where to take the view from: a level at which it need not be enlarged, of which it doesn't need more than four
    times `max_area` pixels. Only a view that is squeezed in one direction alone may want more: it gets less detail."""
    region = view.region
    level = 0
    while level + 1 < len(pyramid.levels) and (
        (region.width >> level) * (region.height >> level) > 4 * max_area
        or (
            _suffices(level + 1, region.x, region.width, pyramid.width, view.width)
            and _suffices(level + 1, region.y, region.height, pyramid.height, view.height)
        )
    ):
        level += 1
    right, bottom = scaled(region.x + region.width, region.y + region.height, level)
    return Source(level, region.x >> level, region.y >> level, right, bottom)


def _suffices(level: int, start: int, length: int, image_length: int, wanted: int) -> bool:
    """Whether this level has the wanted px along one side: also where its last one, at the image's end, is a mean of
    fewer than the others."""
    is_whole = start % (1 << level) == 0 and start + length == image_length
    return length >= wanted << level or (is_whole and -(-length >> level) == wanted)


def compose(pyramid: Pyramid, view: View, source: Source, tiles: list[bytes]) -> bytes:
    """`tiles`: the content of each of `source.tiles()`."""
    image = Image.fromarray(_joined(pyramid, source, tiles))
    size = (view.width, view.height)
    is_aligned = not (view.region.x % (1 << source.level) or view.region.y % (1 << source.level))
    if not is_aligned or size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, box=_box(view, source))
    if view.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if view.quarter_turns:
        image = image.transpose(_TURNS[view.quarter_turns])
    return encoded(_gray(image) if view.gray else np.asarray(image), view.format)


def _joined(pyramid: Pyramid, source: Source, tiles: list[bytes]) -> Pixels:
    channels = 4 if pyramid.format == "png" else 3
    canvas = np.empty((source.bottom - source.top, source.right - source.left, channels), np.uint8)
    for (column, row), content in zip(source.tiles(), tiles, strict=True):
        tile = decoded(content, pyramid.format)
        x, y = column * TILE, row * TILE
        left, top = max(source.left, x), max(source.top, y)
        right, bottom = min(source.right, x + tile.shape[1]), min(source.bottom, y + tile.shape[0])
        canvas[top - source.top : bottom - source.top, left - source.left : right - source.left] = tile[
            top - y : bottom - y, left - x : right - x
        ]
    return canvas


def _box(view: View, source: Source) -> tuple[float, float, float, float]:
    """The region in the source's own pixels, between which its edges may lie."""
    factor, region = 1 << source.level, view.region
    right, bottom = (region.x + region.width) / factor, (region.y + region.height) / factor
    return (
        region.x / factor - source.left,
        region.y / factor - source.top,
        min(right, source.right) - source.left,
        min(bottom, source.bottom) - source.top,
    )


def _gray(image: Image.Image) -> Pixels:
    """Each pixel its luma (ITU-R BT.601) in all channels, so that the profile still holds."""
    luma = image.convert("L")
    if image.mode == "RGBA":
        return np.asarray(Image.merge("RGBA", [luma, luma, luma, image.getchannel("A")]))
    return np.asarray(Image.merge("RGB", [luma, luma, luma]))
