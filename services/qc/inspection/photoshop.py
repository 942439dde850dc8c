"""Clipping paths in Photoshop's image resources ("Adobe Photoshop File Formats Specification", Image Resources Section
and Path resource format)."""

import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.inspection.decoding import Pixels, turned
from services.qc.inspection.header import Header

_FIRST_PATH, _LAST_PATH, _NAME_OF_CLIPPING_PATH = 2000, 2998, 2999
_MOST_RESOURCES = 10_000
_MOST_KNOTS = 4_000  # of all paths together; a careful cut-out has some hundreds
_FARTHEST = 1.0  # frames beyond the frame: a path may run outside, but not anywhere
_RECORD = 26  # bytes
_CLOSED, _OPEN = 0, 3  # records that begin a subpath
_FRACTION = 2**24  # coordinates are fractions of the picture's height and width, with 24 bits after the point
_CURVE = np.linspace(0, 1, 9)[:-1, None, None]  # where a curve from knot to knot is sampled
_SHIFT = 4  # bits of a pixel that OpenCV draws with


@dataclass(frozen=True)
class Path:
    """Outlines of closed subpaths. A knot is (control before, anchor, control after), each (down, across), 0–1."""

    name: str
    closed: tuple[Any, ...]  # arrays of knots × 3 × 2
    open: int  # subpaths that aren't closed


def read_paths(block: bytes | None) -> tuple[Path, ...]:
    """The clipping path where the file names one, else all its paths. Broken resources count as none."""
    paths: dict[int, Path] = {}
    clipping, knots = "", 0
    for id, name, content in _resources(block or b""):
        if id == _NAME_OF_CLIPPING_PATH and content:
            clipping = _text(content[1 : 1 + content[0]])
        elif _FIRST_PATH <= id <= _LAST_PATH and (path := _path(name, content)) and id not in paths:
            knots += sum(map(len, path.closed))
            if knots > _MOST_KNOTS:
                break
            paths[id] = path
    named = tuple(path for path in paths.values() if clipping and path.name == clipping)
    return named or tuple(paths.values())


def cut_out(path: Path, header: Header, scale: int, shape: tuple[int, ...]) -> Pixels:
    """What the path encloses, as a mask of that shape on the upright picture reduced by that scale: 255 inside.

    A path is drawn on the picture as it is stored, whatever the EXIF tag says.
    """
    height, width = header.height / scale, header.width / scale
    if header.orientation in (5, 6, 7, 8):
        height, width, shape = width, height, shape[::-1]
    mask = np.zeros(shape, np.uint8)
    # OpenCV's pixel centres are at whole numbers.
    outlines = [(_outline(knots) * (height, width) - 0.5)[:, ::-1] * 2**_SHIFT for knots in path.closed]
    cv2.fillPoly(mask, [np.rint(one).astype(np.int32) for one in outlines], 255, shift=_SHIFT)
    return turned(mask, header.orientation)


def _outline(knots: Any) -> Any:
    """Points along the cubic Bézier curves from each knot to the next, and back to the first."""
    begin, end = knots, np.roll(knots, -1, axis=0)
    first, second, third, fourth = begin[:, 1], begin[:, 2], end[:, 0], end[:, 1]
    t, rest = _CURVE, 1 - _CURVE
    points = rest**3 * first + 3 * rest**2 * t * second + 3 * rest * t**2 * third + t**3 * fourth
    return points.swapaxes(0, 1).reshape(-1, 2)


def _resources(block: bytes) -> Any:
    """Number, name and content of each resource, as far as the block is sound."""
    at = 0
    for _ in range(_MOST_RESOURCES):
        if block[at : at + 4] != b"8BIM" or at + 7 > len(block):
            return
        id, length = struct.unpack_from(">HB", block, at + 4)
        name = _text(block[at + 7 : at + 7 + length])
        at += 7 + length + (length + 1) % 2
        if at + 4 > len(block):
            return
        size = int.from_bytes(block[at : at + 4], "big")
        at += 4
        if at + size > len(block):
            return
        yield id, name, block[at : at + size]
        at += size + size % 2


def _path(name: str, content: bytes) -> Path | None:
    """None where a subpath has fewer knots than it says, lies far outside the picture, or nothing is in it."""
    if not content or len(content) % _RECORD or len(content) // _RECORD > 2 * _MOST_KNOTS:
        return None
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    kinds = records[:, :2].astype(int) @ (256, 1)
    counts = records[:, 2:4].astype(int) @ (256, 1)
    points = records[:, 2:].copy().view(">i4").reshape(-1, 3, 2) / _FRACTION
    closed: list[Any] = []
    open = 0
    for at in np.flatnonzero((kinds == _CLOSED) | (kinds == _OPEN)):
        kind, count = kinds[at], counts[at]
        inside = kinds[at + 1 : at + 1 + count]
        if len(inside) < count or not np.isin(inside, (kind + 1, kind + 2)).all():
            return None
        knots = points[at + 1 : at + 1 + count]
        if (np.abs(knots - 0.5) > 0.5 + _FARTHEST).any():
            return None
        if kind == _CLOSED and count >= 2:
            closed.append(knots)
        open += int(kind == _OPEN)
    return Path(name, tuple(closed), open) if closed or open else None


def _text(raw: bytes) -> str:
    return raw.decode("mac_roman")
