"""Image requests of the IIIF Image API 3.0: from a URL's words to a view of one image. Pure.

`parse` knows the syntax (section 4), `Wanted.of` what an image has and what the server allows.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.assets.iiif.errors import BadImageRequest, UpscalingAsked

ImageFormat = Literal["jpg", "png"]
MEDIA_TYPES: dict[ImageFormat, str] = {"jpg": "image/jpeg", "png": "image/png"}
_FORMATS: dict[str, ImageFormat] = {"jpg": "jpg", "png": "png"}
_QUALITIES = {"default": False, "color": False, "gray": True}  # whether it is gray: images are in colour by default

_WHOLE = r"(\d{1,18})"
_NUMBER = r"(\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})"
_PIXELS = re.compile(",".join([_WHOLE] * 4), re.ASCII)
_PERCENT = re.compile("pct:" + ",".join([_NUMBER] * 4), re.ASCII)
_SIZE = re.compile(rf"(\^?)(?:(max)|pct:{_NUMBER}|(!?){_WHOLE}?,{_WHOLE}?)", re.ASCII)
_ROTATION = re.compile(rf"(!?){_NUMBER}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an answer may be, px: neither side above `max_side`, nor both multiplied above `max_area`."""

    max_side: int
    max_area: int

    def allow(self, width: int, height: int) -> bool:
        return max(width, height) <= self.max_side and width * height <= self.max_area

    def largest(self, width: int, height: int) -> tuple[int, int]:
        """The size nearest to them, of the same aspect, that they allow; never larger than that."""
        if self.allow(width, height):
            return width, height
        scale = min(self.max_side / max(width, height), math.sqrt(self.max_area / (width * height)))
        return max(1, int(width * scale)), max(1, int(height * scale))


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an image, px of its full size."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """What is to be sent: the region, scaled to `width` × `height`, then mirrored, then turned clockwise."""

    region: Box
    width: int
    height: int
    mirrored: bool
    quarter_turns: int
    gray: bool
    format: ImageFormat
    canonical: str

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done to the pixels but scaling."""
        return not (self.mirrored or self.quarter_turns or self.gray)


