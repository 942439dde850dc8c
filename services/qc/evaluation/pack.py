"""Thresholds as a file of the same shape as `packs/thresholds.toml`: read, and written with what was fitted."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from services.qc.evaluation.calibration import Fit
from services.qc.inspection.thresholds import Bounds, Thresholds


def read_pack(path: Path) -> Thresholds:
    """Raises `FileNotFoundError`, and `ValueError` for what is no pack of thresholds."""
    return Thresholds.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def write_pack(path: Path, thresholds: Thresholds, fits: Sequence[Fit], source: str) -> None:
    """With a word on each bound that is new. `source` says what it was fitted to."""
    news = {(one.key, one.bound): one for one in fits if one.changes}
    fields = {key: getattr(thresholds, key) for key in Thresholds.model_fields}
    lines = [f"# Bounds of the automatic checks, fitted to {source}.", ""]
    lines += [_line(key, "", value, news) for key, value in fields.items() if not isinstance(value, Bounds)]
    for key, value in fields.items():
        if isinstance(value, Bounds):
            lines += ["", f"[{key}] # {Thresholds.model_fields[key].description}"]
            lines += [_line(key, bound, getattr(value, bound), news) for bound in ("passes", "flags")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(key: str, bound: str, value: float, news: dict[tuple[str, str], Fit]) -> str:
    one = news.get((key, bound))
    return f"{bound or key} = {value}" + (f" # was {one.before:g}: {one.words}" if one else "")
