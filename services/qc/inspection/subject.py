"""Where the subject is: the mask that all pixel checks share, and how sure it is.

By alpha where there is any, else by the background: its colour is read from the frame's border, what differs from it
is subject. Where there is no plain background, by the clipping path; where there is one, T21 compares the two. In a
close-up a cloth reaches the border, and its zips and seams would pass for the subject: so a background that isn't white
must be smooth, and the subject must leave it a side of the frame.
Worked out on a copy halved until its longest side is at most 800 px.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.inspection.decoding import Picture, Pixels

LONGEST = 800
WHITE = 245  # least channel of what may be a white background when its colour is looked for
_LEAST_WHITE = 0.08  # of the border: a model crop or a close-up leaves little of it white
_LEAST_PLAIN = 0.5  # of the border in one colour, where that isn't white
_TOLERANCE, _MOST_TOLERANCE = 10, 24  # levels
_FINE, _COARSE = 1.0, 3.0  # px: the band between two blurs; finer yet is noise, coarser are light and shade
_MOST_TEXTURE = 0.9  # levels, median in that band: cloth has 1 and more, noise of σ 10 on a backdrop 0.8
_SHARP = 12  # levels within 3×3 px: the edge of a thing, not of a shadow
_PART_SUPPORT = 0.3  # of a part's outline that must be sharp, or it is shade or a stain and no subject
_HOLE_SUPPORT = 0.5  # of a hole's outline that must be sharp, or it is a blown highlight of the subject
_EROSION, _REACH = 12, 6  # px of the file
_TOUCHED_STRIP = 0.02  # of the frame's shorter side
_STRIP, _LEAST_ROWS = 100_000, 64  # px of the file, and rows
_LINES = LONGEST // 2  # of a mask; more are thinned out
_SMALL = 16  # points of an outline: too short to judge


@dataclass(frozen=True)
class Subject:
    """Masks on the reduced copy; 255 inside, 0 outside."""

    by: str  # `alpha`, `background`, `path`, or `frame`: nothing tells it, so the whole frame is taken for the subject
    scale: int  # pixels of the file per pixel of the masks, along a side
    small: Pixels  # the reduced copy, RGB
    mask: Pixels  # the subject without the holes that show background
    silhouette: Pixels  # the same with its holes filled
    inner: Pixels  # the mask less 12 px of the file: crisp cut-outs pass for sharp photos
    outside: Pixels  # background less 6 px around the subject and the sides of the frame that the subject touches
    background: tuple[int, int, int] | None  # its colour
    confidence: float  # 0–1: share of all outlines, also of what was left out as shade, that is an edge indeed
    box: tuple[int, int, int, int] | None  # left, top, width, height; None when there is no subject

    @property
    def pixels(self) -> Pixels:
        """Of its inside, on the reduced copy: n × 3."""
        return self.small[self.inner > 0]


def find_subject(picture: Picture) -> Subject:
    small, scale = _reduce(picture.rgb)
    if picture.alpha is not None:
        alpha, _ = _reduce(picture.alpha)
        mask = above(alpha, 127)
        return _subject("alpha", scale, small, mask, mask, None, 1.0)
    found = _background(small)
    if found is None:
        return _whole(small, scale)
    colour, tolerance = found
    apart = above(cv2.absdiff(small, np.array([*colour, 0.0])), tolerance)
    differs = above(cv2.cvtColor(apart, cv2.COLOR_RGB2GRAY), 0)
    mask, silhouette, confidence = _parts(small, differs)
    subject = _subject("background", scale, small, mask, silhouette, colour, confidence)
    return _whole(small, scale) if min(colour) < WHITE and _is_product(subject) else subject


def by_path(subject: Subject, mask: Pixels) -> Subject:
    """The same picture with the subject that a clipping path encloses."""
    return _subject("path", subject.scale, subject.small, mask, mask, None, 1.0)


def bright(rgb: Pixels, least: int) -> Pixels:
    """255 where every channel is at least `least`, else 0; OpenCV's `inRange` takes twice as long."""
    return above(cv2.cvtColor(above(rgb, least - 1), cv2.COLOR_RGB2GRAY), 254)


