"""T01–T08: files that are broken, misnamed, too small, too large, or stored in the wrong way."""

import struct
import zlib

import numpy as np
from PIL import Image

from services.qc.evaluation import changes
from services.qc.evaluation.changes import saved, srgb_profile
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import defect


@defect("T01", "cut off", "an upload that broke off", unit="{} % are missing", severities=(1, 40, 90), asked=1)
def truncated(photo: Photo, severity: float) -> Case:
    return photo.case(photo.data[: round(len(photo.data) * (1 - severity / 100))])


@defect("T02", "renamed", "a PNG that was renamed to .jpg by hand")
def renamed(photo: Photo, severity: float) -> Case:
    return photo.case(saved(photo.pixels, "PNG"))


@defect("T03", "bomb", "a few bytes that claim to be enormous", unit="{} MP", severities=(101, 2500), asked=101)
def bomb(photo: Photo, severity: float) -> Case:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    side = int(np.ceil(np.sqrt(severity * 1e6)))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return photo.case(b"\x89PNG\r\n\x1a\n" + content, suffix=".png")


@defect("T04", "too small", "smaller than asked for", unit="by {} %", severities=(1, 60), asked=1)
def too_small(photo: Photo, severity: float) -> Case:
    height, width = photo.pixels.shape[:2]
    return photo.case(saved(changes.resized(photo.pixels, 1 - severity / 100)), min_width=width, min_height=height)


@defect("T05", "too large", "more bytes than allowed", unit="by {} %", severities=(0.01, 50), asked=0.01)
def too_large(photo: Photo, severity: float) -> Case:
    return photo.case(photo.data, max_bytes=max(1, int(len(photo.data) / (1 + severity / 100))))


@defect("T06", "CMYK", "pixels for print")
def cmyk(photo: Photo, severity: float) -> Case:
    return photo.case(saved(Image.fromarray(photo.pixels).convert("CMYK"), icc_profile=None, subsampling=-1))


@defect("T06", "another profile", "another RGB profile than sRGB", may_fail=False)
def another_profile(photo: Photo, severity: float) -> Case:
    return photo.case(saved(photo.pixels, icc_profile=_swapped_profile()))


def _swapped_profile() -> bytes:
    """sRGB with its red and green primaries exchanged."""
    profile = bytearray(srgb_profile())
    count = int.from_bytes(profile[128:132], "big")
    tags = {
        bytes(profile[at : at + 4]): int.from_bytes(profile[at + 4 : at + 8], "big")
        for at in range(132, 132 + 12 * count, 12)
    }
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 20], profile[green : green + 20] = profile[green : green + 20], profile[red : red + 20]
    return bytes(profile)


@defect("T07", "alpha", "an alpha channel where none is allowed")
def alpha(photo: Photo, severity: float) -> Case:
    return photo.case(saved(Image.fromarray(photo.pixels).convert("RGBA"), "PNG"), suffix=".png")


@defect("T07", "palette", "a palette of 256 colours")
def palette(photo: Photo, severity: float) -> Case:
    return photo.case(saved(Image.fromarray(photo.pixels).quantize(256), "PNG"), suffix=".png")


@defect("T08", "EXIF turn", "upright only by its EXIF orientation")
def turned(photo: Photo, severity: float) -> Case:
    tags = Image.Exif()
    tags[274] = 6
    return photo.case(saved(np.rot90(photo.pixels), exif=tags))
