"""T21: the clipping path, for those who cut the subject out."""

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.header import Header
from services.qc.inspection.photoshop import Path, cut_out, read_paths
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import Subject, overlap

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL
_SQUARE = np.ones((3, 3), np.uint8)
MOST_PATHS = 16  # that are compared with the mask where the file doesn't say which one clips


@check("T21", "clipping_path", unit="IoU", asked=lambda spec: spec.clipping_path)
def clipping_path(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Whether a closed path is there, and its overlap with the subject's mask: intersection over union. Openings that
    show the background may be in the path or not."""
    assert frame.header is not None
    subject, least = frame.subject, frame.thresholds.path_overlap
    threshold = f"closed, ≥ {least:g}"
    if frame.format not in ("jpeg", "tiff"):
        detail = f"A {str(frame.format).upper()} can't hold a clipping path: deliver a JPEG or TIFF with one."
        return Finding(FAIL, detail, None, threshold)
    paths = read_paths(frame.header.photoshop)
    if not paths:
        return Finding(FAIL, "It has no clipping path: draw one and save it with the file.", None, threshold)
    closed = [path for path in paths if path.closed][:MOST_PATHS]
    if not closed:
        return Finding(FAIL, "Its clipping path isn't closed: join its ends.", None, threshold)
    if subject.by in ("frame", "path") or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure(
            "A closed path is there, but the subject can't be told from its background to compare it with.",
            subject.confidence,
        )
    if _is_thin(subject):
        return cannot_measure("A closed path is there, but the subject is too thin to compare it with.")
    share, path = max(((compared(one, frame.header, subject)[0], one) for one in closed), key=lambda found: found[0])
    name = f"The path {path.name[:40]!r}" if path.name else "The path"
    seen = {"scale": 1 / subject.scale, "confidence": subject.confidence}
    if path.open:
        detail = f"{name} has {path.open} open part(s) beside its closed ones: join or delete them."
        return Finding(FLAG, detail, share, threshold, **seen)
    if share < least:
        detail = f"{name} overlaps the subject by {share:.1%} only: draw it along the subject's edge."
        return Finding(FLAG, detail, share, threshold, **seen)
    return Finding(PASS, f"{name} is closed and overlaps the subject by {share:.1%}.", share, threshold, **seen)


def compared(path: Path, header: Header, subject: Subject) -> tuple[float, Pixels]:
    """Intersection over union, and 255 where only one of the two is. The mask's outermost pixel counts for neither
    side: it is partly background, and a path is drawn a little inside."""
    filled = cut_out(path, header, subject.scale, subject.mask.shape)
    found: list[tuple[float, Pixels]] = []
    for mask in (subject.mask, subject.silhouette):
        rim = cv2.subtract(mask, cv2.erode(mask, _SQUARE))
        within, inner = cv2.subtract(filled, rim), cv2.subtract(mask, rim)
        found.append((overlap(within, inner), cv2.bitwise_xor(within, inner)))
    return max(found, key=lambda one: one[0])


def _is_thin(subject: Subject) -> bool:
    """Whether the rim that counts for neither side is most of the subject."""
    return 2 * cv2.countNonZero(cv2.erode(subject.mask, _SQUARE)) < cv2.countNonZero(subject.mask)
