"""What runs in the measuring process. The image libraries are imported there alone: the worker itself stays small.

A file is measured in two calls, for what other slots hold is looked for by what the file shows: `read` decodes it with
what was approved, and answers its fingerprint; `measure` runs the checks on the same decoded pixels.
"""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from contracts.values import ImageSpec, Measurement
from services.qc.comparison.domain import Engine, Fingerprint, Place, References, Seen
from services.qc.zoom.domain import CELL, SubjectCells

if TYPE_CHECKING:
    from services.qc.inspection import Reference
    from services.qc.inspection.fingerprint import Fingerprint as EngineFingerprint
    from services.qc.inspection.frame import Frame
    from services.qc.inspection.reference import Neighbour, Slot

_held: "tuple[Frame, Reference] | None" = None
"""The file that was read, until it is measured, or the next one is read."""


def own_id() -> int:
    """The process id; by then the engine is loaded."""
    import services.qc.inspection  # noqa: F401

    return os.getpid()


def engine() -> Engine:
    from services.qc.inspection.identity import code_version, thresholds_version

    return Engine(version=code_version(), thresholds=thresholds_version())


def read(data: bytes, filename: str, approved: dict[str, tuple[bytes, str]]) -> Fingerprint | None:
    """`approved`: bytes and name of the capture and of the colour reference, where there are such. None for a file that
    can't be decoded."""
    from services.qc.inspection import DEFAULT, NO_REFERENCE, ApprovedFile
    from services.qc.inspection.fingerprint import fingerprint
    from services.qc.inspection.frame import read_frame

    global _held
    _held = None
    files = {name: ApprovedFile(*content) for name, content in approved.items()}
    capture, colour = files.get("capture"), files.get("colour")
    same = capture is not None and colour is not None and capture.data == colour.data
    reference = NO_REFERENCE.reading(capture, None if same else colour)
    if same:
        reference = reference.with_colour_of_capture()
    approved.clear()
    del files, capture, colour
    frame = read_frame(data, filename, DEFAULT)
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
    from services.qc.inspection.engine import measure_frame

    global _held
    assert _held is not None
    (frame, reference), _held = _held, None
    return measure_frame(frame, spec, _completed(reference, references))


def _completed(reference: "Reference", references: References) -> "Reference":
    """With what is on record."""
    from dataclasses import replace

    from services.qc.inspection.reference import Against, AiUse

    return replace(
        reference,
        batch=None if references.batch is None else tuple(_made(one.fingerprint) for one in references.batch),
        views=None if references.views is None else tuple(_neighbour(one) for one in references.views),
        others=None if references.others is None else tuple(_neighbour(one) for one in references.others),
        slot=_slot(references.slot),
        ai_use=None if references.ai_use is None else AiUse(references.ai_use),
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
