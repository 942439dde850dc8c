"""What is wrong with a right or a pack that is sent, each in its place. Pure."""

from collections.abc import Collection, Iterator, Sequence

from chassis.problems import FieldError
from contracts.rights import WORLD
from services.assets.rights.schemas import RightContent, RightsPackContent
from services.assets.rights.terms import time_zones
from services.assets.rights.territories import is_territory, remedy_for

_ZONE = "Send one like `Europe/Berlin`, or `UTC`."


def faults_of(content: RightContent, channels: Collection[str]) -> list[FieldError]:
    """`channels`: those that there are."""
    return [
        *_territories("/territories", content.territories),
        *_channels("/channels", content.channels or [], channels),
        *_doubled("/uses", content.uses or []),
        *_term(content),
        *_zone(content.time_zone),
    ]


def faults_of_pack(pack: RightsPackContent, channels: Collection[str]) -> list[FieldError]:
    """`channels`: those that there are."""
    found = [
        *_zone(pack.time_zone),
        *_doubled("/warn_days", pack.warn_days),
        *_doubled("/needs", [need.id for need in pack.needs], "/id"),
    ]
    for number, need in enumerate(pack.needs):
        found += _channels(f"/needs/{number}/when/channels", need.when.channels or [], channels)
    return found


def wrong_territories(pointer: str, names: Sequence[str]) -> list[FieldError]:
    """Of a question: each that is no territory."""
    return [
        FieldError(pointer=pointer, detail=f"{name} is no territory", remedy=remedy_for(name))
        for name in names
        if not is_territory(name)
    ]


def wrong_channels(pointer: str, names: Sequence[str], channels: Collection[str]) -> list[FieldError]:
    """Each that there is no channel pack of."""
    known = f"Send one of: {', '.join(sorted(channels))}."
    return [
        FieldError(pointer=pointer, detail=f"there is no channel {name}", remedy=known)
        for name in names
        if name not in channels
    ]


def _territories(pointer: str, names: Sequence[str]) -> Iterator[FieldError]:
    for number, name in enumerate(names):
        yield from wrong_territories(f"{pointer}/{number}", [name])
    if WORLD in names and len(names) > 1:
        yield FieldError(pointer=pointer, detail="`world` is every territory already", remedy="Send it alone.")
    yield from _doubled(pointer, names)


def _channels(pointer: str, names: Sequence[str], channels: Collection[str]) -> Iterator[FieldError]:
    for number, name in enumerate(names):
        yield from wrong_channels(f"{pointer}/{number}", [name], channels)
    yield from _doubled(pointer, names)


def _term(content: RightContent) -> Iterator[FieldError]:
    if content.valid_until is not None and content.valid_until < content.valid_from:
        yield FieldError(
            pointer="/valid_until",
            detail=f"the term would end on {content.valid_until}, before it begins on {content.valid_from}",
            remedy="Send the day of its beginning or a later one, or null for a term without an end.",
        )


def _zone(name: str | None) -> Iterator[FieldError]:
    if name is not None and name not in time_zones():
        yield FieldError(pointer="/time_zone", detail=f"{name!r} is no IANA time zone", remedy=_ZONE)


def _doubled(pointer: str, values: Sequence[object], key: str = "") -> Iterator[FieldError]:
    for number, value in enumerate(values):
        if value in values[:number]:
            yield FieldError(
                pointer=f"{pointer}/{number}{key}", detail=f"{value} is there twice", remedy="Once is enough."
            )
