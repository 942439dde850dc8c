"""Sneakers from the side, a runner and a low leather one: the front view shows the outer side, the back the inner."""

from functools import partial

import numpy as np

from packshot.sample.colours import darker, lighter, thread
from packshot.sample.shapes import band, beside, line, outline
from packshot.sample.studio import Colour, Studio

_SOLE, _CORD, _RUBBER = (216, 214, 209), (226, 224, 219), (56, 56, 60)


def runner(studio: Studio, colour: Colour, *, back: bool) -> None:
    """A running shoe: mesh upper, thick foam sole, sculpted heel."""
    side = -1 if back else 1
    shape, curve = partial(outline, side=side), partial(line, side=side)
    accent, sewn = lighter(colour, 0.45), thread(colour)
    studio.ground(1070, 560, 40)
    tongue = shape("-150,560 -116,510 -72,498 -36,530 20,600 10,660! -130,690!")
    studio.lay(tongue, darker(colour, 0.3), "mesh", bulge=16, radius=20)
    upper = shape(
        "-470,930! -486,860 -470,760 -478,660 -470,590 -440,572! -400,590 -340,640 -270,652 -200,628 -140,584! -90,590 "
        "0,656 120,742 250,800 380,834 460,868 494,920 490,950! 0,980 -470,950!"
    )
    studio.lay(upper, colour, "mesh", bulge=60, radius=70, shadow=0.35, reach=12)
    inside = shape("-440,574! -400,590 -340,640 -270,652 -200,628 -140,584! -170,560 -270,604 -360,590 -420,560!")
    studio.lay(inside, darker(colour, 0.55), "mesh", bulge=10, radius=14)
    counter = shape("-484,950! -488,860 -472,760 -474,680 -440,690! -390,780 -330,880 -290,960! -400,966")
    studio.lay(counter, darker(colour, 0.25), "smooth", bulge=26, radius=30, shadow=0.4, reach=8)
    toe = shape("250,966! 270,890 330,846 420,852 470,880 494,924 488,960!")
    studio.lay(toe, darker(colour, 0.2), "smooth", bulge=24, radius=28, shadow=0.35, reach=7)
    quarter = shape("-150,590! -96,592 60,700 130,752! 60,860 -20,960! -150,966! -210,860 -196,720")
    studio.lay(quarter, colour, "canvas", bulge=18, radius=26, shadow=0.45, reach=9)
    stripe = curve("-330,1000 -200,890 -70,794 22,722")
    studio.lay(band(stripe, 42), accent, "smooth", bulge=10, radius=12, shadow=0.4, reach=6)
    if not back:
        studio.lay(band(beside(stripe, 58), 22), accent, "smooth", bulge=7, radius=8, shadow=0.4, reach=5)
    for path in ("-160,604 -206,720 -220,860 -160,962", "138,760 70,862 -6,962"):
        studio.stitch(curve(path), sewn, width=1.8)
    _collar(studio, colour, "-468,592 -440,574 -400,590 -340,640 -270,652 -200,628 -146,588", "canvas", side)
    _laces(studio, side, _CORD, ((-112, 582), (-62, 616), (-12, 652), (38, 690), (86, 726)))
    tab = shape("-494,600! -466,560! -440,572! -458,660! -482,668!")
    studio.lay(tab, accent, "canvas", bulge=6, radius=8, shadow=0.4, reach=5)
    tread = shape("-476,1026! -300,1050 -100,1056 200,1050 466,1026! 452,1052! 200,1076 -100,1080 -300,1076 -462,1054!")
    studio.lay(tread, _RUBBER, "smooth", bulge=8, radius=9)
    ends = [(x, 16 * (x / 480) ** 2) for x in range(-400, 401, 40)]
    cuts = [curve(f"{x},{1062 - rise:.0f} {x + 5},{1078 - rise:.0f}") for x, rise in ends]
    studio.stroke(cuts, (18, 18, 20), 5)
    sole = shape(
        "-500,930! -300,958 -100,966 120,958 330,946 506,926! 520,960 506,1004 470,1034! "
        "200,1056 -100,1060 -380,1056 -486,1030! -512,980"
    )
    studio.lay(sole, _SOLE, "smooth", bulge=24, radius=34, shadow=0.5, reach=9)
    for drop in (0, 16, 32):
        studio.seam(curve(f"-470,{974 + drop} -360,{984 + drop} -240,{978 + drop}"), strength=0.3)
    rim = band(curve("-506,948 -300,972 -100,980 120,972 330,960 514,942"), 9)
    studio.lay(rim, accent, "smooth", bulge=3, radius=4)


