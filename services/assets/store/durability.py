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
