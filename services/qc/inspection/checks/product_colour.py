"""F01 colour, F02 PDP consistency: the product's colours against the approved reference and the other views."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.colour import Plane, delta_e, lab_of
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Reference
from services.qc.inspection.regions import Region, assign, cluster, means, nearest_of
from services.qc.inspection.registration import Registration, laid_over
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import WHITE

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL
_LEAST_SHARE = 0.05  # of the subject: a smaller region is mostly edge
_NO_REGION = 255


@check("F01", "colour", unit="ΔE00", gate=Gate.FINAL_QC, version=2, against=Against.COLOUR)
def colour(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The region whose mean colour is farthest from the approved reference. Of the same picture, region by region;
    of another one (a swatch, a target shot, another pose), by the nearest colour, which light and folds change: then
    it only flags. A variant's master is its reference as the same picture, or not at all."""
    approved = reference.colour
    if approved is not None and approved.picture is None:
        return cannot_measure("Not compared: the colour reference can't be decoded.")
    colours = reference.colours if approved is None else _approved_colours(approved)
    if not colours or not frame.regions:
        return cannot_measure("Not compared: there is no subject to take colours from.", frame.subject.confidence)
    if (shaky := _shaky(frame)) is not None:
        return shaky
    bounds = frame.thresholds.colour_critical if spec.colour_critical else frame.thresholds.colour
    seen = {"scale": 1 / frame.subject.scale, "confidence": frame.subject.confidence}
    same = None if approved is None else _same_picture(frame, approved)
    if approved is not None and same is not None:
        found = region_differences(approved, frame, same)
        if found is None:
            return cannot_measure("Not compared: too little of the subject is seen in both.", frame.subject.confidence)
        worst = int(found.difference.argmax())
        value, how = float(found.difference[worst]), _words(*found.change[worst].tolist())
        detail = f"its {_name(found.approved[worst])} is {how} than approved (ΔE00 {value:.1f})"
    elif approved is not None and approved is reference.capture:  # a crop of it has other shares of each colour
        return cannot_measure("Not compared: it can't be laid over the picture that it was made from.")
    else:
        value = float(nearest_of(colours[:1], frame.regions)[0])
        detail = f"the reference's {_name(np.array(colours[0].lab))} isn't found nearer than ΔE00 {value:.1f}"
        bounds = bounds.model_copy(update={"flags": float("inf")})
    if value <= bounds.passes:
        return Finding(
            PASS, f"Its colours are the approved ones (ΔE00 {value:.1f}).", value, f"≤ {bounds.passes:g}", **seen
        )
    outcome, bound = (FLAG, bounds.passes) if value <= bounds.flags else (FAIL, bounds.flags)
    return Finding(outcome, f"{detail[0].upper()}{detail[1:]}: correct it.", value, f"≤ {bound:g}", **seen)


