"""T16, T21: along the subject's outline: its halo, and the clipping path."""

import cv2
import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.halo import overshoots
from services.qc.inspection.checks.path import MOST_PATHS, compared
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.photoshop import cut_out, read_paths
from services.qc.inspection.reference import Reference


@evidence("T16")
def halo(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """Each line across the outline that was judged; the check judges their median."""
    layer, bounds = Layer(frame), frame.thresholds.halo
    along = overshoots(frame.grey, frame.subject)
    worst = np.maximum(along.outside, along.inside)
    layer.dots(along.at[worst <= bounds.passes], Ink.BLUE)
    layer.dots(along.at[(worst > bounds.passes) & (worst <= bounds.flags)], Ink.ORANGE)
    layer.dots(along.at[worst > bounds.flags], Ink.RED)
    layer.says(Ink.BLUE, "no halo across the outline here")
    layer.says(Ink.ORANGE, f"a halo of more than {bounds.passes:g} L*")
    layer.says(Ink.RED, f"of more than {bounds.flags:g} L*")
    return layer


@evidence("T21")
def clipping_path(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    assert frame.header is not None
    subject = frame.subject
    closed = [path for path in read_paths(frame.header.photoshop) if path.closed][:MOST_PATHS]
    if not closed:
        return None
    layer = Layer(frame)
    found = [(*compared(one, frame.header, subject), one) for one in closed]
    _, different, path = max(found, key=lambda one: one[0])
    layer.hatch(different, subject.scale, Ink.ORANGE)
    layer.subject(frame)
    inside = cut_out(path, frame.header, subject.scale, subject.mask.shape)
    outlines, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        layer.line((outline[:, 0] + 0.5) * subject.scale, Ink.BLUE, closed=True, thin=True)
    layer.says(Ink.BLUE, "the clipping path")
    layer.says(Ink.ORANGE, "where path and product differ")
    return layer
