"""C2PA manifests by c2pa-python: a derivative signed with its master as its parent, and read again.

Nothing is fetched: no manifest from elsewhere, no revocation list, no time stamp. A manifest has no thumbnail.
"""

import io
import json
from dataclasses import dataclass
from typing import Any

import c2pa

from chassis.logs import get_logger
from services.assets.labels.credentials import Credentials

log = get_logger(__name__)

Json = dict[str, Any]
GENERATOR = "Packshot"
_INGREDIENTS = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/avif", "image/tiff", "image/gif"}
)  # formats that C2PA reads manifests out of
_MASTER = "master"
_SOUND = ("Valid", "Trusted")


class SigningFailed(ValueError):
    """The manifest could not be made, or doesn't hold. The message says why."""


@dataclass(frozen=True)
class Parent:
    """The file that a derivative is made from."""

    content: bytes
    media_type: str
    title: str
    instance_id: str


def sign(
    content: bytes,
    media_type: str,
    *,
    title: str,
    parent: Parent,
    actions: tuple[str, ...],
    source_type: str | None,
    credentials: Credentials,
) -> bytes:
    """The same file with a manifest, signed last: any change of a byte afterwards shows. `actions`: what was done to
    the master, as C2PA names it; `source_type`: the address of its DigitalSourceType."""
    opened: Json = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_MASTER]}}
    if source_type is not None:
        opened["digitalSourceType"] = source_type
    done = [opened, *({"action": action} for action in actions)]
    manifest = {
        "claim_generator_info": [{"name": GENERATOR}],
        "title": title,
        "format": media_type,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": done}}],
    }
    ingredient = {
        "title": parent.title,
        "format": parent.media_type,
        "instance_id": parent.instance_id,
        "relationship": "parentOf",
        "label": _MASTER,
    }
    signed = io.BytesIO()
    try:
        builder = _builder(manifest, ingredient, parent, c2pa.Context.from_dict(_settings(credentials)))
        info = c2pa.C2paSignerInfo(credentials.algorithm.encode(), credentials.certificates, credentials.key, None)
        builder.sign(c2pa.Signer.from_info(info), media_type, io.BytesIO(content), signed)
    except c2pa.C2paError as error:
        raise SigningFailed(f"it can't be signed: {error}") from error
    return signed.getvalue()


def _builder(manifest: Json, ingredient: Json, parent: Parent, context: c2pa.Context) -> c2pa.Builder:
    """With the master's own manifest, where it has one that can be read; else the master is named alone."""
    if parent.media_type in _INGREDIENTS:
        builder = c2pa.Builder(json.dumps(manifest), context)
        try:
            builder.add_ingredient(ingredient, parent.media_type, io.BytesIO(parent.content))
        except c2pa.C2paError as error:
            log.warning("a master's manifest can't be read", master=parent.title, error=str(error)[:200])
        else:
            return builder
    return c2pa.Builder(json.dumps(manifest | {"ingredients": [ingredient]}), context)


def manifest_of(content: bytes, media_type: str, credentials: Credentials) -> str:
    """The label of the manifest that the file carries. Raises `SigningFailed` where it has none, or one that isn't
    sound, or another's."""
    try:
        context = c2pa.Context.from_dict(_settings(credentials))
        with c2pa.Reader(media_type, io.BytesIO(content), context=context) as reader:
            found, state = json.loads(reader.json()), reader.get_validation_state()
    except (c2pa.C2paError, ValueError) as error:
        raise SigningFailed(f"its manifest can't be read: {error}") from error
    label = str(found["active_manifest"])
    generators = [one.get("name") for one in found["manifests"][label].get("claim_generator_info", [])]
    if state not in _SOUND or GENERATOR not in generators:
        failures = found.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
        codes = ", ".join(sorted({one["code"] for one in failures})) or state
        raise SigningFailed(f"its manifest doesn't hold: {codes}")
    return label


def _settings(credentials: Credentials) -> Json:
    return {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
        "builder": {"thumbnail": {"enabled": False}},
        "trust": {"trust_anchors": credentials.anchor},
    }
