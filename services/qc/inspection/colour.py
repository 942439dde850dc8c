"""ICC profiles to sRGB, and CIELAB of single colours. The white point is D65 everywhere."""

from enum import StrEnum
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

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
    channels = np.array([red, green, blue]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    # Each row is divided by its sum, so that white is exactly neutral.
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
    xyz = (to_xyz / to_xyz.sum(axis=1, keepdims=True)) @ linear
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return float(116 * y - 16), float(500 * (x - y)), float(200 * (y - z))


# L* of every grey level. Of a coloured pixel's grey it is L* within some units: enough for differences in lightness.
LIGHTNESS = np.array([lab(level, level, level)[0] for level in range(256)], np.float32)
