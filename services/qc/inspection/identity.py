"""Which engine this is: its results hold again only for the same code and libraries."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from PIL import __version__ as pillow

_LENGTH = 16  # hex digits


@cache
def code_version() -> str:
    """Of every file of the engine, and of the libraries that decode and count: nobody has to remember to raise it."""
    digest = hashlib.sha256(f"{cv2.__version__} {np.__version__} {pillow} {version('c2pa-python')}".encode())
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:_LENGTH]
