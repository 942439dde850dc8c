"""What is kept of a measured picture, so that others can be compared with it when it isn't at hand: small and plain."""

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np

from services.qc.inspection.colour import lab_of
from services.qc.inspection.decoding import Picture
from services.qc.inspection.frame import Frame
from services.qc.inspection.regions import Region
from services.qc.inspection.subject import Subject

_STRIP = 4_000_000  # pixels hashed at once
_HASHED = 32  # px of the side that the DCT is taken of
_KEPT = 8  # coefficients a side
_SPOT = 9  # px of the reduced copy: what is larger is no spot
_LEAST_CONTRAST = 4.0  # levels of a spot against its surroundings
_OVER_NOISE = 6.0  # times the usual deviation of the background
_CLIPPED = 253  # of a background that shows no spots any more
_MOST_SPOTS = 60  # a dirtier background would repeat by chance
_LARGEST = 80  # px of the reduced copy, area


@dataclass(frozen=True)
class Spot:
    """A small dark place on the background, as shares of the frame from its left and its top."""

    right: float
    down: float


@dataclass(frozen=True)
class Fingerprint:
    pixels: str  # SHA-256 of the upright sRGB pixels
    phash: int  # 64 bits
    luminance: float | None  # median L* of the subject; None without one
    regions: tuple[Region, ...]  # the subject's colours, the largest first
    spots: tuple[Spot, ...] | None  # None where the background shows none, clipped or missing as it is


def fingerprint(frame: Frame) -> Fingerprint | None:
    """None for a file that couldn't be decoded."""
    if frame.picture is None:
        return None
    return Fingerprint(
        pixels=pixel_digest(frame.picture),
        phash=perceptual_hash(frame.subject),
        luminance=luminance(frame.subject),
        regions=frame.regions,
        spots=spots(frame.subject),
    )


def pixel_digest(picture: Picture) -> str:
    """The same for the same picture, whatever file it is in."""
    height, width = picture.rgb.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}".encode())
    rows = max(1, _STRIP // width)
    for plane in (picture.rgb, picture.alpha):
        if plane is not None:
            for top in range(0, height, rows):
                digest.update(np.ascontiguousarray(plane[top : top + rows]).data)
    return digest.hexdigest()


def perceptual_hash(subject: Subject) -> int:
    """64 bits by the lowest frequencies of the subject's box (DCT), each above or below their median: where it lies in
    the frame has no say, or a symmetric product's hash would change with every crop."""
    left, top, width, height = subject.box or (0, 0, subject.small.shape[1], subject.small.shape[0])
    grey = cv2.cvtColor(subject.small[top : top + height, left : left + width], cv2.COLOR_RGB2GRAY)
    square = cv2.resize(grey, (_HASHED, _HASHED), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(square)[:_KEPT, :_KEPT].ravel()
    return int.from_bytes(np.packbits(low > np.median(low[1:])).tobytes(), "big")


def luminance(subject: Subject) -> float | None:
    """Median L* of the subject."""
    inside = subject.pixels
    return float(np.median(lab_of(inside[:, None])[..., 0])) if len(inside) else None


def spots(subject: Subject) -> tuple[Spot, ...] | None:
    """Small dark places on the background, the strongest first: on the subject they can't be told from its pattern."""
    outside = cv2.erode(subject.outside, np.ones((_SPOT, _SPOT), np.uint8))
    if subject.background is None or min(subject.background) >= _CLIPPED or not outside.any():
        return None
    grey = cv2.cvtColor(subject.small, cv2.COLOR_RGB2GRAY)
    depth = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((_SPOT, _SPOT), np.uint8))
    usual = float(np.median(depth[outside > 0]))
    bound = max(_LEAST_CONTRAST, _OVER_NOISE * usual)
    dark = ((depth >= bound) & (outside > 0)).astype(np.uint8)
    count, labels, facts, centres = cv2.connectedComponentsWithStats(dark)
    height, width = grey.shape
    summed = np.bincount(labels.ravel(), depth.ravel().astype(np.float64), count)
    found = [part for part in range(1, count) if facts[part, cv2.CC_STAT_AREA] <= _LARGEST]
    found.sort(key=lambda part: (-summed[part], part))
    return tuple(
        Spot(float(centres[part][0] + 0.5) / width, float(centres[part][1] + 0.5) / height)
        for part in found[:_MOST_SPOTS]
    )
