"""Wristwatches, front and back: an analog dress watch and a digital sports watch."""

import numpy as np

from packshot.sample.colours import darker, lighter, mix
from packshot.sample.drapery import SIDES
from packshot.sample.patterns import sheen
from packshot.sample.shapes import Points, box, circle, line, outline, path_points, symmetric
from packshot.sample.studio import Colour, Studio

_STEEL = (188, 191, 196)
_GOLD = (206, 172, 112)
_Y = 800.0  # the dial's centre


def analog(studio: Studio, colour: Colour, *, back: bool, gold: bool) -> None:
    """A round watch on a leather strap."""
    metal = _GOLD if gold else _STEEL
    _leather_strap(studio, colour, metal)
    for side in SIDES:
        for flip in (1, -1):
            lug = outline("96,600! 150,560 176,584! 208,660 180,716!", side)
            lug = lug if flip > 0 else _upside_down(lug)
            studio.lay(lug, metal, "polished", bulge=18, radius=16, shadow=0.4, reach=8)
    crown = box(246, _Y - 24, 284, _Y + 24, 8)
    studio.lay(crown, metal, "metal", bulge=14, radius=14)
    ridges = [path_points([(256, y), (283, y)]) for y in np.arange(_Y - 20, _Y + 21, 6.5)]
    studio.stroke(ridges, darker(metal, 0.55), 1.6)
    studio.lay(circle(0, _Y, 256), metal, "metal", bulge=40, radius=26, shadow=0.5, reach=16)
    if back:
        _case_back(studio, metal)
        return
    bezel = sheen(0, _Y, darker(metal, 0.45), lighter(metal, 0.6))
    studio.lay(circle(0, _Y, 244), bezel, "polished", bulge=8, radius=8, shadow=0.3, reach=3)
    dial = (238, 234, 224) if sum(colour) < 300 else mix(colour, (26, 34, 56), 0.82)
    ink = (34, 36, 42) if sum(dial) > 380 else (236, 236, 232)
    studio.lay(circle(0, _Y, 212), dial, "smooth", bulge=-6, radius=14)
    hours = [_radial(degrees, 158, 200, 8) for degrees in range(0, 360, 30)]
    studio.lay(
        hours, metal if sum(dial) < 380 else darker(metal, 0.35), "polished", bulge=5, radius=4, shadow=0.5, reach=4
    )
    studio.stroke([_radial_line(degrees, 190, 200) for degrees in range(0, 360, 6) if degrees % 30], ink, 2)
    studio.lay(circle(0, _Y + 92, 52), darker(dial, 0.10), "metal", bulge=-4, radius=8)
    studio.stroke([_radial_line(degrees, 40, 48, 92) for degrees in range(0, 360, 30)], ink, 1.8)
    studio.stroke(_radial_line(218, 0, 40, 92), ink, 2.4)
    studio.paint(box(-26, _Y - 112, 26, _Y - 106, 3), ink)
    studio.paint(box(-15, _Y - 98, 15, _Y - 95, 1), ink, 0.7)
    for degrees, length, width in ((304, 112, 15), (52, 172, 11)):
        hand = _hand(degrees, length, width)
        studio.lay(
            hand, darker(metal, 0.5) if sum(dial) > 380 else metal, "polished", bulge=6, radius=5, shadow=0.5, reach=10
        )
    studio.lay(circle(0, _Y, 13), metal, "polished", bulge=8, radius=8, shadow=0.5, reach=5)
    studio.paint(outline("-190,700 -120,640 -20,606 40,604! -40,650 -120,730 -168,830!"), (255, 255, 255), 0.10)


