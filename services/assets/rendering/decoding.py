"""A master's bytes → parts of it as upright 8-bit sRGB pixels on white, whatever it was stored as."""

import io
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import simplejpeg
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from services.assets.labels.fields import Labels
from services.assets.labels.reading import labels_of
from services.assets.rendering.errors import CannotRender
from services.assets.rendering.scaling import Pixels, averaged, scaled

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
    """A decoded master, upright. Colours are converted part by part, at the size that is asked for."""

    source: Image.Image | Pixels  # pixels of RGB; else an image in RGB, CMYK, LAB, L, RGBA or LA
    profile: bytes | None
    labels: Labels
    file_format: str  # as Pillow names it, lower case

    @property
    def width(self) -> int:
        return self.source.shape[1] if isinstance(self.source, np.ndarray) else self.source.width

    @property
    def height(self) -> int:
        return self.source.shape[0] if isinstance(self.source, np.ndarray) else self.source.height

    @cached_property
    def is_opaque(self) -> bool:
        """Whether no pixel lets anything through."""
        if isinstance(self.source, np.ndarray) or self.source.mode not in ("RGBA", "LA"):
            return True
        return self.source.getchannel("A").getextrema() == (255, 255)

    @cached_property
    def changes_colours(self) -> bool:
        """Whether what comes out of it in sRGB has other colours than lie in it."""
        mode = "RGB" if isinstance(self.source, np.ndarray) else self.source.mode
        if mode in ("RGB", "RGBA"):
            return self.profile is not None and not is_srgb(self.profile)
        return mode in ("CMYK", "LAB") or self.profile is not None

    def overview(self) -> Pixels:
        """All of it, at no more than 4 megapixels."""
        factor = int(np.ceil((self.width * self.height / _OVERVIEW_PIXELS) ** 0.5))
        if isinstance(self.source, np.ndarray):
            return self._in_srgb(averaged(self.source, factor) if factor > 1 else self.source)
        return self._finish(self.source.reduce(factor) if factor > 1 else self.source)

    def part(self, box: tuple[int, int, int, int], size: tuple[int, int]) -> Pixels:
        """The box (left, top, right, bottom) at this size."""
        left, top, right, bottom = box
        if isinstance(self.source, np.ndarray):
            return self._in_srgb(scaled(self.source[top:bottom, left:right], size))
        if size == (right - left, bottom - top):
            return self._finish(self.source.crop(box))
        return self._finish(self.source.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))

    def _in_srgb(self, pixels: Pixels) -> Pixels:
        if self.profile is None or is_srgb(self.profile):
            return pixels
        return np.asarray(_to_srgb(Image.fromarray(pixels), self.profile))

    def rows(self, top: int, bottom: int) -> Image.Image:
        """From one row up to another: in RGB where it is opaque, else in RGBA, as it was before anything is below."""
        if isinstance(self.source, np.ndarray):
            return Image.fromarray(self._in_srgb(self.source[top:bottom]))
        band = self.source.crop((0, top, self.width, bottom))
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
    if isinstance(master, bytes):
        return _decode(io.BytesIO(master), master)
    with master.open("rb") as file:
        return _decode(file, None)


def _decode(file: BinaryIO, master: bytes | None) -> Master:
    """`master`: all bytes where they are in memory; then quickly, else with no more memory than Pillow takes."""
    image = _open(file)
    try:
        pixels = _pixels_of_jpeg(image, master) if master is not None else None
        if pixels is None:
            image.load()
        labels, file_format = labels_of(image), (image.format or "").lower()
        profile = image.info.get("icc_profile")
        if pixels is not None:
            return Master(pixels, profile, labels, file_format)
        ImageOps.exif_transpose(image, in_place=True)
        plain = _plain(image)
        as_pixels = master is not None and plain.mode == "RGB"
        return Master(np.asarray(plain) if as_pixels else plain, profile, labels, file_format)
    except _UNREADABLE as error:
        raise CannotRender(f"the master is damaged and can't be decoded: {error}") from error


def _pixels_of_jpeg(image: Image.Image, master: bytes) -> Pixels | None:
    """The common case, without Pillow's copies. None for every other, and for what libjpeg warns of: Pillow judges."""
    if (image.format, image.mode) != ("JPEG", "RGB") or image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        return None
    try:
        return np.asarray(simplejpeg.decode_jpeg(master, colorspace="RGB"))
    except ValueError:
        return None


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
        transform = _transform(profile, image.mode)
        converted = None if transform is None else ImageCms.applyTransform(image, transform)
        if converted is not None:
            return converted
    return image.convert("RGB")


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None for a damaged profile, or one for other channels than the file has: the pixels are read as they are."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        return ImageCms.buildTransform(source, _srgb(), mode, "RGB", renderingIntent=intent)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@lru_cache(maxsize=8)
def is_srgb(profile: bytes) -> bool:
    """Whether the profile's colours are sRGB's, to a level of 8 bits: converting them would change nothing."""
    transform = _transform(profile, "RGB")
    if transform is None:
        return True
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, len(steps), 3)
    converted = ImageCms.applyTransform(Image.fromarray(colours), transform)
    assert converted is not None
    return bool(np.abs(np.asarray(converted).astype(int) - colours).max() <= 1)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB profile, always the same bytes: its header's date of creation is fixed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"".join(part.to_bytes(2, "big") for part in (2025, 1, 1, 0, 0, 0))
    return bytes(profile)
