"""The width of the subject's sharpest edges, which tells focus from texture and exposure.

The variance of the Laplacian isn't used: it spans a factor of four over the sharp photos of one studio. An edge's
width is its contrast over its steepest slope, which neither texture nor exposure changes.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.inspection.decoding import Pixels
from services.qc.inspection.subject import Subject, strips

_WINDOW = 11  # px: an edge and both its sides
_MARGIN = _WINDOW // 2 + 1  # px around a strip: half a window, and one more for the slopes at its end
_LEAST_CONTRAST = 30  # levels; below it noise makes edges of its own
_LEAST_SLOPE = 2.0  # levels a px
_STRONGEST = 300  # edges that are judged: the ones that noise and compression change least
_LEAST_EDGES = 40
_PERCENTILE = 20  # the sharpest edges: the soft ones are folds and shadows


@dataclass(frozen=True)
class Edges:
    """The edges that are judged."""

    width: Any  # n, px
    x: Any  # n, px of the file: their steepest points
    y: Any

    @property
    def typical_width(self) -> float:
        """20th percentile, px."""
        return float(np.percentile(self.width, _PERCENTILE))


def strongest_edges(grey: Pixels, subject: Subject) -> Edges | None:
    """Inside the subject; None where it has too few."""
    contrast, slope, x, y = _edges(grey, subject)
    if len(contrast) < _LEAST_EDGES:
        return None
    least = np.partition(contrast, -_STRONGEST)[-_STRONGEST] if len(contrast) > _STRONGEST else 0
    strong = contrast >= least
    return Edges(contrast[strong] / slope[strong], x[strong], y[strong])


def _edges(picture: Pixels, subject: Subject) -> tuple[Any, Any, Any, Any]:
    """Contrast, slope and place of the steepest point of every edge inside the subject, at full resolution."""
    contrasts: list[Any] = [np.empty(0, np.uint8)]
    slopes: list[Any] = [np.empty(0, np.float32)]
    places: list[Any] = [np.empty((2, 0), np.intp)]
    square = np.ones((_WINDOW, _WINDOW), np.uint8)
    for rows, columns, inside in strips(subject.inner, subject.scale):
        top, left = max(0, rows.start - _MARGIN), max(0, columns.start - _MARGIN)
        grey = picture[top : rows.stop + _MARGIN, left : columns.stop + _MARGIN]
        own = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        contrast = cv2.subtract(cv2.dilate(grey, square), cv2.erode(grey, square))[own]
        strong = cv2.bitwise_and(inside, cv2.inRange(contrast, (_LEAST_CONTRAST,), (255,)))
        if not cv2.countNonZero(strong):
            continue
        across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        # Squares of whole numbers are exact: which of two equal slopes is a pixel's steepest isn't left to rounding.
        squares = cv2.accumulateSquare(down, cv2.multiply(across, across, dst=across))
        steepest = cv2.compare(squares, cv2.dilate(squares, square), cv2.CMP_EQ)[own]
        row, column = np.nonzero(cv2.bitwise_and(strong, steepest))
        contrasts.append(contrast[row, column])
        slopes.append(np.sqrt(squares[own][row, column]) / 8)  # Sobel weighs a slope of one level a px by 8
        places.append(np.stack([column + columns.start, row + rows.start]))
    contrast, slope, (x, y) = np.concatenate(contrasts), np.concatenate(slopes), np.concatenate(places, axis=1)
    steep = slope >= _LEAST_SLOPE
    return contrast[steep], slope[steep], x[steep], y[steep]
