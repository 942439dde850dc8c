"""The white around a subject: made whole where a master ends, and clean where it is white already."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.assets.rendering.subject import BACKGROUND_FROM, Pixels, darkest, subject_mask

FADE = 0.06  # length of a fade, as a share of the picture's longer side
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
    height, width = picture.shape[:2]
    length = max(1.0, FADE * max(width, height))
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
    keep = keep_y[:, None] * keep_x[None, :]
    subject = cv2.dilate(subject_mask(picture), np.ones((2 * _KEEP + 1, 2 * _KEEP + 1), np.uint8))
    soft = cv2.GaussianBlur(subject, (0, 0), _KEEP).astype(np.float32) / 255
    keep = np.maximum(keep, np.maximum(soft, (subject > 0).astype(np.float32)))
    faded = 255 - (255 - picture.astype(np.float32)) * keep[:, :, None]
    return np.asarray(np.rint(faded), dtype=np.uint8)


def _smooth(share: NDArray[np.float32]) -> NDArray[np.float32]:
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def clean(picture: Pixels) -> Pixels:
    """Pure white where the background is as good as white: from the picture's border up to the subject."""
    white = cv2.inRange(darkest(picture), np.array(BACKGROUND_FROM), np.array(255))
    white[subject_mask(picture) > 0] = 0
    count, labels = cv2.connectedComponents(white, connectivity=4)
    at_border = np.zeros(count, bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        at_border[line] = True
    at_border[0] = False
    cleaned = picture.copy()
    cleaned[at_border[labels]] = 255
    return cleaned