@check("F02", "pdp_consistency", unit="ΔE00", gate=Gate.BRAND_MERCH, against=Against.VIEWS)
def pdp_consistency(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The largest region's colour against the nearest in each other view, and the other way round."""
    bounds = frame.thresholds.views
    compared = [view for view in reference.views or () if view.fingerprint.regions]
    if not compared:
        return cannot_measure("Not compared: there is no other view with a product on it yet.")
    if not frame.regions:
        return cannot_measure("Not compared: there is no subject to take colours from.", frame.subject.confidence)
    if (shaky := _shaky(frame)) is not None:
        return shaky
    own = frame.regions
    apart = [
        max(
            float(nearest_of(a[:1], b)[0])
            for a, b in ((own, view.fingerprint.regions), (view.fingerprint.regions, own))
        )
        for view in compared
    ]
    worst = int(np.argmax(apart))
    value = apart[worst]
    seen = {"scale": 1 / frame.subject.scale, "confidence": frame.subject.confidence}
    if value <= bounds.passes:
        return Finding(PASS, "Its colour is that of the other views.", value, f"≤ {bounds.passes:g}", **seen)
    how = "slightly" if value <= bounds.flags else "clearly"
    detail = f"Its colour is {how} another than in {compared[worst].slot} (ΔE00 {value:.1f}): correct one of the two."
    return Finding(FLAG, detail, value, f"≤ {bounds.passes:g}", **seen)


@dataclass(frozen=True)
class RegionDifferences:
    """Region by region, the larger ones only; with the map that shows where they are."""

    approved: Plane  # n × 3, mean L*a*b*
    change: Plane  # n × 3, from the approved mean to the candidate's
    difference: Plane  # n, ΔE00
    share: Plane  # n, of the pixels compared
    regions: Pixels  # on the candidate's reduced copy: index into the above, or 255


def region_differences(approved: Frame, frame: Frame, registration: Registration) -> RegionDifferences | None:
    """None where nothing can be compared. Both are averaged over the same places, inside of the region's outline:
    along it a shift of part of a pixel would mix colours."""
    subject, shape = frame.subject, registration.both.shape
    scale, shift = registration.scale, registration.shift
    own = laid_over(approved.subject.inner, scale, shift, shape, cv2.INTER_NEAREST)
    inside = cv2.bitwise_and(cv2.bitwise_and(registration.both, subject.inner), own) > 0
    if not inside.any():
        return None
    lab = lab_of(laid_over(approved.subject.small, scale, shift, shape)[inside][:, None])[:, 0]
    labels = np.full(shape, _NO_REGION, np.uint8)
    labels[inside] = assign(lab, approved.regions)
    square = np.ones((3, 3), np.uint8)
    within = (cv2.dilate(labels, square) == cv2.erode(labels, square))[inside]
    flat = _without_rims(labels[inside], within, len(approved.regions))
    kept = flat < len(approved.regions)
    if not kept.any():
        return None
    candidate = lab_of(subject.small[inside][kept][:, None])[:, 0]
    before, share = means(lab[kept], flat[kept], len(approved.regions))
    after, _ = means(candidate, flat[kept], len(approved.regions))
    large = share >= _LEAST_SHARE
    if not large.any():
        return None
    index = np.full(_NO_REGION + 1, _NO_REGION, np.uint8)
    index[np.flatnonzero(large)] = np.arange(np.count_nonzero(large))
    return RegionDifferences(
        approved=before[large],
        change=(after - before)[large],
        difference=np.asarray(delta_e(before[large], after[large])),
        share=share[large],
        regions=index[labels],
    )


def _without_rims(labels: NDArray[np.uint8], within: NDArray[np.bool_], count: int) -> NDArray[np.uint8]:
    """Each region less its rim, where a good part of it remains: a fine pattern is all rim."""
    whole = np.bincount(labels, minlength=count)
    core = np.bincount(labels[within], minlength=count)
    thick = core >= 0.25 * np.maximum(whole, 1)
    rim = ~within & thick[labels]
    return np.where(rim, _NO_REGION, labels).astype(np.uint8)


def _same_picture(frame: Frame, approved: Frame) -> Registration | None:
    """How the approved picture lies over this one, where both are the same take."""
    registration = frame.registered(approved)
    is_same = registration is not None and registration.alike >= frame.thresholds.same_picture
    return registration if is_same else None


def _approved_colours(approved: Frame) -> tuple[Region, ...]:
    """Of its subject; a close-up of cloth that fills the frame has none, and is all colour itself."""
    subject = approved.subject
    if subject.box is None and subject.background is not None and min(subject.background) < WHITE:
        return cluster(subject.small.reshape(-1, 3))
    return approved.regions


def _shaky(frame: Frame) -> Finding | None:
    subject = frame.subject
    if subject.by == "background" and subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    return None


def _words(lightness: float, a: float, b: float) -> str:
    """How a colour has changed, by what has changed most."""
    changes = {("darker", "lighter"): lightness, ("greener", "redder"): a, ("bluer", "yellower"): b}
    words, change = max(changes.items(), key=lambda one: abs(one[1]))
    return words[change > 0]


def _name(lab: Plane) -> str:
    """A colour in words: it is for finding the place, not for judging it."""
    lightness, a, b = (float(value) for value in lab)
    tone = "dark" if lightness < 35 else "light" if lightness > 70 else "medium"
    if np.hypot(a, b) < 10:
        return f"{tone} grey" if 12 < lightness < 92 else "black" if lightness <= 12 else "white"
    hues = (
        (20, "pink"),
        (50, "red"),
        (75, "orange"),
        (110, "yellow"),
        (170, "green"),
        (230, "teal"),
        (300, "blue"),
        (340, "purple"),
    )
    hue = np.degrees(np.arctan2(b, a)) % 360
    return f"{tone} {next((name for end, name in hues if hue < end), 'pink')}"
