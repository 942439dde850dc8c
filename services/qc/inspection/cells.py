"""Which parts of a picture its subject touches: what an inspection at 100 % zoom must have seen."""

from dataclasses import dataclass

import cv2
import numpy as np

from services.qc.inspection.frame import Frame
from services.qc.inspection.subject import square

_REACH = 6  # px of the file around the subject: cut-outs and halos are looked for on both sides of its outline


@dataclass(frozen=True)
class Touched:
    """Of a picture as a viewer shows it, cut into squares from its upper left corner."""

    width: int  # px
    height: int
    whole: bool  # nothing tells the subject for certain, so every cell counts
    rows: tuple[str, ...]  # from the top, a character a cell: `1` where the subject is, else `0`


def touched_cells(frame: Frame, side: int) -> Touched | None:
    """`side`: of a cell, px: a power of two from 128 on, so that the reduced mask's pixels never lie across two cells
    (it is halved at most seven times). None for a file that couldn't be decoded."""
    if frame.picture is None:
        return None
    subject = frame.subject
    height, width = frame.picture.rgb.shape[:2]
    down, across = -(-height // side), -(-width // side)
    whole = subject.box is None or subject.confidence < frame.thresholds.least_confidence
    if whole:
        return Touched(width, height, True, ("1" * across,) * down)
    mask = cv2.dilate(subject.mask, square(_REACH, subject.scale))
    # A last odd row or column that the reduction left out is as the one before it.
    left_out = [-(-full // subject.scale) - kept for full, kept in zip((height, width), mask.shape, strict=True)]
    mask = np.pad(mask, [(0, more) for more in left_out], mode="edge")
    step = side // subject.scale
    missing = [number * step - kept for number, kept in zip((down, across), mask.shape, strict=True)]
    mask = np.pad(mask, [(0, more) for more in missing])
    touched = mask.reshape(down, step, across, step).max(axis=(1, 3)) > 0
    return Touched(width, height, False, tuple("".join("1" if one else "0" for one in row) for row in touched))
