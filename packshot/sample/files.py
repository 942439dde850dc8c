"""Pixels to files, always the same bytes for the same pixels."""

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

QUALITY = 92


def jpeg(pixels: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """An sRGB JPEG with its profile, colours at full resolution."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0, icc_profile=_srgb())
    return file.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An sRGB PNG with its profile."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=3, icc_profile=_srgb())
    return file.getvalue()


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    """The sRGB profile with a fixed date of creation."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"".join(part.to_bytes(2, "big") for part in (2025, 1, 1, 0, 0, 0))
    return bytes(profile)
