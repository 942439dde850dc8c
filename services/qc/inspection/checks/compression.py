"""T22: the lowest JPEG quality that the picture went through.

What the file's own tables say is the last save. An earlier, stronger one left the coefficients of its blocks of
8 × 8 px at multiples of its quantisation steps, wherever a crop has moved the blocks since. The size of the steps at
the blocks' borders isn't used: it reads 1.6 on clean photos of quality 90, and a crop and a save at 92 bring a picture
of quality 60 to what a clean one reads.
"""

from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.tiles import SIDE, by_detail, column

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
# The sums of the example tables of ITU-T T.81, annex K.1, for lightness and colour: libjpeg scales these by quality.
_LIGHTNESS_SUM, _COLOUR_SUM = 3688, 5505
# Frequencies across and down whose coefficients are looked at, and their steps in the same table.
_FREQUENCIES = (((0, 1), 11), ((1, 0), 12), ((0, 2), 10), ((2, 0), 14))
_STEPS = np.arange(4, 41)  # quantisation steps that are looked for
_REACH, _BINS = 160, 2  # largest coefficient that is counted, and bins a unit
_SAME, _OTHER_TABLES = 1.15, 0.2  # proportions that are equal; what the score must be more where they aren't
_SIZE = np.arange(_REACH * _BINS + 1)[:, None] / _BINS  # of a coefficient, by bin
# The bins that say something of a step: small coefficients are as near to 0 as to any multiple, large ones near one by
# chance.
_FIRST, _LAST = (0.6 * _STEPS * _BINS).astype(int) + 1, np.minimum(12 * _STEPS, _REACH) * _BINS
_COUNTED = (_SIZE * _BINS >= _FIRST) & (_SIZE * _BINS < _LAST)
# Bin × step: 1 at a multiple of the step, −1 between.
_KEEPING = np.ascontiguousarray(_COUNTED * np.cos(2 * np.pi * _SIZE / _STEPS), np.float32)
_PARTS = 4  # of the 64 offsets: each has so little to multiply that it is done on one core
_TILES, _LEAST_TILES = 16, 8
_LEAST_COUNT = 60  # coefficients that a step is found in
_LOSSLESS = ("png", "tiff", "bmp")
_BLOCK, _PLACES = 8, SIDE - 8  # px; places of a block in a tile, along a side
_OFFSET = np.arange(_PLACES) % _BLOCK
# Of each place: every offset has bins of its own.
_FIRST_BINS = ((_OFFSET[:, None] * _BLOCK + _OFFSET) * len(_SIZE)).astype(np.int32)


@check("T22", "jpeg_quality", unit="quality")
def jpeg_quality(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The quality of the last save by the file's tables, or of an earlier one by its traces, on libjpeg's scale."""
    assert frame.header is not None
    least = frame.thresholds.jpeg_quality
    threshold = f"≥ {least.passes:g}"
    now = _quality(frame.header.tables)
    earlier = _earlier_quality(frame.grey_tiles, frame.thresholds.jpeg_traces)
    if earlier is not None and earlier < frame.thresholds.jpeg_earlier and (now is None or earlier < now):
        detail = f"It was once saved at about quality {earlier:.0f}, and what was lost stays lost. "
        return Finding(FLAG, detail + "Export it anew from the master.", earlier, threshold)
    if now is None and frame.format in _LOSSLESS and len(frame.grey_tiles) >= _LEAST_TILES:
        return Finding(PASS, "The format loses nothing, and no traces of a JPEG compression.", None, threshold)
    if now is None:
        tables = "Its quantisation tables are broken" if frame.format == "jpeg" else "The format has no JPEG tables"
        return cannot_measure(f"{tables}; no traces of a stronger JPEG compression were found.")
    if now < least.passes:
        how = "Strongly" if now < least.flags else "Rather strongly"
        detail = f"{how} compressed, at about quality {now:.0f}. Export it from the master at {least.passes:g} or more."
        return Finding(FLAG, detail, now, threshold)
    return Finding(PASS, f"Saved at about quality {now:.0f}, and no traces of a lower one.", now, threshold)


def _quality(tables: tuple[tuple[int, ...], ...]) -> float | None:
    """By the sums of the tables, other than libjpeg's as well; None where they are missing or broken."""
    used = tables[:2]
    if not used or any(len(table) != _BLOCK**2 or min(table) < 1 for table in used):
        return None
    return _of_scale(sum(map(sum, used)) / (_LIGHTNESS_SUM + (_COLOUR_SUM if len(used) > 1 else 0)))


def _of_scale(scale: float) -> float:
    """libjpeg multiplies its example tables by 2 − quality/50 from quality 50 on, by 50/quality below."""
    return float(round(max(1.0, 100 - 50 * scale if scale <= 1 else 50 / scale)))


def _earlier_quality(tiles: Pixels, least_score: float) -> float | None:
    """The quality whose steps the coefficients keep to, at the one of all 64 offsets where they do so most; None where
    they keep to none, or there are too few."""
    if len(tiles) < _LEAST_TILES:
        return None
    chosen = column(tiles[by_detail(tiles, every=4)[0][-_TILES:]])
    scores = np.stack([_scores(chosen, *frequency) for frequency, _ in _FREQUENCIES])  # frequency × offset × step
    best = scores.max(axis=2).mean(axis=0)
    offset = int(best.argmax())
    at = scores[:, offset]
    # A multiple of 12 is a multiple of 6 and 4 as well: the largest step that fits about as well is the one.
    fits = at >= 0.8 * at.max(axis=1, keepdims=True)
    scales = _STEPS[len(_STEPS) - 1 - fits[:, ::-1].argmax(axis=1)] / np.array([step for _, step in _FREQUENCIES])
    # Steps in libjpeg's proportions aren't found by chance; other tables, and repeated shapes, must keep to them more.
    proportionate = scales.max() <= _SAME * scales.min()
    if best[offset] < least_score + (0 if proportionate else _OTHER_TABLES):
        return None
    return _of_scale(float(np.median(scales)))


def _scores(tiles: Pixels, down: int, across: int) -> Any:
    """Offset × step: how well one coefficient of all blocks at that offset keeps to multiples of the step; 1 is
    perfectly, 0 not at all."""
    found = cv2.sepFilter2D(tiles, cv2.CV_32F, _wave(across), _wave(down), anchor=(0, 0))
    sizes = np.abs(found.reshape(-1, SIDE, SIDE)[:, :_PLACES, :_PLACES])
    sizes *= _BINS
    sizes += 0.5
    np.minimum(sizes, _REACH * _BINS, out=sizes)
    bins = sizes.astype(np.int32)
    bins += _FIRST_BINS
    counts = np.bincount(bins.ravel(), minlength=_BLOCK**2 * len(_SIZE)).reshape(_BLOCK**2, -1)
    upto = counts.cumsum(axis=1)
    counted = upto[:, _LAST - 1] - upto[:, _FIRST - 1]
    # A multiplication of larger matrices would take as many cores as there are.
    parts = np.split(counts.astype(np.float32), _PARTS)
    keeping = np.concatenate([part @ _KEEPING for part in parts])
    return keeping / np.maximum(counted, _LEAST_COUNT)


def _wave(frequency: int) -> Any:
    """One dimension of the discrete cosine transform of 8 samples, orthonormal."""
    scale = np.sqrt((1 if frequency == 0 else 2) / _BLOCK)
    return (scale * np.cos((2 * np.arange(_BLOCK) + 1) * frequency * np.pi / (2 * _BLOCK))).astype(np.float32)
