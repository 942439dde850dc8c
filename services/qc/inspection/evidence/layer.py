"""What an overlay is drawn on: a few inks on the version's pixel grid, transparent elsewhere.

Points are px of the version as a viewer shows it, from its top left corner: the middle of its first pixel is at
(0.5, 0.5). Large pictures have a layer at a half, a quarter, … of their size, so that one of 100 megapixels takes a few
megabytes. Of each pair of inks that meet one is bright and one dark, and every line has a border of the other kind: it
shows on any ground, and to whoever doesn't see colours.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any

import cv2
import numpy as np
from PIL import Image

from services.qc.inspection.colour import Plane
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame

MOST_PIXELS = 8_000_000  # of a layer
_COMPRESSION = 4  # zlib's level; a layer is mostly empty


class Ink(StrEnum):
    """How a mark looks, and what such marks are for."""

    ORANGE = "orange"  # what is wrong
    RED = "red"  # what is worse
    BLUE = "blue"  # what it should be, what was approved, or the other kind of wrong
    DASHED = "dashed"  # black and white: the subject as it was found


@dataclass(frozen=True)
class Mark:
    """An entry of an overlay's legend."""

    ink: Ink
    says: str


# Index in the palette of each ink's line, its border and its fill.
_LINE = {Ink.ORANGE: 1, Ink.RED: 2, Ink.BLUE: 3, Ink.DASHED: 4}
_BORDER = {Ink.ORANGE: 5, Ink.RED: 4, Ink.BLUE: 4, Ink.DASHED: 5}
_FILL = {Ink.ORANGE: 6, Ink.RED: 7, Ink.BLUE: 8}
_PALETTE = (
    (0, 0, 0, 0),
    (255, 153, 0, 255),
    (204, 30, 0, 255),
    (0, 92, 214, 255),
    (255, 255, 255, 255),
    (16, 16, 16, 255),
    (255, 153, 0, 170),
    (204, 30, 0, 170),
    (0, 92, 214, 170),
)


