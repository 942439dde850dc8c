"""How a surface takes the light: its relief, its folds, and the lamp at the upper left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from packshot.sample.shapes import Points
from packshot.sample.textures import Material

Plane = NDArray[np.float32]

_LAMP = np.array([-0.38, -0.54, 0.75]) / np.linalg.norm([-0.38, -0.54, 0.75])
_CAMERA = np.array([0.0, 0.0, 1.0])
_LIGHT = [float(part) for part in _LAMP]
_HALF = [float(part) for part in (_LAMP + _CAMERA) / np.linalg.norm(_LAMP + _CAMERA)]  # between lamp and camera
_AMBIENT = 0.42
_BRIGHTEST = 1.36  # of what faces the lamp, against what faces the camera


@dataclass(frozen=True, slots=True)
class Fold:
    """A crease along a curve: a ridge where `depth` is positive, a valley where it is negative."""

    points: Points
    width: float
    depth: float


def relief(mask: NDArray[np.uint8], bulge: float, radius: float) -> tuple[Plane, Plane, Plane]:
    """Slopes of a piece that rises by `bulge` pixels over `radius` from its rim, and how its rim darkens."""
    height, width = mask.shape
    if bulge == 0:
        return np.zeros(mask.shape, np.float32), np.zeros(mask.shape, np.float32), np.ones(mask.shape, np.float32)
    shrink = 4 if radius >= 30 else 2 if radius >= 10 else 1
    small = cv2.resize(mask, (max(2, width // shrink), max(2, height // shrink)), interpolation=cv2.INTER_AREA)
    pad = 2  # at the picture's border a piece goes on
    framed = cv2.copyMakeBorder(small, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform((framed > 127).astype(np.uint8), cv2.DIST_L2, 5)
    relative = distance * (shrink / radius)
    rise = cv2.GaussianBlur(bulge * (1 - np.exp(-relative)), (0, 0), max(0.8, 0.22 * radius / shrink))
    slope_x = cv2.Sobel(rise, cv2.CV_32F, 1, 0, scale=0.125 / shrink)
    slope_y = cv2.Sobel(rise, cv2.CV_32F, 0, 1, scale=0.125 / shrink)
    rim = (1 - 0.14 * np.exp(-4 * relative)).astype(np.float32)
    x, y, dark = (_grown(plane[pad:-pad, pad:-pad], width, height) for plane in (slope_x, slope_y, rim))
    return x, y, dark


def crease(slope_x: Plane, slope_y: Plane, folds: Sequence[tuple[Points, float]], sigma: float) -> None:
    """Add the slopes of folds of one width: curves in pixels, with their depths."""
    height, width = slope_x.shape
    shrink = 4 if sigma >= 6 else 1
    ridge = np.zeros((max(2, height // shrink), max(2, width // shrink)), np.float32)
    scale = np.array([ridge.shape[1] / width, ridge.shape[0] / height], np.float32)
    for points, depth in folds:
        _draw_tapered(ridge, points * scale, depth)
    ridge = cv2.GaussianBlur(ridge, (0, 0), sigma / shrink) * (2.5 * sigma * sigma / shrink)
    slope_x += _grown(cv2.Sobel(ridge, cv2.CV_32F, 1, 0, scale=0.125 / shrink), width, height)
    slope_y += _grown(cv2.Sobel(ridge, cv2.CV_32F, 0, 1, scale=0.125 / shrink), width, height)


def lit(slope_x: Plane, slope_y: Plane, cloth: Material) -> tuple[Plane, Plane]:
    """Light that the surface scatters (1 where it faces the camera), and its highlights."""
    norm = cv2.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    facing = (_LIGHT[2] - _LIGHT[0] * slope_x - _LIGHT[1] * slope_y) / norm
    light = np.asarray(_AMBIENT + (1 - _AMBIENT) * np.clip(facing / _LIGHT[2], 0, _BRIGHTEST), dtype=np.float32)
    if cloth.gloss == 0:
        return light, np.zeros((1, 1), np.float32)
    mirror = (_HALF[2] - _HALF[0] * slope_x - _HALF[1] * slope_y) / norm
    flat = _HALF[2] ** cloth.sharpness  # a flat surface has no highlight of its own
    shine = cloth.gloss * np.clip(cv2.pow(np.clip(mirror, 0, 1), cloth.sharpness) - flat, 0, 1)
    return light, np.asarray(shine, dtype=np.float32)


def _draw_tapered(ridge: Plane, path: Points, depth: float) -> None:
    """A line that fades in and out, one pixel wide."""
    steps = len(path) - 1
    fixed = np.rint(path * 16).astype(int).tolist()
    for index in range(steps):
        weight = float(np.sin(np.pi * (index + 0.5) / steps)) * depth
        cv2.line(ridge, fixed[index], fixed[index + 1], (weight,), 1, cv2.LINE_8, 4)


def _grown(plane: NDArray[Any], width: int, height: int) -> Plane:
    return np.asarray(cv2.resize(plane, (width, height)), dtype=np.float32)
