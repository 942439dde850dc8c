"""S01 contour, S02 length, S03 structure: the shape of the product against the approved capture."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.colour import Plane
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Reference
from services.qc.inspection.registration import Registration
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import Subject
from services.qc.inspection.thresholds import Thresholds

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL
_SMOOTHED = 0.04  # of the subject's height: the run of contour whose median is taken
_LEAST_RUN = 3
_BROKEN = 0.5  # SSIM without lightness: a place that shows something else
_LEAST_BLOB = 0.0002  # of the subject
_END, _EDGE = 0.01, 2  # of the extent, and px at least: what counts as the end of the subject
ALIKE = 0.85  # SSIM without lightness: a place that shows the same
_SAME_GROUND = 16  # levels between two backgrounds that part the same edges
_RIM = 16  # px at the sides of either frame: what a shift leaves empty there, and half a window more


@check("S01", "contour", unit="% of height", gate=Gate.STYLING_FIT, version=2, against=Against.CAPTURE)
def contour(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The farthest that the contour lies from the approved one, smoothed over 4 % of the subject's height."""
    registration = compared(frame, reference)
    if isinstance(registration, Finding):
        return registration
    bounds = frame.thresholds.contour
    deviation = contour_deviation(registration)
    if not len(deviation):
        return cannot_measure("Too little of the contour is seen in both to compare it.")
    worst = int(np.abs(deviation).argmax())
    share = abs(float(deviation[worst])) / registration.height * 100
    seen = {"value": share, "scale": 1 / frame.subject.scale, "confidence": frame.subject.confidence}
    if share <= bounds.passes:
        return Finding(PASS, "The contour is that of the capture.", threshold=f"≤ {bounds.passes:g} %", **seen)
    where = _place(registration.contour[worst], frame.subject)
    how = "wider" if deviation[worst] > 0 else "slimmer"
    detail = f"The contour is up to {share:.2f} % of the product's height {how} than in the capture, {where}"
    assert reference.capture is not None
    if share <= bounds.flags or _may_be_hidden(registration, worst, frame.subject, reference.capture.subject):
        return Finding(
            FLAG, f"{detail}: look whether its shape was changed.", threshold=f"≤ {bounds.passes:g} %", **seen
        )
    return Finding(
        FAIL, f"{detail}: its shape was changed. Restore the capture's.", threshold=f"≤ {bounds.flags:g} %", **seen
    )