def digital(studio: Studio, colour: Colour, *, back: bool) -> None:
    """A sports watch of resin with a rectangular display."""
    resin, accent = colour, lighter(colour, 0.25)
    strap = "0,196 92,198 118,226 126,420 158,560 176,640! 0,640"
    for piece in (symmetric(strap), _upside_down(symmetric(strap))):
        studio.lay(piece, resin, "smooth", bulge=34, radius=36)
    for y in (270, 318, 366):
        studio.lay(box(-44, y, 44, y + 18, 9), darker(resin, 0.55), "smooth", bulge=-5, radius=6)
        studio.paint(circle(0, 1600 - y - 34, 13), darker(resin, 0.7))
    for y in (448, 492, 536):
        for flip in (1, -1):
            groove = path_points([(-112, y), (112, y)])
            studio.seam(groove if flip > 0 else _upside_down(groove), strength=0.5)
    studio.lay(box(-74, 1340, 74, 1372, 8), darker(resin, 0.2), "smooth", bulge=10, radius=10, shadow=0.5, reach=8)
    for side in SIDES:
        for y in (690, 910):
            button = box(side * 262 - 30, y - 34, side * 262 + 30, y + 34, 12)
            studio.lay(button, _STEEL, "metal", bulge=16, radius=16)
    case = symmetric("0,560 150,566 226,606 262,700 270,800 262,900 226,994 150,1034 0,1040")
    studio.lay(case, resin, "smooth", bulge=54, radius=50, shadow=0.5, reach=14)
    if back:
        plate = symmetric("0,640 120,644 176,700 188,800 176,900 120,956 0,960")
        studio.lay(plate, _STEEL, "metal", bulge=12, radius=14, shadow=0.4, reach=6)
        _engraving(studio, 0, 800, 92)
        for x in (-140, 140):
            for y in (700, 900):
                _screw(studio, x, y)
        return
    bezel = symmetric("0,606 132,610 196,652 222,740 226,800 222,860 196,948 132,990 0,994")
    studio.lay(bezel, accent, "smooth", bulge=22, radius=20, shadow=0.35, reach=6)
    for x in (-172, 172):
        for y in (672, 928):
            _screw(studio, x, y)
    studio.lay(box(-156, 676, 156, 924, 26), (20, 22, 26), "smooth", bulge=-8, radius=12)
    studio.lay(box(-138, 694, 138, 906, 14), (168, 178, 160), "smooth", bulge=-4, radius=8)
    _digits(studio, "10:36")
    ink = (26, 32, 28)
    for index, x in enumerate(range(-122, 122, 20)):
        studio.paint(box(x, 868, x + 14, 888, 2), ink, 0.9 if index < 8 else 0.16)
    studio.paint(box(-122, 708, -58, 714, 2), ink)
    studio.paint(box(-122, 720, -84, 725, 2), ink)
    studio.paint(box(84, 706, 122, 726, 4), ink)
    studio.paint(box(88, 710, 112, 722, 2), (168, 178, 160))
    studio.paint(outline("-138,708! -126,694 40,694! -60,906! -138,906!"), (255, 255, 255), 0.06)


def _leather_strap(studio: Studio, colour: Colour, metal: Colour) -> None:
    upper = symmetric("0,250 84,252 104,262 118,420 132,640! 0,640")
    lower = symmetric("0,960 132,960! 118,1180 104,1380 64,1436 0,1446")
    for piece in (upper, lower):
        studio.lay(piece, colour, "leather", bulge=22, radius=24)
    sewn = lighter(colour, 0.4) if sum(colour) < 420 else darker(colour, 0.35)
    for side in SIDES:
        studio.stitch(line("92,270 104,420 118,630", side), sewn)
        studio.stitch(line("118,970 104,1180 92,1370 54,1420 0,1430", side), sewn)
    for y in (1180, 1224, 1268, 1312):
        studio.lay(circle(0, y, 9), darker(colour, 0.72), "smooth", bulge=-4, radius=4)
    frame = box(-122, 176, 122, 292, 26)
    studio.lay(frame, metal, "polished", bulge=14, radius=12, shadow=0.45, reach=9, holes=[box(-90, 204, 90, 264, 12)])
    studio.lay(box(-92, 222, 92, 262, 3), colour, "leather", bulge=14, radius=16)
    studio.lay(box(-8, 196, 8, 286, 6), metal, "polished", bulge=8, radius=7, shadow=0.5, reach=7)
    studio.lay(box(-124, 330, 124, 372, 8), colour, "leather", bulge=10, radius=12, shadow=0.5, reach=9)
    studio.stitch(line("-112,339 112,339"), sewn, width=1.8)
    studio.stitch(line("-112,363 112,363"), sewn, width=1.8)


