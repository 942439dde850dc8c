"""Writes each service's committed `openapi.json`; `--check` fails when one is out of date."""

import importlib
import json
import sys
from pathlib import Path

from packshot.local.data import SERVICES

ROOT = Path(__file__).parent.parent / "services"


def document(service: str) -> str:
    """What the service's app says of itself. Nothing is connected to."""
    module = importlib.import_module(f"services.{service}.app")
    settings_module = importlib.import_module(f"services.{service}.settings")
    settings = getattr(settings_module, f"{service.capitalize()}Settings")
    app = module.create_app(settings(database_url="postgresql://nobody@localhost/none", jwks="none"))
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    stale = []
    for service in SERVICES:
        path, new = ROOT / service / "openapi.json", document(service)
        if path.exists() and path.read_text(encoding="utf-8") == new:
            continue
        stale.append(service)
        if "--check" not in arguments:
            path.write_text(new, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"openapi.json is out of date: {', '.join(stale)}. Run: make openapi")
        return 1
    print(f"openapi.json: {'written for ' + ', '.join(stale) if stale else 'up to date'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
