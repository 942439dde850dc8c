"""Reads the Grafana dashboards."""

import json
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parents[2] / "deploy"
Json = dict[str, Any]


def dashboards() -> dict[str, Json]:
    """Every dashboard by its file's name."""
    return {path.name: json.loads(path.read_text()) for path in (DEPLOY / "grafana" / "dashboards").glob("*.json")}


def panels() -> list[Json]:
    """Every panel of every dashboard that shows data."""
    return [panel for one in dashboards().values() for panel in one["panels"] if panel["type"] != "row"]


def expressions() -> list[tuple[str, str]]:
    """Every query: the panel's title, and what Prometheus is asked."""
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
