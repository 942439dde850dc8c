"""The garbage collector of a process that makes many objects at once and keeps few in cycles."""

import gc
from functools import cache

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100


def load_quickly() -> None:
    """Look for cycles less often than Python does by default: after each 700 new objects. What is imported all lives
    on: to look through it again and again costs a start up to a tenth. Call it before all other imports."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


@cache
def collect_rarely() -> None:
    """Leave out what was loaded so far, and look for cycles seldom, since a batch of a hundred events makes a hundred
    thousand objects that all live until its end. A full collection that looked through all that was imported would let
    every request wait for a tenth of a second and more. It counts once a process: call it when everything is
    imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
