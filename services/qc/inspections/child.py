"""What runs in the measuring process. The image libraries are imported there alone: the worker itself stays small."""

import os

from contracts.values import ImageSpec, Measurement


def own_id() -> int:
    """The process id; by then the engine is loaded."""
    import services.qc.inspection  # noqa: F401

    return os.getpid()


def measure(data: bytes, filename: str, spec: ImageSpec) -> list[Measurement]:
    from services.qc.inspection import inspect

    return inspect(data, filename, spec)