class Layer:
    """An overlay that is being drawn."""

    def __init__(self, frame: Frame) -> None:
        assert frame.picture is not None
        self.height, self.width = frame.picture.rgb.shape[:2]
        self.scale = 1
        while self.height * self.width > MOST_PIXELS * self.scale**2:
            self.scale *= 2
        self.plane: Pixels = np.zeros((-(-self.height // self.scale), -(-self.width // self.scale)), np.uint8)
        self.legend: list[Mark] = []
        longest = max(self.plane.shape)
        self._thick = max(2, round(longest / 500))
        self._border = max(1, round(self._thick / 3))
        self._letters = max(0.4, longest / 1100)

    def says(self, ink: Ink, words: str) -> None:
        """What the marks in an ink mean: whoever draws says it."""
        self.legend.append(Mark(ink, words))

    def fill(self, mask: Pixels, scale: int, ink: Ink, at: tuple[int, int] = (0, 0)) -> None:
        """Where a mask is set whose pixels are `scale` px of the version; `at`: its first row and column there.

        A pixel of the layer is filled if any of its own is set: one wrong pixel is seen.
        """
        part, cells = self._part(mask, scale, at)
        np.copyto(part, _FILL[ink], where=cells > 0)

    def hatch(self, mask: Pixels, scale: int, ink: Ink) -> None:
        """The same in stripes, for larger areas: between them the picture stays as it is. What was hatched there
        before goes."""
        part, cells = self._part(mask, scale, (0, 0))
        place = np.arange(6 * self._thick)  # after so many pixels the stripes repeat, down and across
        slope = -1 if ink is Ink.RED else 1  # so that the two are parted by more than their colour
        stripes = np.where((place[:, None] * slope + place) % len(place) < len(place) // 3, _FILL[ink], 0)
        height, width = cells.shape
        repeats = (-(-height // len(place)), -(-width // len(place)))
        np.copyto(part, np.tile(stripes.astype(np.uint8), repeats)[:height, :width], where=cells > 0)

    def area(self, points: Plane, ink: Ink) -> None:
        """Fill what a line through points encloses."""
        cv2.fillPoly(self.plane, [_whole(self._placed(points))], _FILL[ink])

    def around(self, mask: Pixels, scale: int, ink: Ink) -> None:
        """Lines around groups of what is set in a mask of the whole picture: small places are found at a glance."""
        self._around(self._cells(mask, scale), ink, over_fills=True)

    def around_fills(self, ink: Ink) -> None:
        """The same around what is filled in this ink."""
        self._around((self.plane == _FILL[ink]).astype(np.uint8), ink, over_fills=False)

    def _around(self, cells: Pixels, ink: Ink, *, over_fills: bool) -> None:
        shrink = max(1, max(cells.shape) // 800)
        groups = cv2.dilate(_most(cells, shrink), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
        outlines, _ = cv2.findContours(groups, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        self._lines([(one[:, 0] + 0.5) * shrink - 0.5 for one in outlines], ink, closed=True, over_fills=over_fills)

    def subject(self, frame: Frame) -> None:
        """The subject's outline, dashed in black and white."""
        mask = frame.subject.mask
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        dash, thick = 5 * self._thick, max(1, self._thick // 2)
        for outline in outlines:
            line = self._placed((outline[:, 0] + 0.5) * frame.subject.scale)
            line = np.concatenate([line, line[:1]])
            length = np.hypot(*np.diff(line, axis=0).T).cumsum()
            pieces = np.split(np.arange(len(line)), np.flatnonzero(np.diff(length // dash)) + 1)
            for number, piece in enumerate(pieces):
                points = line[piece[0] : piece[-1] + 2]
                index = (_LINE if number % 2 else _BORDER)[Ink.DASHED]
                cv2.polylines(self.plane, [_whole(points)], False, index, thick)
        self.says(Ink.DASHED, "the product's outline as it was found")

    def line(self, points: Plane, ink: Ink, *, closed: bool = False, thin: bool = False) -> None:
        """Through points, n × 2, across and down."""
        self._lines([self._placed(points)], ink, closed=closed, thin=thin)

    def box(self, left: float, top: float, width: float, height: float, ink: Ink) -> None:
        self.line(corners(left, top, width, height), ink, closed=True)

    def ring(self, point: Sequence[float], radius: float, ink: Ink) -> None:
        """Around a point; the radius in px of the version, or the least that is seen."""
        x, y = _whole(self._placed(np.array([point])))[0].tolist()
        reach = max(3 * self._thick, round(radius / self.scale))
        cv2.circle(self.plane, (x, y), reach, _BORDER[ink], self._thick + 2 * self._border)
        cv2.circle(self.plane, (x, y), reach, _LINE[ink], self._thick)

    def dots(self, points: Plane, ink: Ink) -> None:
        radius = round(1.5 * self._thick)
        for x, y in _whole(self._placed(points)).tolist():
            cv2.circle(self.plane, (x, y), radius + self._border, _BORDER[ink], cv2.FILLED)
            cv2.circle(self.plane, (x, y), radius, _LINE[ink], cv2.FILLED)

    def label(self, words: str, point: Sequence[float], ink: Ink) -> None:
        """A number on a plate, in the middle of what it is of; moved as far as it must to lie within the picture."""
        stroke = max(1, round(2 * self._letters))
        (width, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, self._letters, stroke)
        edge = round(height / 2)
        x, y = _whole(self._placed(np.array([point])))[0].tolist()
        left = max(0, min(x - width // 2 - edge, self.plane.shape[1] - width - 2 * edge))
        top = max(0, min(y - height // 2 - edge, self.plane.shape[0] - height - 2 * edge))
        corner = (left + width + 2 * edge, top + height + 2 * edge)
        cv2.rectangle(self.plane, (left, top), corner, _BORDER[ink], cv2.FILLED)
        cv2.rectangle(self.plane, (left, top), corner, _LINE[ink], max(1, self._thick // 2))
        place = (left + edge, top + edge + height)
        cv2.putText(self.plane, words, place, cv2.FONT_HERSHEY_SIMPLEX, self._letters, _LINE[ink], stroke, cv2.LINE_8)

    def _lines(
        self, lines: Sequence[Any], ink: Ink, *, closed: bool, thin: bool = False, over_fills: bool = True
    ) -> None:
        """Points in px of the layer."""
        whole = [_whole(one) for one in lines]
        thick = max(1, round(self._thick * 2 / 3)) if thin else self._thick
        kept = None if over_fills else np.where(self.plane >= _FILL[Ink.ORANGE], self.plane, 0)
        cv2.polylines(self.plane, whole, closed, _BORDER[ink], thick + 2 * self._border)
        cv2.polylines(self.plane, whole, closed, _LINE[ink], thick)
        if kept is not None:
            np.copyto(self.plane, kept, where=kept > 0)

    def _part(self, mask: Pixels, scale: int, at: tuple[int, int]) -> tuple[Pixels, Pixels]:
        """What lies under a mask, and the mask at the layer's scale."""
        cells = self._cells(mask, scale)
        top, left = at[0] // self.scale, at[1] // self.scale
        part = self.plane[top : top + cells.shape[0], left : left + cells.shape[1]]
        return part, cells[: part.shape[0], : part.shape[1]]

    def _placed(self, points: Plane) -> Plane:
        return np.asarray(points, np.float64) / self.scale - 0.5

    def _cells(self, mask: Pixels, scale: int) -> Pixels:
        """A mask at the layer's scale."""
        if scale > self.scale:
            times = scale // self.scale
            size = (mask.shape[1] * times, mask.shape[0] * times)
            return cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return _most(mask, self.scale // scale)


def corners(left: float, top: float, width: float, height: float) -> Plane:
    """Of a box."""
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


@dataclass(frozen=True)
class Overlay:
    """A finished layer."""

    png: bytes
    width: int
    height: int
    scale: int  # px of the version per px of the overlay, along a side
    legend: tuple[Mark, ...]


def finished(layer: Layer) -> Overlay:
    """As a PNG with a palette of which one entry is transparent, and others are in part."""
    image = Image.fromarray(layer.plane)
    image.putpalette(bytes(channel for colour in _PALETTE for channel in colour[:3]))
    encoded = io.BytesIO()
    transparency = bytes(colour[3] for colour in _PALETTE)
    image.save(encoded, "PNG", compress_level=_COMPRESSION, transparency=transparency)
    return Overlay(encoded.getvalue(), image.width, image.height, layer.scale, tuple(layer.legend))


def _most(mask: Pixels, by: int) -> Pixels:
    """Reduced, each pixel the highest of its own; what is left at the right and the bottom counts as well."""
    if by == 1:
        return mask
    height, width = mask.shape
    padded = cv2.copyMakeBorder(mask, 0, -height % by, 0, -width % by, cv2.BORDER_CONSTANT, value=(0,))
    # One of each group's rows, then of its columns, after the other: along an axis of a few it takes ten times as long.
    rows = reduce(np.maximum, (padded[row::by] for row in range(by)))
    return np.ascontiguousarray(reduce(np.maximum, (rows[:, column::by] for column in range(by))))


def _whole(points: Plane) -> Any:
    return np.rint(points).astype(np.int32)
