"""Colours that change over a piece: stripes, and the play of light around a polished ring."""

import numpy as np

from packshot.sample.light import Plane
from packshot.sample.studio import Colour, Pattern


def stripes(colour: Colour, stripe: Colour, period: float, width: float) -> Pattern:
    """Horizontal stripes that sag a little to the sides."""

    def paint(x: Plane, y: Plane, unit: float) -> Plane:
        sagged = y + 10 * (x / 330) ** 2
        inside = np.abs((sagged % period) - period / 2) - width / 2
        share = np.clip(0.5 - inside / unit, 0, 1)[:, :, None]
        return np.asarray(np.array(colour, np.float32) * (1 - share) + np.array(stripe, np.float32) * share)

    return paint


def sheen(x0: float, y0: float, dark: Colour, bright: Colour) -> Pattern:
    """Dark and bright alternate around the point (x0, y0), as in polished metal."""

    def paint(x: Plane, y: Plane, unit: float) -> Plane:
        angle = np.arctan2(y - y0, x - x0)
        share = np.clip(0.5 + 0.42 * np.cos(2 * angle + 1.4) + 0.16 * np.cos(6 * angle), 0, 1)[:, :, None]
        return np.asarray(np.array(dark, np.float32) * (1 - share) + np.array(bright, np.float32) * share)

    return paint
