"""One master and one channel pack → one variant."""

from dataclasses import dataclass

from PIL import Image

from contracts.assets import ChannelPack
from contracts.values import DigitalSourceType, ImageSpec
from services.assets.labels.fields import Labels, tidy, with_source_type
from services.assets.rendering.decoding import Master, decode
from services.assets.rendering.encoding import MEDIA_TYPES, encode
from services.assets.rendering.framing import Frame, crop_inside, frame_subject, output_size
from services.assets.rendering.scaling import Pixels
from services.assets.rendering.subject import Subject, find_subject
from services.assets.rendering.white import Padding, clean, is_off_white, pad


@dataclass(frozen=True, slots=True)
class Rendered:
    """A variant's file. `quality`: that it was written at, where its format has one; `labels`: what is written into it;
    `actions`: what was done to the master, as C2PA names it."""

    content: bytes
    width: int
    height: int
    media_type: str
    quality: int | None
    labels: Labels
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A master that any number of variants can be rendered from."""

    picture: Master
    subject: Subject | None
    off_white: bool
    """Its ground is nearly white, and becomes so."""


def prepare(master: bytes) -> Prepared:
    """Raises CannotRender when the master can't be read."""
    picture = decode(master)
    overview = picture.overview()
    return Prepared(picture, find_subject(overview, picture.width, picture.height), is_off_white(overview))


def render(
    master: bytes | Prepared,
    pack: ChannelPack,
    spec: ImageSpec,
    declared: DigitalSourceType | None = None,
    *,
    room: int = 0,
) -> Rendered:
    """Render the master as the pack asks, so that it meets `spec` (`pack.spec_for` of the shot's own spec).

    White background in the spec: the frame is laid around the subject and padded with white. Otherwise (detail
    crops, lifestyle): the largest crop of the pack's aspect inside the master, never padded.
    The master's labels are in it, with what is on record of AI's part (`declared`). `room`: bytes that are left free
    within the limit. Raises CannotRender when the master can't be read or no file meets the limits.
    """
    prepared = master if isinstance(master, Prepared) else prepare(master)
    picture, subject = prepared.picture, prepared.subject
    aspect = pack.width / pack.height
    if subject is not None and spec.white_background:
        frame = frame_subject(picture.width, picture.height, subject, aspect, pack.fill)
    else:
        frame = crop_inside(picture.width, picture.height, subject, aspect)
    size = output_size(frame, (pack.width, pack.height), spec)
    pixels = _take(picture, frame, size, fade=pack.background == "white")
    cleaned = spec.white_background and pack.background == "white"
    if cleaned:
        pixels = clean(pixels)
    labels = tidy(with_source_type(picture.labels, declared))
    limit = None if spec.max_bytes is None else max(0, spec.max_bytes - room)
    encoded = encode(Image.fromarray(pixels), pack.format, pack.quality, limit, labels)
    actions = _actions(picture, frame, size, pack.format, whitened=cleaned and prepared.off_white)
    return Rendered(encoded.content, *size, MEDIA_TYPES[pack.format], encoded.quality, labels, actions)


def _take(picture: Master, frame: Frame, size: tuple[int, int], *, fade: bool) -> Pixels:
    """The frame at its output size: scaled first, then padded, so that a wide frame costs no memory."""
    left, top = max(frame.x, 0), max(frame.y, 0)
    right, bottom = min(frame.x + frame.width, picture.width), min(frame.y + frame.height, picture.height)
    across, down = size[0] / frame.width, size[1] / frame.height
    begin = (round((left - frame.x) * across), round((top - frame.y) * down))
    end = (round((right - frame.x) * across), round((bottom - frame.y) * down))
    inner = (max(1, end[0] - begin[0]), max(1, end[1] - begin[1]))
    part = picture.part((left, top, right, bottom), inner)
    padding = Padding(begin[0], begin[1], size[0] - begin[0] - inner[0], size[1] - begin[1] - inner[1])
    return pad(part, padding, fade=fade)


def _actions(
    picture: Master, frame: Frame, size: tuple[int, int], file_format: str, *, whitened: bool
) -> tuple[str, ...]:
    cut = frame.x > 0 or frame.y > 0 or frame.x + frame.width < picture.width
    cut = cut or frame.y + frame.height < picture.height
    padded = frame.x < 0 or frame.y < 0 or frame.x + frame.width > picture.width
    padded = padded or frame.y + frame.height > picture.height
    done = {
        "c2pa.cropped": cut,
        "c2pa.resized": size != (frame.width, frame.height),
        "c2pa.color_adjustments": whitened or picture.changes_colours,
        "c2pa.edited": padded,  # the ground is carried on in white
        "c2pa.converted": picture.file_format != file_format,
    }
    return tuple(action for action, was_done in done.items() if was_done)
