"""The studio: pieces are laid on one another, lit from the upper left, and photographed as 8-bit pixels.

Everything is given in units of a 1280 × 1600 picture. A detail view is the same product at a higher zoom, before a
grey backdrop instead of white.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from packshot.sample.light import Fold, Plane, crease, lit, relief
from packshot.sample.shapes import CENTRE, Points
from packshot.sample.textures import material

WIDTH, HEIGHT = 1280, 1600

Colour = tuple[float, float, float]  # red, green, blue, 0–255
Pattern = Callable[[Plane, Plane, float], Plane]  # x from the centre line, y, units a pixel → colours
Dye = Colour | Pattern
Mask = NDArray[np.uint8]
Area = tuple[slice, slice]  # rows and columns of the picture

_SHIFT = 4  # of OpenCV's fixed-point coordinates: sixteenths of a pixel
_LEAST_WHITE = 251.0  # the soft shadow on the ground stays white by T14's measure
_DARKEST, _LIGHTEST = 8.0, 246.0  # of a product: nothing is clipped, and nothing is as white as the ground


class Studio:
    """One photo in the making."""

    def __init__(self, seed: int, *, zoom: float = 1.0, centre: tuple[float, float] | None = None) -> None:
        """With `centre` (x from the centre line), a detail view around it."""
        self.random = np.random.default_rng(seed)
        self.zoom = zoom
        x, y = centre or (0.0, HEIGHT / 2)
        self._origin = np.array([CENTRE + x - WIDTH / 2 / zoom, y - HEIGHT / 2 / zoom], np.float32)
        self._is_detail = centre is not None
        self._picture = np.full((HEIGHT, WIDTH, 3), 255, np.float32)
        self._covered = np.zeros((HEIGHT, WIDTH), np.uint8)
        if self._is_detail:
            self._hang_backdrop()

    def lay(
        self,
        points: Points | Sequence[Points],
        dye: Dye,
        surface: str,
        *,
        bulge: float = 0.0,
        radius: float = 40.0,
        folds: Sequence[Fold] = (),
        shadow: float = 0.0,
        reach: float = 9.0,
        holes: Sequence[Points] = (),
    ) -> None:
        """Lay one piece, or several alike, on what is there.

        `bulge` is how far its middle stands above its rim, over `radius`. `shadow` is how much of the light it takes
        from the pieces below, `reach` how far its shadow falls.
        """
        mask, area = self._mask(points, holes)
        if mask.size == 0:
            return
        if shadow > 0:
            self._cast(mask, area, shadow, reach)
        cloth = material(surface, self.zoom)
        slope_x, slope_y, rim = relief(mask, bulge * self.zoom, radius * self.zoom)
        for width in sorted({fold.width for fold in folds}):
            paths = [(self._pixels(fold.points) - _corner(area), fold.depth) for fold in folds if fold.width == width]
            crease(slope_x, slope_y, paths, width * self.zoom)
        rows, columns = area
        spread = np.ix_(
            np.arange(rows.start, rows.stop) % cloth.side, np.arange(columns.start, columns.stop) % cloth.side
        )
        light, shine = lit(slope_x + cloth.slope_x[spread], slope_y + cloth.slope_y[spread], cloth)
        flat = self._dyed(dye, area)
        shaded = flat * (cloth.tone[spread] * light * rim)[:, :, None] + (255 * shine)[:, :, None]
        self._blend(mask, area, np.clip(shaded, _DARKEST, _LIGHTEST), 1)

    def stroke(
        self,
        points: Points | Sequence[Points],
        colour: Colour,
        width: float,
        *,
        opacity: float = 1.0,
        dash: tuple[float, float] | None = None,
        closed: bool = False,
    ) -> None:
        """Lines on the surface: thread, print, a seam's shade. `dash`: length of a stitch and of the gap."""
        curves = [points] if isinstance(points, np.ndarray) else list(points)
        if dash is not None:
            curves = [piece for curve in curves for piece in _dashes(curve, *dash, closed=closed)]
        thickness = max(1, round(width * self.zoom))
        mask, area = self._frame(curves, thickness)
        if mask.size == 0:
            return
        ends = closed and dash is None
        fixed = [self._fixed(curve, area) for curve in curves]
        cv2.polylines(mask, fixed, ends, (255,), thickness, cv2.LINE_AA, _SHIFT)
        self._blend(mask, area, np.array(colour, np.float32), opacity)

    def paint(self, points: Points | Sequence[Points], colour: Colour, opacity: float = 1.0) -> None:
        """A flat shape without light of its own: a print, a hole, a reflection."""
        mask, area = self._mask(points, ())
        if mask.size:
            self._blend(mask, area, np.array(colour, np.float32), opacity)

    def stitch(self, points: Points, thread: Colour, *, closed: bool = False, width: float = 2.2) -> None:
        """A row of stitches: thread with its shadow."""
        offset = np.array([0.8, 1.2], np.float32)
        self.stroke(points + offset, (0, 0, 0), width, opacity=0.32, dash=(8, 4.5), closed=closed)
        self.stroke(points, thread, width, dash=(8, 4.5), closed=closed)

    def seam(self, points: Points, *, strength: float = 0.5) -> None:
        """Where two pieces meet: a dark line with a lit lip."""
        lip = np.array([1.6, 1.8], np.float32)
        self.stroke(points + lip, (255, 255, 255), 1.6, opacity=0.2 * strength)
        self.stroke(points, (0, 0, 0), 2.2, opacity=strength)

    def ground(self, y: float, across: float, down: float) -> None:
        """A faint soft shadow on the white ground, around the centre line, never under 251."""
        if self._is_detail:
            return
        rows = ((np.arange(HEIGHT, dtype=np.float32) - y) / down) ** 2
        columns = ((np.arange(WIDTH, dtype=np.float32) - CENTRE) / across) ** 2
        self._picture -= ((255 - _LEAST_WHITE) * np.exp(-1.6 * rows)[:, None] * np.exp(-1.6 * columns))[:, :, None]

    def photograph(self) -> NDArray[np.uint8]:
        """The finished RGB pixels, with a little sensor noise in the subject."""
        noise = self.random.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
        if not self._is_detail:
            noise *= self._covered > 0
        noisy = cv2.add(self._picture, cv2.merge([noise, noise, noise]))
        return np.asarray(np.clip(np.rint(noisy), 0, 255), dtype=np.uint8)

    def _hang_backdrop(self) -> None:
        rows = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
        columns = np.linspace(0, 1, WIDTH, dtype=np.float32)[None, :, None]
        self._picture[:] = np.array([196, 194, 191], np.float32) - 26 * rows - 10 * columns

    def _pixels(self, points: Points) -> Points:
        return np.asarray((points - self._origin) * self.zoom, dtype=np.float32)

    def _fixed(self, points: Points, area: Area) -> NDArray[np.int32]:
        inside = (self._pixels(points) - _corner(area)) * (1 << _SHIFT)
        return np.asarray(np.rint(inside), dtype=np.int32).reshape(-1, 1, 2)

    def _frame(self, pieces: Sequence[Points], margin: int) -> tuple[Mask, Area]:
        """An empty mask over the part of the picture that the pieces may touch."""
        every = self._pixels(np.concatenate(pieces)) if pieces else np.zeros((1, 2), np.float32)
        low = np.clip(np.floor(every.min(axis=0)) - margin - 2, 0, (WIDTH, HEIGHT)).astype(int)
        high = np.clip(np.ceil(every.max(axis=0)) + margin + 2, 0, (WIDTH, HEIGHT)).astype(int)
        area = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        return np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8), area

    def _mask(self, points: Points | Sequence[Points], holes: Sequence[Points]) -> tuple[Mask, Area]:
        """Antialiased, with the part of the picture that it covers."""
        pieces = [points] if isinstance(points, np.ndarray) else list(points)
        mask, area = self._frame(pieces, 0)
        if mask.size:
            for piece in pieces:
                cv2.fillPoly(mask, [self._fixed(piece, area)], (255,), cv2.LINE_AA, _SHIFT)
            for hole in holes:
                cv2.fillPoly(mask, [self._fixed(hole, area)], (0,), cv2.LINE_AA, _SHIFT)
        return mask, area

    def _dyed(self, dye: Dye, area: Area) -> Plane:
        if isinstance(dye, tuple):
            return np.array(dye, np.float32)
        rows, columns = area
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) / self.zoom + self._origin[1])[:, None]
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) / self.zoom + self._origin[0] - CENTRE)[None, :]
        return dye(x, y, 1 / self.zoom)

    def _blend(self, mask: Mask, area: Area, colours: Plane, opacity: float) -> None:
        alpha = (mask.astype(np.float32) * (opacity / 255))[:, :, None]
        below = self._picture[area]
        below += (colours - below) * alpha
        self._covered[area] = cv2.max(self._covered[area], mask)

    def _cast(self, mask: Mask, area: Area, strength: float, reach: float) -> None:
        """The piece's shadow on the pieces below; the white ground gets none."""
        reach *= self.zoom
        margin = int(1.6 * reach) + 2
        rows, columns = area
        wide = (
            slice(max(0, rows.start - margin), min(HEIGHT, rows.stop + margin)),
            slice(max(0, columns.start - margin), min(WIDTH, columns.stop + margin)),
        )
        size = (wide[1].stop - wide[1].start, wide[0].stop - wide[0].start)
        right = columns.start - wide[1].start + 0.22 * reach
        down = rows.start - wide[0].start + 0.34 * reach
        moved = cv2.warpAffine(mask, np.array([[1, 0, right], [0, 1, down]], np.float32), size)
        soft = cv2.blur(cv2.blur(moved, (2 * int(0.35 * reach) + 1,) * 2), (2 * int(0.35 * reach) + 1,) * 2)
        taken = cv2.multiply(soft, self._covered[wide], scale=strength / 255**2, dtype=cv2.CV_32F)
        self._picture[wide] *= (1 - taken)[:, :, None]


def _corner(area: Area) -> tuple[int, int]:
    rows, columns = area
    return columns.start, rows.start


def _dashes(points: Points, stitch: float, gap: float, *, closed: bool) -> list[Points]:
    """Pieces of the curve, each a stitch long."""
    path = np.concatenate([points, points[:1]]) if closed else points
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    starts = np.arange(0, max(float(length[-1]) - stitch, 0), stitch + gap)
    at = np.stack([starts, starts + stitch / 2, starts + stitch], axis=1)
    x, y = np.interp(at, length, path[:, 0]), np.interp(at, length, path[:, 1])
    return list(np.stack([x, y], axis=2).astype(np.float32))
