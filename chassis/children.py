"""Child processes for CPU work: they leave Ctrl-C to their parent, and don't outlive it."""

import multiprocessing
import os
import signal
import threading


def begin_child() -> None:
    """The `initializer` of a process pool's processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed can't say goodbye, and a pool's process would wait for its next job for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
