"""Crash points: named places between two lines where a test can have the process killed.

A test puts an empty file `<process>.<point>` into the crash directory. The process that reaches the point removes the
file and kills itself with SIGKILL, so the supervisor's restart doesn't die there again. Without a crash directory,
which is always so in production, a point costs one comparison.
"""

import os
import signal
from pathlib import Path

_cue: tuple[Path, str] | None = None


def arm(crash_dir: Path | None, process: str) -> None:
    """Look for cues in `crash_dir` from now on; None: never."""
    global _cue
    _cue = (crash_dir, process) if crash_dir else None


def crash_point(name: str) -> None:
    """Die here, if a test asked for it."""
    if _cue is None:
        return
    folder, process = _cue
    try:
        (folder / f"{process}.{name}").unlink()
    except FileNotFoundError:
        return
    die()


def die() -> None:
    """Without a last word: nothing is finished, nothing is closed."""
    os.kill(os.getpid(), signal.SIGKILL)
