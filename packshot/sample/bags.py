"""Backpacks and totes, front and back."""

from packshot.sample.colours import darker, lighter, thread
from packshot.sample.drapery import SIDES, fold
from packshot.sample.shapes import CENTRE, Points, band, beside, box, circle, line, outline, symmetric, symmetric_line
from packshot.sample.studio import Colour, Studio

_STEEL = (182, 184, 188)
_LEATHER = (142, 94, 60)


def backpack(studio: Studio, colour: Colour, *, back: bool) -> None:
    """A daypack with a rolled top handle, a front pocket and leather tabs."""
    sewn, trim = thread(colour), darker(colour, 0.35)
    handle = symmetric_line("0,196 52,200 82,232 88,300")
    studio.lay(band(handle, 34), trim, "canvas", bulge=12, radius=14)
    if not back:
        for side in SIDES:
            strap = line("300,470 402,560 438,800 402,1080 330,1240", side)
            studio.lay(band(strap, 74), trim, "canvas", bulge=22, radius=26)
            studio.stitch(beside(strap, 26)[2:-2], sewn, width=1.8)
            studio.stitch(beside(strap, -26)[2:-2], sewn, width=1.8)
    body = symmetric("0,252 150,262 262,330 322,470 350,760 362,1060 344,1280 270,1362 120,1378 0,1380")
    folds = [fold(studio, "320,560 240,600 150,590", 22, -0.7, side) for side in SIDES]
    folds += [fold(studio, "344,1000 290,960 250,880", 24, 0.8, side) for side in SIDES]
    studio.lay(body, colour, "canvas", bulge=80, radius=96, folds=folds, shadow=0.4, reach=16)
    base = symmetric("0,1216 180,1212 356,1190! 350,1262 320,1326 262,1364 120,1379 0,1381")
    studio.lay(base, _LEATHER, "leather", bulge=40, radius=60, shadow=0.3, reach=5)
    studio.stitch(beside(symmetric_line("0,1216 180,1212 356,1190"), 10)[2:-2], lighter(_LEATHER, 0.45))
    if back:
        _back_panel(studio, colour, trim, sewn)
    else:
        _front(studio, colour, trim, sewn)


def _front(studio: Studio, colour: Colour, trim: Colour, sewn: Colour) -> None:
    arch = symmetric_line("0,352 150,362 232,436 268,560 282,690")
    _zipper(studio, arch, trim)
    pocket = symmetric("0,742 160,744 268,760! 286,900 290,1060 276,1164! 150,1180 0,1182")
    folds = [fold(studio, "60,800 80,960 60,1120", 30, 0.9, side) for side in SIDES]
    studio.lay(pocket, colour, "canvas", bulge=42, radius=52, shadow=0.55, reach=14, folds=folds)
    _zipper(studio, symmetric_line("0,812 140,812 262,824"), trim)
    studio.stitch(symmetric_line("0,854 140,854 268,866"), sewn, width=1.8)
    _puller(studio, 232, 826)
    _puller(studio, -240, 596)
    patch = box(-62, 950, 62, 1036, 10)
    studio.lay(patch, _LEATHER, "leather", bulge=5, radius=9, shadow=0.55, reach=7)
    studio.stitch(box(-54, 958, 54, 1028, 6), lighter(_LEATHER, 0.5), closed=True, width=1.8)
    studio.stroke(line("-30,984 -12,1004 0,984 12,1004 30,984"), darker(_LEATHER, 0.55), 4)
    for side in SIDES:
        tab = outline("236,596! 306,590! 318,616 306,642! 240,640!", side)
        studio.lay(tab, _LEATHER, "leather", bulge=5, radius=8, shadow=0.5, reach=6)


