"""Bytes to measure: a product photo that passes every check, and what hostile or careless people send instead."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageDraw


def photo(size: int = 800, seed: int = 7) -> bytes:
    """A sharp JPEG with a profile: a patterned square, three quarters of the frame, on pure white."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(image)
    edge = size // 8
    draw.rectangle((edge, edge, size - edge, size - edge), fill=(60, 90, 150))
    for x, y, side in random.integers((edge, edge, 20), (size - edge - 60, size - edge - 60, 60), (120, 3)):
        colour = tuple(int(value) for value in random.integers(30, 220, 3))
        draw.rectangle((x, y, x + side, y + side), fill=colour)
    encoded = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(encoded, "JPEG", quality=95, icc_profile=profile)
    return encoded.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes whose header claims 2.5 gigapixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )
