"""What runs in a rendering process: a variant rendered, labelled, signed last, and read again.

The master that was rendered last is kept decoded: its other channels, which come right after, need only their own
scaling and encoding.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from contracts.assets import ChannelPack
from contracts.values import DigitalSourceType, ImageSpec
from services.assets.labels.c2pa import Parent, SigningFailed, sign
from services.assets.labels.credentials import Credentials
from services.assets.labels.delivered import NotAsMade, check_delivered
from services.assets.labels.fields import SOURCE_TYPE
from services.assets.rendering import CannotRender, Prepared, Rendered, prepare, render

MOST_KEPT = 50_000_000  # pixels, 150 MB

_kept: tuple[str, Prepared] | None = None


@dataclass(frozen=True)
class Order:
    """One variant to be made. `title`: what its manifest calls it."""

    master: bytes
    master_id: UUID
    master_type: str
    master_name: str
    pack: ChannelPack
    spec: ImageSpec
    title: str
    declared: DigitalSourceType | None = None
    credentials: Credentials | None = None


@dataclass(frozen=True)
class Made:
    """The finished file. `c2pa_manifest`: None where it is unsigned."""

    content: bytes
    width: int
    height: int
    media_type: str
    quality: int | None
    c2pa_manifest: str | None


def make(order: Order) -> Made:
    """Raises `CannotRender`, also where the finished bytes aren't what they should be."""
    prepared = _prepared(order.master)
    rendered = render(prepared, order.pack, order.spec, order.declared)
    content = _signed(order, rendered)
    limit = order.spec.max_bytes
    if limit is not None and len(content) > limit:  # a manifest is as long as its master's history
        room = len(content) - len(rendered.content)
        rendered = render(prepared, order.pack, order.spec, order.declared, room=room)
        content = _signed(order, rendered)
        if len(content) > limit:
            raise CannotRender(f"with its manifest the variant has {len(content)} bytes, more than {limit}")
    size = rendered.width, rendered.height
    try:
        manifest = check_delivered(content, rendered.media_type, size, rendered.labels, order.credentials)
    except NotAsMade as error:
        raise CannotRender(f"the finished file was read again, and {error}") from error
    return Made(content, *size, rendered.media_type, rendered.quality, manifest)


def _prepared(master: bytes) -> Prepared:
    global _kept
    sha256 = hashlib.sha256(master).hexdigest()
    if _kept is not None and _kept[0] == sha256:
        return _kept[1]
    _kept = None  # before the next one is decoded: never two at once
    prepared = prepare(master)
    if prepared.picture.width * prepared.picture.height <= MOST_KEPT:
        _kept = sha256, prepared
    return prepared


def _signed(order: Order, rendered: Rendered) -> bytes:
    if order.credentials is None:
        return rendered.content
    parent = Parent(order.master, order.master_type, order.master_name, f"urn:uuid:{order.master_id}")
    try:
        return sign(
            rendered.content,
            rendered.media_type,
            title=order.title,
            parent=parent,
            actions=rendered.actions,
            source_type=next(iter(rendered.labels.get(SOURCE_TYPE, ())), None),
            credentials=order.credentials,
        )
    except SigningFailed as error:
        raise CannotRender(str(error)) from error