@dataclass(frozen=True, slots=True)
class Region:
    """`full`, `square`, or four numbers in px or per cent."""

    kind: Literal["full", "square", "px", "pct"]
    numbers: tuple[Fraction, ...] = ()

    def of(self, width: int, height: int) -> Box:
        """Cropped at the image's edges. Raises `BadImageRequest` when nothing is left."""
        if self.kind == "full":
            return Box(0, 0, width, height)
        if self.kind == "square":
            side = min(width, height)
            return Box((width - side) // 2, (height - side) // 2, side, side)
        x, y, w, h = self.numbers
        if self.kind == "pct":
            x, w, y, h = x * width / 100, w * width / 100, y * height / 100, h * height / 100
        left, top = _rounded(x), _rounded(y)
        right, bottom = min(width, left + _rounded(w)), min(height, top + _rounded(h))
        if left >= right or top >= bottom:
            raise BadImageRequest(f"The region has no pixel of this image, which is {width} × {height} px.")
        return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class Size:
    """`max`, per cent, a width, a height, both, or a frame to fit into; `up`: with `^`, which allows enlarging."""

    kind: Literal["max", "pct", "width", "height", "both", "frame"]
    up: bool
    numbers: tuple[Fraction, ...] = ()

    def of(self, region: Box, limits: Limits) -> tuple[int, int]:
        """Raises `BadImageRequest`, or `UpscalingAsked` where `^` would enlarge."""
        width, height = self._asked(region, limits)
        if width > region.width or height > region.height:
            if self.up:
                raise UpscalingAsked("Images are sent at their own size or smaller; a viewer can enlarge them.")
            raise BadImageRequest(
                f"The size {width} × {height} px is larger than the region, {region.width} × {region.height} px."
            )
        if width < 1 or height < 1:
            raise BadImageRequest("At this size a side has less than one pixel.")
        if not limits.allow(width, height):
            raise BadImageRequest(
                f"The size {width} × {height} px is beyond this server's limits: maxWidth {limits.max_side},"
                f" maxArea {limits.max_area}. `max` is the largest that it sends."
            )
        return width, height

    def _asked(self, region: Box, limits: Limits) -> tuple[int, int]:
        width, height = region.width, region.height
        match self.kind, self.numbers:
            case "max", _:
                if self.up and limits.allow(width + 1, height + 1):
                    return width + 1, height + 1  # it asks for the largest that is allowed
                return limits.largest(width, height)
            case "pct", (percent,):
                return _rounded(width * percent / 100), _rounded(height * percent / 100)
            case "width", (wanted,):
                return int(wanted), _rounded(height * wanted / width)
            case "height", (wanted,):
                return _rounded(width * wanted / height), int(wanted)
            case "both", (across, down):
                return int(across), int(down)
        across, down = self.numbers
        scale = min(across / width, down / height)
        if not self.up:
            scale = min(scale, Fraction(1))
        return limits.largest(_rounded(width * scale), _rounded(height * scale))


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image request that is well formed, of an image not looked at yet."""

    region: Region
    size: Size
    mirrored: bool
    quarter_turns: int
    gray: bool
    format: ImageFormat

    def of(self, width: int, height: int, limits: Limits) -> View:
        """The view of an image of this size. Raises `BadImageRequest` or `UpscalingAsked`."""
        box = self.region.of(width, height)
        across, down = self.size.of(box, limits)
        return View(
            region=box,
            width=across,
            height=down,
            mirrored=self.mirrored,
            quarter_turns=self.quarter_turns,
            gray=self.gray,
            format=self.format,
            canonical="/".join(
                [
                    "full" if box == Box(0, 0, width, height) else f"{box.x},{box.y},{box.width},{box.height}",
                    "max" if (across, down) == limits.largest(box.width, box.height) else f"{across},{down}",
                    f"{'!' if self.mirrored else ''}{self.quarter_turns * 90}",
                    f"{'gray' if self.gray else 'default'}.{self.format}",
                ]
            ),
        )


def parse(region: str, size: str, rotation: str, quality_and_format: str) -> Wanted:
    """The four parts of an image request's path, decoded. Raises `BadImageRequest`, saying which is wrong and how."""
    mirrored, quarter_turns = _parse_rotation(rotation)
    quality, dot, extension = quality_and_format.rpartition(".")
    if not dot:
        raise BadImageRequest("The last part is a quality, a dot and a format: `default.jpg`.")
    if quality not in _QUALITIES:
        raise BadImageRequest(f"The quality is one of {', '.join(_QUALITIES)}.")
    if extension not in _FORMATS:
        raise BadImageRequest(f"The format is one of {', '.join(_FORMATS)}.")
    return Wanted(
        region=_parse_region(region),
        size=_parse_size(size),
        mirrored=mirrored,
        quarter_turns=quarter_turns,
        gray=_QUALITIES[quality],
        format=_FORMATS[extension],
    )


def _parse_region(text: str) -> Region:
    if text == "full":
        return Region("full")
    if text == "square":
        return Region("square")
    if match := _PIXELS.fullmatch(text):
        return Region("px", tuple(Fraction(one) for one in match.groups()))
    if match := _PERCENT.fullmatch(text):
        return Region("pct", tuple(Fraction(one) for one in match.groups()))
    raise BadImageRequest("The region is `full`, `square`, `x,y,w,h` in whole pixels, or `pct:x,y,w,h`.")


def _parse_size(text: str) -> Size:
    match = _SIZE.fullmatch(text)
    if match is None or text.lstrip("^!") == ",":
        raise BadImageRequest("The size is `max`, `w,`, `,h`, `w,h`, `!w,h` or `pct:n`, in whole pixels.")
    up, maximum, percent, frame, across, down = match.groups()
    if maximum:
        return Size("max", bool(up))
    if percent:
        if not up and Fraction(percent) > 100:
            raise BadImageRequest("`pct:n` is at most 100.")
        return Size("pct", bool(up), (Fraction(percent),))
    if across and down:
        return Size("frame" if frame else "both", bool(up), (Fraction(across), Fraction(down)))
    if frame:
        raise BadImageRequest("`!w,h` has a width and a height.")
    return Size("width" if across else "height", bool(up), (Fraction(across or down),))


def _parse_rotation(text: str) -> tuple[bool, int]:
    match = _ROTATION.fullmatch(text)
    if match is None:
        raise BadImageRequest("The rotation is a number of degrees, clockwise, after `!` where it is to be mirrored.")
    turns = Fraction(match[2]) / 90
    if turns > 4 or turns.denominator != 1:
        raise BadImageRequest("The rotation is 0, 90, 180, 270 or 360.")
    return bool(match[1]), int(turns) % 4


def _rounded(value: Fraction) -> int:
    """Half up."""
    return math.floor(value + Fraction(1, 2))
