"""The garbage collector of a process that makes many objects at once and keeps few in cycles."""

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100


def collect_rarely() -> None:
    """Leave out what was loaded so far, and look for cycles less often than Python does by default, which looks after
    each 700 new objects: a batch of a hundred events makes a hundred thousand, all of which live until its end. Call it
    once a process, when everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
