"""T23: noise, where the subject is flattest.

Fine cloth varies as much as noise does. But its channels vary together, and its threads run in a direction; where
fibres of several colours lie in one direction only the latter tells. Noise that was made colourless passes for cloth.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.colour import LIGHTNESS
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.tiles import SIDE, column, some

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
TILES = 64
PATCH = 16  # px
_A_TILE = (SIDE // PATCH) ** 2  # patches
_LEAST_PATCHES = 64
_FLATTEST = 5  # percentile of the patches: the others have texture
_DARKEST, _BRIGHTEST = 12, 243  # mean level: clipping hides noise beyond
_MOST_DIRECTION = 0.15  # difference of the correlations of neighbours across and down; noise has at most 0.13
_LEAST_COLOUR = 1.0  # levels, σ(R − G) that lightness doesn't explain; clean photos have at most 0.3
_ALONG = np.linspace(-1, 1, PATCH, dtype=np.float32)
_SPREAD = float(np.square(_ALONG).sum())
_ACROSS, _DOWN = (each / (PATCH * _SPREAD) for each in (np.tile(_ALONG, PATCH), np.repeat(_ALONG, PATCH)))
_SLOPE = np.gradient(LIGHTNESS)  # L* a level


@check("T23", "noise", unit="L*", version=2)
def noise(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """σ(L*) of the subject's flattest patches, at full resolution. The fine noise alone isn't measured: compression
    removes it first."""
    subject, bounds = frame.subject, frame.thresholds.noise
    grain = grain_of(some(frame.tiles, TILES))
    if grain is None:
        return cannot_measure("The subject has too few patches to judge its noise.", subject.confidence)
    sigma = grain.sigma
    threshold = f"≤ {bounds.passes:g}"
    found = f"even its flattest patches vary by {sigma:.1f} L*"
    if sigma <= bounds.passes:
        detail = f"Its flattest patches vary by {sigma:.1f} L*."
        return Finding(PASS, detail, sigma, threshold, confidence=subject.confidence)
    if grain.colour < _LEAST_COLOUR or grain.direction > _MOST_DIRECTION:
        detail = f"It is textured ({found}), but not as noise is."
        return Finding(PASS, detail, sigma, threshold, confidence=subject.confidence)
    how = "Very noisy" if sigma > bounds.flags else "Noisy"
    detail = f"{how}: {found}. Take it at a lower ISO, or denoise the raw file."
    return Finding(FLAG, detail, sigma, threshold, confidence=subject.confidence)


@dataclass(frozen=True)
class Grain:
    """What varies within the flattest patches, around an even slope."""

    sigma: float  # of L*
    colour: float  # σ of R − G, in levels, beyond what lightness explains
    direction: float  # difference of the correlations of neighbours across and down
    patches: Any  # which ones those are: numbered row by row through the column of tiles


def grain_of(tiles: Pixels) -> Grain | None:
    """None where too few patches are unclipped."""
    if not len(tiles):
        return None
    picture = column(tiles)
    grey = _patches(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.arange(len(tiles) * _A_TILE))
    levels = np.array(grey, np.int32, order="C").reshape(len(grey), PATCH**2)
    # Whole numbers are exact, and take a third of the time that levelling every patch would.
    sums, squares = levels.sum(axis=1), np.einsum("np,np->n", levels, levels)
    mean = sums / PATCH**2
    judged = np.flatnonzero((mean >= _DARKEST) & (mean <= _BRIGHTEST))
    if len(judged) < _LEAST_PATCHES:
        return None
    across, down = _slopes(levels.astype(np.float32))
    variance = squares / PATCH**2 - mean**2 - (across**2 + down**2) * _SPREAD / PATCH
    sigma = np.sqrt(np.maximum(variance[judged], 0)) * _SLOPE[np.rint(mean[judged]).astype(int)]
    flattest = np.argsort(sigma)[: len(sigma) * 2 * _FLATTEST // 100]
    red, green, _ = np.moveaxis(_patches(picture, judged[flattest]).astype(np.float32), -1, 0)
    light, colour = _residuals(_levelled(grey[judged[flattest]])), _residuals(_levelled(red - green))
    variance = np.maximum(np.square(light).mean(axis=(1, 2)), 1e-6)
    unexplained = np.square(colour).mean(axis=(1, 2)) - (light * colour).mean(axis=(1, 2)) ** 2 / variance
    beside = (light[:, :, 1:] * light[:, :, :-1]).mean()
    below = (light[:, 1:] * light[:, :-1]).mean()
    return Grain(
        sigma=float(np.percentile(sigma, _FLATTEST)),
        colour=float(np.sqrt(max(np.percentile(unexplained, _FLATTEST), 0))),
        direction=float(abs(beside - below) / variance.mean()),
        patches=judged[flattest],
    )


def _patches(picture: Pixels, chosen: Any) -> Any:
    """Of a column of tiles, row by row, the patches of these numbers: number × 16 × 16, and its channels."""
    a_row = SIDE // PATCH
    grid = picture.reshape(-1, PATCH, a_row, PATCH, *picture.shape[2:]).swapaxes(1, 2)
    return grid[chosen // a_row, chosen % a_row]


def _levelled(patches: Any) -> Any:
    """Each less its mean level."""
    levels = patches.astype(np.float32)
    return levels - levels.mean(axis=(1, 2), keepdims=True)


def _slopes(patches: Any) -> tuple[Any, Any]:
    """Levels from a patch's middle to its side, across and down."""
    pixels = patches.reshape(-1, PATCH**2)
    return np.einsum("np,p->n", pixels, _ACROSS), np.einsum("np,p->n", pixels, _DOWN)


def _residuals(patches: Any) -> Any:
    """What an even slope leaves of each patch."""
    across, down = _slopes(patches)
    return patches - across[:, None, None] * _ALONG - down[:, None, None] * _ALONG[:, None]