def low(studio: Studio, colour: Colour, *, back: bool) -> None:
    """A plain leather sneaker on a cup sole."""
    side = -1 if back else 1
    shape, curve = partial(outline, side=side), partial(line, side=side)
    sewn = thread(colour)
    studio.ground(1062, 560, 38)
    tongue = shape("-140,610 -112,560 -70,548 -34,574 36,630 20,700! -110,720!")
    studio.lay(tongue, darker(colour, 0.15), "leather", bulge=16, radius=20)
    upper = shape(
        "-470,960! -480,880 -462,780 -470,690 -462,632 -436,618! -390,640 -320,676 -240,680 -180,656 -130,616! -80,624 "
        "20,690 130,762 260,812 390,838 468,876 496,930 494,966! 0,986"
    )
    studio.lay(upper, colour, "leather", bulge=60, radius=70, shadow=0.35, reach=12)
    inside = shape("-436,620! -390,640 -320,676 -240,680 -180,656 -130,616! -170,596 -260,630 -350,622 -416,604!")
    studio.lay(inside, darker(colour, 0.5), "leather", bulge=10, radius=14)
    heel = shape("-474,966! -482,880 -464,780 -466,700 -420,712! -376,800 -340,900 -330,972!")
    studio.lay(heel, darker(colour, 0.3), "leather", bulge=22, radius=26, shadow=0.35, reach=6)
    toe = shape("210,974! 220,890 270,830 390,838 468,876 496,930 492,970!")
    studio.lay(toe, colour, "leather", bulge=30, radius=40, shadow=0.3, reach=5)
    quarter = shape("-140,626! -84,626 90,748 140,786! 100,880 60,976! -160,982! -196,860 -182,740")
    studio.lay(quarter, colour, "leather", bulge=20, radius=28, shadow=0.4, reach=7)
    for path in ("-128,640 -172,744 -186,860 -150,976", "130,792 92,884 52,972", "222,968 232,894 280,838"):
        for distance in (0, 8):
            studio.stitch(beside(curve(path), -side * distance), sewn, width=1.8)
    studio.stitch(curve("-412,718 -368,804 -332,900 -322,968"), sewn, width=1.8)
    _collar(studio, colour, "-462,634 -436,618 -390,640 -320,676 -240,680 -180,656 -134,620", "leather", side)
    if not back:
        holes = [
            curve(f"{x},{880 + drop} {x + 1},{880 + drop}") for x, drop in ((-60, 0), (-40, 22), (-20, 0), (0, 22))
        ]
        studio.stroke(holes, darker(colour, 0.8), 8)
    cord = lighter(colour, 0.55) if sum(colour) < 420 else _CORD
    _laces(studio, side, cord, ((-98, 622), (-44, 660), (10, 698), (66, 734)))
    sole = shape(
        "-492,944! -300,968 -100,974 120,970 330,960 508,940! 514,1000 498,1050! "
        "200,1064 -100,1068 -380,1062 -480,1050! -498,1000"
    )
    studio.lay(sole, _SOLE, "smooth", bulge=16, radius=28, shadow=0.5, reach=8)
    welt = curve("-484,962 -300,986 -100,992 120,988 330,978 504,958")
    studio.stitch(welt, darker(_SOLE, 0.35))
    studio.seam(beside(welt, side * 58)[1:-1], strength=0.25)
    studio.stroke(beside(welt, side * 22)[1:-1], darker(_SOLE, 0.2), 2)


def _collar(studio: Studio, colour: Colour, path: str, surface: str, side: int) -> None:
    """The padded rim around the ankle."""
    rim = line(path, side)
    pad = band(beside(rim, side * 11), 38)
    studio.lay(pad, darker(colour, 0.1), surface, bulge=20, radius=20, shadow=0.3, reach=6)
    studio.stitch(beside(rim, side * 36)[2:-2], thread(colour), width=1.8)


def _laces(studio: Studio, side: int, cord: Colour, rows: tuple[tuple[float, float], ...]) -> None:
    """One lace a row, from its eyelet over the tongue, and a bow at the top."""
    for x, y in rows:
        lace = line(f"{x - 40},{y + 62} {x - 6},{y + 12} {x + 19},{y - 14}", side)
        studio.lay(band(lace, 17), cord, "rib", bulge=8, radius=7, shadow=0.5, reach=6)
        eyelet = lace[:1] + np.array([[0, 4], [0.5, 4.5]], np.float32)
        studio.stroke(eyelet, (40, 40, 44), 11)
    x, y = rows[0]
    for path in (
        f"{x - 20},{y + 22} {x - 70},{y - 24} {x - 96},{y + 30} {x - 26},{y + 30}",
        f"{x - 20},{y + 22} {x + 10},{y - 40} {x + 60},{y - 14} {x - 10},{y + 28}",
    ):
        studio.lay(band(line(path, side), 13), cord, "rib", bulge=7, radius=6, shadow=0.4, reach=7)
