"""The memory of a process that measures one picture after the other."""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as glibc's malloc.h numbers them
_KEPT = 128 * 2**20
_LARGE = 32 * 2**20  # the most that glibc takes


def keep_memory() -> None:
    """Keep up to 128 MiB of what a picture took for the next one.

    glibc gives a large array back as soon as it is freed, and the system clears each page anew: a fifth of the time of
    a photo of 2 megapixels. What is larger than 32 MiB still goes back at once. Other C libraries, which
    have no such settings, are left as they are.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _LARGE)
