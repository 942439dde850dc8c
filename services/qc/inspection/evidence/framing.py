"""T17–T20: the subject's box, its margins, where it touches the frame, and its axis; each beside what is wanted."""

import cv2
import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.framing import axis_of
from services.qc.inspection.evidence.layer import Ink, Layer, corners
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference

Box = tuple[float, float, float, float]  # left, top, width, height, px of the version


@evidence("T17")
def fill(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    box = _box(frame)
    if box is None:
        return None
    layer = Layer(frame)
    left, top, width, height = box
    across, down = width / layer.width, height / layer.height
    share = max(across, down)
    wanted = spec.min_fill if spec.min_fill is not None and share < spec.min_fill else spec.max_fill
    layer.subject(frame)
    if wanted is not None:
        larger = wanted / share
        middle = left + width / 2, top + height / 2
        layer.box(
            middle[0] - width * larger / 2, middle[1] - height * larger / 2, width * larger, height * larger, Ink.BLUE
        )
        layer.says(Ink.BLUE, f"the size that it should have: {wanted:.0%} of the frame")
    layer.box(*box, Ink.ORANGE)
    layer.label(f"{across:.0%}", (left + width / 2, top + height), Ink.ORANGE)
    layer.label(f"{down:.0%}", (left + width, top + height / 2), Ink.ORANGE)
    layer.says(Ink.ORANGE, "the product's box, with its share of the frame's width and height")
    return layer


@evidence("T18")
def margins(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    box = _box(frame)
    if box is None:
        return None
    layer = Layer(frame)
    left, top, width, height = box
    layer.subject(frame)
    if spec.min_margin is not None:
        x, y = spec.min_margin * layer.width, spec.min_margin * layer.height
        layer.box(x, y, layer.width - 2 * x, layer.height - 2 * y, Ink.BLUE)
        layer.says(Ink.BLUE, f"within these lines there is a margin of {spec.min_margin:.0%}")
    if spec.centred:
        _cross(layer, (layer.width / 2, layer.height / 2), Ink.BLUE)
        layer.says(Ink.BLUE, "the cross: the frame's middle")
        _cross(layer, (left + width / 2, top + height / 2), Ink.ORANGE)
        layer.says(Ink.ORANGE, "the cross: the product's middle")
    layer.box(*box, Ink.ORANGE)
    right, bottom = left + width, top + height
    for gap, point in (
        (left / layer.width, (left / 2, top + height / 2)),
        (1 - right / layer.width, ((right + layer.width) / 2, top + height / 2)),
        (top / layer.height, (left + width / 2, top / 2)),
        (1 - bottom / layer.height, (left + width / 2, (bottom + layer.height) / 2)),
    ):
        layer.label(f"{gap:.1%}", point, Ink.ORANGE)
    layer.says(Ink.ORANGE, "the product's box, and what is left beside it")
    return layer


@evidence("T19")
def edge_contact(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    layer, mask, scale = Layer(frame), frame.subject.silhouette, frame.subject.scale
    layer.subject(frame)
    deep, right, bottom = 0.015 * max(layer.width, layer.height), layer.width, layer.height
    for side, line in (("top", mask[0]), ("bottom", mask[-1]), ("left", mask[:, 0]), ("right", mask[:, -1])):
        for start, end in _runs(line):
            first, length = start * scale, (end - start) * scale
            left, top, width, height = {
                "top": (first, 0, length, deep),
                "bottom": (first, bottom - deep, length, deep),
                "left": (0, first, deep, length),
                "right": (right - deep, first, deep, length),
            }[side]
            layer.area(corners(left, top, width, height), Ink.ORANGE)
            layer.box(left, top, width, height, Ink.ORANGE)
    layer.says(Ink.ORANGE, "the frame cuts the product off here")
    return layer


@evidence("T20")
def tilt(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    box = _box(frame)
    if box is None:
        return None
    layer = Layer(frame)
    moments = cv2.moments(frame.subject.silhouette, binaryImage=True)
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    centre = (middle + 0.5) * frame.subject.scale
    angle, _ = axis_of(frame.subject)
    layer.subject(frame)
    for turned, ink in ((0.0, Ink.BLUE), (angle, Ink.ORANGE)):
        along, across = np.cos(np.radians(turned)), np.sin(np.radians(turned))
        for direction, reach in (((along, across), box[2] * 0.6), ((-across, along), box[3] * 0.6)):
            step = np.array(direction) * reach
            layer.line(np.array([centre - step, centre + step]), ink)
    layer.label(f"{angle:+.1f} deg", (float(centre[0]), float(centre[1])), Ink.ORANGE)
    layer.says(Ink.BLUE, "upright and level")
    layer.says(Ink.ORANGE, "the product's axes")
    return layer


def _box(frame: Frame) -> Box | None:
    box, scale = frame.subject.box, frame.subject.scale
    return None if box is None else (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)


def _cross(layer: Layer, middle: tuple[float, float], ink: Ink) -> None:
    arm = 0.04 * max(layer.width, layer.height)
    for across, down in ((arm, 0), (0, arm)):
        step = np.array([across, down])
        layer.line(np.array([np.array(middle) - step, np.array(middle) + step]), ink)


def _runs(line: object) -> list[tuple[int, int]]:
    """First and one behind the last of each run that is set."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(line) > 0, [0]]).astype(int)))
    return [(int(first), int(last)) for first, last in ends.reshape(-1, 2)]
