"""What a colour reference says: whether it can be one, and the colours that it gives.

A **swatch** is the product's own cloth or material: it fills its frame, is cut out, or lies whole on a white ground. A
**target shot** is the product beside a ColorChecker, whose grey patches vouch for its light; the chart's own colours
are left out.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from contracts.values import ImageSpec, Measurement
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.engine import measure_frame
from services.qc.inspection.frame import Frame, read_frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.regions import Region, cluster
from services.qc.inspection.subject import WHITE
from services.qc.inspection.target import Target, find_target
from services.qc.inspection.thresholds import Thresholds

_CHECKS = frozenset({"T01", "T03", "T04", "T06", "T12"})
_SPEC = ImageSpec(min_width=64, min_height=64)  # of less, no cloth can be told from its noise
_CHART_RIM = 1.1  # steps from the outer patches' middles to the chart's edge; the classic's measure 0.65 and 0.95
_LEAST_PRODUCT = 0.05  # of the chart's area: less may be its own rim

Kind = Literal["swatch", "target_shot"]


@dataclass(frozen=True)
class Reading:
    measurements: list[Measurement]
    colours: tuple[Region, ...]  # of the product, the largest first; none where it can't be told


def read_colours(data: bytes, filename: str, kind: Kind, thresholds: Thresholds) -> Reading:
    """Never raises for anything about the bytes."""
    frame = read_frame(data, filename, thresholds)
    reference = Reference(target="colorchecker_classic" if kind == "target_shot" else None)
    measurements = measure_frame(frame, _SPEC, reference, only=_CHECKS)
    if frame.picture is None:
        return Reading(measurements, ())
    return Reading(measurements, _of_swatch(frame) if kind == "swatch" else _beside_chart(frame))


def _of_swatch(frame: Frame) -> tuple[Region, ...]:
    subject = frame.subject
    if subject.by in ("alpha", "path") or _lies_on_white(frame):
        return frame.regions
    return cluster(subject.small.reshape(-1, 3))


def _lies_on_white(frame: Frame) -> bool:
    """All of it: what reaches the frame's border on white is a pattern on white cloth."""
    subject = frame.subject
    if subject.box is None or subject.background is None or min(subject.background) < WHITE:
        return False
    left, top, width, height = subject.box
    rows, columns = subject.mask.shape
    inside = left > 0 and top > 0 and left + width < columns and top + height < rows
    return inside and subject.confidence >= frame.thresholds.least_confidence


def _beside_chart(frame: Frame) -> tuple[Region, ...]:
    """Without a plain ground the product can't be told from the set."""
    assert frame.picture is not None
    target, subject = find_target(frame.picture.rgb), frame.subject
    if target is None or subject.by == "frame":
        return ()
    chart = _chart_mask(target, subject.scale, subject.inner.shape)
    product = cv2.bitwise_and(subject.inner, cv2.bitwise_not(chart))
    if cv2.countNonZero(product) < _LEAST_PRODUCT * cv2.countNonZero(chart):
        return ()
    return cluster(subject.small[product > 0])


def _chart_mask(target: Target, scale: int, shape: tuple[int, ...]) -> Pixels:
    """255 where the chart lies, its rim included, on the reduced copy."""
    middles = (target.patches / scale).astype(np.float32)
    rows = middles.reshape(4, 6, 2)
    step = max(float(np.hypot(*np.diff(rows, axis=axis).reshape(-1, 2).T).max()) for axis in (0, 1))
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(middles).astype(np.int32)), 255)
    reach = max(1, round(_CHART_RIM * step))
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
