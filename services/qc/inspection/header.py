"""What a file says about itself, read without decoding a pixel, and whether decoding it is safe."""

import re
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from services.qc.inspection.formats import count_scans, webp_size

MOST_PIXELS = 100_000_000
MOST_SIDE = (
    65_535  # px, the most that a JPEG can have; the engine's strips and filters are made for pictures, not threads
)
MOST_SCANS = 100
MOST_MEMORY = 900 * 2**20  # of file and decoded pixels together: leaves a worker under 1 GiB

# The plugins themselves and not `Image.open`: the format is known, and the limits are this module's own.
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
}
_PHOTOSHOP, _TIFF_PHOTOSHOP = b"Photoshop 3.0\0", 34377  # where the resources are: segment APP13, tag
_ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")


class Undecodable(Exception):
    """The bytes are no sound image; the text says why, for a person."""


class TooLarge(Undecodable):
    """Decoding is refused because of what the header says."""


@dataclass(frozen=True)
class Header:
    """Facts of the file. `width` and `height` are as a viewer shows it, after EXIF orientation."""

    width: int
    height: int
    mode: str  # as Pillow names it: RGB, L, P, CMYK, I;16, …
    bits: int
    alpha: bool
    several: bool  # animated, or more than one page
    orientation: int | None  # EXIF tag, whatever its value; None when absent
    profile: bytes | None
    declares_srgb: bool  # PNG's sRGB chunk
    progressive: bool
    tables: tuple[tuple[int, ...], ...]  # a JPEG's quantisation tables; empty for other formats
    photoshop: bytes | None  # Photoshop's image resources, where clipping paths are

    @property
    def megapixels(self) -> float:
        return self.width * self.height / 1e6


def words(error: BaseException) -> str:
    """An error's own words on one short line, without addresses of objects, which differ from run to run."""
    text = re.sub(r"<[^>]*>", "", " ".join(str(error).split())).strip()
    return (text or type(error).__name__)[:200]


