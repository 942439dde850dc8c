"""How an approved file lies over a candidate: by translation and uniform scale only, for anything freer would take a
slimmed waist for a matter of registration and hide it.

Worked out on the reduced copies of two subjects. The approved contour is laid into the signed distance field of the
candidate's silhouette, and moved and scaled until it fits; what doesn't fit loses its say, so that one changed place
doesn't pull the rest.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.qc.inspection.decoding import Pixels
from services.qc.inspection.subject import Subject

Plane = NDArray[Any]  # of floats
_EDGE = 4  # px: a contour that runs along the frame's side is the frame's, not the subject's
_CLEAR = 32  # levels within 5×5 px
_RIM = 0.5  # px from the middle of an outermost pixel to the mask's edge
_LEAST_POINTS = 64
_LEAST_SCALE = 0.1  # between two reduced copies; a smaller one is a fit that lost its way
_ROUNDS = 12
_TIGHTEST = 0.5  # px: deviations under it are the masks' own
_SOFT = 2.0  # px: blur of what is compared, so that texture has no say
_WINDOW = 9  # px: half a window of the map of structure
_LEAST_CONTRAST = 2.5  # levels, standard deviation within a window: less is a plain place without structure
_PASSING = 0.5  # correlation of a place that shows the same
_UNMOVED = 0.97  # SSIM without lightness of a place where the contour lies as it did, whatever the masks say


@dataclass(frozen=True)
class Registration:
    """From the reduced copy of the approved file to that of the candidate: `p → scale · p + shift`."""

    scale: float
    shift: tuple[float, float]  # px of the candidate's reduced copy: right, down
    contour: Plane  # n × 2, the approved contour in the candidate's reduced copy
    part: NDArray[np.int32]  # n, which outline of the subject each point is of
    distance: (
        Plane  # n, px of the reduced copy that the candidate reaches beyond the contour (less than 0: stays within)
    )
    both: Pixels  # 255 where both have subject, on the candidate's reduced copy
    frame: Pixels  # 255 where the approved file's frame lies, there
    structure: Plane  # SSIM without lightness of what both show, −1 to 1; 1 where neither has any structure
    alike: float  # share of the places with structure that show the same
    box: tuple[float, float, float, float]  # of the approved subject, there: left, top, width, height

    @property
    def height(self) -> float:
        """Of the approved subject's box, px of the candidate's reduced copy."""
        return self.box[3]


def register(approved: Subject, candidate: Subject) -> Registration | None:
    """None where there is too little contour to register by."""
    contour, part = _contour(approved)
    if len(contour) < _LEAST_POINTS or approved.box is None or candidate.box is None:
        return None
    field = signed_distance(candidate.mask)
    fit = _fit(contour, field, approved.box, candidate.box)
    if fit is None:
        return None
    scale, shift = fit
    placed = contour * scale + shift
    seen = _inside(placed, field)
    if np.count_nonzero(seen) < _LEAST_POINTS:
        return None
    placed, part = placed[seen], part[seen]
    left, top = np.array(approved.box[:2]) * scale + shift
    both, structure, across, alike = _structure(approved, candidate, scale, shift)
    distance = _sample(field, placed) - _RIM * scale
    moved = _sample(across, placed) < _UNMOVED
    return Registration(
        scale=scale,
        shift=(float(shift[0]), float(shift[1])),
        contour=placed,
        part=part,
        distance=np.where(moved, distance - np.median(distance), 0),
        both=both,
        frame=laid_over(np.full_like(approved.mask, 255), scale, shift, both.shape, cv2.INTER_NEAREST),
        structure=structure,
        alike=alike,
        box=(float(left), float(top), approved.box[2] * scale, approved.box[3] * scale),
    )


def signed_distance(mask: Pixels) -> Plane:
    """Px to the mask's edge, more than 0 inside."""
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(cv2.bitwise_not(mask), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(mask > 0, inside - _RIM, _RIM - outside).astype(np.float32)


def _contour(subject: Subject) -> tuple[Plane, NDArray[np.int32]]:
    """Points of the outlines that lie on an edge which a little more light doesn't move, and not along the frame's
    side; and which outline each is of."""
    height, width = subject.mask.shape
    square = np.ones((5, 5), np.uint8)
    red, green, blue = cv2.split(cv2.morphologyEx(subject.small, cv2.MORPH_GRADIENT, square))
    clear = cv2.max(cv2.max(red, green), blue) >= _CLEAR
    outlines, _ = cv2.findContours(subject.mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    points: list[Plane] = [np.empty((0, 2), np.float32)]
    parts: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    for index, outline in enumerate(outlines):
        line = outline[:, 0, :]
        free = ((line >= _EDGE) & (line < (width - _EDGE, height - _EDGE))).all(axis=1)
        free &= clear[line[:, 1], line[:, 0]]
        start = int(np.argmin(free)) if not free.all() else 0  # so that a run of free points isn't cut in two
        line, free = np.roll(line, -start, axis=0), np.roll(free, -start)
        points.append(line[free].astype(np.float32))
        parts.append(np.full(np.count_nonzero(free), index, np.int32))
    return np.concatenate(points), np.concatenate(parts)


def _fit(contour: Plane, field: Plane, approved: Any, candidate: Any) -> tuple[float, Plane] | None:
    """Scale and shift: Gauss–Newton on the distances, each weighted down the farther off it is (Tukey's biweight)."""
    scale = (candidate[3] / approved[3]) if approved[3] else 1.0
    centre = contour.mean(axis=0)
    middle = np.array([candidate[0] + candidate[2] / 2, candidate[1] + candidate[3] / 2])
    target = middle + scale * (centre - (approved[0] + approved[2] / 2, approved[1] + approved[3] / 2))
    right, down = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=1 / 8)
    arm = contour - centre
    reach = max(2.0, float(np.abs(arm).max()) * scale)
    for turn in range(_ROUNDS):
        placed = arm * scale + target
        seen = _inside(placed, field)
        if np.count_nonzero(seen) < _LEAST_POINTS:
            return None
        placed, lever = placed[seen], arm[seen]
        off = _sample(field, placed) - _RIM * scale
        slope = np.stack([_sample(right, placed), _sample(down, placed)], axis=1)
        spread = 1.4826 * float(np.median(np.abs(off - np.median(off))))
        limit = max(_TIGHTEST, spread, 0.1 * reach * 0.5**turn) * 4.685
        weight = np.maximum(0, 1 - (off / limit) ** 2) ** 2
        jacobian = np.column_stack([slope, (slope * lever).sum(axis=1)])
        normal = jacobian.T @ (jacobian * weight[:, None]) + 1e-6 * np.eye(3)
        step = np.linalg.solve(normal, -(jacobian.T @ (weight * off)))
        target = target + step[:2]
        scale = scale + float(step[2])
        if not _LEAST_SCALE < scale < 1 / _LEAST_SCALE:
            return None
    return scale, target - scale * centre


def _inside(points: Plane, field: Plane) -> NDArray[np.bool_]:
    height, width = field.shape
    return np.asarray(((points >= _EDGE) & (points < (width - _EDGE, height - _EDGE))).all(axis=1))


def _sample(field: Plane, points: Plane) -> Plane:
    """The field between its pixels."""
    x, y = points[:, 0].astype(np.float32), points[:, 1].astype(np.float32)
    out: Plane = np.empty(len(points))
    for start in range(0, len(points), 30_000):  # OpenCV takes no more than 32,767 at once
        part = np.s_[start : start + 30_000]
        out[part] = cv2.remap(field, x[part, None], y[part, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[
            :, 0
        ]
    return out


def laid_over(pixels: Pixels, scale: float, shift: Any, shape: tuple[int, ...], how: int = cv2.INTER_LINEAR) -> Pixels:
    """A plane of the approved file's reduced copy where the registration puts it."""
    height, width = shape[:2]
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)
    return cv2.warpAffine(pixels, matrix, (width, height), flags=how)


def _structure(approved: Subject, candidate: Subject, scale: float, shift: Any) -> tuple[Pixels, Plane, Plane, float]:
    """Where both have subject; how alike it is there, and with its surroundings; and the share of what is alike."""
    shape = candidate.mask.shape
    both = cv2.bitwise_and(laid_over(approved.mask, scale, shift, shape, cv2.INTER_NEAREST), candidate.mask)
    first = laid_over(cv2.cvtColor(approved.small, cv2.COLOR_RGB2GRAY), scale, shift, shape)
    second = cv2.cvtColor(candidate.small, cv2.COLOR_RGB2GRAY)
    soft = [cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _SOFT) for grey in (first, second)]
    weight = (both > 0).astype(np.float32)
    covariance, variance_1, variance_2 = _moments(soft[0], soft[1], weight)
    floor = _LEAST_CONTRAST**2
    judged = (cv2.erode(both, np.ones((5, 5), np.uint8)) > 0) & (np.maximum(variance_1, variance_2) >= 4 * floor)
    passing = covariance >= _PASSING * (np.sqrt(variance_1 * variance_2) + floor)
    places = np.count_nonzero(judged)
    alike = np.count_nonzero(passing & judged) / places if places else 1.0
    inside = _similarity(covariance, variance_1, variance_2)
    return both, inside, _similarity(*_moments(soft[0], soft[1], np.ones_like(weight))), alike


def _moments(first: Plane, second: Plane, weight: Plane) -> tuple[Plane, Plane, Plane]:
    """Covariance and both variances in a window around each pixel, which counts pixels by their weight."""
    side = (2 * _WINDOW + 1,) * 2
    total = np.maximum(cv2.blur(weight, side), 1e-3)

    def mean(plane: Plane) -> Plane:
        return cv2.blur(plane * weight, side) / total

    first, second = first - mean(first), second - mean(second)
    return mean(first * second), np.maximum(mean(first * first), 0), np.maximum(mean(second * second), 0)


def _similarity(covariance: Plane, variance_1: Plane, variance_2: Plane) -> Plane:
    """The part of SSIM that lightness has no say in."""
    floor = _LEAST_CONTRAST**2
    return (2 * covariance + floor) / (variance_1 + variance_2 + floor)
