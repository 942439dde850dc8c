"""What is wrong with thresholds: bounds in the wrong order, beyond what there can be, or against each other. Pure."""

from collections.abc import Iterator, Mapping

from chassis.problems import FieldError
from services.qc.thresholds.domain import UNITS, Bounds, Thresholds

LEAST = frozenset({"white_background", "jpeg_quality", "texture_lost"})
"""Bounds of which more is better; of all others less is."""

_MOST: Mapping[str, float] = {"%": 100, "quality": 100}
_ORDERED = (
    ("colour_critical", "colour", "what is colour-critical would be held less closely than what isn't"),
    ("same_product_bits", "near_duplicate_bits", "views of one product are told apart more closely, not less"),
    ("same_colour", "other_colour", "a near duplicate would be both, one in the same colour and one in another"),
    ("texture_lost.passes", "texture_added.passes", "no texture would pass"),
    ("enlarged_edge_width", "edge_width.flags", "T27 could never flag: what is wider fails T09 and isn't asked"),
)
"""The first is not above the second, or what the third says."""


def faults_of(thresholds: Thresholds) -> Iterator[FieldError]:
    """What contradicts itself; each pointer is one into the thresholds."""
    for name, unit in UNITS.items():
        value = getattr(thresholds, name)
        if isinstance(value, Bounds):
            yield from _disordered(name, value)
            yield from _beyond(name, unit, max(value.passes, value.flags))
        else:
            yield from _beyond(name, unit, value)
    for low, high, why in _ORDERED:
        for lower, higher in zip(_parts(thresholds, low), _parts(thresholds, high), strict=True):
            (where, least), (name, most) = lower, higher
            if least > most:
                detail = f"{least:g} is above {name}, which is {most:g}: {why}"
                yield FieldError(
                    pointer=_pointer(where), detail=detail, remedy=f"Send {most:g} or less, or change both."
                )


def _disordered(name: str, bounds: Bounds) -> Iterator[FieldError]:
    """From passing over flagged to failing a value gets worse, never better."""
    passes, flags = bounds.passes, bounds.flags
    if name in LEAST and flags > passes:
        detail = (
            f"more is better here: what is under {passes:g} doesn't pass, so the bound of a flag can't be {flags:g}"
        )
        yield FieldError(pointer=f"/{name}/flags", detail=detail, remedy=f"Send {passes:g} or less.")
    elif name not in LEAST and flags < passes:
        detail = f"less is better here: what is over {passes:g} doesn't pass, so the bound of a flag can't be {flags:g}"
        yield FieldError(pointer=f"/{name}/flags", detail=detail, remedy=f"Send {passes:g} or more.")


def _beyond(name: str, unit: str, value: float) -> Iterator[FieldError]:
    most = next((most for start, most in _MOST.items() if unit.startswith(start)), None)
    if most is not None and value > most:
        detail = f"{value:g} is more than there can be: it is given in {unit}"
        yield FieldError(pointer=f"/{name}", detail=detail, remedy=f"Send {most:g} or less.")


def _parts(thresholds: Thresholds, name: str) -> list[tuple[str, float]]:
    """A number, or both of two bounds, each with its name."""
    field, _, part = name.partition(".")
    value = getattr(thresholds, field)
    if isinstance(value, Bounds):
        return [(f"{field}.{one}", getattr(value, one)) for one in ([part] if part else ("passes", "flags"))]
    return [(field, value)]


def _pointer(name: str) -> str:
    return "/" + name.replace(".", "/")