def _back_panel(studio: Studio, colour: Colour, trim: Colour, sewn: Colour) -> None:
    panel = symmetric("0,352 130,360 206,420 240,560 262,820 268,1060 240,1164 120,1180 0,1182")
    studio.lay(panel, darker(colour, 0.18), "mesh", bulge=34, radius=44, shadow=0.35, reach=8)
    studio.seam(line("0,360 0,1176"), strength=0.35)
    for y in (560, 780, 990):
        studio.seam(symmetric_line(f"0,{y + 16} 130,{y + 8} 244,{y - 10}"), strength=0.35)
    for side in SIDES:
        strap = line("86,336 150,470 184,700 190,940 236,1130 300,1236", side)
        upper, lower = strap[: len(strap) * 3 // 5], strap[len(strap) * 3 // 5 - 2 :]
        studio.lay(band(lower, 30), trim, "canvas", bulge=4, radius=8, shadow=0.5, reach=8)
        studio.lay(band(upper, 96), colour, "canvas", bulge=26, radius=30, shadow=0.6, reach=16)
        for distance in (-36, 36):
            studio.stitch(beside(upper, distance)[2:-2], sewn, width=1.8)
        x, end = float(upper[-1][0]) - CENTRE, float(upper[-1][1])
        buckle = box(x - 38, end - 14, x + 38, end + 34, 8)
        studio.lay(buckle, (38, 38, 42), "smooth", bulge=7, radius=8, shadow=0.6, reach=8)
        studio.paint(box(x - 26, end + 6, x + 26, end + 14, 4), (14, 14, 16))


def tote(studio: Studio, colour: Colour, *, back: bool) -> None:
    """An open shopper with two leather handles; the front has a pocket and a print."""
    sewn = thread(colour)
    handles = symmetric_line("0,160 110,178 170,300 186,560")
    studio.lay(band(handles - (0, 20), 40), darker(_LEATHER, 0.35), "leather", bulge=10, radius=14)
    studio.lay(symmetric("0,500 372,494! 366,560! 0,566"), darker(colour, 0.42), "canvas", bulge=-10, radius=40)
    body = symmetric("0,520 376,508! 398,800 410,1100 404,1376! 200,1400 0,1404")
    folds = []
    for side in SIDES:
        folds += [
            fold(studio, "200,640 240,860 210,1100", 46, 1.0, side),
            fold(studio, "376,900 300,1010 250,1180", 28, -0.8, side),
            fold(studio, "90,900 60,1100 90,1340", 34, 0.8, side),
            fold(studio, "396,1330 300,1300 230,1220", 26, 0.9, side),
        ]
    studio.lay(body, colour, "canvas", bulge=50, radius=74, folds=folds, shadow=0.3)
    hem = symmetric_line("0,520 376,508")
    for distance in (46, 54):
        studio.stitch(beside(hem, distance)[1:-1], sewn, width=1.8)
    for side in SIDES:
        studio.stitch(line("366,520 388,800 400,1100 394,1370", side), sewn, width=1.8)
    studio.lay(band(handles, 40), _LEATHER, "leather", bulge=12, radius=15, shadow=0.5, reach=14)
    for distance in (-13, 13):
        studio.stitch(beside(handles, distance)[2:-2], lighter(_LEATHER, 0.45), width=1.8)
    for side in SIDES:
        foot = outline("150,560! 222,560! 222,690 186,718 150,690!", side)
        studio.lay(foot, _LEATHER, "leather", bulge=8, radius=12, shadow=0.55, reach=8)
        studio.stitch(line("158,570 158,686 186,706 214,686 214,570", side), lighter(_LEATHER, 0.45), width=1.8)
        for y in (600, 672):
            studio.lay(circle(side * 186, y, 9), _STEEL, "polished", bulge=5, radius=5, shadow=0.5, reach=4)
    if back:
        return
    pocket = symmetric("0,820 190,814! 200,1000 200,1160! 0,1172")
    studio.lay(pocket, colour, "canvas", bulge=12, radius=24, shadow=0.45, reach=9)
    studio.stitch(symmetric_line("0,848 192,842"), sewn)
    studio.stitch(line("-180,830 -190,1000 -190,1150! 0,1162 190,1150! 190,1000 180,830"), sewn)
    ink = darker(colour, 0.72) if sum(colour) > 380 else lighter(colour, 0.75)
    studio.stroke(circle(0, 986, 66), ink, 5, closed=True, opacity=0.9)
    studio.paint([outline("-40,1004! -8,944 8,976 22,960 46,1006! 0,1014"), circle(24, 942, 9)], ink, 0.9)


def _zipper(studio: Studio, path: Points, tape: Colour) -> None:
    studio.lay(band(path, 30), tape, "canvas", bulge=3, radius=8, shadow=0.4, reach=5)
    studio.stroke(path, (20, 20, 22), 9)
    studio.stroke(path, _STEEL, 6, dash=(3.2, 3.2))


def _puller(studio: Studio, x: float, y: float) -> None:
    studio.lay(box(x - 11, y - 14, x + 11, y + 16, 5), _STEEL, "polished", bulge=6, radius=6, shadow=0.6, reach=6)
    studio.lay(box(x - 9, y + 18, x + 9, y + 84, 8), _LEATHER, "leather", bulge=5, radius=7, shadow=0.6, reach=9)
    studio.stitch(line(f"{x},{y + 28} {x},{y + 76}"), lighter(_LEATHER, 0.5), width=1.8)
