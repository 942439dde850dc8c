"""T26: moiré, waves of colour that the cloth doesn't have."""

from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.spectrum import joint_power
from services.qc.inspection.tiles import SIDE, column, some

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
TILES, _LEAST_TILES = 64, 8
_HALF = SIDE // 2  # colours are judged at half size: most JPEGs hold no more of them
_WINDOW = np.outer(np.hanning(_HALF), np.hanning(_HALF)).astype(np.float32)
_FREQUENCY = np.hypot(np.fft.fftfreq(_HALF)[:, None], np.fft.rfftfreq(_HALF)[None])
_BAND = ((_FREQUENCY >= 2.5 / _HALF) & (_FREQUENCY <= 0.4)).astype(np.float32)  # periods of 5 to 26 px of the file
_PURE = 0.7  # share of a tile's colour power that is in one wave: edges and prints have many
_PLACE = 12  # per cent of the tiles that must have it, or at least 4: moiré fills a part of the cloth


@check("T26", "moire", unit="levels")
def moire(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Amplitude of a pure wave of colour that is stronger than the same wave's lightness, which woven and printed
    patterns have too; less what the approved colour reference or capture has of it."""
    subject, bounds = frame.subject, frame.thresholds.moire
    if len(frame.tiles) < _LEAST_TILES:
        return cannot_measure("The subject has too little surface to look for moiré.", subject.confidence)
    amplitude = max(0.0, _amplitude(frame.tiles) - genuine_amplitude(reference))
    threshold = f"≤ {bounds.passes:g}"
    if amplitude <= bounds.passes:
        return Finding(PASS, "No waves of colour on the subject.", amplitude, threshold, confidence=subject.confidence)
    detail = (
        f"{'Strong' if amplitude > bounds.flags else 'Slight'} waves of colour on the subject: moiré, unless the cloth "
        "has this pattern. Take it from another distance or angle, or remove it from the raw file."
    )
    return Finding(FLAG, detail, amplitude, threshold, confidence=subject.confidence)


def genuine_amplitude(reference: Reference) -> float:
    """What the approved colour reference or capture has of it."""
    approved = [one for one in (reference.colour, reference.capture) if one is not None and one.picture is not None]
    return max((_amplitude(one.tiles) for one in approved if len(one.tiles) >= _LEAST_TILES), default=0.0)


def _amplitude(tiles: Pixels) -> float:
    """Levels, that an eighth of the tiles has, of those that have most of it."""
    strength = np.sort(waves_of(some(tiles, TILES)))
    return float(strength[-min(len(strength), max(4, len(strength) * _PLACE // 100))])


def waves_of(tiles: Pixels) -> Any:
    """Amplitude in levels of every tile's strongest wave of colour; 0 where it isn't pure, or lightness has it more."""
    small = cv2.resize(column(tiles), (_HALF, len(tiles) * _HALF), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    red, blue = (cv2.subtract(cv2.extractChannel(small, channel), grey, dtype=cv2.CV_32F) for channel in (0, 2))
    colour = joint_power(_windowed(red), _windowed(blue)) * _BAND
    row, place = np.divmod(colour.reshape(len(tiles), -1).argmax(axis=1), colour.shape[2])
    each = np.arange(len(tiles))
    around: Any = sum(
        colour[each, (row + down) % _HALF, np.minimum(place + across, colour.shape[2] - 1)]
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
    )
    strongest = colour[each, row, place]
    waves = np.where(around >= _PURE * colour.sum(axis=(1, 2)), np.sqrt(strongest) * 2 / _WINDOW.sum(), 0)
    for tile in np.flatnonzero(waves):
        lightness = _power(grey[tile * _HALF : (tile + 1) * _HALF].astype(np.float32))
        if lightness[0, row[tile], place[tile]] >= strongest[tile]:
            waves[tile] = 0
    return waves


def _power(channel: Any) -> Any:
    """Power spectrum of every half-size tile within the band."""
    spectrum = np.fft.rfft2(_windowed(channel))
    return (np.square(spectrum.real) + np.square(spectrum.imag)) * _BAND


def _windowed(channel: Any) -> Any:
    """Every half-size tile less its mean level, fading out towards its sides."""
    tiles = channel.reshape(-1, _HALF, _HALF)
    return (tiles - tiles.mean(axis=(1, 2), keepdims=True)) * _WINDOW
