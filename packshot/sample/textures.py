"""Materials, as tiles: how a surface's tone and height vary over a few hundred pixels."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Tile = NDArray[np.float32]

_SIDE = 512


@dataclass(frozen=True, slots=True)
class Material:
    """A surface as seamless square tiles: `tone` multiplies its colour, the slopes are those of its small relief."""

    tone: Tile
    slope_x: Tile
    slope_y: Tile
    gloss: float = 0.0  # strength of highlights, 0–1
    sharpness: float = 12.0  # a higher one makes highlights smaller

    @property
    def side(self) -> int:
        return int(self.tone.shape[0])


@lru_cache(maxsize=64)
def material(name: str, zoom: float) -> Material:
    """One of the materials at this magnification; the same tile every time."""
    rng = np.random.default_rng(sum(name.encode()))
    return _MAKERS[name](rng, zoom)


def _made(
    tone: NDArray[np.floating], height: NDArray[np.floating], gloss: float = 0, sharpness: float = 12
) -> Material:
    """From tone and height, in pixels."""
    raised = cv2.copyMakeBorder(height.astype(np.float32), 1, 1, 1, 1, cv2.BORDER_WRAP)
    slope_x = cv2.Sobel(raised, cv2.CV_32F, 1, 0, scale=0.125)[1:-1, 1:-1]
    slope_y = cv2.Sobel(raised, cv2.CV_32F, 0, 1, scale=0.125)[1:-1, 1:-1]
    return Material(tone.astype(np.float32), slope_x.astype(np.float32), slope_y.astype(np.float32), gloss, sharpness)


def _noise(rng: np.random.Generator, blur: float) -> Tile:
    """Seamless noise of standard deviation 1, smoothed by `blur` pixels."""
    values = rng.standard_normal((_SIDE, _SIDE)).astype(np.float32)
    if blur > 0:
        pad = int(4 * blur) + 1
        wide = cv2.copyMakeBorder(values, pad, pad, pad, pad, cv2.BORDER_WRAP)
        values = cv2.GaussianBlur(wide, (0, 0), blur)[pad:-pad, pad:-pad].astype(np.float32)
    return np.asarray(values / max(float(values.std()), 1e-6), dtype=np.float32)


def _streaks(values: Tile, size: tuple[int, int]) -> Tile:
    """Averaged over (width, height) pixels, still seamless."""
    across, down = size
    wide = cv2.copyMakeBorder(values, down, down, across, across, cv2.BORDER_WRAP)
    return np.asarray(cv2.blur(wide, size)[down:-down, across:-across], dtype=np.float32)


def _phase(period: float) -> tuple[Tile, Tile]:
    """x and y as angles that fit a whole number of periods into the tile."""
    repeats = max(1, round(_SIDE / period))
    angle = np.arange(_SIDE, dtype=np.float32) * (2 * np.pi * repeats / _SIDE)
    return np.tile(angle, (_SIDE, 1)), np.tile(angle[:, None], (1, _SIDE))


def _jersey(rng: np.random.Generator, zoom: float) -> Material:
    """Fine knit: columns of small V stitches."""
    across, down = _phase(5.2 * zoom)
    stitch = np.sin(2 * down + 1.3 * np.abs(((across / np.pi) % 2) - 1) * np.pi)
    columns = np.cos(across)
    height = 0.55 * columns + 0.45 * stitch + 0.25 * _noise(rng, 0.6)
    tone = 1 + 0.030 * stitch + 0.030 * columns + 0.014 * _noise(rng, 0.0)
    return _made(tone, 0.16 * zoom * height)


def _heather(rng: np.random.Generator, zoom: float) -> Material:
    """Jersey of two yarns: light and dark flecks along the rows."""
    plain = _jersey(rng, zoom)
    flecks = _noise(rng, 0.7 * zoom)
    streaks = _streaks(_noise(rng, 0.4), (max(3, int(9 * zoom)) | 1, 1))
    tone = plain.tone * (1 + 0.075 * np.tanh(1.4 * flecks) + 0.28 * streaks)
    return Material(tone.astype(np.float32), plain.slope_x, plain.slope_y)


def _fleece(rng: np.random.Generator, zoom: float) -> Material:
    """Sweatshirt fabric: knit with a soft, uneven face."""
    across, down = _phase(6.0 * zoom)
    stitch = np.sin(2 * down + 1.2 * np.abs(((across / np.pi) % 2) - 1) * np.pi)
    height = 0.4 * np.cos(across) + 0.35 * stitch + 0.5 * _noise(rng, 1.1 * zoom)
    tone = 1 + 0.022 * stitch + 0.022 * np.cos(across) + 0.022 * _noise(rng, 0.5)
    return _made(tone, 0.15 * zoom * height)


def _rib(rng: np.random.Generator, zoom: float) -> Material:
    """Ribbed knit: strong vertical columns."""
    across, down = _phase(10.0 * zoom)
    height = np.tanh(2.2 * np.cos(across)) + 0.12 * np.sin(4 * down) + 0.1 * _noise(rng, 0.5)
    tone = 1 + 0.045 * np.tanh(2 * np.cos(across)) + 0.02 * np.sin(4 * down) + 0.012 * _noise(rng, 0.0)
    return _made(tone, 0.55 * zoom * height)


def _twill(rng: np.random.Generator, zoom: float) -> Material:
    """Cotton twill: fine diagonal ridges."""
    across, down = _phase(5.6 * zoom)
    ridge = np.sin(across + 2 * down)
    height = ridge + 0.35 * np.cos(2 * across) + 0.3 * _noise(rng, 0.6)
    tone = 1 + 0.036 * ridge + 0.014 * np.cos(2 * across) + 0.02 * _noise(rng, 0.0)
    return _made(tone, 0.14 * zoom * height)


def _canvas(rng: np.random.Generator, zoom: float) -> Material:
    """Plain weave: over and under, thread by thread, no two threads the same."""
    across, down = _phase(6.4 * zoom)
    weave = np.sin(across) * np.sin(down)
    threads = 0.5 * (_streaks(_noise(rng, 0.5), (1, 41)) + _streaks(_noise(rng, 0.5), (41, 1)))
    height = weave + 2.2 * threads
    tone = 1 + 0.05 * weave + 0.22 * threads + 0.016 * _noise(rng, 0.0)
    return _made(tone, 0.2 * zoom * height, gloss=0.05)


def _leather(rng: np.random.Generator, zoom: float) -> Material:
    """Pebbled leather: small cushions with creases between them."""
    pebbles = np.abs(_noise(rng, 1.9 * zoom)) + 0.5 * np.abs(_noise(rng, 1.1 * zoom))
    height = np.sqrt(np.clip(pebbles, 0, None))
    crease = np.exp(-6 * pebbles)
    tone = 1 - 0.16 * crease + 0.012 * _noise(rng, 0.0)
    return _made(tone, 0.55 * zoom * height, gloss=0.14, sharpness=18)


def _smooth(rng: np.random.Generator, zoom: float) -> Material:
    """Rubber, resin, coated parts: nearly flat."""
    tone = 1 + 0.010 * _noise(rng, 0.0) + 0.006 * _noise(rng, 1.5 * zoom)
    return _made(tone, 0.03 * _noise(rng, 0.8), gloss=0.14, sharpness=16)


def _mesh(rng: np.random.Generator, zoom: float) -> Material:
    """Sports mesh: staggered holes in a tight knit."""
    across, down = _phase(11.0 * zoom)
    holes = np.clip(np.cos(across) * np.cos(down) * 1.9 - 0.75, 0, 1)
    tone = 1 - 0.42 * holes + 0.02 * np.sin(3 * across) + 0.016 * _noise(rng, 0.0)
    return _made(tone, -0.9 * zoom * holes)


def _metal(rng: np.random.Generator, zoom: float) -> Material:
    """Brushed steel: fine streaks across."""
    streaks = _streaks(_noise(rng, 0.0), (61, 1)) * 6
    tone = 1 + 0.022 * streaks + 0.006 * _noise(rng, 0.0)
    return _made(tone, 0.02 * zoom * streaks, gloss=0.5, sharpness=10)


def _polished(rng: np.random.Generator, zoom: float) -> Material:
    """Polished steel or glass: no structure of its own."""
    flat = 1 + 0.004 * _noise(rng, 0.0)
    return _made(flat, np.zeros_like(flat), gloss=0.7, sharpness=22)


_MAKERS = {
    "jersey": _jersey,
    "heather": _heather,
    "fleece": _fleece,
    "rib": _rib,
    "twill": _twill,
    "canvas": _canvas,
    "leather": _leather,
    "smooth": _smooth,
    "mesh": _mesh,
    "metal": _metal,
    "polished": _polished,
}
