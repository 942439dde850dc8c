"""Writes what is generated from the event classes: `python -m contracts.generate`; `--check` fails on drift.

One JSON Schema (2020-12) an event type in `schemas/`, of the whole CloudEvents envelope with its data, and one
AsyncAPI 3.0 document, `asyncapi.json`. The same classes always give the same bytes.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from contracts.asyncapi import asyncapi_document
from contracts.envelope import Event, EventData
from contracts.registry import BY_TYPE

FOLDER = Path(__file__).parent
SCHEMAS = "schemas"
ASYNCAPI = "asyncapi.json"
DIALECT = GenerateJsonSchema.schema_dialect
# Kept in the schemas, because whoever validates by them must know it.
NOTE = "Producers send exactly these fields; consumers ignore fields that they don't know."


class _Plain(GenerateJsonSchema):
    """Without the titles that pydantic makes out of field names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _envelope(schema: dict[str, Any], data: type[EventData]) -> dict[str, Any]:
    """The schema of `Event[data]`, with what is fixed for this event type."""
    properties = schema["properties"] | {
        "type": {"const": data.type, "type": "string"},
        "source": {"const": f"/{data.type.split('.')[0]}", "type": "string"},
    }
    return {**schema, "title": data.__name__, "description": data.__doc__, "properties": properties}


def event_schema(data: type[EventData]) -> dict[str, Any]:
    """The JSON Schema of one event, complete in itself."""
    schema = Event[data].model_json_schema(schema_generator=_Plain)  # type: ignore[valid-type]
    return {"$schema": DIALECT, "$id": f"urn:packshot:event:{data.type}", "$comment": NOTE, **_envelope(schema, data)}


def shared_schemas() -> tuple[dict[str, Any], dict[str, str]]:
    """All schemas of all events, each once, as AsyncAPI components; and the component's name of each event type."""
    wanted = {data.type: Event[data] for data in BY_TYPE.values()}  # type: ignore[valid-type]
    references, found = models_json_schema(
        [(event, "validation") for event in wanted.values()],
        schema_generator=_Plain,
        ref_template="#/components/schemas/{model}",
    )
    components: dict[str, Any] = found["$defs"]
    names = {}
    for event_type, event in wanted.items():
        key = references[event, "validation"]["$ref"].rsplit("/", 1)[1]
        data = BY_TYPE[event_type]
        names[event_type] = f"{data.__name__}Event"
        components[names[event_type]] = _envelope(components.pop(key), data)
    return components, names


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def generated_files() -> dict[str, str]:
    """Path below `contracts/` → content."""
    files = {f"{SCHEMAS}/{event_type}.json": _dump(event_schema(data)) for event_type, data in BY_TYPE.items()}
    return {**files, ASYNCAPI: _dump(asyncapi_document(*shared_schemas()))}


def drift(folder: Path) -> list[str]:
    """How the files below `folder` differ from what the classes say, one line each."""
    wanted = generated_files()
    there = {f"{SCHEMAS}/{path.name}" for path in (folder / SCHEMAS).glob("*")}
    lines = [f"{name} belongs to no event" for name in sorted(there - set(wanted))]
    for name, content in wanted.items():
        path = folder / name
        if not path.exists():
            lines.append(f"{name} is missing")
        elif path.read_text(encoding="utf-8") != content:
            lines.append(f"{name} is not what the classes say")
    return lines


def write(folder: Path) -> None:
    """Bring the files below `folder` up to date, and remove those of events that are no more."""
    wanted = generated_files()
    (folder / SCHEMAS).mkdir(parents=True, exist_ok=True)
    for path in (folder / SCHEMAS).glob("*"):
        if f"{SCHEMAS}/{path.name}" not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (folder / name).write_text(content, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """0, or 1 when `--check` found a drift."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description="Generate schemas and AsyncAPI.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not up to date")
    if not parser.parse_args(arguments).check:
        write(folder)
        return 0
    lines = drift(folder)
    if lines:
        print(*lines, "Run `python -m contracts.generate` and commit what it writes.", sep="\n", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
