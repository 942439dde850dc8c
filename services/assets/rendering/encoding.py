"""Pixels → the bytes of a file, within the channel's size limit, with no metadata but the sRGB profile."""

import io

from PIL import Image

from services.assets.rendering.decoding import srgb_profile
from services.assets.rendering.errors import CannotRender

LEAST_QUALITY = 50  # under this, blocks show: better no file than that one
MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png"}
_FULL_CHROMA, _HALF_CHROMA = 0, 2  # 4:4:4 keeps coloured edges and knit sharp; 4:2:0 is a third smaller


def encode(image: Image.Image, file_format: str, quality: int, max_bytes: int | None) -> bytes:
    """At this quality, or the best lower one that fits into `max_bytes`."""
    if file_format not in MEDIA_TYPES:
        raise CannotRender(f"no channel variant can be written as {file_format}; known are {', '.join(MEDIA_TYPES)}")
    if file_format == "png":
        content = _png(image)
        if max_bytes is not None and len(content) > max_bytes:
            raise CannotRender(f"as png the variant has {len(content)} bytes, more than {max_bytes}")
        return content
    content = _jpeg(image, quality, _FULL_CHROMA)
    if max_bytes is None or len(content) <= max_bytes:
        return content
    return _fit_jpeg(image, quality, max_bytes)


def _fit_jpeg(image: Image.Image, quality: int, max_bytes: int) -> bytes:
    """The highest quality whose file fits, by bisection: a file grows with its quality."""
    best = None
    low, high = min(LEAST_QUALITY, quality), quality
    while low <= high:
        middle = (low + high + 1) // 2
        content = _jpeg(image, middle, _HALF_CHROMA)
        if len(content) <= max_bytes:
            best, low = content, middle + 1
        else:
            high = middle - 1
    if best is None:
        raise CannotRender(f"no jpeg of {image.width} × {image.height} px fits into {max_bytes} bytes")
    return best


def _jpeg(image: Image.Image, quality: int, subsampling: int) -> bytes:
    file = io.BytesIO()
    image.save(
        file,
        "JPEG",
        quality=quality,
        subsampling=subsampling,
        progressive=True,
        optimize=True,
        icc_profile=srgb_profile(),
    )
    return file.getvalue()


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", icc_profile=srgb_profile())
    return file.getvalue()
