"""F06 naming, F07 version, F08 AI label: the file against what is on record about it."""

import re
from pathlib import PurePath

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.frame import Frame
from services.qc.inspection.labels import UnreadableLabel, has_c2pa, short, source_type
from services.qc.inspection.manifest import UnreadableManifest, source_types
from services.qc.inspection.reference import Against, AiUse, Naming, Reference, Slot
from services.qc.inspection.registry import Finding, cannot_measure, check

PASS, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FAIL
_LONGEST_NAME = 255  # what file systems take
_PLACE = re.compile(r"\{(\w+)\}")
_NO_AI = {"digitalCapture", "humanEdits", "negativeFilm", "positiveFilm", "print", "minorHumanEdits", "digitalArt"}
_LABELS: dict[AiUse, tuple[str, ...]] = {
    AiUse.ENHANCED: ("algorithmicallyEnhanced", "compositeWithTrainedAlgorithmicMedia"),
    AiUse.COMPOSITE: ("compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"),
    AiUse.GENERATED: ("trainedAlgorithmicMedia",),
}
_LABELS[AiUse.SOME] = tuple(dict.fromkeys(label for labels in _LABELS.values() for label in labels))


@check("F06", "naming", needs="file", gate=Gate.FINAL_QC, against=Against.NAMING)
def naming(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The pack's pattern, with a SKU and a view that exist, and those of the file's own slot."""
    rule, slot = reference.naming, reference.slot
    assert rule is not None
    name = PurePath(frame.filename.replace("\\", "/")).name
    right = rule.right or _right_name(rule, slot)
    cure = f" Name it {right}." if right else ""
    if len(name) > _LONGEST_NAME:
        return Finding(FAIL, f"The name has {len(name):,} characters.{cure}", None, rule.pattern)
    if right is not None and name == right:
        return Finding(PASS, "Named as the pack asks.", None, rule.pattern)
    if rule.right is not None:
        return Finding(FAIL, f"{name!r} isn't the name on record for this file.{cure}", None, rule.pattern)
    found = _pattern(rule).fullmatch(name)
    if found is None:
        return Finding(FAIL, f"{name!r} isn't of the pattern {rule.pattern}.{cure}", None, rule.pattern)
    parts = found.groupdict()
    for part, known in (("sku", rule.skus), ("view", rule.views)):
        if part in parts and parts[part] not in {_folded(one, rule) for one in known}:
            return Finding(FAIL, f"There is no {part} {parts[part]!r}.{cure}", None, rule.pattern)
    if right is not None:
        return Finding(FAIL, f"{name!r} is another slot's name; this is {slot}.{cure}", None, rule.pattern)
    return Finding(PASS, "Named as the pack asks.", None, rule.pattern)


@check("F07", "version", needs="file", gate=Gate.FINAL_QC, against=Against.APPROVED)
def version(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The bytes are those of the approved version."""
    approved = reference.approved_sha256
    assert approved is not None
    threshold = f"SHA-256 {approved[:12]}…"
    if frame.sha256 == approved.lower():
        return Finding(PASS, "It is the approved version, to the last byte.", None, threshold)
    detail = f"It is not the approved version (its SHA-256 begins with {frame.sha256[:12]}): deliver that one."
    return Finding(FAIL, detail, None, threshold)


@check("F08", "ai_label", needs="header", gate=Gate.FINAL_QC, against=Against.AI_USE)
def ai_label(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """XMP's DigitalSourceType says what is on record of AI's part, and a C2PA manifest doesn't say otherwise; where XMP
    says nothing, the manifest's counts. A shot may be without: what is delivered from it is labelled."""
    use = reference.ai_use
    assert use is not None
    assert frame.format is not None
    right = _LABELS.get(use, ())
    threshold = " or ".join(right) or "no AI label"
    try:
        label = source_type(frame.data, frame.format)
    except UnreadableLabel as error:
        return cannot_measure(f"Its XMP metadata can't be read ({error}): write it anew.")
    if has_c2pa(frame.data):
        try:
            signed = [short(one) for one in source_types(frame.data, frame.format)]
        except UnreadableManifest as error:
            return cannot_measure(f"Its C2PA manifest can't be believed ({error}): sign it anew, or take it out.")
        if label is not None and signed and label not in signed:
            said = f"XMP says {label[:60]!r}, and its C2PA manifest {', '.join(signed)[:60]!r}"
            return Finding(FAIL, f"Its labels contradict each other: {said}.", None, threshold)
        label = label or next((one for one in signed if one not in right), None) or next(iter(signed), None)
    if use is AiUse.NONE:
        if label is None or label in _NO_AI:
            return Finding(PASS, "No AI is on record, and none is labelled.", None, threshold)
        return Finding(FAIL, f"It is labelled {label[:60]!r}, and no AI is on record: which is true?", None, threshold)
    if label is None and reference.labelled_later:
        return Finding(PASS, f"Not labelled; what is delivered from it will be, as {use}.", None, threshold)
    if label is None:
        return Finding(
            FAIL,
            f"AI's part in it ({use}) isn't labelled: write DigitalSourceType {right[0]} into XMP.",
            None,
            threshold,
        )
    if label not in right:
        return Finding(FAIL, f"It is labelled {label[:60]!r}; on record is {use}, so {threshold}.", None, threshold)
    return Finding(PASS, f"Labelled {label}, as is on record.", None, threshold)


def _folded(text: str, rule: Naming) -> str:
    return text.lower() if rule.case == "lower" else text.upper() if rule.case == "upper" else text


def _right_name(rule: Naming, slot: Slot | None) -> str | None:
    """None where the slot isn't known, or the pattern has places that it doesn't fill."""
    if slot is None:
        return None
    parts = {part: getattr(slot, part) for part in ("sku", "colorway", "view", "channel")}
    if any(not parts.get(place) for place in _PLACE.findall(rule.pattern)):
        return None
    return _PLACE.sub(lambda place: _folded(parts[place[1]], rule), rule.pattern)


def _pattern(rule: Naming) -> re.Pattern[str]:
    """Each place takes what is known for it, else anything up to the character that follows the place: so no name
    takes long to match. A place that comes again must be the same."""
    known = {"sku": rule.skus, "view": rule.views}
    pieces = _PLACE.split(rule.pattern)  # text, place, text, place, …, text
    written = [re.escape(pieces[0])]
    seen: set[str] = set()
    for place, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if place in seen:
            written.append(f"(?P={place})")
        else:
            choices = [re.escape(_folded(one, rule)) for one in sorted(known.get(place, ()), key=len, reverse=True)]
            rest = f"[^/{re.escape(text[0])}]+" if text else "[^/]+"
            written.append(f"(?P<{place}>{'|'.join([*choices, rest])})")
        seen.add(place)
        written.append(re.escape(text))
    return re.compile("".join(written))
