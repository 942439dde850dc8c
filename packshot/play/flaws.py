"""Flawed copies of photos: what a studio or retoucher might deliver in the first round. Pure image work."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Flaw:
    """What is wrong, the gate that finds it, and the reason that it is sent back with."""

    name: str
    gate: str
    reason: str
    make: Callable[[Image], Image] | None = None
    packshots_only: bool = False


def _blur(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 3.0), dtype=np.uint8)


def _off_white(image: Image) -> Image:
    """Background 255 → 240."""
    return np.asarray(image * (240 / 255), dtype=np.uint8)


def _slim(image: Image) -> Image:
    """The middle 60 % of the width squeezed by 5 %, the height kept: the fit is no longer true."""
    height, width = image.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    bent = x + 0.05 * x * np.exp(-((x / 0.6) ** 4))
    columns = (bent + 1) / 2 * (width - 1)
    map_x = np.repeat(columns[None, :].astype(np.float32), height, axis=0)
    map_y = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    return np.asarray(cv2.remap(image, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _shift(image: Image) -> Image:
    """A tenth cut off the left, the right filled up: the crop is wrong."""
    cut = image.shape[1] // 10
    return np.asarray(cv2.copyMakeBorder(image[:, cut:], 0, 0, 0, cut, cv2.BORDER_REPLICATE), dtype=np.uint8)


def _hue(image: Image) -> Image:
    """Hue turned by 12°, the neutral background kept."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + 6) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), dtype=np.uint8)


def _smooth(image: Image) -> Image:
    return np.asarray(cv2.medianBlur(image, 5), dtype=np.uint8)


FLAWS = (
    Flaw("out of focus", "technical", "out_of_focus", _blur),
    Flaw("grey background", "technical", "inconsistent_background", _off_white, packshots_only=True),
    Flaw("slimmed", "styling_fit", "fit_distortion", _slim),
    Flaw("wrong crop", "brand_merch", "wrong_crop", _shift),
    Flaw("colour drift", "final_qc", "colour_mismatch", _hue),
)
AI_FLAWS = (
    Flaw("colour drift", "final_qc", "colour_mismatch", _hue),
    Flaw("smoothed texture", "final_qc", "texture_loss", _smooth),
)

# Of a sample's defects, by the check that must find them.
BY_CHECK = {
    "T01": Flaw("truncated", "technical", "capture_defect"),
    "T02": Flaw("wrong format", "technical", "wrong_format"),
    "T04": Flaw("too small", "technical", "low_resolution"),
    "T09": Flaw("out of focus", "technical", "out_of_focus"),
    "T13": Flaw("colour cast", "technical", "white_balance_off"),
    "T14": Flaw("grey background", "technical", "inconsistent_background"),
    "T17": Flaw("wrong fill", "brand_merch", "wrong_crop"),
}


def flawed(photo: bytes, flaw: Flaw) -> bytes:
    """A JPEG of the photo with the flaw."""
    assert flaw.make is not None
    image = cv2.imdecode(np.frombuffer(photo, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    done, encoded = cv2.imencode(".jpg", flaw.make(np.asarray(image, dtype=np.uint8)), [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert done
    return encoded.tobytes()
