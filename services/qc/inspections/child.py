"""What runs in the measuring process. The image libraries are imported there alone: the worker itself stays small.

A file is measured in up to three calls. What other slots hold is looked for by what the file shows: so `read` decodes
it with what was approved, and answers its fingerprint; `measure` runs the checks on the same decoded pixels. Where they
flag or fail, `draw` shows where: a verdict stands whatever becomes of that.
"""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from contracts.assets import ColourReferenceKind
from contracts.values import ImageSpec, Measurement
from services.qc.comparison.domain import Colour, ColourReading, Fingerprint, Place, References, Seen
from services.qc.evidence.domain import Drawn, Mark
from services.qc.thresholds.domain import Thresholds
from services.qc.zoom.domain import CELL, SubjectCells

if TYPE_CHECKING:
    from services.qc.inspection import Reference
    from services.qc.inspection.fingerprint import Fingerprint as EngineFingerprint
    from services.qc.inspection.frame import Frame
    from services.qc.inspection.reference import Neighbour, Slot

_held: "tuple[Frame, Reference] | None" = None
"""The file that was read, and what it is compared with, until nothing more is asked of it, or the next one is read."""


def own_id() -> int:
    """The process id; by then the engine is loaded, and keeps its memory."""
    import services.qc.inspection  # noqa: F401
    from services.qc.inspection.memory import keep_memory

    keep_memory()
    return os.getpid()


def engine_version() -> str:
    from services.qc.inspection.identity import code_version

    return code_version()


def read(
    data: bytes, filename: str, approved: dict[str, tuple[bytes, str]], thresholds: Thresholds
) -> Fingerprint | None:
    """`approved`: bytes and name of the capture and of the colour reference, where there are such. None for a file that
    can't be decoded."""
    from services.qc.inspection import NO_REFERENCE, ApprovedFile
    from services.qc.inspection.fingerprint import fingerprint
    from services.qc.inspection.frame import read_frame

    global _held
    _held = None
    files = {name: ApprovedFile(*content) for name, content in approved.items()}
    capture, colour = files.get("capture"), files.get("colour")
    same = capture is not None and colour is not None and capture.data == colour.data
    reference = NO_REFERENCE.reading(capture, None if same else colour, thresholds)
    if same:
        reference = reference.with_colour_of_capture()
    approved.clear()
    del files, capture, colour
    frame = read_frame(data, filename, thresholds)
    _held = frame, reference
    made = fingerprint(frame)
    return None if made is None else _kept(made)


def subject_cells() -> SubjectCells | None:
    """Of the file that was read. None for one that can't be decoded."""
    from services.qc.inspection.cells import touched_cells

    assert _held is not None
    touched = touched_cells(_held[0], CELL)
    return None if touched is None else SubjectCells.model_validate(asdict(touched))


def measure(spec: ImageSpec, references: References) -> list[Measurement]:
    """Of the file that was read."""
    from services.qc.inspection.drawing import to_be_shown
    from services.qc.inspection.engine import measure_frame

    global _held
    assert _held is not None
    (frame, reference), _held = _held, None
    completed = _completed(reference, references)
    measurements = measure_frame(frame, spec, completed)
    if to_be_shown(measurements):
        _held = frame, completed
    return measurements


def draw(spec: ImageSpec, measurements: list[Measurement]) -> list[Drawn]:
    """The overlays of the file that was measured."""
    from services.qc.inspection.drawing import draw_evidence

    global _held
    if _held is None:
        return []
    (frame, reference), _held = _held, None
    return [
        Drawn(
            check=check,
            png=overlay.png,
            width=overlay.width,
            height=overlay.height,
            scale=overlay.scale,
            legend=tuple(Mark(ink=mark.ink.value, says=mark.says) for mark in overlay.legend),
        )
        for check, overlay in draw_evidence(frame, spec, reference, measurements).items()
    ]


def read_colours(data: bytes, filename: str, kind: ColourReferenceKind, thresholds: Thresholds) -> ColourReading:
    """Of a colour reference."""
    from services.qc.inspection import colour_reference

    found = colour_reference.read_colours(data, filename, kind.value, thresholds)
    colours = tuple(Colour(lab=one.lab, share=one.share) for one in found.colours)
    return ColourReading(measurements=found.measurements, colours=colours)


def _completed(reference: "Reference", references: References) -> "Reference":
    """With what is on record."""
    from dataclasses import replace

    from services.qc.inspection.reference import Against, AiUse, Naming
    from services.qc.inspection.regions import Region

    colours = references.colours
    return replace(
        reference,
        colours=None if colours is None else tuple(Region(one.lab, one.share) for one in colours.colours),
        batch=None if references.batch is None else tuple(_made(one.fingerprint) for one in references.batch),
        shoot=None if references.shoot is None else tuple(_made(one.fingerprint) for one in references.shoot),
        views=None if references.views is None else tuple(_neighbour(one) for one in references.views),
        others=None if references.others is None else tuple(_neighbour(one) for one in references.others),
        slot=_slot(references.slot),
        ai_use=None if references.ai_use is None else AiUse(references.ai_use),
        naming=None if (own := references.naming) is None else Naming(own.pattern, right=own.name),
        labelled_later=references.labelled_later,
        expected=frozenset(Against(name) for name in references.expected),
    )


def _slot(place: Place) -> "Slot":
    from services.qc.inspection.reference import Slot

    return Slot(place.sku, place.colorway, place.view, place.channel or "")


def _neighbour(seen: Seen) -> "Neighbour":
    from services.qc.inspection.reference import Neighbour

    return Neighbour(_slot(seen.place), _made(seen.fingerprint))


def _kept(made: "EngineFingerprint") -> Fingerprint:
    return Fingerprint.model_validate(asdict(made))


def _made(kept: Fingerprint) -> "EngineFingerprint":
    from services.qc.inspection import fingerprint as engine
    from services.qc.inspection.regions import Region

    return engine.Fingerprint(
        pixels=kept.pixels,
        phash=kept.phash,
        luminance=kept.luminance,
        regions=tuple(Region(one.lab, one.share) for one in kept.regions),
        spots=None if kept.spots is None else tuple(engine.Spot(one.right, one.down) for one in kept.spots),
    )
