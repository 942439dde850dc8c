"""From bytes to measurements."""

import logging
from collections.abc import Container

import cv2

from contracts.values import ImageSpec, Measurement
from services.qc.inspection.checks import CHECKS
from services.qc.inspection.frame import Frame, read_frame
from services.qc.inspection.reference import NO_REFERENCE, Reference
from services.qc.inspection.registry import Check, cannot_measure
from services.qc.inspection.thresholds import DEFAULT, Thresholds

# One file is measured on one core: more files at a time take more processes.
cv2.setNumThreads(1)
_log = logging.getLogger(__name__)


def inspect(
    data: bytes,
    filename: str,
    spec: ImageSpec,
    reference: Reference = NO_REFERENCE,
    thresholds: Thresholds = DEFAULT,
) -> list[Measurement]:
    """Measure one file: one measurement a check that the spec and the reference ask for, in the order of
    their ids.

    Never raises for anything about the bytes: a file that can't be decoded fails T01, and what needs its pixels is
    `cannot_measure`.
    """
    return measure_frame(read_frame(data, filename, thresholds), spec, reference)


def measure_frame(
    frame: Frame, spec: ImageSpec, reference: Reference, only: Container[str] | None = None
) -> list[Measurement]:
    """The same of a file that is decoded already. `only`: of all checks these ids."""
    asked = [check for check in CHECKS if only is None or check.id in only]
    return [_run(check, frame, spec, reference) for check in asked if check.applies(spec, reference)]


def _run(check: Check, frame: Frame, spec: ImageSpec, reference: Reference) -> Measurement:
    try:
        return check(frame, spec, reference)
    except Exception as error:  # an unforeseen picture must not cost the other checks their verdicts
        _log.exception("check %s broke", check.id)
        return check.report(cannot_measure(f"The check itself broke ({type(error).__name__}): tell the QC lead."))