def above(levels: Pixels, bound: int) -> Pixels:
    """255 where a level is more than `bound`, else 0; OpenCV's `inRange` takes three times as long."""
    return cv2.threshold(levels, bound, 255, cv2.THRESH_BINARY)[1]


def _reduce(pixels: Pixels) -> tuple[Pixels, int]:
    """Halved until it is small enough, and the scale. A last odd row or column is left out."""
    scale = 1
    while max(pixels.shape[:2]) > LONGEST and min(pixels.shape[:2]) > 1:
        height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
        pixels = cv2.resize(pixels[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        scale *= 2
    return pixels, scale


def _background(small: Pixels) -> tuple[tuple[int, int, int], int] | None:
    """The background's colour and how far from it still is background; None when the border has no such colour."""
    ring = np.concatenate([small[:2].reshape(-1, 3), small[-2:].reshape(-1, 3),
                           small[:, :2].reshape(-1, 3), small[:, -2:].reshape(-1, 3)])  # fmt: skip
    white = ring[bright(ring[None], WHITE)[0] > 0]
    if len(white) >= _LEAST_WHITE * len(ring):
        plain = white
    else:
        coarse = (ring >> 4).astype(np.int32) @ np.array([256, 16, 1])
        commonest = ring[coarse == np.bincount(coarse).argmax()]
        plain = ring[np.abs(ring - np.median(commonest, axis=0)).max(axis=1) <= _MOST_TOLERANCE]
        if len(plain) < _LEAST_PLAIN * len(ring):
            return None
    red, green, blue = (_median(channel) for channel in plain.T)
    apart = np.abs(plain.astype(np.int16) - np.array([red, green, blue], np.int16))
    spread = float(np.percentile(np.maximum(np.maximum(apart[:, 0], apart[:, 1]), apart[:, 2]), 90))
    return (red, green, blue), int(min(max(_TOLERANCE, 2 * spread), _MOST_TOLERANCE))


def _is_product(subject: Subject) -> bool:
    """Whether what was taken for the background is the product itself, which fills the frame."""
    if all(edge.any() for edge in _sides(subject.silhouette)):
        return True
    grey = cv2.cvtColor(subject.small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    band = np.abs(cv2.GaussianBlur(grey, (0, 0), _FINE) - cv2.GaussianBlur(grey, (0, 0), _COARSE))
    texture = band[subject.outside > 0]
    return bool(len(texture)) and float(np.median(texture)) > _MOST_TEXTURE


def _median(levels: Any) -> int:
    """Of 8-bit levels; by counting, which takes a fifth of the time of sorting."""
    upto = np.bincount(levels, minlength=256).cumsum()
    low, high = np.searchsorted(upto, [(len(levels) + 1) // 2, len(levels) // 2 + 1])
    return int(low + high) // 2


def _parts(small: Pixels, differs: Pixels) -> tuple[Pixels, Pixels, float]:
    """Mask, silhouette and confidence: the large parts with a sharp outline, less the holes with a sharp outline."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    square = np.ones((3, 3), np.uint8)
    sharp = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, square) >= _SHARP
    outlines, tree = cv2.findContours(differs, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    silhouette: Pixels = np.zeros_like(differs)
    if tree is None:
        return silhouette, silhouette, 1.0
    areas = [cv2.contourArea(outline) if len(outline) >= _SMALL else 0.0 for outline in outlines]
    least_hole = 0.0002 * differs.size
    least_part = max(least_hole, 0.005 * max(areas))
    edges = judged = 0
    holes: list[Any] = []
    for index, outline in enumerate(outlines):
        is_hole = tree[0, index, 3] >= 0
        if areas[index] < (least_hole if is_hole else least_part):
            continue
        support, points = _support(outline, sharp)
        if is_hole:
            if support >= _HOLE_SUPPORT:
                holes.append(outline)
            continue
        edges, judged = edges + round(support * points), judged + points
        if support >= _PART_SUPPORT:
            cv2.drawContours(silhouette, outlines, index, 255, cv2.FILLED)
    mask = silhouette.copy()
    cv2.drawContours(mask, holes, -1, 0, cv2.FILLED)
    return mask, silhouette, edges / judged if judged else 1.0


def _support(outline: Any, sharp: Any) -> tuple[float, int]:
    """Share of an outline's points that lie on a sharp edge, and their number; the frame's own border isn't judged."""
    across, down = outline[:, 0, 0], outline[:, 0, 1]
    height, width = sharp.shape
    inside = (across > 1) & (down > 1) & (across < width - 2) & (down < height - 2)
    judged = int(inside.sum())
    return (float(sharp[down[inside], across[inside]].mean()), judged) if judged else (1.0, 0)


def overlap(one: Pixels, other: Pixels) -> float:
    """Intersection over union of two masks; 0 where both are empty."""
    either = cv2.countNonZero(cv2.bitwise_or(one, other))
    return cv2.countNonZero(cv2.bitwise_and(one, other)) / either if either else 0.0


def strips(mask: Pixels, scale: int, first: int = 0, step: int = 1) -> Iterator[tuple[slice, slice, Pixels]]:
    """The box of a mask in strips that fit a core's cache: rows and columns of the file, and the mask at its size.
    All of them, or from `first` on every `step`-th."""
    left, top, width, height = cv2.boundingRect(mask)
    rows = max(1, _LEAST_ROWS // scale, _STRIP // max(1, width * scale * scale))
    for row in range(top + first * rows, top + height, step * rows):
        part = mask[row : min(row + rows, top + height), left : left + width]
        # Every pixel `scale` times across, then down; three times as fast as OpenCV's resize.
        across = cv2.merge([part] * scale).reshape(part.shape[0], width * scale)
        large = np.repeat(across, scale, axis=0)
        y, x = row * scale, left * scale
        yield slice(y, y + large.shape[0]), slice(x, x + large.shape[1]), large


def sampled_lines(mask: Pixels, scale: int) -> Iterator[tuple[slice, slice, Pixels]]:
    """As `strips`, but of the file only one line for each line of the mask, or for every second one where it has more
    than 400: a fair sample, for shares of an area. It is at most 400 lines, however large the file is.
    """
    left, top, width, height = cv2.boundingRect(mask)
    every = 2 if height > _LINES else 1
    rows = every * max(1, _STRIP // max(1, width * scale))
    for row in range(top, top + height, rows):
        part = mask[row : min(row + rows, top + height) : every, left : left + width]
        across = cv2.merge([part] * scale).reshape(part.shape[0], width * scale)
        first, step = row * scale + scale // 2, every * scale
        yield slice(first, first + part.shape[0] * step, step), slice(left * scale, (left + width) * scale), across


def square(pixels: int, scale: int) -> Any:
    """Structuring element that reaches so many pixels of the file to each side."""
    return np.ones((2 * -(-pixels // scale) + 1,) * 2, np.uint8)


def _outside(silhouette: Pixels, scale: int, touched: tuple[bool, ...]) -> Pixels:
    outside = cv2.bitwise_not(cv2.dilate(silhouette, square(_REACH, scale)))
    height, width = outside.shape
    strip = max(1, round(_TOUCHED_STRIP * min(height, width)))
    left, top, right, bottom = touched
    outside[:, : strip * left] = 0
    outside[: strip * top] = 0
    outside[:, width - strip * right :] = 0
    outside[height - strip * bottom :] = 0
    return outside


def _sides(mask: Pixels) -> tuple[Pixels, Pixels, Pixels, Pixels]:
    """Left, top, right and bottom."""
    return mask[:, 0], mask[0], mask[:, -1], mask[-1]


def _whole(small: Pixels, scale: int) -> Subject:
    """Nothing tells it."""
    whole = np.full(small.shape[:2], 255, np.uint8)
    return _subject("frame", scale, small, whole, whole, None, 0.0)


def _subject(
    by: str, scale: int, small: Pixels, mask: Pixels, silhouette: Pixels, background: Any, confidence: float
) -> Subject:
    left, top, width, height = cv2.boundingRect(silhouette)
    return Subject(
        by=by,
        scale=scale,
        small=small,
        mask=mask,
        silhouette=silhouette,
        inner=cv2.erode(mask, square(_EROSION, scale)),
        outside=_outside(silhouette, scale, tuple(bool(edge.any()) for edge in _sides(silhouette))),
        background=background,
        confidence=confidence,
        box=(left, top, width, height) if width else None,
    )
