"""What is wrong with a channel pack: what contradicts itself, and what no file that is rendered could meet. Pure.

Everything is found at once, each with its place in the pack and what would make it right.
"""

import math
from collections.abc import Iterator

from chassis.problems import FieldError
from contracts.values import ImageSpec
from services.assets.channels.schemas import ChannelPackContent
from services.assets.naming.domain import pattern_problem
from services.assets.rendering.decoding import FORMATS, MAX_PIXELS
from services.assets.rendering.encoding import MEDIA_TYPES

ASPECT_TOLERANCE = 0.005  # as T04 measures it
MOST_SIDE = 100_000  # px
MOST_BYTES = 10**10
_KNOWN = tuple(sorted({name.lower() for name in FORMATS} | MEDIA_TYPES.keys()))
_ENDINGS = {
    "jpeg": (".jpg", ".jpeg"), "png": (".png",), "webp": (".webp",), "avif": (".avif",), "tiff": (".tif", ".tiff"),
}  # fmt: skip
_SIZES = ("min_width", "min_height", "max_width", "max_height", "min_longest_side", "max_longest_side")


def faults_of(pack: ChannelPackContent) -> list[FieldError]:
    # Where bounds contradict each other no size is right: what rests on them is asked only where they don't.
    sizes = list(_too_large(pack.spec)) or list(_contradictory(pack.spec))
    sizes = sizes or list(_impossible_aspect(pack.spec)) or list(_best_size(pack))
    return [
        *_formats(pack),
        *sizes,
        *_fill(pack),
        *_not_rendered(pack.spec),
        *_naming(pack),
    ]


def _formats(pack: ChannelPackContent) -> Iterator[FieldError]:
    formats = pack.spec.formats
    if not formats:
        yield _fault("/spec/formats", "no file has none of the formats", f"Send some of: {', '.join(_KNOWN)}.")
    for number, name in enumerate(formats):
        if name not in _KNOWN:
            yield _fault(f"/spec/formats/{number}", f"{name} is not known", f"Send some of: {', '.join(_KNOWN)}.")
        elif name in formats[:number]:
            yield _fault(f"/spec/formats/{number}", f"{name} is there twice", "Leave it out once.")
    if pack.format not in MEDIA_TYPES:
        yield _fault("/format", f"no variant is written as {pack.format}", f"Send one of: {', '.join(MEDIA_TYPES)}.")
    elif formats and pack.format not in formats:
        detail = f"variants are written as {pack.format}, but the spec takes {', '.join(formats)}"
        yield _fault("/format", detail, "Send one of the spec's formats, or add it there.")


def _too_large(spec: ImageSpec) -> Iterator[FieldError]:
    for name in _SIZES:
        if (getattr(spec, name) or 1) > MOST_SIDE:
            yield _fault(f"/spec/{name}", f"no side is longer than {MOST_SIDE} px", f"Send {MOST_SIDE} or less.")
    if (spec.max_bytes or 1) > MOST_BYTES:
        yield _fault("/spec/max_bytes", "no file is as large", f"Send {MOST_BYTES} or less, or leave it out.")


def _contradictory(spec: ImageSpec) -> Iterator[FieldError]:
    for what, least, most in (
        ("width", spec.min_width, spec.max_width),
        ("height", spec.min_height, spec.max_height),
        ("longest_side", spec.min_longest_side, spec.max_longest_side),
        ("fill", spec.min_fill, spec.max_fill),
    ):
        if least is not None and most is not None and least > most:
            yield _fault(f"/spec/min_{what}", f"it is above `max_{what}`, {most:g}", f"Send {most:g} or less.")
    longest, sides = spec.max_longest_side, max(spec.min_width, spec.min_height)
    if longest is not None and longest < sides:
        detail = f"a side of at least {sides} px is asked for, so the longest can't be at most {longest}"
        yield _fault("/spec/max_longest_side", detail, f"Send {sides} or more.")
    if spec.min_longest_side and spec.max_width and spec.max_height:
        most = max(spec.max_width, spec.max_height)
        if spec.min_longest_side > most:
            detail = f"no side may be longer than {most} px, so the longest can't be at least {spec.min_longest_side}"
            yield _fault("/spec/min_longest_side", detail, f"Send {most} or less.")
    if spec.min_width * spec.min_height > MAX_PIXELS:
        detail = f"no image of more than {MAX_PIXELS // 1_000_000} megapixels is taken"
        yield _fault("/spec/min_width", detail, "Ask for less.")


