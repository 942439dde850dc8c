"""One master and one channel pack → one variant."""

from dataclasses import dataclass

from PIL import Image

from contracts.assets import ChannelPack
from contracts.values import ImageSpec
from services.assets.rendering.decoding import Master, decode
from services.assets.rendering.encoding import MEDIA_TYPES, encode
from services.assets.rendering.framing import Frame, crop_inside, frame_subject, output_size
from services.assets.rendering.subject import Pixels, find_subject
from services.assets.rendering.white import Padding, clean, pad


@dataclass(frozen=True, slots=True)
class Rendered:
    """A variant's file."""

    content: bytes
    width: int
    height: int
    media_type: str


def render(master: bytes, pack: ChannelPack, spec: ImageSpec) -> Rendered:
    """Render the master as the pack asks, so that it meets `spec` (`pack.spec_for` of the shot's own spec).

    White background in the spec: the frame is laid around the subject and padded with white. Otherwise (detail
    crops, lifestyle): the largest crop of the pack's aspect inside the master, never padded.
    Raises CannotRender when the master can't be read or no file meets the limits.
    """
    picture = decode(master)
    aspect = pack.width / pack.height
    subject = find_subject(picture.overview(), picture.width, picture.height)
    if subject is not None and spec.white_background:
        frame = frame_subject(picture.width, picture.height, subject, aspect, pack.fill)
    else:
        frame = crop_inside(picture.width, picture.height, subject, aspect)
    size = output_size(frame, (pack.width, pack.height), spec)
    pixels = _take(picture, frame, size, fade=pack.background == "white")
    if spec.white_background and pack.background == "white":
        pixels = clean(pixels)
    content = encode(Image.fromarray(pixels), pack.format, pack.quality, spec.max_bytes)
    return Rendered(content=content, width=size[0], height=size[1], media_type=MEDIA_TYPES[pack.format])


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
