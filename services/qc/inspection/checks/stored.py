"""T04, T06, T07, T08: how the picture is stored, from the header."""

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.colour import ProfileKind, read_profile
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, check

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL


@check("T04", "dimensions", unit="px", needs="header")
def dimensions(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Width, height and aspect as a viewer shows the picture. The value is the longest side, or what is wrong."""
    assert frame.header is not None
    width, height = frame.header.width, frame.header.height
    longest, shown = max(width, height), f"{width} × {height} px"
    for name, value, least, most in (
        ("width", width, spec.min_width, spec.max_width),
        ("height", height, spec.min_height, spec.max_height),
        ("longest side", longest, spec.min_longest_side, spec.max_longest_side),
    ):
        if least is not None and value < least:
            detail = f"{shown}: the {name} must be at least {least} px. Export it larger; don't enlarge it."
            return Finding(FAIL, detail, value, f"{name} ≥ {least} px")
        if most is not None and value > most:
            return Finding(
                FAIL, f"{shown}: the {name} must be at most {most} px. Scale it down.", value, f"{name} ≤ {most} px"
            )
    tolerance = frame.thresholds.aspect_tolerance
    if spec.aspect is not None and abs(width / height / spec.aspect - 1) > tolerance:
        threshold = f"aspect {spec.aspect:.4g} ± {tolerance:.1%}"
        detail = f"{shown}: its aspect is {width / height:.4g}, asked for is {spec.aspect:.4g}. Crop it."
        return Finding(FAIL, detail, longest, threshold)
    return Finding(PASS, f"{shown}.", longest, "the spec's sizes and aspect")


@check("T06", "profile", needs="header")
def profile(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The embedded ICC profile. Only CMYK fails by itself: everything else can be converted without loss of intent."""
    assert frame.header is not None
    threshold = "sRGB"
    if frame.header.mode == "CMYK":
        detail = "Its pixels are CMYK, which is for print: convert it to sRGB."
        return Finding(FAIL if spec.deliverable else FLAG, detail, None, threshold)
    if frame.header.declares_srgb and frame.header.profile is None:
        return Finding(PASS, "Marked as sRGB.", None, threshold)
    kind, name, _ = read_profile(frame.header.profile, frame.header.mode)
    if kind is ProfileKind.SRGB:
        return Finding(PASS, f"sRGB ({name}).", None, threshold)
    return Finding(
        FLAG,
        {
            ProfileKind.MISSING: "No colour profile is embedded; it was read as sRGB. Embed the profile on export.",
            ProfileKind.BROKEN: "The embedded colour profile can't be used; the picture was read as sRGB. Embed sRGB.",
            ProfileKind.OTHER: _other(name),
        }[kind],
        None,
        threshold,
    )


@check("T07", "depth", unit="bits", needs="header")
def depth(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Bits a channel, kind of pixels, alpha."""
    assert frame.header is not None
    header = frame.header
    threshold = f"{_bits(spec.bits)} a channel, {'alpha allowed' if spec.alpha_allowed else 'no alpha'}"
    if header.bits != spec.bits:
        detail = f"{_bits(header.bits)} a channel; asked for are {spec.bits}. Export it so."
        return Finding(FAIL, detail, header.bits, threshold)
    if header.mode in ("P", "PA") and frame.format != "gif":
        return Finding(FAIL, "It has a palette of at most 256 colours: export it as RGB.", header.bits, threshold)
    if header.mode == "LAB":
        return Finding(FAIL, "Its pixels are Lab, which browsers don't show: export it as RGB.", header.bits, threshold)
    if header.alpha and not spec.alpha_allowed:
        return Finding(FAIL, "It has an alpha channel, which isn't allowed here: flatten it.", header.bits, threshold)
    if header.mode in ("L", "I;16"):
        return Finding(FLAG, "It is greyscale; if the product has colour, export it as RGB.", header.bits, threshold)
    return Finding(
        PASS, f"{_bits(header.bits)} a channel{', with alpha' if header.alpha else ''}.", header.bits, threshold
    )


@check("T08", "orientation", needs="header")
def orientation(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The EXIF orientation tag: channels that ignore it show the picture lying on its side."""
    assert frame.header is not None
    tag = frame.header.orientation
    threshold = "1 or absent"
    if tag in (None, 1):
        return Finding(PASS, "Stored upright.", tag, threshold)
    detail = f"It is upright only by its EXIF orientation tag ({tag}): store it turned, with tag 1 or none."
    return Finding(FAIL if spec.deliverable else FLAG, detail, tag, threshold)


def _other(name: str) -> str:
    """Of a profile that does something else than sRGB, whatever it is called."""
    if "srgb" in name.lower():
        return f"Its profile is named {name}, but its colours aren't sRGB's: convert it to sRGB itself for delivery."
    return f"Its profile is {name or 'without a name'}, not sRGB: convert it for delivery."


def _bits(number: int) -> str:
    return f"{number} bit{'' if number == 1 else 's'}"
