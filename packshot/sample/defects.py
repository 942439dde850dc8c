"""What goes wrong with product photos, made on purpose: each defect with the check that must find it (T01, T02, …)."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from packshot.sample.files import jpeg, png

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Defect:
    """`packshot_only`: a detail view can't have it, or may have too little in it to find it by."""

    name: str
    check: str
    packshot_only: bool
    make: Callable[[Pixels], bytes]


def _truncated(pixels: Pixels) -> bytes:
    """An upload that broke off: the last two fifths are missing."""
    whole = jpeg(pixels)
    return whole[: len(whole) * 3 // 5]


def _renamed(pixels: Pixels) -> bytes:
    """A PNG whose name was changed to .jpg by hand."""
    return png(pixels)


def _low_resolution(pixels: Pixels) -> bytes:
    """A preview instead of the photo."""
    height, width = pixels.shape[:2]
    return jpeg(_resized(pixels, width * 3 // 8, height * 3 // 8))


def _blurred(pixels: Pixels) -> bytes:
    """Out of focus, as a Gaussian of 3 px."""
    return jpeg(np.asarray(cv2.GaussianBlur(pixels, (0, 0), 3.0), dtype=np.uint8))


def _colour_cast(pixels: Pixels) -> bytes:
    """Lit by a warm lamp, balanced for daylight."""
    return jpeg(_scaled(pixels, (0.965, 0.945, 0.895)))


def _grey_background(pixels: Pixels) -> bytes:
    """Half a stop too dark: the white of the background is a light grey."""
    return jpeg(_scaled(pixels, (0.93, 0.93, 0.93)))


def _small_subject(pixels: Pixels) -> bytes:
    """Taken from too far away: the product fills less than half of the frame."""
    height, width = pixels.shape[:2]
    small = _resized(pixels, width * 45 // 100, height * 45 // 100)
    frame = np.full_like(pixels, 255)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return jpeg(frame)


DEFECTS = (
    Defect("blurred", "T09", packshot_only=True, make=_blurred),
    Defect("grey_background", "T14", packshot_only=True, make=_grey_background),
    Defect("truncated", "T01", packshot_only=False, make=_truncated),
    Defect("small_subject", "T17", packshot_only=True, make=_small_subject),
    Defect("colour_cast", "T13", packshot_only=True, make=_colour_cast),
    Defect("low_resolution", "T04", packshot_only=False, make=_low_resolution),
    Defect("renamed_png", "T02", packshot_only=False, make=_renamed),
)


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _scaled(pixels: Pixels, factors: tuple[float, float, float]) -> Pixels:
    return np.asarray(np.rint(pixels * np.array(factors, np.float32)), dtype=np.uint8)