def open_image(data: bytes, format: str) -> ImageFile.ImageFile:
    """Pillow's lazy image of the bytes; no pixel is decoded yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if format == "tiff":  # tags that lie beyond the file's end: it is truncated, though its pixels may be whole
            warnings.filterwarnings("error", message="Possibly corrupt|Truncated")
        return _PLUGINS[format](BytesIO(data))


def can_decode(format: str | None) -> bool:
    return format in _PLUGINS


def read_header(data: bytes, format: str) -> Header:
    """Raises `Undecodable` for a broken header."""
    if format == "webp" and (size := webp_size(data)):  # Pillow's WebP reader allocates the canvas on opening
        _refuse_pixels(size[0] * size[1] / 1e6)
    try:
        return _facts(open_image(data, format), data, format)
    except Image.DecompressionBombError as error:
        raise TooLarge(words(error)) from error
    except Exception as error:  # hostile bytes make the parsers raise nearly anything
        if "MAX_TEXT" in str(error):
            raise TooLarge(
                "the texts or the colour profile packed into it unpack to more than a text may have, and the limit is "
                f"{PngImagePlugin.MAX_TEXT_CHUNK / 2**20:.0f} MiB each, {PngImagePlugin.MAX_TEXT_MEMORY / 2**20:.0f} "
                "MiB together; export it without them"
            ) from error
        raise Undecodable(f"the header can't be read ({words(error)})") from error


def refuse_bomb(header: Header, data: bytes, format: str) -> None:
    """Raises `TooLarge` for what would take too much memory or time to decode."""
    _refuse_pixels(header.megapixels)
    if (longest := max(header.width, header.height)) > MOST_SIDE:
        raise TooLarge(f"one side has {longest:,} pixels, and the limit is {MOST_SIDE:,}")
    need = len(data) + memory_to_decode(header, format)
    if need > MOST_MEMORY:
        raise TooLarge(
            f"decoding it takes {need / 2**20:.0f} MiB of memory, and the limit is {MOST_MEMORY / 2**20:.0f} MiB; "
            "save it smaller, or in a lighter way (a baseline JPEG, a compressed TIFF)"
        )
    if format == "jpeg" and data.count(b"\xff\xda") > MOST_SCANS and (scans := count_scans(data)) > MOST_SCANS:
        raise TooLarge(f"it has {scans} scans, and the limit is {MOST_SCANS}; save it as a baseline JPEG")


def memory_to_decode(header: Header, format: str) -> int:
    """Bytes that the decoder and the decoded picture take at their peak; an upper bound by format."""
    samples = 4 if header.mode in ("CMYK", *_ALPHA_MODES) else 3
    if format == "jpeg":
        a_pixel = (1 if header.mode == "L" else samples) * (3 if header.progressive else 1) + (samples == 4) * 3
    elif format == "webp":
        a_pixel = 9 if header.alpha else 6
    elif format == "avif":
        a_pixel = 18 if header.alpha else 15
    elif header.mode in ("L", "P", "1"):
        a_pixel = 4
    else:
        a_pixel = 8 if header.alpha else 7
    return header.width * header.height * max(a_pixel, 6 if header.orientation not in (None, 1) else 0)


def _refuse_pixels(megapixels: float) -> None:
    if megapixels > MOST_PIXELS / 1e6:
        raise TooLarge(
            f"its header claims {megapixels:,.1f} megapixels, and the limit is {MOST_PIXELS / 1e6:.0f}; save it smaller"
        )


def _facts(image: ImageFile.ImageFile, data: bytes, format: str) -> Header:
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    width, height = image.size
    if orientation in (5, 6, 7, 8) and format != "tiff":  # Pillow turns TIFF by itself, and nothing else
        width, height = height, width
    return Header(
        width=width,
        height=height,
        mode=image.mode,
        bits=_bits(image, data, format),
        alpha=image.mode in _ALPHA_MODES or "transparency" in image.info,
        several=bool(getattr(image, "is_animated", False)),
        orientation=orientation,
        profile=profile if isinstance(profile, bytes) and profile else None,
        declares_srgb="srgb" in image.info,
        progressive=bool(image.info.get("progressive")),
        tables=_tables(image),
        photoshop=_photoshop(image),
    )


def _bits(image: ImageFile.ImageFile, data: bytes, format: str) -> int:
    """Bits a channel, of the file: Pillow's mode hides 16-bit colour."""
    if format == "png":
        return data[24]
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        stored = image.tag_v2.get(258, (1,))
        return max(stored) if isinstance(stored, tuple) else int(stored)
    return {"1": 1, "I;16": 16, "I": 32, "F": 32}.get(image.mode, 8)


def _tables(image: ImageFile.ImageFile) -> tuple[tuple[int, ...], ...]:
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return ()
    return tuple(tuple(table) for _, table in sorted(image.quantization.items()))


def _photoshop(image: ImageFile.ImageFile) -> bytes | None:
    """A JPEG holds them in as many segments as they need, TIFF in one tag; the other formats have no place for them."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        segments = [content for name, content in image.applist if name == "APP13"]
        return b"".join(one[len(_PHOTOSHOP) :] for one in segments if one.startswith(_PHOTOSHOP)) or None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        stored = image.tag_v2.get(_TIFF_PHOTOSHOP)
        return stored if isinstance(stored, bytes) and stored else None
    return None


def _orientation(image: ImageFile.ImageFile) -> int | None:
    """The EXIF tag alone: XMP, which Pillow would read too, turns no picture in a browser."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        value = image.tag_v2.get(ExifTags.Base.Orientation)
    else:
        raw = image.info.get("exif")
        if not isinstance(raw, bytes):
            return None
        exif = Image.Exif()
        try:
            exif.load(raw)
            value = exif.get(ExifTags.Base.Orientation)
        except Exception:  # a broken EXIF block says nothing; it doesn't make the picture broken
            return None
    return value if isinstance(value, int) else None
