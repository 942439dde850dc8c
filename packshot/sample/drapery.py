"""What garments share: folds that differ from piece to piece, and sewn-in labels."""

from packshot.sample.light import Fold
from packshot.sample.shapes import box, line
from packshot.sample.studio import Studio

SIDES = (1, -1)  # right and left, as one looks at the picture


def fold(studio: Studio, path: str, width: float, depth: float, side: int = 1) -> Fold:
    """A fold near this path: every product hangs a little differently."""
    points = line(path, side)
    shift = studio.random.normal(0, (8, 12))
    return Fold((points + shift).astype("float32"), width, depth * float(studio.random.uniform(0.7, 1.25)))


def label(studio: Studio, x: float, y: float, width: float, height: float) -> None:
    """A woven label with two printed lines, centred at (x, y)."""
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    studio.lay(box(left, top, right, bottom, 3), (226, 222, 214), "twill", bulge=1.5, radius=4, shadow=0.4, reach=4)
    studio.paint(box(x - width * 0.3, y - height * 0.16, x + width * 0.3, y - height * 0.03), (84, 82, 82))
    studio.paint(box(x - width * 0.17, y + height * 0.14, x + width * 0.17, y + height * 0.22), (146, 144, 142))
