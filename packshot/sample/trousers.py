"""Chinos and joggers, front and back."""

import numpy as np

from packshot.sample.colours import darker, lighter, thread
from packshot.sample.drapery import SIDES, fold, label
from packshot.sample.light import Fold
from packshot.sample.shapes import band, beside, box, circle, line, outline, symmetric, symmetric_line
from packshot.sample.studio import Colour, Studio


def chino(studio: Studio, colour: Colour, *, back: bool) -> None:
    """Straight trousers with a waistband, slanted pockets and a pressed crease."""
    sewn = thread(colour)
    _legs(studio, colour, "twill", "0,190 178,180! 204,290 222,420 228,600 220,900 212,1200 208,1468!", 1468, 62)
    for side in SIDES:
        hem = line("62,1476 136,1476 208,1468", side)
        for distance in (-34, -40):
            studio.stitch(beside(hem, side * distance)[1:-1], sewn, width=1.8)
        studio.seam(line("138,700 132,1000 134,1240 136,1470", side), strength=0.14)
    _waistband(studio, colour, sewn, back)
    if back:
        studio.seam(line("0,230 5,360 2,500 0,586"), strength=0.5)
        studio.stitch(line("8,234 13,360 10,490 7,570"), sewn, width=1.8)
        for side in SIDES:
            _welt_pocket(studio, colour, sewn, side)
        return
    studio.seam(line("0,230 2,380 4,500 0,586"), strength=0.5)
    studio.stitch(line("-42,232 -42,392 -34,452 -6,500"), sewn)
    studio.stitch(line("-50,232 -50,394 -41,459 -8,511"), sewn)
    for side in SIDES:
        slit = line("146,230 178,310 212,378", side)
        studio.seam(slit, strength=0.6)
        for distance in (9, 16):
            studio.stitch(beside(slit, side * distance)[1:-1], sewn, width=1.8)


def jogger(studio: Studio, colour: Colour, *, back: bool) -> None:
    """Tapered sweatpants with a drawstring and ribbed cuffs."""
    sewn = thread(colour)
    _legs(studio, colour, "fleece", "0,190 184,182! 214,300 234,430 238,600 222,900 192,1180 172,1376!", 1376, 64)
    for side in SIDES:
        cuff = outline("60,1368! 116,1376 176,1364! 170,1424 164,1472! 116,1480 70,1476! 64,1430", side)
        studio.lay(cuff, colour, "rib", bulge=24, radius=26, shadow=0.35, reach=6)
        if not back:
            slit = line("150,234 184,310 224,392", side)
            studio.seam(slit, strength=0.65)
            studio.stitch(beside(slit, side * 11)[1:-1], sewn, width=1.8)
    studio.lay(
        symmetric("0,152 178,142! 184,190 187,238! 0,248"), colour, "rib", bulge=20, radius=24, shadow=0.4, reach=8
    )
    for y in (180, 208):
        studio.stitch(symmetric_line(f"0,{y + 6} 184,{y - 4}"), sewn, width=1.8)
    studio.seam(line("0,246 4,380 2,500 0,586"), strength=0.45)
    if back:
        shape = outline("66,350! 182,342! 184,466! 126,492! 70,474!")
        studio.lay(shape, colour, "fleece", bulge=8, radius=16, shadow=0.45)
        studio.stitch(line("73,356 77,469! 126,484! 177,461! 175,350"), sewn, width=1.8)
        studio.stitch(line("73,374 176,366"), sewn, width=1.8)
        return
    label(studio, -118, 470, 66, 40)
    cord = lighter(colour, 0.6) if sum(colour) < 420 else darker(colour, 0.45)
    for side in SIDES:
        studio.lay(circle(side * 32, 198, 9), (168, 170, 174), "polished", bulge=4, radius=4, shadow=0.5, reach=5)
        studio.paint(circle(side * 32, 198, 4.5), (28, 28, 32))
        path = line(f"32,198 38,252 28,320 {36 if side > 0 else 44},{416 if side > 0 else 388}", side)
        studio.lay(band(path, 11), cord, "rib", bulge=6, radius=5, shadow=0.5, reach=8)


