"""T-shirts and hoodies, as if worn by nobody: front and back."""

import numpy as np

from packshot.sample.colours import darker, lighter, thread
from packshot.sample.drapery import SIDES, fold, label
from packshot.sample.light import Fold
from packshot.sample.patterns import stripes
from packshot.sample.shapes import Points, band, beside, box, circle, line, outline, symmetric, symmetric_line
from packshot.sample.studio import Colour, Dye, Studio


def tee(studio: Studio, colour: Colour, *, back: bool, surface: str, pocket: bool, stripe: Colour | None) -> None:
    """A short-sleeved crew-neck shirt, plain or striped."""
    dye: Dye = stripes(colour, stripe, 74, 22) if stripe else colour
    sewn = thread(colour)
    neck = symmetric_line("0,296 64,288 104,272 126,246" if back else "0,376 60,362 108,312 126,246")
    if not back:
        _inside_of_neck(studio, colour)
    for side in SIDES:
        _short_sleeve(studio, dye, surface, sewn, side)
    neck_half = "0,296 64,288 104,272 126,246!" if back else "0,376 60,362 108,312 126,246!"
    body = f"{neck_half} 230,280 338,326! 304,430 318,566! 314,760 310,980 316,1180 324,1322! 160,1340 0,1344"
    studio.lay(
        symmetric(body), dye, surface, bulge=44, radius=66, folds=_body_folds(studio, back), shadow=0.4, reach=12
    )
    for side in SIDES:
        studio.seam(line("338,328 304,430 318,566", side), strength=0.42)
    hem = symmetric_line("0,1344 160,1340 324,1322")
    for distance in (-26, -33):
        studio.stitch(beside(hem, distance)[2:-2], sewn, width=1.8)
    rib = beside(neck, 15 if not back else 12)
    studio.lay(_collar(neck, 30 if not back else 26), colour, "rib", bulge=12, radius=13, shadow=0.45, reach=6)
    edge = beside(rib, 15 if not back else 13)
    studio.seam(edge[2:-2], strength=0.4)
    studio.stitch(beside(edge, 9)[2:-2], sewn, width=1.8)
    if pocket and not back:
        _chest_pocket(studio, dye, surface, sewn)


def _collar(neck: Points, width: float) -> Points:
    """The ribbed ring below the neck's edge; at the shoulders it turns round to the back."""
    outer = beside(neck, width)
    outer[0, 1] = neck[0, 1] + width * 0.42
    outer[-1, 1] = neck[-1, 1] + width * 0.42
    return np.concatenate([neck, outer[::-1]])


def _short_sleeve(studio: Studio, dye: Dye, surface: str, sewn: Colour, side: int) -> None:
    folds = [
        fold(studio, "316,540 366,500 450,506", 11, -0.9, side),
        fold(studio, "330,596 396,576 480,600", 10, 0.8, side),
        fold(studio, "350,360 420,450 470,640", 24, 0.7, side),
    ]
    shape = outline("332,322! 414,388 478,500 540,630! 476,676 392,706! 350,632 314,562! 290,430", side)
    studio.lay(shape, dye, surface, bulge=34, radius=44, folds=folds)
    hem = line("540,630 476,676 392,706", side)
    for distance in (20, 27):
        studio.stitch(beside(hem, side * distance)[1:-1], sewn, width=1.8)


def _inside_of_neck(studio: Studio, colour: Colour) -> None:
    """The inside of the back, seen through the neck."""
    studio.lay(symmetric("0,254 80,252 126,246! 132,380 0,404"), darker(colour, 0.3), "jersey", bulge=-12, radius=60)
    rib = symmetric("0,250 84,248 127,242! 118,270! 70,280 0,284")
    studio.lay(rib, darker(colour, 0.1), "rib", bulge=10, radius=14, shadow=0.4, reach=8)
    label(studio, 0, 316, 62, 34)


def _chest_pocket(studio: Studio, dye: Dye, surface: str, sewn: Colour) -> None:
    studio.lay(outline("72,556! 220,552! 222,690! 147,730! 74,694!"), dye, surface, bulge=6, radius=14, shadow=0.45)
    studio.stitch(line("80,584 213,580"), sewn)
    studio.stitch(line("80,562 82,688! 147,721! 214,684! 212,558"), sewn)


