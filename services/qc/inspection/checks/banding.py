"""T24: banding, smooth tones that have only every so many levels left."""

from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.histogram import histogram
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, check
from services.qc.inspection.subject import above

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
_ROWS, _MOST_BANDS = 32, 12  # px: a band of rows that is measured, and how many of them
_FLAT = 3  # levels within 3 × 3 px
DARKEST, BRIGHTEST = 5, 249  # beyond, clipping heaps up levels by itself
_LEAST_PIXELS = 1000
_TONES = (64, 48, 40, 32, 24, 20, 16, 12, 10, 8)  # that a channel may have left
_LEAST_SEEN, _LEAST_SHARE = 4, 0.01  # tones that are seen, and the share of the pixels that makes one
_PERCENTILE = 30  # of the tones


def _ladders() -> tuple[Any, Any]:
    """Every ladder of tones: the step between them, and for each tone the levels where its own share of the 256 begins
    and ends, and where those close to it begin and end. Number × tones × 4; ladders with fewer tones end in zeros."""
    steps, ladders = [], []
    for tones in _TONES:
        step = 256 / tones
        for phase in range(int(np.ceil(step))):
            middle = phase + step * np.arange(tones)
            bounds = np.stack([middle - step / 2, middle + step / 2, middle - step / 8, middle + step / 8])
            bounds[2:] = np.rint(middle) + np.floor(step / 8) * np.array([[-1], [1]]) + np.array([[0], [1]])
            ladder = np.zeros((max(_TONES), 4), np.int64)
            ladder[:tones] = np.clip(np.ceil(bounds), 0, 256).T
            steps.append(step)
            ladders.append(ladder)
    return np.array(steps), np.array(ladders)


_STEPS, _LADDERS = _ladders()


@check("T24", "banding", unit="share")
def banding(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """How far the levels of smooth areas, subject and background alike, are gathered at even distances. In green, the
    channel that the eye sees most of."""
    assert frame.picture is not None
    bounds = frame.thresholds.banding
    threshold = f"≤ {bounds.passes:g}"
    counts = smooth_levels(frame.picture.rgb)
    if counts.sum() < _LEAST_PIXELS:
        return Finding(PASS, "It has no smooth areas that could show bands.", None, threshold)
    share, step, _ = gathered(counts)
    if share <= bounds.passes:
        return Finding(PASS, "Its smooth areas have all their tones.", share, threshold)
    detail = (
        f"{'Strong' if share > bounds.flags else 'Slight'} banding: smooth areas go in steps of {step:.0f} levels. "
        "Edit the 16-bit master, and convert it to 8 bits last."
    )
    return Finding(FLAG, detail, share, threshold)


def smooth_levels(rgb: Pixels) -> Any:
    """How many smooth pixels each level has, on every second row of bands of rows spread over the picture."""
    counts = np.zeros(256)
    height = rgb.shape[0]
    for top in np.unique(np.linspace(0, max(0, height - _ROWS), _MOST_BANDS).astype(int)):
        green, smooth = smooth_places(rgb[top : top + _ROWS])
        counts += histogram(green[::2], smooth[::2])
    counts[:DARKEST] = counts[BRIGHTEST + 1 :] = 0
    return counts


def smooth_places(rgb: Pixels) -> tuple[Pixels, Pixels]:
    """The green channel, and 255 where it is smooth."""
    green = cv2.extractChannel(rgb, 1)
    rough = above(cv2.morphologyEx(green, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), _FLAT)
    return green, cv2.bitwise_not(rough)


def gathered(counts: Any) -> tuple[float, float, float]:
    """Of all ladders, the most that the tones keep to one, its step and its lowest tone: 1 is perfectly; a smooth
    histogram has about 0.35."""
    below = np.concatenate([[0], counts.cumsum()])[_LADDERS]
    size, near = below[..., 1] - below[..., 0], below[..., 3] - below[..., 2]
    seen = size > _LEAST_SHARE * counts.sum()
    shares = np.sort(np.where(seen, near / np.maximum(size, 1), np.inf), axis=1)
    number = seen.sum(axis=1)
    place = ((number - 1) * _PERCENTILE / 100).astype(int).clip(0)
    share = np.where(number >= _LEAST_SEEN, shares[np.arange(len(shares)), place], 0)
    best = int(share.argmax())
    lowest = float(_LADDERS[best, 0, 2:].mean() - 0.5)
    return float(min(share[best], 1)), float(_STEPS[best]), lowest
