"""Folders that exports go to: below one that the settings name, by their spelling and on the disk."""

from collections.abc import Sequence
from pathlib import Path

from services.assets.store.store import INCOMING

_ON_DISK = "file://"


def is_below(url: str, roots: Sequence[str]) -> bool:
    """Whether it is one of these folders or buckets' prefixes, or in one, in a plain spelling."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("file", "s3") or any(sign in url for sign in "?#%\\"):
        return False
    if {".", ".."} & set(rest.split("/")) or "//" in rest:
        return False
    return any(url.rstrip("/") == root.rstrip("/") or url.startswith(f"{root.rstrip('/')}/") for root in roots)


def is_led_away(url: str, roots: Sequence[str]) -> bool:
    """Whether a symbolic link below its root leads from a folder elsewhere, or from where files are staged in it. A
    root itself may be one. Reads the disk."""
    if not url.startswith(_ON_DISK):
        return False
    staged = _path(url) / INCOMING
    try:
        return not any(
            staged.resolve() == _path(root).resolve() / staged.relative_to(_path(root))
            for root in roots
            if is_below(url, [root])
        )
    except RuntimeError:  # links that lead to each other
        return True


def real_place(url: str) -> str:
    """The same for each name that a folder has. Reads the disk."""
    if not url.startswith(_ON_DISK):
        return url.rstrip("/")
    try:
        return str(_path(url).resolve())
    except RuntimeError:
        return url.rstrip("/")


def _path(url: str) -> Path:
    return Path(url.removeprefix(_ON_DISK))
