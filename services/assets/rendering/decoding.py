"""A master's bytes → parts of it as upright 8-bit sRGB pixels on white, whatever it was stored as."""

import io
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from services.assets.labels.fields import Labels
from services.assets.labels.reading import labels_of
from services.assets.rendering.errors import CannotRender
from services.assets.rendering.subject import Pixels

MAX_PIXELS = 100_000_000
MAX_SIDE = 65_535  # px, the most that a JPEG can have
MAX_SCANS = 100  # of a progressive JPEG; each one is another pass over all its pixels
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP")
_OVERVIEW_PIXELS = 4_000_000
_WHITE = (255, 255, 255)
_UNREADABLE = (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, MemoryError, OverflowError)


@dataclass(frozen=True, slots=True)
class Master:
    """A decoded master, upright. Colours are converted part by part: a hundred megapixels are held only once."""

    image: Image.Image  # RGB, CMYK, LAB or L, or RGBA or LA
    profile: bytes | None
    labels: Labels
    file_format: str  # as Pillow names it, lower case

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

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

    def _finish(self, image: Image.Image) -> Pixels:
        if image.mode not in ("RGBA", "LA"):
            return np.asarray(_to_srgb(image, self.profile))
        flat = Image.new("RGB", image.size, _WHITE)
        flat.paste(_to_srgb(image.convert(image.mode[:-1]), self.profile), mask=image.getchannel("A"))
        return np.asarray(flat)


def decode(master: bytes) -> Master:
    """The first frame, EXIF orientation applied. The size is read from the header before any pixel is decoded."""
    image = _open(master)
    try:
        image.load()
        labels, file_format = labels_of(image), (image.format or "").lower()
        profile = image.info.get("icc_profile")
        ImageOps.exif_transpose(image, in_place=True)
        return Master(_plain(image), profile, labels, file_format)
    except _UNREADABLE as error:
        raise CannotRender(f"the master is damaged and can't be decoded: {error}") from error


def _open(master: bytes) -> Image.Image:
    """The header, read and judged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is the one that holds
            image = Image.open(io.BytesIO(master), formats=FORMATS)
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
    if image.format == "JPEG" and master.count(b"\xff\xda") > MAX_SCANS:
        raise CannotRender(f"the master is a JPEG with more than {MAX_SCANS} scans")
    return image


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled: no palette, 8 bits a channel."""
    if image.mode.startswith("I;16") or image.mode == "I":
        values = np.asarray(image)
        return Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))
    if "transparency" in image.info and image.mode in ("P", "RGB", "L", "1"):
        return image.convert("RGBA")
    if image.mode in ("RGB", "CMYK", "LAB", "L", "RGBA", "LA"):
        return image
    if image.mode == "F":
        raise CannotRender("the master has floating-point pixels, whose white is not defined; export it with 8 bits")
    return image.convert("RGBA" if image.mode in ("PA", "RGBa", "La") else "RGB")


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
