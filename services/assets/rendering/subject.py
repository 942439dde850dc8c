"""Where the subject is on a white background, and the white around it."""

from dataclasses import dataclass

import cv2
import numpy as np

from services.assets.rendering.scaling import Pixels

SUBJECT_BELOW = 240  # darkest channel under this: not background, nor its faint shading
BACKGROUND_FROM = 250  # darkest channel from this up: white already
_PART = 0.01  # pieces of the subject (the second shoe, a hand) have at least this share of its largest piece
_LEAST = 0.0005  # of the frame; anything smaller is dust


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels from (left, top) up to, not including, (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject's box in the master, and the borders of the master where the subject is cut off."""

    box: Box
    cut_left: bool = False
    cut_top: bool = False
    cut_right: bool = False
    cut_bottom: bool = False


def find_subject(overview: Pixels, width: int, height: int) -> Subject | None:
    """By an overview of a master of this size. None: nothing on this background."""
    mask = subject_mask(overview)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    across, down = width / mask.shape[1], height / mask.shape[0]
    return Subject(
        box=Box(
            left=int(columns[0] * across),
            top=int(rows[0] * down),
            right=min(width, int(np.ceil((columns[-1] + 1) * across))),
            bottom=min(height, int(np.ceil((rows[-1] + 1) * down))),
        ),
        cut_left=bool(columns[0] == 0),
        cut_top=bool(rows[0] == 0),
        cut_right=bool(columns[-1] == mask.shape[1] - 1),
        cut_bottom=bool(rows[-1] == mask.shape[0] - 1),
    )


def subject_mask(pixels: Pixels) -> Pixels:
    """255 where the subject is, its white inner parts with it; 0 on the background."""
    dark = cv2.bitwise_not(cv2.inRange(pixels, np.full(3, SUBJECT_BELOW), np.full(3, 255)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2 or areas.max() < _LEAST * dark.size:
        return np.zeros(dark.shape, np.uint8)
    shown = np.zeros(count, np.uint8)
    shown[1 + np.flatnonzero(areas >= _PART * areas.max())] = 255
    mask: Pixels = shown[labels]
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(mask, outlines, -1, 255, cv2.FILLED)
    return mask
