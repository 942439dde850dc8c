"""ICC profiles to sRGB, CIELAB, and the distance of colours. The white point is D65 everywhere."""

from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray
from PIL import Image, ImageCms

Plane = NDArray[Any]  # of floats

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_SRGB = ImageCms.createProfile("sRGB")


class ProfileKind(StrEnum):
    SRGB = "srgb"
    OTHER = "other"
    MISSING = "missing"
    BROKEN = "broken"  # unreadable, or for another kind of pixels than the file has


@lru_cache(maxsize=16)
def read_profile(profile: bytes | None, mode: str) -> tuple[ProfileKind, str, ImageCms.ImageCmsTransform | None]:
    """What the embedded profile is, its name, and the transform from it to sRGB where one is needed.

    A profile is sRGB when it *does* what sRGB does, whatever it is called.
    """
    if profile is None:
        return ProfileKind.MISSING, "", None
    pixels = mode if mode in ("L", "CMYK", "LAB") else "L" if mode == "I;16" else "RGB"
    try:
        opened = ImageCms.getOpenProfile(BytesIO(profile))
        name = " ".join(ImageCms.getProfileDescription(opened).split())[:80]
        transform = ImageCms.buildTransform(opened, _SRGB, pixels, "RGB", _INTENT, _FLAGS)
    except Exception:  # a hostile profile makes the parser raise nearly anything
        return ProfileKind.BROKEN, "", None
    if pixels == "RGB" and _deviation(transform) <= 4:
        return ProfileKind.SRGB, name, None
    return ProfileKind.OTHER, name, transform


def to_srgb(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None where the numbers already are sRGB, or nothing says what they are."""
    return read_profile(profile, mode)[2]


def _deviation(transform: ImageCms.ImageCmsTransform) -> int:
    """The most that the transform changes a channel, in levels, over a grid of all colours."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    changed = ImageCms.applyTransform(Image.fromarray(grid), transform)
    return int(np.abs(np.asarray(changed).astype(int) - grid).max())


def lab(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """L*, a*, b* of one sRGB colour with channels 0–255."""
    lightness, a, b = _lab_of_linear(_linear(np.array([[[red, green, blue]]]) / 255))[0, 0].tolist()
    return lightness, a, b


def lab_of(rgb: MatLike) -> Plane:
    """L*, a*, b* of sRGB pixels (height × width × 3, uint8), as float32. OpenCV's own conversion isn't used: its 8-bit
    one is quantised to levels, and its float one is off by up to 0.3."""
    return _lab_of_linear(_LINEAR[rgb])


def _linear(channels: Plane) -> Plane:
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab_of_linear(linear: Plane) -> Plane:
    xyz = cv2.transform(linear, _TO_XYZ)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


_LINEAR = _linear(np.arange(256) / 255).astype(np.float32)
_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                 [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
_TO_XYZ = _XYZ / _XYZ.sum(axis=1, keepdims=True)  # each row over its sum, so that white is exactly neutral


def delta_e(first: Plane, second: Plane) -> Plane:
    """CIEDE2000 between L*a*b* colours (…, 3), with kL = kC = kH = 1.

    Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary test data, and
    mathematical observations", Color Research and Application 30 (2005); the numbers are those of its equations.
    """
    lightness_1, a_1, b_1 = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    lightness_2, a_2, b_2 = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    mean_c7 = ((np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2) ** 7
    g = 0.5 * (1 - np.sqrt(mean_c7 / (mean_c7 + 25.0**7)))  # (4)
    chroma_1, hue_1 = _polar((1 + g) * a_1, b_1)  # (5)–(7)
    chroma_2, hue_2 = _polar((1 + g) * a_2, b_2)
    grey = chroma_1 * chroma_2 == 0  # a grey has no hue
    turn = np.where(grey, 0, (hue_2 - hue_1 + 180) % 360 - 180)  # (10)
    turn = np.where(np.abs(hue_2 - hue_1) == 180, hue_2 - hue_1, turn)
    d_lightness, d_chroma = lightness_2 - lightness_1, chroma_2 - chroma_1  # (8), (9)
    d_hue = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(turn / 2))  # (11)
    lightness, chroma = (lightness_1 + lightness_2) / 2, (chroma_1 + chroma_2) / 2  # (12), (13)
    both = hue_1 + hue_2
    far = np.abs(hue_1 - hue_2) > 180
    hue = np.where(grey, both, np.where(far, np.where(both < 360, both + 360, both - 360), both) / 2)  # (14)
    t = (1 - 0.17 * _cosine(hue - 30) + 0.24 * _cosine(2 * hue)
         + 0.32 * _cosine(3 * hue + 6) - 0.20 * _cosine(4 * hue - 63))  # fmt: skip
    rotation = 30 * np.exp(-(((hue - 275) / 25) ** 2))  # (16)
    c7 = chroma**7
    r_c = 2 * np.sqrt(c7 / (c7 + 25.0**7))  # (17)
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)  # (18)
    by_lightness, by_chroma, by_hue = (
        d_lightness / s_l,
        d_chroma / (1 + 0.045 * chroma),
        d_hue / (1 + 0.015 * chroma * t),
    )
    turned = -np.sin(np.radians(2 * rotation)) * r_c  # (21)
    square = by_lightness**2 + by_chroma**2 + by_hue**2 + turned * by_chroma * by_hue  # (22)
    distance: Plane = np.sqrt(np.maximum(square, 0))
    return distance


def _polar(a: Plane, b: Plane) -> tuple[Plane, Plane]:
    """Chroma, and hue in degrees from 0 to 360."""
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _cosine(degrees: Plane) -> Plane:
    return np.cos(np.radians(degrees))


# L* of every grey level. Of a coloured pixel's grey it is L* within some units: enough for differences in lightness.
LIGHTNESS = np.array([lab(level, level, level)[0] for level in range(256)], np.float32)
