"""What runs in the measuring process. The image libraries are imported there alone: the worker itself stays small."""

import multiprocessing
import os
import signal
import threading

from contracts.values import ImageSpec, Measurement


def begin() -> None:
    """Once, when the process starts: it leaves Ctrl-C to its parent, and doesn't outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def own_id() -> int:
    """The process id; by then the engine is loaded."""
    import services.qc.inspection  # noqa: F401

    return os.getpid()


def measure(data: bytes, filename: str, spec: ImageSpec) -> list[Measurement]:
    from services.qc.inspection import inspect

    return inspect(data, filename, spec)


def _end_with_parent() -> None:
    """A parent that was killed can't say goodbye."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