def hoodie(studio: Studio, colour: Colour, *, back: bool, surface: str, zipped: bool) -> None:
    """A hooded sweatshirt, pulled over the head or with a zip."""
    sewn = thread(colour)
    for side in SIDES:
        _long_sleeve(studio, colour, surface, side)
    body = "0,392 150,372! 230,390 318,424! 286,540 314,700! 310,900 312,1110 318,1262! 160,1276 0,1278"
    folds = _body_folds(studio, back, lower=70)
    studio.lay(symmetric(body), colour, surface, bulge=50, radius=70, folds=folds, shadow=0.42, reach=14)
    for side in SIDES:
        armhole = line("318,424 286,540 314,700", side)
        studio.seam(armhole, strength=0.4)
        studio.stitch(beside(armhole, side * 10)[1:-1], sewn, width=1.8)
    waist = symmetric("0,1270 160,1268 316,1254! 310,1316 296,1362! 150,1378 0,1380")
    studio.lay(waist, colour, "rib", bulge=24, radius=28, shadow=0.3, reach=6)
    if back:
        _hood_behind(studio, colour, surface, sewn)
        return
    _kangaroo_pocket(studio, colour, surface, sewn, split=zipped)
    if zipped:
        _zip(studio, colour, 500, 1374)
    _hood(studio, colour, surface, sewn)
    for side in SIDES:
        _drawstring(studio, lighter(colour, 0.62) if sum(colour) < 420 else darker(colour, 0.45), side)


def _long_sleeve(studio: Studio, colour: Colour, surface: str, side: int) -> None:
    folds = [
        fold(studio, "336,640 400,656 462,716", 13, -0.8, side),
        fold(studio, "366,800 430,790 480,830", 13, 0.9, side),
        fold(studio, "368,852 440,862 490,900", 12, -1.0, side),
        fold(studio, "392,1010 450,1020 512,1066", 13, 0.9, side),
        fold(studio, "400,1120 460,1150 522,1170", 11, -1.1, side),
        fold(studio, "404,1172 460,1196 530,1206", 10, 1.0, side),
    ]
    sleeve = "310,420! 388,474 446,610 484,820 516,1040 534,1216! 472,1240 418,1236! 398,1080 362,880 312,690! 280,540"
    studio.lay(outline(sleeve, side), colour, surface, bulge=44, radius=48, folds=folds)
    cuff = outline("418,1228! 474,1234 534,1208! 534,1280 530,1306! 474,1328 424,1318! 416,1280", side)
    studio.lay(cuff, colour, "rib", bulge=24, radius=28, shadow=0.3, reach=5)


_OPENING = "0,214 84,230 136,300 136,384 78,462 0,512"


def _hood(studio: Studio, colour: Colour, surface: str, sewn: Colour) -> None:
    """Seen from the front: its rim and its dark inside."""
    rim = symmetric("0,146 122,162 208,250 218,372 168,456 74,526 0,556!")
    folds = [fold(studio, "166,240 190,320 164,430", 13, 0.9, side) for side in SIDES]
    studio.lay(rim, colour, surface, bulge=36, radius=36, shadow=0.5, reach=14, folds=folds)
    studio.lay(symmetric(_OPENING), darker(colour, 0.42), surface, bulge=-30, radius=60)
    for side in SIDES:
        studio.stitch(line("0,196 96,214 154,296 152,390 90,474 0,530", side), sewn, width=1.8)
    label(studio, 0, 284, 68, 38)
    studio.seam(line("0,512 0,556"), strength=0.6)


def _hood_behind(studio: Studio, colour: Colour, surface: str, sewn: Colour) -> None:
    folds = [fold(studio, "40,250 120,340 130,460", 22, 0.9, side) for side in SIDES]
    folds.append(fold(studio, "-120,470 0,520 120,470", 15, -0.9))
    hood = symmetric("0,160 130,178 208,268 216,380 176,476 90,566 0,594")
    studio.lay(hood, colour, surface, bulge=50, radius=58, shadow=0.5, reach=18, folds=folds)
    middle = line("0,162 4,300 -2,450 0,592")
    studio.seam(middle, strength=0.45)
    for distance in (-9, 9):
        studio.stitch(beside(middle, distance)[2:-2], sewn, width=1.8)


