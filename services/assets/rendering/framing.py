"""Which part of the master a variant shows, and at which size. Pure geometry, in pixels of the master."""

from dataclasses import dataclass
from math import ceil

from contracts.values import ImageSpec
from services.assets.rendering.subject import Subject

MARGIN = 0.03  # least white beside an uncut side of the subject, as a share of its box, where the master has it
MAX_ENLARGEMENT = 1.35
"""How far a master may be enlarged to reach a channel's least size.

A sharp edge of 2.1–2.5 px (T09) is then 2.9–3.4 px wide, still under the 3.5 px that fail. A master that is smaller
than this allows gives a variant under the channel's least size: T04 says so, and the shot is taken again, closer.
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle over the master; what lies outside the master is white."""

    x: int
    y: int
    width: int
    height: int


def crop_inside(width: int, height: int, subject: Subject | None, aspect: float) -> Frame:
    """The largest frame of this aspect inside the master, centred, for shots without a white background.

    Where a side of the subject is whole (a shoe's sole, a head), the crop is moved so that it stays whole.
    """
    frame_width = max(1, min(width, round(height * aspect)))
    frame_height = max(1, min(height, round(width / aspect)))
    if subject is None:
        return Frame((width - frame_width) // 2, (height - frame_height) // 2, frame_width, frame_height)
    across, down = _axes(width, height, subject)
    return Frame(across.place_inside(frame_width), down.place_inside(frame_height), frame_width, frame_height)


def frame_subject(width: int, height: int, subject: Subject, aspect: float, fill: float | None) -> Frame:
    """The frame around a subject on white.

    With `fill`, the subject's box takes that share of the side that limits it. Without, it is the master's largest
    crop of this aspect, made larger until it holds the whole subject. Where the master cuts the subject off, the
    frame ends there as well: a cut edge never floats in white. A subject cut off at two opposite sides can't be
    padded on this axis, so there the frame ends with the master, whatever the fill.
    """
    box = subject.box
    across, down = _axes(width, height, subject)
    if fill is None:
        frame_height = max(min(height, width / aspect), across.needed() / aspect, down.needed())
    else:
        frame_height = max(box.width / aspect, box.height) / fill
    if across.cut_both:
        frame_height = min(frame_height, width / aspect)
    if down.cut_both:
        frame_height = min(frame_height, height)
    frame_width, frame_height = max(1, round(frame_height * aspect)), max(1, round(frame_height))
    centred = fill is not None
    x, y = across.place(frame_width, centred=centred), down.place(frame_height, centred=centred)
    return Frame(x, y, frame_width, frame_height)


def output_size(frame: Frame, best: tuple[int, int], spec: ImageSpec) -> tuple[int, int]:
    """Best size where the frame has the pixels for it, else the frame's own; enlarged only to reach the least size."""
    if frame.width >= best[0] and frame.height >= best[1]:
        return best
    needed = max(
        1.0,
        spec.min_width / frame.width,
        spec.min_height / frame.height,
        (spec.min_longest_side or 1) / max(frame.width, frame.height),
    )
    if needed == 1.0:
        return min(frame.width, best[0]), min(frame.height, best[1])
    scale = min(needed, MAX_ENLARGEMENT)
    return ceil(frame.width * scale - 1e-6), ceil(frame.height * scale - 1e-6)


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction of the master: its length, the subject from `low` to `high`, and where it is cut off."""

    length: int
    low: int
    high: int
    cut_low: bool
    cut_high: bool

    @property
    def cut_both(self) -> bool:
        return self.cut_low and self.cut_high

    def needed(self) -> int:
        """The subject and a little white beside it."""
        return self.high - self.low + self._margin(self.cut_low) + self._margin(self.cut_high)

    def place(self, frame: int, *, centred: bool) -> int:
        """Where a frame of this length begins."""
        middle = round((self.low + self.high - frame) / 2)
        if self.cut_both:
            return self._inside(middle, frame)
        # A frame too short for the subject cuts deeper where it is cut already, not into its whole side.
        if self.cut_high:
            return min(self.length - frame, max(0, self.low - self._margin(False)))
        if self.cut_low:
            return max(0, min(self.length, self.high + self._margin(False)) - frame)
        return middle if centred else self._inside(middle, frame)

    def place_inside(self, frame: int) -> int:
        """Where a frame begins that shows nothing beyond the master."""
        return self._inside(self.place(frame, centred=False), frame)

    def _margin(self, cut: bool) -> int:
        return 0 if cut else round((self.high - self.low) * MARGIN)

    def _inside(self, begin: int, frame: int) -> int:
        """Kept within the master, or the master within the frame."""
        room = self.length - frame
        return min(max(begin, min(0, room)), max(0, room))


def _axes(width: int, height: int, subject: Subject) -> tuple[_Axis, _Axis]:
    box = subject.box
    return (
        _Axis(width, box.left, box.right, subject.cut_left, subject.cut_right),
        _Axis(height, box.top, box.bottom, subject.cut_top, subject.cut_bottom),
    )
