"""F01, F02: which of the product's colours are others than approved, or than in its other views."""

import cv2
import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.product_colour import RegionDifferences, region_differences
from services.qc.inspection.colour import lab_of
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.regions import assign


@evidence("F01")
def colour(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """Region by region where it is the same picture; else the product's main colour."""
    approved = reference.colour
    if approved is None or approved.picture is None:
        return None
    registration = frame.registered(approved)
    if registration is None or registration.alike < frame.thresholds.same_picture:
        return _main_colour(frame, "the product's main colour, which isn't the reference's")
    found = region_differences(approved, frame, registration)
    return None if found is None else _differences(frame, spec, found)


@evidence("F02")
def pdp_consistency(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    return _main_colour(frame, "the product's main colour, which other views have otherwise")


def _differences(frame: Frame, spec: ImageSpec, found: RegionDifferences) -> Layer:
    layer, scale = Layer(frame), frame.subject.scale
    bounds = frame.thresholds.colour_critical if spec.colour_critical else frame.thresholds.colour
    inks = [
        Ink.BLUE if apart <= bounds.passes else Ink.ORANGE if apart <= bounds.flags else Ink.RED
        for apart in found.difference
    ]
    for region, ink in enumerate(inks):
        if ink is not Ink.BLUE:
            layer.hatch(_mask(found.regions == region), scale, ink)
    layer.subject(frame)
    for region, ink in enumerate(inks):
        x, y = _middle(_mask(found.regions == region))
        layer.label(f"{found.difference[region]:.1f}", ((x + 0.5) * scale, (y + 0.5) * scale), ink)
    layer.says(Ink.BLUE, f"numbers: ΔE00 from the approved colour, here at most {bounds.passes:g}")
    layer.says(Ink.ORANGE, f"over {bounds.passes:g}")
    layer.says(Ink.RED, f"over {bounds.flags:g}")
    return layer


def _main_colour(frame: Frame, words: str) -> Layer | None:
    if not frame.regions:
        return None
    layer, subject = Layer(frame), frame.subject
    inside = subject.inner > 0
    main = np.zeros_like(subject.inner)
    main[inside] = _mask(assign(lab_of(subject.pixels[:, None])[:, 0], frame.regions) == 0)
    layer.hatch(main, subject.scale, Ink.ORANGE)
    layer.subject(frame)
    layer.says(Ink.ORANGE, words)
    return layer


def _middle(mask: Pixels) -> tuple[int, int]:
    """The place that is deepest inside."""
    depth = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
    _, _, _, place = cv2.minMaxLoc(depth)
    return place[0] - 1, place[1] - 1


def _mask(places: object) -> Pixels:
    return np.asarray(places, np.uint8) * np.uint8(255)
