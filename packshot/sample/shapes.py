"""Outlines of products: smooth curves through points.

Paths are written as text: `"0,372 62,358 124,256! 220,290"` are points in units of a 1280 × 1600 picture, x measured
from its centre line, smooth at every point but those with an exclamation mark, which are corners.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

CENTRE = 640.0
_STEPS = 12  # points a curve section


def outline(path: str, side: int = 1) -> Points:
    """Closed. With side −1, its mirror image."""
    points, sharp = _parsed(path)
    corners = np.flatnonzero(sharp)
    if len(corners) == 0:
        return _placed(_spline(points, closed=True), side)
    order = np.r_[corners[0] : len(points), 0 : corners[0] + 1]
    return _placed(_curve(points[order], sharp[order])[:-1], side)


def line(path: str, side: int = 1) -> Points:
    """Open. With side −1, its mirror image."""
    return _placed(_curve(*_parsed(path)), side)


def symmetric(path: str) -> Points:
    """Closed, from its right half, which runs from the centre line's top down to its bottom."""
    right = _curve(*_mirrored_ends(path))
    return np.concatenate([_placed(right, 1), _placed(right[-2:0:-1], -1)])


def symmetric_line(path: str) -> Points:
    """Open, from its right half, which begins on the centre line."""
    right = _curve(*_mirrored_ends(path))
    return np.concatenate([_placed(right[:0:-1], -1), _placed(right, 1)])


def beside(points: Points, distance: float) -> Points:
    """A parallel to an open curve, on its right-hand side as one walks along it."""
    along = np.gradient(points, axis=0)
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)
    right = np.stack([-along[:, 1], along[:, 0]], axis=1) / length[:, None]
    return np.asarray(points + distance * right, dtype=np.float32)


def band(points: Points, width: float) -> Points:
    """A ribbon of this width along an open curve."""
    return np.concatenate([beside(points, -width / 2), beside(points, width / 2)[::-1]])


def circle(x: float, y: float, radius: float) -> Points:
    """Around (x, y), x from the centre line."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    return np.stack([CENTRE + x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1).astype(np.float32)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Points:
    """A rectangle (x from the centre line), its corners rounded."""
    quarter = np.linspace(0, np.pi / 2, 10 if radius else 1)
    parts = []
    for x, y, start in (
        (right - radius, bottom - radius, 0.0),
        (left + radius, bottom - radius, np.pi / 2),
        (left + radius, top + radius, np.pi),
        (right - radius, top + radius, 1.5 * np.pi),
    ):
        angle = quarter + start
        parts.append(np.stack([CENTRE + x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1))
    return np.concatenate(parts).astype(np.float32)


def _placed(points: Points, side: int) -> Points:
    return np.asarray(points * (side, 1) + (CENTRE, 0), dtype=np.float32)


@lru_cache(maxsize=512)
def _parsed(path: str) -> tuple[Points, NDArray[np.bool_]]:
    """Points, and which of them are corners."""
    words = path.split()
    points = [[float(number) for number in word.rstrip("!").split(",")] for word in words]
    return np.array(points, np.float32), np.array([word.endswith("!") for word in words])


def _mirrored_ends(path: str) -> tuple[Points, NDArray[np.bool_]]:
    points, sharp = _parsed(path)
    if points[0, 0] != 0:
        raise ValueError("a symmetric path begins on the centre line")
    return points, sharp


def _curve(points: Points, sharp: NDArray[np.bool_]) -> Points:
    """Open, ends included: a smooth section from corner to corner."""
    inner = np.flatnonzero(sharp[1:-1]) + 1
    ends = [0, *inner.tolist(), len(points) - 1]
    sections = [_spline(points[a : b + 1], closed=False) for a, b in pairwise(ends)]
    return np.concatenate([*[section[:-1] for section in sections[:-1]], sections[-1]])


def _spline(points: Points, *, closed: bool) -> Points:
    """Catmull-Rom through the points; an open one crosses the centre line at a right angle."""
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([_before(points), points, _before(points[::-1])])
    t = np.linspace(0, 1, _STEPS, endpoint=False, dtype=np.float32)[:, None]
    parts = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        cubic = 3 * p1 - p0 - 3 * p2 + p3
        parts.append(0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + cubic * t**3))
    if not closed:
        parts.append(points[-1:])
    return np.concatenate(parts).astype(np.float32)


def _before(points: Points) -> Points:
    """The point that a curve would have come from."""
    if points[0, 0] == 0 and len(points) > 2:
        return points[1:2] * np.array([-1, 1], np.float32)
    return 2 * points[:1] - points[1:2]


def path_points(values: Sequence[tuple[float, float]]) -> Points:
    """A polygon or a broken line, straight from point to point."""
    return np.array(values, np.float32) + np.array([CENTRE, 0], np.float32)
