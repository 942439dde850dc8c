"""T27: enlarged beyond its detail.

A picture that was enlarged twofold has nothing in the upper half of its frequencies: its power falls off steeply where
a sharp photo's falls slowly; and its edges are wide. A blur does the same; beyond the edge width that fails T09 the
two can't be told apart, and T09 says enough.
"""

from typing import Any

import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.spectrum import joint_power
from services.qc.inspection.tiles import SIDE, by_detail

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
_RICHEST = 24  # tiles that are judged: the ones with the most detail
_LEAST_TILES = 8
_LEAST_DETAIL = 4.0  # levels, σ of a tile: below it there is nothing to enlarge
_WINDOW = np.outer(np.hanning(SIDE), np.hanning(SIDE)).astype(np.float32)
_FREQUENCY = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])  # cycles a px
_MEDIUM = (_FREQUENCY >= 0.20) & (_FREQUENCY <= 0.25)
_FINE = (_FREQUENCY >= 0.36) & (_FREQUENCY <= 0.41)


@check("T27", "upscaled", unit="dB")
def upscaled(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """How far the power of detail falls from 0.2–0.25 to 0.36–0.41 cycles a pixel."""
    subject, bounds, width = frame.subject, frame.thresholds.spectral_drop, frame.edge_width
    drop = _drop(frame.grey_tiles)
    if drop is None or width is None:
        return cannot_measure("The subject has too little detail to tell whether it was enlarged.", subject.confidence)
    if width > frame.thresholds.edge_width.flags:
        return cannot_measure("It is too soft to tell an enlarged picture from a blurred one: see T09.")
    threshold = f"≤ {bounds.passes:g} dB"
    if drop <= bounds.passes or width < frame.thresholds.enlarged_edge_width:
        return Finding(PASS, "It has detail down to its pixels.", drop, threshold, confidence=subject.confidence)
    how = "It was enlarged" if drop > bounds.flags else "It looks enlarged"
    detail = (
        f"{how}, or smoothed: its finest detail is missing. Export it from the master at no more than its own size."
    )
    return Finding(FLAG, detail, drop, threshold, confidence=subject.confidence)


def richest(tiles: Pixels) -> Any:
    """Which tiles have the most detail."""
    order, deviation = by_detail(tiles, every=2)
    found = order[-_RICHEST:]
    return found[deviation[found] >= _LEAST_DETAIL]


def _drop(tiles: Pixels) -> float | None:
    """In dB, over the tiles with the most detail; None where there is too little."""
    judged = richest(tiles)
    if len(judged) < _LEAST_TILES:
        return None
    levels = tiles[judged].astype(np.float32)
    levels = (levels - levels.mean(axis=(1, 2), keepdims=True)) * _WINDOW
    if len(levels) % 2:
        levels = np.concatenate([levels, np.zeros_like(levels[:1])])
    power = joint_power(levels[::2], levels[1::2]).mean(axis=0)
    # The arithmetic mean is ruled by strong edges and the few frequencies of a weave, the geometric one by those where
    # there is next to nothing: what was enlarged lacks both.
    medium, fine = (np.maximum(power[band], 1e-9) for band in (_MEDIUM, _FINE))
    arithmetic = float(np.log10(medium.mean() / fine.mean()))
    geometric = float(np.log10(medium).mean() - np.log10(fine).mean())
    return 10 * min(arithmetic, geometric)
