"""The white around a subject: made whole where a master ends, and clean where it is white already."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.assets.rendering.scaling import Pixels
from services.assets.rendering.subject import BACKGROUND_FROM, subject_mask

FADE = 0.06  # length of a fade, as a share of the picture's longer side
_GROUND = 128  # a mark, neither 0 nor 255
_SPARSE = 2  # every second pixel says enough of a ground
_OUTLINE = 0.001  # of all pixels: those of an outline that are nearly white are fewer
_KEEP = 5  # pixels around the subject that a fade leaves alone


@dataclass(frozen=True, slots=True)
class Padding:
    """White pixels beyond each side of the master."""

    left: int
    top: int
    right: int
    bottom: int


def pad(picture: Pixels, padding: Padding, *, fade: bool) -> Pixels:
    """The picture on a larger white ground, without a seam where its background is not white at its border.

    A floor's faint shading that ends at the border of the master would show as an edge against pure white: with
    `fade` it runs out to white before the border. The subject itself is never touched.
    """
    if fade and max(padding.left, padding.top, padding.right, padding.bottom) > 0:
        picture = _fade_out(picture, padding)
    return np.asarray(
        cv2.copyMakeBorder(
            picture,
            padding.top,
            padding.bottom,
            padding.left,
            padding.right,
            cv2.BORDER_CONSTANT,
            value=(255, 255, 255),
        ),
        dtype=np.uint8,
    )


def _fade_out(picture: Pixels, padding: Padding) -> Pixels:
    """Only the bands beside the padded sides: all else keeps its colours."""
    height, width = picture.shape[:2]
    length = max(1.0, FADE * max(width, height))
    bands = _bands(height, width, min(int(length) + 1, height), min(int(length) + 1, width), padding)
    bands = [band for band in bands if picture[band].size and picture[band].min() < 255]
    if not bands:
        return picture
    to_left, to_top = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    keep_x, keep_y = np.ones(width, np.float32), np.ones(height, np.float32)
    for padded, weights, distance in (
        (padding.left, keep_x, to_left),
        (padding.right, keep_x, to_left[::-1]),
        (padding.top, keep_y, to_top),
        (padding.bottom, keep_y, to_top[::-1]),
    ):
        if padded > 0:
            weights *= _smooth(distance / length)
    subject = cv2.dilate(subject_mask(picture), np.ones((2 * _KEEP + 1, 2 * _KEEP + 1), np.uint8))
    soft = cv2.GaussianBlur(subject, (0, 0), _KEEP)
    faded = picture.copy()
    for band in bands:
        rows, columns = band
        keep = keep_y[rows, None] * keep_x[None, columns]
        near = np.maximum(soft[band].astype(np.float32) / 255, (subject[band] > 0).astype(np.float32))
        darker = (255 - picture[band].astype(np.float32)) * np.maximum(keep, near)[:, :, None]
        faded[band] = np.rint(255 - darker).astype(np.uint8)
    return faded


def _bands(height: int, width: int, high: int, wide: int, padding: Padding) -> list[tuple[slice, slice]]:
    """Rows and columns of each, none twice: those above and below over the whole width, the others between them."""
    top = high if padding.top > 0 else 0
    bottom = max(height - high, top) if padding.bottom > 0 else height
    left = wide if padding.left > 0 else 0
    right = max(width - wide, left) if padding.right > 0 else width
    between = slice(top, bottom)
    return [
        (slice(0, top), slice(0, width)),
        (slice(bottom, height), slice(0, width)),
        (between, slice(0, left)),
        (between, slice(right, width)),
    ]


def _smooth(share: NDArray[np.float32]) -> NDArray[np.float32]:
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def clean(picture: Pixels) -> Pixels:
    """Pure white where the background is as good as white: from the picture's border up to the subject, whose white
    inner parts no such white leads to."""
    white = cv2.inRange(picture, np.full(3, BACKGROUND_FROM), np.full(3, 255))
    ground = cv2.copyMakeBorder(white, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255)
    cv2.floodFill(ground, None, (0, 0), _GROUND, flags=4)
    at_border = cv2.inRange(ground[1:-1, 1:-1], np.array(_GROUND), np.array(_GROUND))
    return np.asarray(cv2.bitwise_or(picture, cv2.merge([at_border] * 3)), dtype=np.uint8)


def is_off_white(overview: Pixels) -> bool:
    """Whether `clean` changes more of it than an outline's soft pixels."""
    looked_at = np.ascontiguousarray(overview[::_SPARSE, ::_SPARSE])
    changed = np.count_nonzero((clean(looked_at) != looked_at).any(axis=2))
    return bool(changed > _OUTLINE * looked_at.shape[0] * looked_at.shape[1])
