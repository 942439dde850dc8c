"""Making files on a local disk durable. obstore renames into place but never calls fsync (0.12, seen with strace)."""

import os
import sys
from pathlib import Path


def sync_file(path: Path) -> None:
    """Its bytes are on the disk afterwards."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_file(path: Path, place: Path, root: Path) -> None:
    """Durable when it returns: so are the entries of all folders of its new place, up to `root`."""
    place.parent.mkdir(parents=True, exist_ok=True)
    path.replace(place)
    sync_folders(place.parent, root)


def sync_folders(path: Path, root: Path) -> None:
    """The entries of `path` and of every folder above it, up to `root`, are on the disk afterwards."""
    if sys.platform == "win32":  # there a folder can't be opened, and its entries are journalled
        return
    while True:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path == root or path == path.parent:
            return
        path = path.parent
