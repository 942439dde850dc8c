"""The measuring engine: bytes in, measurements out. Pure image code: no database, no HTTP, no clock.

`inspect(data, filename, spec, reference)` gives the same answer for the same bytes, spec and reference, whatever the
bytes are. It can be called in a process pool; one call is one file on one core.
"""

from services.qc.inspection.engine import inspect
from services.qc.inspection.reference import NO_REFERENCE, ApprovedFile, Reference
from services.qc.inspection.thresholds import DEFAULT, Thresholds

__all__ = ["DEFAULT", "NO_REFERENCE", "ApprovedFile", "Reference", "Thresholds", "inspect"]
