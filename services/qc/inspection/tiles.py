"""A fair sample of the subject at full resolution, for checks of its texture: what they cost doesn't depend on how
large the picture is."""

from typing import Any

import numpy as np

from services.qc.inspection.decoding import Pixels
from services.qc.inspection.subject import Subject

SIDE = 64  # px of the file; a multiple of 8, so that a JPEG's blocks lie alike in every tile
MOST = 160


def sample(rgb: Pixels, subject: Subject) -> Pixels:
    """Number × 64 × 64 × 3: up to 160 tiles that lie inside the eroded subject mask, spread evenly over it."""
    down, across = sampled(subject).T // SIDE
    height, width = rgb.shape[0] // SIDE, rgb.shape[1] // SIDE
    grid = rgb[: height * SIDE, : width * SIDE].reshape(height, SIDE, width, SIDE, 3)
    return np.asarray(grid[down, :, across])


def sampled(subject: Subject) -> Any:
    """Top and left of each tile of the sample, px of the file: on a grid of multiples of 64 from its corner."""
    side = max(1, SIDE // subject.scale)  # on the mask
    height, width = (length // side for length in subject.inner.shape)
    whole = subject.inner[: height * side, : width * side]
    # One side of the cells after the other: both at once take nine times as long.
    rows = whole.reshape(height, side, width * side).min(axis=1)
    down, across = np.nonzero(rows.reshape(height, width, side).min(axis=2))
    chosen = _spread(len(down), MOST)
    return np.stack([down[chosen], across[chosen]], axis=1) * side * subject.scale


def column(tiles: Pixels) -> Pixels:
    """The tiles one below the other: one picture, for filters that work on pictures."""
    return tiles.reshape(-1, *tiles.shape[2:])


def by_detail(tiles: Pixels, every: int) -> tuple[Any, Any]:
    """The numbers of grey tiles in the order of their detail, and the σ of their levels: of every so many pixels across
    and down. By whole numbers, which are exact and take half of the time that numpy's own needs."""
    levels = tiles[:, ::every, ::every].reshape(len(tiles), (SIDE // every) ** 2).astype(np.int32)
    sums, squares, number = levels.sum(axis=1), np.einsum("tp,tp->t", levels, levels), levels.shape[1]
    deviation = np.sqrt(number * squares.astype(np.int64) - sums**2) / number
    return np.argsort(deviation), deviation


def some(tiles: Any, most: int) -> Any:
    """At most so many of the tiles, or of their corners, spread evenly."""
    return tiles if len(tiles) <= most else tiles[_spread(len(tiles), most)]


def _spread(number: int, most: int) -> Any:
    return np.linspace(0, number - 1, min(number, most)).astype(int)
