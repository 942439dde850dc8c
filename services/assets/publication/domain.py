"""Publication (R66, R68): where one version stands at one destination, and what may become of it. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from contracts.publication import PublicationState
from services.assets.publication.errors import IllegalStep

LINK_LASTS = timedelta(days=7)
"""The link in a message outlives all of its tries by days; never the rights that the picture has."""
LINK_AT_LEAST = timedelta(hours=1)
CLOCKS_DIFFER = timedelta(minutes=5)
"""How far in the future a destination's clock may say that something went live."""


class Happens(StrEnum):
    """What happens to a publication."""

    TAKEN = "taken"  # the destination has it
    LIVE = "live"
    REFUSED = "refused"
    GIVEN_UP = "given_up"
    WITHDRAWN = "withdrawn"
    AGAIN = "again"  # it is asked for once more


class Chore(StrEnum):
    """What has yet to be done for a publication."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"


_S = PublicationState
MOVES: Mapping[tuple[PublicationState, Happens], PublicationState] = {
    (_S.WAITING, Happens.TAKEN): _S.SENT,
    (_S.WAITING, Happens.LIVE): _S.LIVE,  # its answer was lost, or is on its way
    (_S.WAITING, Happens.REFUSED): _S.REFUSED,
    (_S.WAITING, Happens.GIVEN_UP): _S.FAILED,
    (_S.WAITING, Happens.WITHDRAWN): _S.WITHDRAWN,
    (_S.SENT, Happens.LIVE): _S.LIVE,
    (_S.SENT, Happens.WITHDRAWN): _S.WITHDRAWN,
    (_S.LIVE, Happens.WITHDRAWN): _S.WITHDRAWN,
    (_S.WITHDRAWN, Happens.AGAIN): _S.WAITING,
    (_S.REFUSED, Happens.AGAIN): _S.WAITING,
    (_S.FAILED, Happens.TAKEN): _S.SENT,  # its message was sent again by hand
    (_S.FAILED, Happens.LIVE): _S.LIVE,
    (_S.FAILED, Happens.REFUSED): _S.REFUSED,  # the same, when it may not go out any more
    (_S.FAILED, Happens.WITHDRAWN): _S.WITHDRAWN,
    (_S.FAILED, Happens.AGAIN): _S.WAITING,
}
"""Everything that may happen. What isn't here is refused, and changes nothing."""

OUT_THERE = frozenset({_S.WAITING, _S.SENT, _S.LIVE, _S.FAILED})
"""The destination has it, may have it, or gets it soon: what a newer final replaces there."""


def after(state: PublicationState, what: Happens) -> PublicationState:
    """Raises `IllegalStep`, naming what is legal."""
    if (state, what) not in MOVES:
        raise IllegalStep(what, state, [happens for (at, happens) in MOVES if at is state])
    return MOVES[state, what]


def may(state: PublicationState, what: Happens) -> bool:
    return (state, what) in MOVES


def link_expires_at(at: datetime, rights_until: date | None) -> datetime:
    """When the link in a message is over. `rights_until`: the last day of the rights, which ends wherever it does not
    before it has begun in UTC; the link that is made on it is short."""
    latest = at + LINK_LASTS
    if rights_until is None:
        return latest
    return max(min(latest, datetime.combine(rights_until, time.min, UTC)), at + LINK_AT_LEAST)
