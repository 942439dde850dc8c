"""UUIDv7 identifiers: they sort by the time when they were made, so an index on them is an index on age."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

_NAMESPACE = UUID("6b0f9a2e-6c0e-4f0e-9a44-5c7d3f1f0a51")


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()


def derived_id(*parts: object) -> UUID:
    """The same id for the same parts (UUIDv5): what is made twice from one cause gets one id."""
    return uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts))
