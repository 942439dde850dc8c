"""Pixels → the bytes of a file, within the channel's size limit, with no metadata but the sRGB profile and labels."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from services.assets.labels.embedding import Options, save_options
from services.assets.labels.fields import NO_LABELS, Labels
from services.assets.rendering.decoding import srgb_profile
from services.assets.rendering.errors import CannotRender

LEAST_QUALITY = 50  # under this, blocks show: better no file than that one
MEDIA_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "tiff": "image/tiff",
}  # fmt: skip
_FULL_CHROMA, _HALF_CHROMA = "4:4:4", "4:2:0"  # full keeps coloured edges and knit sharp; half is a third smaller
_AVIF_SPEED = 6  # of 0 to 10

Save = Callable[[int, str], bytes]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file's bytes. `quality`: that it was written at; None where its format has none."""

    content: bytes
    quality: int | None


def encode(
    image: Image.Image,
    file_format: str,
    quality: int,
    max_bytes: int | None,
    labels: Labels = NO_LABELS,
) -> Encoded:
    """At this quality, or, where the format has one, the best lower one that fits into `max_bytes`."""
    if file_format not in MEDIA_TYPES:
        raise CannotRender(f"no channel variant can be written as {file_format}; known are {', '.join(MEDIA_TYPES)}")
    common = {"icc_profile": srgb_profile(), **save_options(file_format, labels)}
    if file_format in _LOSSLESS:
        content = _saved(image, file_format, common | _LOSSLESS[file_format])
        if max_bytes is not None and len(content) > max_bytes:
            raise CannotRender(f"as {file_format} the variant has {len(content)} bytes, more than {max_bytes}")
        return Encoded(content, None)

    def save(at_quality: int, chroma: str) -> bytes:
        return _saved(image, file_format, common | _LOSSY[file_format](at_quality, chroma))

    content = save(quality, _FULL_CHROMA)
    if max_bytes is None or len(content) <= max_bytes:
        return Encoded(content, quality)
    best = _fitting(save, quality, max_bytes)
    if best is None:
        raise CannotRender(f"no {file_format} of {image.width} × {image.height} px fits into {max_bytes} bytes")
    return best


def _fitting(save: Save, quality: int, max_bytes: int) -> Encoded | None:
    """The highest quality whose file fits, by bisection: a file grows with its quality."""
    best = None
    low, high = min(LEAST_QUALITY, quality), quality
    while low <= high:
        middle = (low + high + 1) // 2
        content = save(middle, _HALF_CHROMA)
        if len(content) <= max_bytes:
            best, low = Encoded(content, middle), middle + 1
        else:
            high = middle - 1
    return best


def _saved(image: Image.Image, file_format: str, options: Options) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def _jpeg(quality: int, chroma: str) -> Options:
    return {"quality": quality, "subsampling": chroma, "progressive": True, "optimize": True}


def _webp(quality: int, chroma: str) -> Options:
    """It has half of the chroma always; the sharper conversion keeps coloured edges."""
    return {"quality": quality, "method": 4, "exact": True}


def _avif(quality: int, chroma: str) -> Options:
    """One thread: the same picture must give the same bytes, and each rendering process has one core."""
    return {"quality": quality, "subsampling": chroma, "speed": _AVIF_SPEED, "max_threads": 1}


_LOSSY: dict[str, Callable[[int, str], Options]] = {"jpeg": _jpeg, "webp": _webp, "avif": _avif}
_LOSSLESS: dict[str, dict[str, Any]] = {"png": {}, "tiff": {"compression": "tiff_adobe_deflate"}}