def _legs(studio: Studio, colour: Colour, surface: str, outer: str, hem: int, inner: int) -> None:
    """Both legs as one piece: from the waist down the outside to the hem, and up the inside to the crotch."""
    half = f"{outer} {(inner + 208) // 2},{hem + 8} {inner},{hem + 8}! {inner - 10},1180 40,880 16,640 0,600!"
    folds: list[Fold] = []
    for side in SIDES:
        folds += [
            fold(studio, "14,590 80,560 160,540", 15, -0.7, side),
            fold(studio, "22,650 90,632 170,640", 15, 0.6, side),
            fold(studio, "200,960 150,990 76,980", 16, -0.6, side),
            fold(studio, "196,1020 140,1044 80,1030", 15, 0.6, side),
            fold(studio, "136,460 142,900 134,1400", 38, 0.7, side),
            fold(studio, "186,1330 140,1360 80,1350", 13, -0.6, side),
            fold(studio, "186,1390 140,1412 84,1400", 12, 0.6, side),
        ]
    studio.lay(symmetric(half), colour, surface, bulge=40, radius=52, folds=folds)


def _waistband(studio: Studio, colour: Colour, sewn: Colour, back: bool) -> None:
    if not back:
        studio.lay(symmetric("0,168 170,150! 172,180! 0,198"), darker(colour, 0.35), "twill", bulge=-6, radius=30)
    top = "0,164" if back else "0,182"
    studio.lay(symmetric(f"{top} 174,150! 180,218! 0,234"), colour, "twill", bulge=8, radius=16, shadow=0.4, reach=7)
    upper, lower = symmetric_line(f"{top} 174,150"), symmetric_line("0,234 180,218")
    studio.stitch(beside(upper, 8)[1:-1], sewn, width=1.8)
    studio.stitch(beside(lower, -8)[1:-1], sewn, width=1.8)
    for x in (-124, -62, 62, 124) if not back else (-130, 0, 130):
        rise = (26 if not back else 12) * (1 - (x / 174) ** 2)
        loop = box(x - 9, 148 + rise, x + 9, 232 + rise * 0.4, 3)
        studio.lay(loop, colour, "twill", bulge=5, radius=7, shadow=0.55, reach=7)
        for y in (157 + rise, 224 + rise * 0.4):
            studio.stroke(line(f"{x - 7},{y} {x + 7},{y}"), sewn, 2.6)
    if back:
        label(studio, -66, 200, 74, 40)
        return
    studio.lay(circle(-20, 208, 13), darker(colour, 0.4), "smooth", bulge=5, radius=6, shadow=0.55, reach=6)
    for angle in (45, 135, 225, 315):
        x, y = -20 + 4.5 * np.cos(np.deg2rad(angle)), 208 + 4.5 * np.sin(np.deg2rad(angle))
        studio.paint(circle(x, y, 1.7), (24, 24, 26))


def _welt_pocket(studio: Studio, colour: Colour, sewn: Colour, side: int) -> None:
    welt = outline("58,350! 170,340! 172,362! 60,373!", side)
    studio.lay(welt, colour, "twill", bulge=5, radius=8, shadow=0.5, reach=6)
    studio.seam(line("60,363 172,352", side), strength=0.6)
    studio.stitch(line("50,342! 177,330! 180,370! 53,382! 50,342", side), sewn, width=1.8)
    x, y = side * 115, 390
    studio.lay(circle(x, y, 10), darker(colour, 0.4), "smooth", bulge=4, radius=5, shadow=0.5, reach=5)
    for shift in (-3, 3):
        studio.paint(circle(x + shift, y, 1.6), (24, 24, 26))
