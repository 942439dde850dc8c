"""The AsyncAPI 3.0 document of all events: a channel an event type, and the operation by which its producer sends it.

Its address is the JetStream subject. In AsyncAPI 3 an operation names messages of its channel, the channel refers to
the component; and the payload schemas are components too, each once.
"""

from typing import Any

from contracts.envelope import SUBJECT_ROOT
from contracts.registry import BY_PRODUCER, BY_TYPE

_PARAMETER = "aggregateId"


def asyncapi_document(schemas: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """`schemas`: the payload components. `names`: event type → the component that is its envelope."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Packshot events",
            "version": "1",
            "description": "Every event that Packshot's services exchange through NATS JetStream: CloudEvents 1.0 in "
            "structured JSON mode. Producers send exactly these fields; consumers ignore fields that they don't know. "
            "Within a version only optional fields are ever added.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": producer} for producer in sorted(BY_PRODUCER)],
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {event_type: _channel(event_type) for event_type in BY_TYPE},
        "operations": {
            f"{producer}.send.{data.__name__}": _operation(producer, data.type, data.__name__)
            for producer, events in BY_PRODUCER.items()
            for data in events
        },
        "components": {
            "schemas": schemas,
            "messages": {
                data.__name__: {
                    "name": event_type,
                    "title": data.__name__,
                    "summary": data.__doc__,
                    "contentType": "application/cloudevents+json",
                    "correlationId": {"location": "$message.payload#/correlationid"},
                    "payload": {"$ref": f"#/components/schemas/{names[event_type]}"},
                }
                for event_type, data in BY_TYPE.items()
            },
            "parameters": {
                _PARAMETER: {
                    "description": "Id of the aggregate that changed.",
                    "location": "$message.payload#/subject",
                }
            },
        },
    }


def _channel(event_type: str) -> dict[str, Any]:
    name = BY_TYPE[event_type].__name__
    return {
        "address": f"{SUBJECT_ROOT}.{event_type}.{{{_PARAMETER}}}",
        "parameters": {_PARAMETER: {"$ref": f"#/components/parameters/{_PARAMETER}"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _operation(producer: str, event_type: str, name: str) -> dict[str, Any]:
    return {
        "action": "send",
        "summary": BY_TYPE[event_type].__doc__,
        "tags": [{"name": producer}],
        "channel": {"$ref": f"#/channels/{event_type}"},
        "messages": [{"$ref": f"#/channels/{event_type}/messages/{name}"}],
    }
