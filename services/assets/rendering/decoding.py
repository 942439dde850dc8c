"""A master's bytes → parts of it as upright 8-bit sRGB pixels on white, whatever it was stored as."""

import io
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from services.assets.rendering.errors import CannotRender
from services.assets.rendering.subject import Pixels

MAX_PIXELS = 100_000_000
MAX_SIDE = 65_535  # px, the most that a JPEG can have
MAX_SCANS = 100  # of a progressive JPEG; each one is another pass over all its pixels
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP")
_MOST_MEMORY = 900 * 2**20  # bytes of a progressive JPEG while it is decoded: leaves a process under 1 GiB
_OVERVIEW_PIXELS = 4_000_000
_WHITE = (255, 255, 255)
_PIECE_BYTES = 1024 * 1024
_ROWS = 512
_UNREADABLE = (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, MemoryError, OverflowError)


@dataclass(frozen=True)
class Master:
    """A decoded master, upright. Colours are converted part by part: a hundred megapixels are held only once."""

    image: Image.Image  # RGB, CMYK, LAB or L, or RGBA or LA
    profile: bytes | None

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    @cached_property
    def is_opaque(self) -> bool:
        """Whether no pixel lets anything through."""
        return self.image.mode not in ("RGBA", "LA") or self.image.getchannel("A").getextrema() == (255, 255)

    def overview(self) -> Pixels:
        """All of it, at no more than 4 megapixels."""
        factor = int(np.ceil((self.width * self.height / _OVERVIEW_PIXELS) ** 0.5))
        return self._finish(self.image.reduce(factor) if factor > 1 else self.image)

    def part(self, box: tuple[int, int, int, int], size: tuple[int, int]) -> Pixels:
        """The box (left, top, right, bottom) at this size."""
        left, top, right, bottom = box
        if size == (right - left, bottom - top):
            return self._finish(self.image.crop(box))
        return self._finish(self.image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))

    def rows(self, top: int, bottom: int) -> Image.Image:
        """From one row up to another: in RGB where it is opaque, else in RGBA, as it was before anything is below."""
        band = self.image.crop((0, top, self.width, bottom))
        if band.mode not in ("RGBA", "LA"):
            return _to_srgb(band, self.profile)
        colours = _to_srgb(band.convert(band.mode[:-1]), self.profile)
        if not self.is_opaque:
            colours.putalpha(band.getchannel("A"))
        return colours

    def _finish(self, image: Image.Image) -> Pixels:
        if image.mode not in ("RGBA", "LA"):
            return np.asarray(_to_srgb(image, self.profile))
        flat = Image.new("RGB", image.size, _WHITE)
        flat.paste(_to_srgb(image.convert(image.mode[:-1]), self.profile), mask=image.getchannel("A"))
        return np.asarray(flat)


def decode(master: bytes | Path) -> Master:
    """The first frame, EXIF orientation applied. The size is read from the header before any pixel is decoded."""
    with io.BytesIO(master) if isinstance(master, bytes) else master.open("rb") as file:
        return _decode(file)


def _decode(file: BinaryIO) -> Master:
    image = _open(file)
    try:
        image.load()
        profile = image.info.get("icc_profile")
        ImageOps.exif_transpose(image, in_place=True)
        return Master(_plain(image), profile)
    except _UNREADABLE as error:
        raise CannotRender(f"the master is damaged and can't be decoded: {error}") from error


def _open(file: BinaryIO) -> Image.Image:
    """The header, read and judged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is the one that holds
            image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise CannotRender(f"the master has more than {MAX_PIXELS // 1_000_000} megapixels") from error
    except UnidentifiedImageError as error:
        raise CannotRender(f"the master is no image of a known format ({', '.join(FORMATS)})") from error
    except _UNREADABLE as error:
        raise CannotRender(f"the master's header is damaged: {error}") from error
    if image.width * image.height > MAX_PIXELS:
        megapixels = image.width * image.height / 1_000_000
        raise CannotRender(f"the master has {megapixels:.0f} megapixels, more than {MAX_PIXELS // 1_000_000}")
    if max(image.size) > MAX_SIDE:
        raise CannotRender(f"the master has a side of {max(image.size):,} pixels, more than {MAX_SIDE:,}")
    if image.format == "JPEG" and _scans(file) > MAX_SCANS:
        raise CannotRender(f"the master is a JPEG with more than {MAX_SCANS} scans")
    if image.info.get("progressive") and _memory_to_decode(image) > _MOST_MEMORY:
        raise CannotRender("the master is a progressive JPEG that takes more than 1 GiB to decode; save it as baseline")
    return image


def _memory_to_decode(image: Image.Image) -> int:
    """Of a progressive JPEG: all its coefficients, 16 bits each, and its pixels, which Pillow gives four bytes."""
    return image.width * image.height * (2 * len(image.getbands()) + 4)


def _scans(file: BinaryIO) -> int:
    """How often a scan begins, at most. Leaves the file where it was."""
    place = file.seek(0, io.SEEK_CUR)
    file.seek(0)
    found, last = 0, b""
    while piece := file.read(_PIECE_BYTES):
        found += (last + piece).count(b"\xff\xda")
        last = piece[-1:]
    file.seek(place)
    return found


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled: no palette, 8 bits a channel."""
    if image.mode.startswith("I;16") or image.mode == "I":
        return _high_bytes(image)
    if "transparency" in image.info and image.mode in ("P", "RGB", "L", "1"):
        return image.convert("RGBA")
    if image.mode in ("RGB", "CMYK", "LAB", "L", "RGBA", "LA"):
        return image
    if image.mode == "F":
        raise CannotRender("the master has floating-point pixels, whose white is not defined; export it with 8 bits")
    return image.convert("RGBA" if image.mode in ("PA", "RGBa", "La") else "RGB")


def _high_bytes(image: Image.Image) -> Image.Image:
    """16 bits as 8, some rows at a time: numbers of 32 bits would be held several times."""
    plain = Image.new("L", image.size)
    for top in range(0, image.height, _ROWS):
        values = np.asarray(image.crop((0, top, image.width, min(top + _ROWS, image.height))))
        plain.paste(Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8)), (0, top))
    return plain


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, _srgb(), renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a damaged profile, or one for other channels than the file has: the pixels are read as they are
        else:
            if converted is not None:
                return converted
    return image.convert("RGB")


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB profile, always the same bytes: its header's date of creation is fixed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"".join(part.to_bytes(2, "big") for part in (2025, 1, 1, 0, 0, 0))
    return bytes(profile)
