"""Clipping paths as Photoshop writes them."""

import struct
from typing import Any

import numpy as np

SIGNATURE = b"Photoshop 3.0\0"


def resource(id: int, content: bytes, name: str = "") -> bytes:
    """One image resource: what is odd in length is padded, sizes aside."""
    text = bytes([len(name)]) + name.encode("mac_roman")
    head = b"8BIM" + struct.pack(">H", id) + text + b"\0" * (len(text) % 2) + struct.pack(">I", len(content))
    return head + content + b"\0" * (len(content) % 2)


def subpath(knots: Any, closed: bool = True) -> bytes:
    """Records of one subpath. A knot is an anchor (down, across) or (control before, anchor, control after), as shares
    of the picture's height and width."""
    points = np.asarray(knots, float)
    points = points.reshape(len(points), 3 if points.ndim == 3 else 1, 2)
    records = np.zeros(len(knots), [("selector", ">u2"), ("points", ">i4", (3, 2))])
    records["selector"] = 1 if closed else 4
    records["points"] = np.rint(points * 2**24)  # a lone anchor is its own two controls
    return struct.pack(">HH22x", 0 if closed else 3, len(knots)) + records.tobytes()


def path(*subpaths: bytes) -> bytes:
    """The content of a path resource: the rule to fill it by, and its subpaths."""
    return struct.pack(">H24x", 6) + struct.pack(">HH22x", 8, 0) + b"".join(subpaths)


def in_jpeg(jpeg: bytes, block: bytes, most: int = 65_000) -> bytes:
    """The JPEG with the resources, in as many segments as they need."""
    segments = b""
    for at in range(0, len(block), most):
        content = SIGNATURE + block[at : at + most]
        segments += b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
    return jpeg[:2] + segments + jpeg[2:]
