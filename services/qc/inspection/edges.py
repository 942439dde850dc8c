"""The width of the subject's sharpest edges, which tells focus from texture and exposure.

The variance of the Laplacian isn't used: it spans a factor of four over the sharp photos of one studio. An edge's
width is its contrast over its steepest slope, which neither texture nor exposure changes.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.inspection.decoding import Pixels
from services.qc.inspection.subject import Subject, above, strips

_WINDOW = 11  # px: an edge and both its sides
_MARGIN = _WINDOW // 2 + 1  # px around a strip: half a window, and one more for the slopes at its end
_LEAST_CONTRAST = 30  # levels; below it noise makes edges of its own
_LEAST_SLOPE = 2.0  # levels a px
_STRONGEST = 300  # edges that are judged: the ones that noise and compression change least
_LEAST_EDGES = 40
_ENOUGH = 100  # edges in a third of the subject, to judge it by them
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


def strongest_edges(grey: Pixels, subject: Subject, sharp: float) -> Edges | None:
    """Inside the subject; None where it has too few.

    Every third strip of the subject says enough where its strongest edges are clearly `sharp` (px); what is softer is
    measured as a whole.
    """
    edges = _Strongest()
    for strip in strips(subject.inner, subject.scale, 0, 3):
        edges.add(grey, *strip)
    third = edges.of(_STRONGEST // 3, least=_ENOUGH)
    if third is not None and third.typical_width < sharp:
        return third
    for first in (1, 2):
        for strip in strips(subject.inner, subject.scale, first, 3):
            edges.add(grey, *strip)
    return edges.of(_STRONGEST, least=_LEAST_EDGES)


class _Strongest:
    """Contrast, slope and place of the strongest edges so far."""

    def __init__(self) -> None:
        self._contrast, self._slope = np.empty(0, np.uint8), np.empty(0, np.float32)
        self._place = np.empty((2, 0), np.intp)
        self._least = _LEAST_CONTRAST

    def add(self, grey: Pixels, rows: slice, columns: slice, inside: Pixels) -> None:
        contrast, slope, place = _edges(grey, rows, columns, inside, self._least)
        self._contrast = np.concatenate([self._contrast, contrast])
        self._slope = np.concatenate([self._slope, slope])
        self._place = np.concatenate([self._place, place], axis=1)
        if len(self._contrast) > _STRONGEST:  # weaker ones in the strips to come have no say any more
            self._least = self._least_of(_STRONGEST)
            strong = self._contrast >= self._least
            self._contrast, self._slope = self._contrast[strong], self._slope[strong]
            self._place = self._place[:, strong]

    def of(self, number: int, *, least: int) -> Edges | None:
        """Of so many of them; None where there are fewer than `least`."""
        if len(self._contrast) < least:
            return None
        strong = self._contrast >= (self._least_of(number) if len(self._contrast) > number else 0)
        x, y = self._place[:, strong]
        return Edges(self._contrast[strong] / self._slope[strong], x, y)

    def _least_of(self, number: int) -> int:
        """The least contrast of so many of the strongest."""
        return int(np.partition(self._contrast, -number)[-number])


def _edges(picture: Pixels, rows: slice, columns: slice, inside: Pixels, least: int) -> tuple[Any, Any, Any]:
    """Contrast, at least so many levels, slope and place of the steepest point of every edge inside the subject, at
    full resolution."""
    square = np.ones((_WINDOW, _WINDOW), np.uint8)
    grey, own = _around(picture, rows, columns)
    contrast = cv2.subtract(cv2.dilate(grey, square), cv2.erode(grey, square))[own]
    strong = cv2.bitwise_and(inside, above(contrast, least - 1))
    left, top, width, height = cv2.boundingRect(strong)
    if not width:
        return np.empty(0, np.uint8), np.empty(0, np.float32), np.empty((2, 0), np.intp)
    part = np.s_[top : top + height, left : left + width]
    top, left = top + rows.start, left + columns.start
    grey, own = _around(picture, slice(top, top + height), slice(left, left + width))
    across, down = cv2.spatialGradient(grey)  # Sobel's
    # Squares of whole numbers are exact: which of two equal slopes is a pixel's steepest isn't left to rounding.
    squares = np.square(across, dtype=np.float32)
    squares += np.square(down, dtype=np.float32)
    steepest = cv2.compare(squares, cv2.dilate(squares, square), cv2.CMP_EQ)[own]
    column, row = _places(cv2.bitwise_and(strong[part], steepest))
    slope = np.sqrt(squares[own][row, column]) / 8  # Sobel weighs a slope of one level a px by 8
    steep = slope >= _LEAST_SLOPE
    row, column = row[steep], column[steep]
    return contrast[part][row, column], slope[steep], np.stack([column + left, row + top])


def _places(mask: Pixels) -> Any:
    """Across and down of what isn't 0, line by line; numpy's own takes ten times as long."""
    found = cv2.findNonZero(mask)
    return np.empty((2, 0), np.intp) if found is None else found.reshape(-1, 2).T


def _around(picture: Pixels, rows: slice, columns: slice) -> tuple[Pixels, Any]:
    """That part of the picture with its margin, and where it lies in this."""
    top, left = max(0, rows.start - _MARGIN), max(0, columns.start - _MARGIN)
    own = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return picture[top : rows.stop + _MARGIN, left : columns.stop + _MARGIN], own