def _kangaroo_pocket(studio: Studio, colour: Colour, surface: str, sewn: Colour, *, split: bool) -> None:
    right = "140,936! 182,1016 226,1106! 228,1256!"
    shapes = (
        [outline(f"20,936! {right} 20,1264!", side) for side in SIDES]
        if split
        else [symmetric(f"0,936 {right} 0,1266")]
    )
    for shape in shapes:
        folds = [fold(studio, "90,980 120,1100 96,1230", 26, 0.6, side) for side in SIDES]
        studio.lay(shape, colour, surface, bulge=12, radius=22, shadow=0.5, folds=folds)
    for side in SIDES:
        slit = line("140,938 182,1018 226,1108", side)
        for distance in (9, 17):
            studio.stitch(beside(slit, side * distance)[1:], sewn, width=1.8)
        studio.stitch(line("219,1116 220,1254", side), sewn, width=1.8)
        studio.stitch(line(f"{24 if split else 0},946 130,946", side), sewn, width=1.8)


def _zip(studio: Studio, colour: Colour, top: float, bottom: float) -> None:
    metal = (176, 178, 182)
    studio.lay(box(-18, top, 18, bottom), darker(colour, 0.25), "canvas", bulge=2, radius=8, shadow=0.35, reach=5)
    studio.lay(box(-7, top, 7, bottom), metal, "metal", bulge=4, radius=5, shadow=0.5, reach=4)
    teeth = [line(f"-7,{y} 7,{y + 1.5}") for y in np.arange(top + 3, bottom, 7.5)]
    studio.stroke(teeth, (58, 58, 62), 2.2)
    for x in (-26, 26):
        studio.stitch(line(f"{x},{top} {x},{bottom}"), thread(colour), width=1.8)
    studio.lay(box(-11, top + 92, 11, top + 128, 5), metal, "polished", bulge=6, radius=6, shadow=0.6, reach=7)
    studio.lay(box(-7, top + 122, 7, top + 172, 5), metal, "polished", bulge=4, radius=5, shadow=0.6, reach=8)
    studio.paint(box(-3, top + 154, 3, top + 165, 3), (70, 70, 74))


def _drawstring(studio: Studio, cord: Colour, side: int) -> None:
    end = 780 if side > 0 else 752
    eyelet = circle(side * 58, 497, 9)
    studio.lay(eyelet, (150, 152, 156), "polished", bulge=4, radius=4, shadow=0.5, reach=5)
    studio.paint(circle(side * 58, 497, 4.5), (30, 30, 34))
    path = line(f"58,497 68,560 63,650 70,{end}", side)
    studio.lay(band(path, 11), cord, "rib", bulge=6, radius=5, shadow=0.5, reach=9)
    tip = box(side * 70 - 7, end - 6, side * 70 + 7, end + 30, 3)
    studio.lay(tip, (186, 188, 192), "polished", bulge=6, radius=5, shadow=0.5, reach=8)


def _body_folds(studio: Studio, back: bool, lower: float = 0) -> list[Fold]:
    """Soft drapery of a hanging front or back; `lower` moves what begins at the armpits."""
    folds = []
    for side in SIDES:
        folds += [
            fold(studio, f"304,{590 + lower} 230,{640 + lower} 140,{656 + lower}", 15, -0.8, side),
            fold(studio, f"306,{644 + lower} 256,{722 + lower} 196,{786 + lower}", 17, 0.7, side),
            fold(studio, "190,470 214,700 204,1000", 44, 0.7, side),
            fold(studio, "250,980 236,1140 258,1300", 26, 0.9, side),
            fold(studio, "166,1000 146,1160 160,1310", 28, -0.8, side),
        ]
    folds.append(fold(studio, "300,900 236,956 150,990", 18, -0.6, 1 if studio.random.random() < 0.5 else -1))
    folds.append(fold(studio, "20,980 -14,1160 10,1320", 32, 0.7))
    if back:
        folds.append(fold(studio, "-160,400 0,430 160,400", 26, 0.6))
        folds.append(fold(studio, "0,480 8,760 -6,1000", 36, -0.8))
    return folds