@check("S02", "length", unit="%", gate=Gate.STYLING_FIT, against=Against.CAPTURE)
def length(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """How far the outermost parts lie from the capture's, at the scale that the contours have in common."""
    registration = compared(frame, reference)
    if isinstance(registration, Finding):
        return registration
    bounds, changes = frame.thresholds.length, extent_changes(registration)
    if not changes:
        return cannot_measure("Neither both ends nor both sides of the product are seen clearly in both.")
    if len(changes) == 2:  # the ratio of the two: it doesn't hang on how the scale was found
        change = ((1 + changes["height"] / 100) / (1 + changes["width"] / 100) - 1) * 100
        words = "longer for its width" if change > 0 else "shorter for its width"
    else:
        [(side, change)] = changes.items()
        words = {"height": ("shorter", "longer"), "width": ("narrower", "wider")}[side][change > 0]
    seen = {"value": change, "scale": 1 / frame.subject.scale, "confidence": frame.subject.confidence}
    if abs(change) <= bounds.passes:
        return Finding(PASS, "As long and as wide as in the capture.", threshold=f"± {bounds.passes:g} %", **seen)
    outcome, bound = (FLAG, bounds.passes) if abs(change) <= bounds.flags else (FAIL, bounds.flags)
    detail = f"The product is {abs(change):.1f} % {words} than in the capture: restore its shape."
    return Finding(outcome, detail, threshold=f"± {bound:g} %", **seen)


@check("S03", "structure", unit="% of the subject", gate=Gate.STYLING_FIT, version=2, against=Against.CAPTURE)
def structure(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Places where the product shows something else than in the capture; fine texture has no say in it."""
    registration = compared(frame, reference, same_picture=True)
    if isinstance(registration, Finding):
        return registration
    most, area = frame.thresholds.structure, cv2.countNonZero(registration.both)
    found = structure_blobs(registration)
    share = sum(blob.area for blob in found) / max(1, area) * 100
    seen: dict[str, Any] = {"value": share, "threshold": f"≤ {most:g} %", "scale": 1 / frame.subject.scale}
    if share <= most:
        return Finding(PASS, "It shows the same details as the capture.", **seen)
    where = _place(np.array(found[0].centre), frame.subject)
    more = f", and {len(found) - 1} more places" if len(found) > 1 else ""
    return Finding(
        FLAG, f"A detail differs from the capture {where}{more}: look whether it was added, lost or moved.", **seen
    )


def compared(frame: Frame, reference: Reference, *, same_picture: bool = False) -> Registration | Finding:
    """How the capture lies over the file; or why they can't be compared. `same_picture` asks for the same take, where
    else the same pose will do."""
    capture = reference.capture
    assert capture is not None
    for one, whose in ((capture, "the capture"), (frame, "the file")):
        problem = _problem(one, whose)
        if problem:
            return cannot_measure(problem, frame.subject.confidence)
    registration = frame.registered(capture)
    if registration is None:
        return cannot_measure(
            "Its contour doesn't fit the capture's: another pose or product, or too little of it is seen."
        )
    if registration.alike >= frame.thresholds.same_picture:
        return registration
    if same_picture or _elsewhere(registration, frame.thresholds) > frame.thresholds.same_pose:
        return cannot_measure(
            "It shows another pose or another take than the approved capture: they can't be compared. "
            "Name the capture that it was made from.",
            frame.subject.confidence,
        )
    return registration


def _problem(frame: Frame, whose: str) -> str | None:
    if frame.picture is None:
        return f"Not compared: {whose} can't be decoded."
    if frame.subject.by == "frame" or frame.subject.box is None:
        return f"Not compared: no subject can be told from the background of {whose}."
    if frame.subject.confidence < frame.thresholds.least_confidence:
        return f"Not compared: the subject can't be told from the background of {whose} for certain."
    return None


def _may_be_hidden(registration: Registration, worst: int, own: Subject, approved: Subject) -> bool:
    """Whether the capture's background may hide an edge that the file's shows: steel on grey, and then on white. The
    file reaches farther there, and what both show beside it is alike."""
    if own.background is not None and approved.background is not None:
        apart = max(abs(a - b) for a, b in zip(own.background, approved.background, strict=True))
        if apart <= _SAME_GROUND:
            return False
    x, y = np.round(registration.contour[worst]).astype(int)
    return bool(registration.distance[worst] > 0 and registration.structure[y, x] >= ALIKE)


def _elsewhere(registration: Registration, thresholds: Thresholds) -> float:
    """Share of the contour that lies farther off than a change of shape does."""
    return float(np.mean(np.abs(registration.distance) > thresholds.contour.flags / 100 * registration.height))


def contour_deviation(registration: Registration) -> Plane:
    """Px of the reduced copy for each point of the registration's contour: its median over the run around it."""
    points = registration.height / registration.scale  # along the capture's own copy, whose outline they are of
    window = max(_LEAST_RUN, round(_SMOOTHED * points)) | 1
    smoothed: Plane = np.zeros(len(registration.distance))
    for part in np.unique(registration.part):
        own = np.flatnonzero(registration.part == part)
        if len(own) >= window:
            around = np.pad(registration.distance[own], window // 2, mode="edge")
            smoothed[own] = np.median(np.lib.stride_tricks.sliding_window_view(around, window), axis=1)
    return smoothed


@dataclass(frozen=True)
class Blob:
    """A place of the candidate's reduced copy; px."""

    centre: tuple[float, float]
    box: tuple[int, int, int, int]  # left, top, width, height
    area: int


def broken_places(registration: Registration, least: float = _BROKEN) -> Pixels:
    """1 where the candidate's reduced copy is less like the capture than that, by SSIM without lightness; 0 elsewhere,
    and where that can't be told."""
    inner: Pixels = cv2.erode(registration.both, np.ones((5, 5), np.uint8))
    broken = ((registration.structure < least) & (inner > 0)).astype(np.uint8)
    broken[cv2.erode(registration.frame, np.ones((2 * _RIM + 1,) * 2, np.uint8)) == 0] = 0
    broken[:_RIM], broken[-_RIM:], broken[:, :_RIM], broken[:, -_RIM:] = 0, 0, 0, 0
    return broken


def structure_blobs(registration: Registration) -> list[Blob]:
    """Connected places without the capture's structure, the largest first."""
    count, _, facts, centres = cv2.connectedComponentsWithStats(broken_places(registration))
    least = max(4.0, _LEAST_BLOB * cv2.countNonZero(registration.both))
    found = [
        Blob((float(x), float(y)), (int(box[0]), int(box[1]), int(box[2]), int(box[3])), int(box[4]))
        for box, (x, y) in zip(facts[1:count], centres[1:count], strict=True)
        if box[4] >= least
    ]
    return sorted(found, key=lambda blob: -blob.area)


def extent_changes(registration: Registration) -> dict[str, float]:
    """Per cent by which height and width changed, by the contour at the ends of the subject's box; without what the
    frame cuts off or what has no clear edge there."""
    changes: dict[str, float] = {}
    left, top, width, height = registration.box
    for axis, side, start, extent in ((1, "height", top, height), (0, "width", left, width)):
        band = max(_EDGE, _END * extent)
        along = registration.contour[:, axis]
        ends = [np.abs(along - end) <= band for end in (start, start + extent - 1)]
        if all(np.count_nonzero(end) >= _LEAST_RUN for end in ends):
            changes[side] = sum(float(np.median(registration.distance[end])) for end in ends) / extent * 100
    return changes


def _place(point: Any, subject: Subject) -> str:
    """In words, as a share of the frame."""
    height, width = subject.mask.shape
    return f"{point[0] / width:.0%} from the left and {point[1] / height:.0%} from the top"