def _case_back(studio: Studio, metal: Colour) -> None:
    studio.lay(circle(0, _Y, 216), metal, "metal", bulge=14, radius=14, shadow=0.4, reach=6)
    slots = [_radial(degrees, 186, 222, 26) for degrees in range(30, 360, 60)]
    studio.lay(slots, darker(metal, 0.5), "metal", bulge=-5, radius=6)
    studio.lay(circle(0, _Y, 168), metal, "polished", bulge=6, radius=8, shadow=0.3, reach=4)
    _engraving(studio, 0, _Y, 120)


def _engraving(studio: Studio, x: float, y: float, radius: float) -> None:
    ink = (96, 98, 104)
    studio.stroke(circle(x, y, radius), ink, 2.4, closed=True)
    studio.stroke(circle(x, y, radius * 0.9), ink, 1.4, closed=True)
    for row, width in ((-0.42, 0.5), (-0.24, 0.78), (-0.06, 0.66), (0.12, 0.78), (0.30, 0.56), (0.48, 0.36)):
        _dotted_words(studio, x, y + row * radius, width * radius, radius * 0.07, ink)


def _dotted_words(studio: Studio, x: float, y: float, half: float, size: float, ink: Colour) -> None:
    """A line of engraving, too small to read."""
    at, strokes = x - half, []
    while at < x + half:
        tall = float(studio.random.uniform(0.5, 1.0)) * size
        strokes.append(path_points([(at, y - tall), (at + size * 0.3, y + size)]))
        at += size * (0.9 if studio.random.random() > 0.2 else 2.2)
    studio.stroke(strokes, ink, 1.8)


def _screw(studio: Studio, x: float, y: float) -> None:
    studio.lay(circle(x, y, 15), _STEEL, "metal", bulge=8, radius=8, shadow=0.5, reach=5)
    studio.stroke(path_points([(x - 8, y - 6), (x + 8, y + 6)]), (52, 54, 58), 4)


_PLACES = {
    "a": (8, 746, 36, 746),
    "b": (42, 754, 42, 790),
    "c": (42, 806, 42, 842),
    "d": (8, 850, 36, 850),
    "e": (2, 806, 2, 842),
    "f": (2, 754, 2, 790),
    "g": (8, 798, 36, 798),
}
_SEGMENTS = {"0": "abcdef", "1": "bc", "3": "abgcd", "6": "afgcde"}


def _digits(studio: Studio, text: str) -> None:
    """Seven-segment digits in the middle of the display."""
    ink, left = (24, 30, 26), -126.0
    shown: list[Points] = []
    hidden: list[Points] = []
    for sign in text:
        if sign == ":":
            dots = [box(left + 4, y, left + 14, y + 10, 2) for y in (780, 818)]
            studio.paint(dots, ink)
            left += 24
            continue
        for name, (x0, y0, x1, y1) in _PLACES.items():
            stroke = path_points([(left + x0, y0), (left + x1, y1)])
            (shown if name in _SEGMENTS[sign] else hidden).append(stroke)
        left += 58
    studio.stroke(hidden, ink, 9, opacity=0.05)
    studio.stroke(shown, ink, 9, opacity=0.92)


def _radial(degrees: float, inner: float, outer: float, width: float) -> Points:
    along = _radial_line(degrees, inner, outer)
    step = along[1] - along[0]
    across = np.array([-step[1], step[0]]) / np.hypot(*step) * width / 2
    return np.array([along[0] - across, along[1] - across, along[1] + across, along[0] + across], np.float32)


def _radial_line(degrees: float, inner: float, outer: float, lower: float = 0) -> Points:
    angle = np.deg2rad(degrees)
    return path_points([(r * np.sin(angle), _Y + lower - r * np.cos(angle)) for r in (inner, outer)])


def _hand(degrees: float, length: float, width: float) -> Points:
    """A slim leaf that reaches a little beyond the centre."""
    angle = np.deg2rad(degrees)
    shape = [
        (-width * 0.3, 26),
        (-width / 2, -length * 0.5),
        (0, -length),
        (width / 2, -length * 0.5),
        (width * 0.3, 26),
    ]
    return path_points(
        [(x * np.cos(angle) - y * np.sin(angle), _Y + x * np.sin(angle) + y * np.cos(angle)) for x, y in shape]
    )


def _upside_down(points: Points) -> Points:
    return np.asarray(points * (1, -1) + (0, 2 * _Y), dtype=np.float32)
