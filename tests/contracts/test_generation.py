"""What is generated from the event classes: up to date, the same every time, and valid by its own standards."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts import generate
from contracts.registry import BY_PRODUCER, BY_TYPE

HERE = Path(__file__).parent


@pytest.fixture
def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((generate.FOLDER / generate.ASYNCAPI).read_bytes())
    return document


def follow(document: dict[str, Any], reference: str) -> Any:
    """What a reference into the document points to; KeyError when nothing is there."""
    assert reference.startswith("#/"), reference
    node: Any = document
    for step in reference[2:].split("/"):
        node = node[step]
    return node


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for one in node for found in references(one)]
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for one in node.values() for found in references(one)]
    return []


def test_committed_files_are_what_the_classes_say() -> None:
    assert generate.drift(generate.FOLDER) == []


@pytest.mark.parametrize("damage", ["changed", "missing", "left over"])
def test_drift_is_found_and_repaired(tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    file = tmp_path / generate.SCHEMAS / "intake.request.accepted.v1.json"
    if damage == "changed":
        file.write_text(file.read_text().replace('"sku"', '"article"'))
    elif damage == "missing":
        file.unlink()
    else:
        file = file.with_name("intake.request.forgotten.v1.json")
        file.write_text("{}")
    assert generate.main(["--check"], tmp_path) == 1
    assert file.name in capsys.readouterr().err
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0


def test_another_process_generates_the_same_bytes(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from contracts import generate; generate.write(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": "7"}, cwd=generate.FOLDER.parent)
    for name, content in generate.generated_files().items():
        assert (tmp_path / name).read_bytes() == content.encode()


@pytest.mark.parametrize("event_type", BY_TYPE)
def test_schema_of_an_event_is_a_whole_2020_12_schema(event_type: str) -> None:
    schema = json.loads((generate.FOLDER / generate.SCHEMAS / f"{event_type}.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["type"]["const"] == event_type
    assert schema["additionalProperties"] is False
    for reference in references(schema):
        follow(schema, reference)


def test_every_event_type_is_named_for_its_producer() -> None:
    for producer, events in BY_PRODUCER.items():
        for event in events:
            assert re.fullmatch(rf"{producer}\.[a-z_]+\.[a-z_]+\.v[1-9]\d*", event.type), event
    assert len(BY_TYPE) == sum(map(len, BY_PRODUCER.values())), "two events have one type"
    assert len({event.__name__ for event in BY_TYPE.values()}) == len(BY_TYPE), "two events have one name"


def test_asyncapi_has_the_parts_that_version_3_asks_for(asyncapi: dict[str, Any]) -> None:
    """The fixed fields of the AsyncAPI 3.0.0 specification, and no others."""
    assert asyncapi["asyncapi"] == "3.0.0"
    assert asyncapi.keys() <= {
        "asyncapi",
        "id",
        "info",
        "servers",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    }
    assert {"title", "version"} <= asyncapi["info"].keys()
    for channel in asyncapi["channels"].values():
        assert channel.keys() <= {
            "address",
            "messages",
            "title",
            "summary",
            "description",
            "servers",
            "parameters",
            "tags",
        }
        assert set(channel.get("parameters", {})) == set(re.findall(r"{(\w+)}", channel["address"]))
    for operation in asyncapi["operations"].values():
        assert {"action", "channel"} <= operation.keys()
        assert operation["action"] in ("send", "receive")
    for message in asyncapi["components"]["messages"].values():
        assert "payload" in message
        assert message.get("contentType", asyncapi.get("defaultContentType"))


def test_asyncapi_names_every_event_with_its_subject_and_its_sender(asyncapi: dict[str, Any]) -> None:
    """What the schema of AsyncAPI can't say: the references lead somewhere, and where the standard wants them to."""
    for reference in references(asyncapi):
        follow(asyncapi, reference)
    assert set(asyncapi["channels"]) == set(BY_TYPE)
    sent = {}
    for name, operation in asyncapi["operations"].items():
        assert operation["action"] == "send"
        event_type = operation["channel"]["$ref"].removeprefix("#/channels/")
        # An operation's messages are those of its channel, not the components themselves.
        assert [one["$ref"].rsplit("/", 1)[0] for one in operation["messages"]] == [f"#/channels/{event_type}/messages"]
        sent[event_type] = name.split(".")[0]
    assert sent == {event.type: producer for producer, events in BY_PRODUCER.items() for event in events}
    for event_type, channel in asyncapi["channels"].items():
        assert channel["address"] == f"evt.{event_type}.{{aggregateId}}"
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
        (message,) = channel["messages"].values()
        assert message["$ref"].startswith("#/components/messages/")
        payload = follow(asyncapi, follow(asyncapi, message["$ref"])["payload"]["$ref"])
        assert payload["properties"]["type"]["const"] == event_type