def _impossible_aspect(spec: ImageSpec) -> Iterator[FieldError]:
    """Whether any size within the bounds has the aspect."""
    if spec.aspect is None:
        return
    wide, high = max(spec.aspect, 1), max(1 / spec.aspect, 1)
    # Every bound as one of the height.
    least = max(spec.min_height, spec.min_width / spec.aspect, (spec.min_longest_side or 1) / wide)
    most = min(
        spec.max_height or math.inf,
        (spec.max_width or math.inf) / spec.aspect,
        (spec.max_longest_side or math.inf) / wide,
    )
    if least > most * (1 + ASPECT_TOLERANCE):
        detail = (
            f"no size within the bounds has an aspect of {spec.aspect:g}:"
            f" with it they ask for at least {_size(least, spec.aspect)} and at most {_size(most, spec.aspect)} px"
        )
        yield _fault("/spec/aspect", detail, "Send the aspect that the sizes have, or change them.")
    elif max(wide, high) > 100:
        yield _fault("/spec/aspect", "no picture is a hundred times as long as wide", "Send 0.01 to 100.")


def _best_size(pack: ChannelPackContent) -> Iterator[FieldError]:
    spec, longest = pack.spec, "width" if pack.width >= pack.height else "height"
    for name, what, value, least, most in (
        ("width", "width", pack.width, spec.min_width, spec.max_width),
        ("height", "height", pack.height, spec.min_height, spec.max_height),
        (longest, "longest_side", max(pack.width, pack.height), spec.min_longest_side, spec.max_longest_side),
    ):
        if least is not None and value < least:
            yield _fault(f"/{name}", f"{value} px are under the spec's `min_{what}`", f"Send {least} or more.")
        if most is not None and value > most:
            yield _fault(f"/{name}", f"{value} px are over the spec's `max_{what}`", f"Send {most} or less.")
    aspect = pack.width / pack.height
    if spec.aspect is not None and abs(aspect / spec.aspect - 1) > ASPECT_TOLERANCE:
        detail = f"{pack.width} × {pack.height} px have an aspect of {aspect:.4g}; the spec asks for {spec.aspect:g}"
        yield _fault("/width", detail, f"At this height, send {pack.height * spec.aspect:.0f}.")
    if pack.width * pack.height > MAX_PIXELS:
        detail = f"{pack.width} × {pack.height} px are more than {MAX_PIXELS // 1_000_000} megapixels"
        yield _fault("/width", detail, "Send a smaller size.")


def _fill(pack: ChannelPackContent) -> Iterator[FieldError]:
    fill, spec = pack.fill, pack.spec
    if fill is None:
        return
    if not spec.white_background:
        detail = "a subject is framed on white alone, and the spec doesn't ask for a white background"
        yield _fault("/fill", detail, "Leave it out, or set `spec.white_background`.")
    if spec.min_fill is not None and fill < spec.min_fill:
        yield _fault("/fill", f"{fill:g} is under the spec's `min_fill`", f"Send {spec.min_fill:g} or more.")
    if spec.max_fill is not None and fill > spec.max_fill:
        yield _fault("/fill", f"{fill:g} is over the spec's `max_fill`", f"Send {spec.max_fill:g} or less.")
    if spec.min_margin is not None and fill > 1 - 2 * spec.min_margin:
        detail = f"beside a subject of {fill:g} of the frame no margin of {spec.min_margin:g} is left on both sides"
        yield _fault("/fill", detail, f"Send {1 - 2 * spec.min_margin:g} or less.")


def _not_rendered(spec: ImageSpec) -> Iterator[FieldError]:
    """What is asked for, and no variant that is rendered has."""
    if spec.bits != 8:
        yield _fault("/spec/bits", "variants have 8 bits a channel", "Send 8, or leave it out.")
    if spec.clipping_path:
        detail = "variants have no clipping path"
        yield _fault("/spec/clipping_path", detail, "Send false, and say it in the notes.")


def _naming(pack: ChannelPackContent) -> Iterator[FieldError]:
    if problem := pattern_problem(pack.naming):
        yield _fault("/naming", *problem)
    endings = _ENDINGS.get(pack.format)
    if endings and not pack.naming.lower().endswith((*endings, ".{ext}")):
        yield _fault("/naming", f"a {pack.format} isn't named so", f"Let it end with {' or '.join(endings)}.")


def _size(height: float, aspect: float) -> str:
    return f"{height * aspect:.0f} × {height:.0f}"


def _fault(pointer: str, detail: str, remedy: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail, remedy=remedy)
