"""Pixels in sRGB ↔ files that say so. The same pixels give the same bytes."""

import io

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from services.assets.iiif.domain import ImageFormat
from services.assets.rendering.decoding import srgb_profile

Pixels = NDArray[np.uint8]
"""Rows × columns × 3 or, with transparency, 4."""

QUALITY = 97
"""Of every JPEG here, with full chroma. Of 15 real photos the worst differed from its original by a PSNR of 53.9 dB
(median 61 dB), 999 of 1,000 values by at most 3 of 255, at 0.12 bytes a pixel. At 95: 49.9 dB, 6, and 0.11."""
_WHITE = (255, 255, 255)
_AFTER_JFIF = 20  # bytes: the start of the image and its JFIF segment
_PNG_EFFORT = 1  # of 9: six times as fast as the usual 6, and a tenth larger


def encoded(pixels: Pixels, image_format: ImageFormat) -> bytes:
    """With the sRGB profile. Transparency is kept in a PNG, and lies on white in a JPEG."""
    if image_format == "png":
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", icc_profile=srgb_profile(), compress_level=_PNG_EFFORT)
        return file.getvalue()
    # Not Pillow's encoder: that one holds the interpreter's lock, and so the event loop.
    plain: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(_on_white(pixels)), QUALITY, "RGB", "444", fastdct=False)
    return plain[:_AFTER_JFIF] + _profile_segment() + plain[_AFTER_JFIF:]


def decoded(content: bytes, image_format: ImageFormat) -> Pixels:
    """The pixels of what `encoded` made."""
    if image_format == "png":
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            return np.asarray(image)
    pixels: Pixels = simplejpeg.decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
    return pixels


def _on_white(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 3:
        return pixels
    image = Image.fromarray(pixels)
    flat = Image.new("RGB", image.size, _WHITE)
    flat.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return np.asarray(flat)


def _profile_segment() -> bytes:
    """The APP2 segment of a JPEG (ICC.1:2022, B.4): the profile fits into one."""
    body = b"ICC_PROFILE\0\x01\x01" + srgb_profile()
    return b"\xff\xe2" + (len(body) + 2).to_bytes(2, "big") + body
