"""The garbage collector of a process that makes many objects at once and keeps few in cycles."""

import gc
from functools import cache

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100


@cache
def collect_rarely() -> None:
    """Leave out what was loaded so far, and look for cycles less often than Python does by default: after each 700 new
    objects, while a batch of a hundred events makes a hundred thousand that all live until its end. A full collection
    that looked through all that was imported would let every request wait for a tenth of a second and more. It counts
    once a process: call it when everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
