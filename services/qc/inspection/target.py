"""Finding a ColorChecker classic (24 patches) in a photo, and reading its patches.

Patches are flat squares that a dark frame keeps apart: flat places of square shape are sought, laid on a lattice of six
by four, and the lattice is turned until its colours are the chart's.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.inspection.colour import Plane, delta_e, lab_of
from services.qc.inspection.decoding import Pixels

COLUMNS, ROWS = 6, 4
# The makers' sRGB values (D65), row by row from the top left; the last row is neutral, from white to black.
CLASSIC: dict[str, tuple[int, int, int]] = {
    "dark skin": (115, 82, 68), "light skin": (194, 150, 130), "blue sky": (98, 122, 157),
    "foliage": (87, 108, 67), "blue flower": (133, 128, 177), "bluish green": (103, 189, 170),
    "orange": (214, 126, 44), "purplish blue": (80, 91, 166), "moderate red": (193, 90, 99),
    "purple": (94, 60, 108), "yellow green": (157, 188, 64), "orange yellow": (224, 163, 46),
    "blue": (56, 61, 150), "green": (70, 148, 73), "red": (175, 54, 60),
    "yellow": (231, 199, 31), "magenta": (187, 86, 149), "cyan": (8, 133, 161),
    "white": (243, 243, 242), "neutral 8": (200, 200, 200), "neutral 6.5": (160, 160, 160),
    "neutral 5": (122, 122, 121), "neutral 3.5": (85, 85, 85), "black": (52, 52, 52),
}  # fmt: skip
GREYS = range(18, 24)
_LONGEST = 1600  # px of the copy that is searched
_FLAT = 12  # levels within 3×3 px
_LEAST_SIDE, _MOST_CANDIDATES, _MOST_SEEDS = 6.0, 400, 80
_SQUARE, _FILLED = 0.65, 0.75  # aspect of a patch, and its share of its box
_ALIKE = 1.45  # sizes of two patches, at most
_NEAR, _FAR = 1.0, 1.9  # sides from one patch's middle to the next
_OFF = 0.3  # of a step: how far a patch may lie from where the lattice expects it
_LEAST_PATCHES = 14
_MOST_APART = 25.0  # mean ΔE00 of a chart that was photographed at all well
_READ = 0.25  # of a step from the middle of a patch: what is read of it


@dataclass(frozen=True)
class Target:
    patches: Plane  # 24 × 2, their middles in px of the file
    levels: Plane  # 24 × 3, mean sRGB levels
    lab: Plane  # 24 × 3
    difference: Plane  # 24, ΔE00 from the chart's own colours


@dataclass(frozen=True)
class _Patch:
    middle: Plane
    side: float


def find_target(rgb: Pixels) -> Target | None:
    """None where no chart is found."""
    small, scale = rgb, 1
    while max(small.shape[:2]) > _LONGEST and min(small.shape[:2]) > 1:
        size = (small.shape[1] // 2, small.shape[0] // 2)
        small = cv2.resize(small[: 2 * size[1], : 2 * size[0]], size, interpolation=cv2.INTER_AREA)
        scale *= 2
    candidates = _flat_squares(small)
    best: dict[tuple[int, int], _Patch] = {}
    for seed in candidates[:_MOST_SEEDS]:
        lattice = _lattice(seed, candidates)
        if len(lattice) > len(best):
            best = lattice
    if len(best) < _LEAST_PATCHES:
        return None
    return _read(rgb, scale, best)


def _flat_squares(small: Pixels) -> list[_Patch]:
    """The largest first."""
    soft = cv2.blur(small, (3, 3))
    edges = cv2.morphologyEx(soft, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2)
    outlines, tree = cv2.findContours((edges <= _FLAT).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: list[_Patch] = []
    most = small.shape[0] * small.shape[1] / (COLUMNS * ROWS)
    for index, outline in enumerate(outlines):
        area = cv2.contourArea(outline)
        if tree[0, index, 3] >= 0 or not _LEAST_SIDE**2 <= area <= most:
            continue
        middle, (width, height), _ = cv2.minAreaRect(outline)
        if min(width, height) >= _SQUARE * max(width, height) and area >= _FILLED * width * height:
            found.append(_Patch(np.array(middle), float(np.sqrt(width * height))))
    return sorted(found, key=lambda patch: -patch.side)[:_MOST_CANDIDATES]


def _lattice(seed: _Patch, candidates: list[_Patch]) -> dict[tuple[int, int], _Patch]:
    """The candidates that lie in rows and columns with the seed, by column and row from it."""
    alike = [one for one in candidates if 1 / _ALIKE <= one.side / seed.side <= _ALIKE]
    middles = np.array([one.middle for one in alike])
    steps = middles - seed.middle
    length = np.hypot(steps[:, 0], steps[:, 1])
    around = np.flatnonzero((length >= _NEAR * seed.side) & (length <= _FAR * seed.side))
    if len(around) < 2:
        return {}
    around = around[np.argsort(length[around])]
    along = steps[around[0]]
    across = next(
        (
            steps[other]
            for other in around[1:]
            if abs(float(steps[other] @ along)) <= 0.4 * length[other] * length[around[0]]
            and length[other] <= 1.4 * length[around[0]]
        ),
        None,
    )
    if across is None:
        return {}
    if along[0] * across[1] - along[1] * across[0] < 0:
        across = -across  # columns and rows turn as the picture's do, so that no mirror image is found
    lattice: dict[tuple[int, int], _Patch] = {(0, 0): seed}
    waiting: list[tuple[int, int, Any, Any]] = [(0, 0, along, across)]
    while waiting:
        column, row, right, down = waiting.pop(0)
        here = lattice[column, row]
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            place = (column + dx, row + dy)
            if place in lattice or max(abs(place[0]), abs(place[1])) >= COLUMNS:
                continue
            step = dx * right + dy * down
            off = np.hypot(*(middles - here.middle - step).T)
            nearest = int(off.argmin())
            if off[nearest] > _OFF * np.hypot(*step):
                continue
            lattice[place] = alike[nearest]
            taken = (middles[nearest] - here.middle) * (dx + dy)
            waiting.append((*place, *((taken, down) if dx else (right, taken))))
    return lattice


def _read(rgb: Pixels, scale: int, lattice: dict[tuple[int, int], _Patch]) -> Target | None:
    """The lattice laid on the chart in every way that it fits, and the way whose colours are nearest."""
    places = np.array(list(lattice), np.float64)
    middles = (np.array([patch.middle for patch in lattice.values()]) + 0.5) * scale
    best: Target | None = None
    for quarter in range(4):
        turned = np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), quarter) @ places.T
        chart = turned.T - turned.min(axis=1)
        spare = np.array([COLUMNS - 1, ROWS - 1]) - chart.max(axis=0)
        if (spare < 0).any():
            continue
        for column in range(int(spare[0]) + 1):
            for row in range(int(spare[1]) + 1):
                found = _as_laid(rgb, chart + np.array([column, row]), middles)
                if found is not None and (best is None or found.difference.mean() < best.difference.mean()):
                    best = found
    return best if best is not None and best.difference.mean() <= _MOST_APART else None


def _as_laid(rgb: Pixels, chart: Plane, middles: Plane) -> Target | None:
    matrix, _ = cv2.findHomography(chart, middles)
    if matrix is None:
        return None
    every = np.array([(column, row) for row in range(ROWS) for column in range(COLUMNS)], np.float64)
    patches = cv2.perspectiveTransform(every[None], matrix)[0]
    if not np.isfinite(patches).all():
        return None
    step = float(np.median(np.hypot(*np.diff(patches.reshape(ROWS, COLUMNS, 2), axis=1).reshape(-1, 2).T)))
    reach = max(1, int(_READ * step / np.sqrt(2)))
    height, width = rgb.shape[:2]
    levels = []
    for x, y in np.round(patches).astype(int).tolist():
        if not (reach <= x < width - reach and reach <= y < height - reach):
            return None
        levels.append(rgb[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3).mean(axis=0))
    read = np.array(levels)
    lab = _lab(read)
    return Target(patches, read, lab, np.asarray(delta_e(_lab(np.array(list(CLASSIC.values()))), lab)))


def _lab(levels: Plane) -> Plane:
    return lab_of(np.round(levels).astype(np.uint8)[:, None])[:, 0]
