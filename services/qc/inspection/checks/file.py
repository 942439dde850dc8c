"""T01, T02, T03, T05: the file itself."""

from pathlib import PurePath

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.ending import appended, kind_of
from services.qc.inspection.formats import EXTENSIONS
from services.qc.inspection.frame import Frame
from services.qc.inspection.header import MOST_PIXELS, MOST_SCANS
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL


@check("T01", "decode", needs="file", version=2)
def decode(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """A strict full decode without any error."""
    threshold = "no error"
    if frame.refused:
        return Finding(FAIL, f"Not decoded: {frame.problem}.", None, threshold)
    if frame.problem:
        detail = f"Can't be decoded: {frame.problem}. Export the picture again, and check the upload."
        return Finding(FAIL, detail, None, threshold)
    return Finding(PASS, "Decodes to the last pixel.", None, threshold)


@check("T02", "format", needs="file", version=2)
def format(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """What the first bytes say = what the extension says, in the spec's formats; one still picture, and
    nothing behind its end."""
    extension = PurePath(frame.filename.replace("\\", "/")).suffix.lower()
    threshold = f"one of {', '.join(spec.formats)}, with its own extension"
    right = EXTENSIONS.get(frame.format or "", ())
    if frame.format is None:
        return Finding(FAIL, "The bytes are no image format that is known here.", None, threshold)
    if frame.format not in spec.formats:
        return Finding(
            FAIL, f"It is a {frame.format.upper()}; asked for is {' or '.join(spec.formats)}.", None, threshold
        )
    if extension not in right:
        named = f"named {extension[:16]!r}" if extension else "without an extension"
        return Finding(FAIL, f"It is a {frame.format.upper()} {named}; name it {right[0]}.", None, threshold)
    if frame.header and frame.header.several:
        return Finding(
            FAIL, "It holds several pictures (animation or pages); deliver one still picture.", None, threshold
        )
    if frame.picture and (rest := appended(frame.data, frame.format)):
        hidden = f"{len(rest):,} bytes lie behind the picture's end ({kind_of(rest)})"
        detail = f"{hidden}: no viewer shows them. Export it again."
        return Finding(FLAG, detail, None, threshold)
    return Finding(PASS, f"A {frame.format.upper()}, and named so.", None, threshold)


@check("T03", "bomb", unit="MP", needs="file")
def bomb(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """What the header claims, before anything is decoded."""
    threshold = f"≤ {MOST_PIXELS / 1e6:.0f} MP, ≤ {MOST_SCANS} scans"
    megapixels = frame.header.megapixels if frame.header else None
    if frame.refused:
        return Finding(FAIL, f"Not decoded: {frame.problem}.", megapixels, threshold)
    if megapixels is None:
        return cannot_measure("Not measured: the header can't be read (see T01).")
    return Finding(PASS, f"{megapixels:.1f} megapixels.", megapixels, threshold)


@check("T05", "size", unit="bytes", needs="file")
def size(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Bytes of the file."""
    if spec.max_bytes is None:
        return Finding(PASS, f"{frame.size:,} bytes; no limit is asked for.", frame.size, "none")
    threshold = f"≤ {spec.max_bytes:,} bytes"
    if frame.size > spec.max_bytes:
        return Finding(
            FAIL,
            f"{frame.size:,} bytes are {frame.size - spec.max_bytes:,} too many: compress it more.",
            frame.size,
            threshold,
        )
    return Finding(PASS, f"{frame.size:,} bytes.", frame.size, threshold)
