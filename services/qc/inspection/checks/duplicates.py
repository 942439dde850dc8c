"""F04 exact duplicate, F05 near duplicate or wrong colorway: the picture against what other slots hold."""

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.fingerprint import perceptual_hash, pixel_digest
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Neighbour, Reference
from services.qc.inspection.regions import Region, grouped, palette_distance
from services.qc.inspection.registry import Finding, check

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL


@check("F04", "exact_duplicate", gate=Gate.FINAL_QC, against=Against.OTHERS)
def exact_duplicate(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Pixels, and not bytes: a renamed or re-wrapped file is the same picture."""
    assert frame.picture is not None
    threshold = "in no other slot"
    digest = pixel_digest(frame.picture)
    for other in _other_slots(reference):
        if other.fingerprint.pixels == digest:
            detail = f"It is the very picture of {other.slot}: deliver this slot's own."
            return Finding(FAIL, detail, None, threshold)
    return Finding(PASS, "No other slot holds this picture.", None, threshold)


@check("F05", "near_duplicate", unit="ΔE00", gate=Gate.FINAL_QC, version=2, against=Against.OTHERS)
def near_duplicate(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Pictures that look alike by their hash, parted by colour: alike in colour too, it is one picture in two slots;
    another colour than this slot's own reference, it is another colorway's. The hash alone says nothing: colorways of
    one product are alike by it, and so are some products. Front and back of one garment are alike in both: of the same
    product in the same colorway only what is all but the same hash counts."""
    bounds = frame.thresholds
    bits = perceptual_hash(frame.subject)
    alike: list[tuple[float, Neighbour]] = []
    for other in _other_slots(reference):
        most = bounds.same_product_bits if _is_same_product(reference, other) else bounds.near_duplicate_bits
        if (bits ^ other.fingerprint.phash).bit_count() <= most:
            apart = _apart(frame, other.fingerprint.regions)
            if apart is not None:
                alike.append((apart, other))
    nearest = min(alike, key=lambda one: one[0], default=None)
    seen = {"scale": 1 / frame.subject.scale, "confidence": frame.subject.confidence}
    own = _from_own_colour(frame, reference, bits)
    if own is not None and own > bounds.other_colour:
        like = f"; it looks like {nearest[1].slot}" if nearest and nearest[0] < bounds.same_colour else ""
        detail = f"It is the approved picture in another colour (ΔE00 {own:.1f}): another colorway's{like}?"
        return Finding(FLAG, detail, own, f"≤ {bounds.other_colour:g} from its own reference", **seen)
    if nearest is None:
        return Finding(PASS, "No other slot holds a picture like it.", None, "in no other slot", **seen)
    apart, other = nearest
    threshold = f"≥ {bounds.same_colour:g} from what looks alike"
    if apart < bounds.same_colour:
        detail = f"It is nearly the picture of {other.slot}: {_suspicion(reference, other)}?"
        return Finding(FLAG, detail, apart, threshold, **seen)
    return Finding(PASS, f"It is like {other.slot}, in another colour.", apart, threshold, **seen)


def _other_slots(reference: Reference) -> list[Neighbour]:
    """Without this slot's own files: the same shot goes to several channels."""
    own = reference.slot
    return [other for other in reference.others or () if own is None or not other.slot.is_same_shot(own)]


def _is_same_product(reference: Reference, other: Neighbour) -> bool:
    own = reference.slot
    return own is not None and (own.sku, own.colorway) == (other.slot.sku, other.slot.colorway)


def _from_own_colour(frame: Frame, reference: Reference, bits: int) -> float | None:
    """ΔE00 from this slot's own colour reference, where that is the same picture by its hash."""
    approved = reference.colour
    if approved is None or approved.picture is None:
        return None
    if approved is reference.capture:  # a variant's master: its crop has other shares of each colour, F01 judges it
        return None
    if (bits ^ perceptual_hash(approved.subject)).bit_count() > frame.thresholds.near_duplicate_bits:
        return None
    return _apart(frame, approved.regions)


def _apart(frame: Frame, regions: tuple[Region, ...]) -> float | None:
    return palette_distance(grouped(frame.subject.pixels, regions), regions)


def _suspicion(reference: Reference, other: Neighbour) -> str:
    own = reference.slot
    same_view = own is not None and (own.sku, own.view) == (other.slot.sku, other.slot.view)
    return "the wrong colorway" if same_view else "delivered twice"
