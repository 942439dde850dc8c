"""How long steps take moves out of the packs of tracks, capacity and rates into a pack of its own.

Each version of those three that said something new becomes a version of the pack of steps, by who published it and
when; what moved is taken out of all of them, so that each still is what its service reads. Where two of them said the
same thing, the forecast's hours stay as they were: a shot's labour is that of the capacity, and so is a variant's,
parted into its making and its gates as the rates did.
"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_CLASSES = ("C1", "C2", "C3", "C4")
_SHOT, _VARIANT = ("studio", "retouching", "qc"), ("delivery", "qc")
_STEPS = ("studio", "retouching", "qc", "delivery")

# What the defaults said, for a system that had no such pack yet.
_CAPACITY = {
    "hours": {
        "C1": {"studio": 0.2, "retouching": 0.25, "qc": 0.05, "delivery": 0.03},
        "C2": {"studio": 0.35, "retouching": 0.5, "qc": 0.08, "delivery": 0.03},
        "C3": {"studio": 0.5, "retouching": 1.0, "qc": 0.15, "delivery": 0.05},
        "C4": {"studio": 1.0, "retouching": 2.0, "qc": 0.3, "delivery": 0.05},
    }
}
_RATES = {
    "variant": {
        "C1": {"qc": 0.03, "delivery": 0.02},
        "C2": {"qc": 0.04, "delivery": 0.02},
        "C3": {"qc": 0.05, "delivery": 0.02},
        "C4": {"qc": 0.08, "delivery": 0.03},
    }
}

_SAID = sa.text(
    "SELECT name, content, published_by, published_at FROM pack WHERE name IN ('tracks', 'capacity', 'rates')"
    " ORDER BY published_at, version, name"
)
_ADD = sa.text(
    "INSERT INTO pack (name, version, content, published_by, published_at)"
    " VALUES ('steps', :version, CAST(:content AS jsonb), :by, :at)"
)
_NEWEST = sa.text("SELECT content FROM pack WHERE name = 'steps' ORDER BY version DESC LIMIT 1")
_OF_NAME = sa.text("SELECT version, content FROM pack WHERE name = :name")
_CHANGE = sa.text("UPDATE pack SET content = CAST(:content AS jsonb) WHERE name = :name AND version = :version")


def upgrade() -> None:
    connection = op.get_bind()
    known: dict[str, Any] = {"capacity": _CAPACITY, "rates": _RATES}
    versions: list[Any] = []
    for row in connection.execute(_SAID).all():
        known[row.name] = row.content
        if "tracks" not in known:
            continue
        steps = _steps(known["tracks"], known["capacity"], known["rates"])
        if not versions or steps != versions[-1]:
            versions.append(steps)
            said = {"version": len(versions), "content": json.dumps(steps)}
            connection.execute(_ADD, said | {"by": row.published_by, "at": row.published_at})
    _rewrite("tracks", _track_without_hours)
    _rewrite("capacity", lambda content: {key: value for key, value in content.items() if key != "hours"})
    _rewrite("rates", _rates_without_hours)


def downgrade() -> None:
    """The newest hours go back into every version: which had which is not known any more."""
    found = op.get_bind().execute(_NEWEST).scalar()
    if found is not None:
        shot, variant = found["labour_hours"]["shot"], found["labour_hours"]["variant"]
        whole = {name: {**shot[name], "delivery": round(sum(variant[name].values()), 3)} for name in _CLASSES}
        elapsed = found["elapsed_hours"]
        _rewrite("tracks", lambda content: content | {
            "tracks": [track | {"usual_hours": elapsed.get(track["name"], {})} for track in content["tracks"]]
        })  # fmt: skip
        _rewrite("capacity", lambda content: content | {"hours": whole})
        _rewrite("rates", lambda content: content | {"shot": shot, "variant": variant})
    op.execute("DELETE FROM pack WHERE name = 'steps'")


def _steps(tracks: Any, capacity: Any, rates: Any) -> Any:
    elapsed = {track["name"]: track["usual_hours"] for track in tracks["tracks"] if track.get("usual_hours")}
    shot = {name: {step: capacity["hours"][name][step] for step in _SHOT} for name in _CLASSES}
    variant = {name: _parted(capacity["hours"][name]["delivery"], rates["variant"][name]) for name in _CLASSES}
    return {"labour_hours": {"shot": shot, "variant": variant}, "elapsed_hours": elapsed}


def _parted(hours: float, like: Any) -> dict[str, float]:
    shares = {step: like.get(step, 0) for step in _VARIANT}
    whole = sum(shares.values())
    gates = round(hours * shares["qc"] / whole, 3) if whole else 0
    return {"delivery": round(hours - gates, 3), "qc": gates}


def _track_without_hours(content: Any) -> Any:
    tracks = [{key: value for key, value in track.items() if key != "usual_hours"} for track in content["tracks"]]
    return content | {"tracks": tracks}


def _rates_without_hours(content: Any) -> Any:
    """Every step has a rate now: one that no work took is free."""
    kept = {key: value for key, value in content.items() if key not in ("shot", "variant")}
    return kept | {"hourly": dict.fromkeys(_STEPS, 0) | content["hourly"]}


def _rewrite(name: str, change: Callable[[Any], Any]) -> None:
    connection = op.get_bind()
    for row in connection.execute(_OF_NAME, {"name": name}).all():
        content = json.dumps(change(row.content))
        connection.execute(_CHANGE, {"name": name, "version": row.version, "content": content})
