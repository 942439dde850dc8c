"""What a file's C2PA manifest says of its origin, by c2pa-python. Nothing is fetched: no manifest from elsewhere, no
revocation list. Who signed it is not judged here, only whether it holds."""

import io
import json
from typing import Any

_CLOSED = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_ACTIONS = ("c2pa.actions", "c2pa.actions.v2")
_MOST_INGREDIENTS = 100  # of a history; what is behind them is not read


class UnreadableManifest(Exception):
    """There is a manifest, and it can't be read or doesn't hold; the text says why."""


def source_types(data: bytes, format: str) -> list[str]:
    """Every DigitalSourceType that the manifest's own actions name, or the nearest before it that name any: each once,
    in order. Empty where none does. Raises `UnreadableManifest`."""
    import c2pa  # a library of 25 MB: only where a file has a manifest

    try:
        context = c2pa.Context.from_dict(_CLOSED)
        with c2pa.Reader(f"image/{format}", io.BytesIO(data), context=context) as reader:
            found, state = json.loads(reader.json()), reader.get_validation_state()
        if state == "Invalid":
            raise UnreadableManifest(_failures(found))
        return _types(found)
    except UnreadableManifest:
        raise
    except Exception as error:  # hostile bytes make the reader raise nearly anything
        raise UnreadableManifest(str(error)[:80]) from error


def _types(found: dict[str, Any]) -> list[str]:
    """A derivative often says nothing of its own: then its parents'."""
    manifests, waiting, seen = found["manifests"], [found["active_manifest"]], set[str]()
    while waiting and len(seen) < _MOST_INGREDIENTS:
        label = waiting.pop(0)
        if label in seen or label not in manifests:
            continue
        seen.add(label)
        manifest = manifests[label]
        actions = [
            action
            for one in manifest.get("assertions", [])
            if one["label"].partition("__")[0] in _ACTIONS
            for action in one["data"].get("actions", [])
        ]
        named = [str(action["digitalSourceType"]) for action in actions if action.get("digitalSourceType")]
        if named:
            return list(dict.fromkeys(named))
        waiting += [
            one["active_manifest"]
            for one in manifest.get("ingredients", [])
            if one.get("relationship") == "parentOf" and one.get("active_manifest")
        ]
    return []


def _failures(found: dict[str, Any]) -> str:
    failures = found.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    return ", ".join(sorted({str(one.get("code")) for one in failures}))[:80] or "it doesn't hold"
