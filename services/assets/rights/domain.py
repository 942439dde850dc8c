"""Whether a picture may be used: what it needs, what it has, and each cause against it in words. Pure.

- A right binds a picture when it is attached to its asset or its master's, or when it is attached to its product,
  request or vendor and the picture needs a right of its kind. So a model's release for a whole product doesn't hold
  back the packshots, on which nobody can be seen.
- Each holder's permission is needed: of two models on a picture both must agree. Of one holder's rights of a kind any
  one is enough, so that a new contract takes the place of an old one.
- A kind that is needed and has no right at all refuses or warns, as the pack says. One that has a right which falls
  short always refuses.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.rights import WORLD, Right, RightKind
from contracts.values import VersionSource
from services.assets.rights.schemas import Missing, Need, RightsCause, RightsFinding, RightState
from services.assets.rights.terms import state_of

NAMES: Mapping[RightKind, str] = {
    RightKind.LICENCE: "licence",
    RightKind.MODEL_RELEASE: "model release",
    RightKind.PROPERTY_RELEASE: "property release",
}
MOST_NAMED = 12
_NUMBER = re.compile(r"_\d+$")
_ATTACH = "Record it (POST /v1/rights), and attach it to the asset, product, request or vendor (POST …/attachments)."
_REPLACE = "or detach it where it isn't of this picture."


@dataclass(frozen=True)
class Picture:
    """What is known of a version, in the words of the pack's conditions."""

    view: str
    channel: str | None
    use: str | None
    """What it was made for; None: that was never told."""
    sources: frozenset[VersionSource]
    """How its files and its master's came, of all rounds."""
    vendors: frozenset[str]
    """Who delivered any of them."""


@dataclass(frozen=True)
class Asked:
    """How it shall be used. What is None or empty is not asked, and nothing is held against it."""

    channel: str | None
    territories: tuple[str, ...]
    use: str | None
    at: datetime | date
    """A moment; or a day, of each right's own zone."""


@dataclass(frozen=True)
class Attached:
    right: Right
    own: bool
    """To the picture's asset or its master's; else to its product, request or vendor."""


@dataclass(frozen=True)
class Verdict:
    causes: list[RightsFinding]
    warnings: list[RightsFinding]
    permitting: list[Right]
    until: date | None

    @property
    def allowed(self) -> bool:
        return not self.causes


def holder_key(holder: str) -> str:
    """The same for the same holder, however it was written."""
    return " ".join(holder.casefold().split())


def needs_of(needs: Sequence[Need], picture: Picture, asked: Asked) -> dict[RightKind, Need]:
    """Which kinds it needs; of several needs of a kind the strictest, and of those the first."""
    found: dict[RightKind, Need] = {}
    for need in needs:
        if _holds(need, picture, asked):
            known = found.get(need.kind)
            if known is None or (known.missing is Missing.WARN and need.missing is Missing.REFUSE):
                found[need.kind] = need
    return found


def _holds(need: Need, picture: Picture, asked: Asked) -> bool:
    when = need.when
    return (
        (when.views is None or not {picture.view, _NUMBER.sub("", picture.view)}.isdisjoint(when.views))
        and (when.sources is None or not picture.sources.isdisjoint(when.sources))
        and (when.vendors is None or not picture.vendors.isdisjoint(when.vendors))
        and (when.channels is None or asked.channel in when.channels)
        and (when.uses is None or asked.use in when.uses)
    )


def judge(needed: Mapping[RightKind, Need], attached: Sequence[Attached], asked: Asked) -> Verdict:
    """Whether it may be used so, and each cause against it."""
    held = _held(needed, attached)
    causes: list[RightsFinding] = []
    warnings: list[RightsFinding] = []
    for kind, need in needed.items():
        if not any(kind is of for of, _ in held):
            (causes if need.missing is Missing.REFUSE else warnings).append(_missing(need))
    permitting: list[Right] = []
    ends: list[date] = []
    for rights in held.values():
        good = [right for right in rights if not any(_faults(right, asked))]
        if uncovered := _uncovered(good, asked):
            causes += [found for right in rights for found in _shortfalls(right, uncovered, asked)]
            continue
        permitting += [right for right in good if any(_covers(right, one) for one in asked.territories or ("",))]
        warnings += _limits(good, asked)
        ends += _ends(good, asked)
    return Verdict(causes, warnings, permitting, min(ends, default=None) if not causes else None)


def rests_on(right_id: UUID, needed: Mapping[RightKind, Need], attached: Sequence[Attached], asked: Asked) -> bool:
    """Whether this right binds the picture, and no other one of its holder would permit what is asked."""
    held = next(
        (rights for rights in _held(needed, attached).values() if any(one.id == right_id for one in rights)), []
    )
    others = [right for right in held if right.id != right_id and not any(_faults(right, asked))]
    return bool(held) and bool(_uncovered(others, asked))


def _held(needed: Mapping[RightKind, Need], attached: Sequence[Attached]) -> dict[tuple[RightKind, str], list[Right]]:
    """The rights that bind the picture, by kind and holder."""
    held: dict[tuple[RightKind, str], list[Right]] = defaultdict(list)
    for one in attached:
        if one.own or one.right.kind in needed:
            held[one.right.kind, holder_key(one.right.holder)].append(one.right)
    return held


def _uncovered(good: Sequence[Right], asked: Asked) -> list[str]:
    """The territories that are asked and that none of these covers."""
    return [one for one in asked.territories or ("",) if not any(_covers(right, one) for right in good)]


def _ends(rights: Sequence[Right], asked: Asked) -> Iterator[date]:
    """Of each territory that is asked, the last day on which one of these rights covers it, where it has one."""
    for territory in asked.territories or ("",):
        ends = [right.valid_until for right in rights if _covers(right, territory)]
        dated = [end for end in ends if end is not None]
        if len(dated) == len(ends):
            yield max(dated)


def _covers(right: Right, territory: str) -> bool:
    """`territory`: empty where none is asked."""
    return not territory or WORLD in right.territories or territory in right.territories


def _faults(right: Right, asked: Asked) -> Iterator[RightsCause]:
    """What stands against it wherever it is asked for."""
    match state_of(right, asked.at):
        case RightState.REVOKED:
            yield RightsCause.REVOKED
        case RightState.NOT_BEGUN:
            yield RightsCause.NOT_BEGUN
        case RightState.ENDED:
            yield RightsCause.ENDED
    if asked.channel is not None and right.channels is not None and asked.channel not in right.channels:
        yield RightsCause.CHANNEL
    if right.uses is not None and asked.use not in right.uses:
        yield RightsCause.USE


def _shortfalls(right: Right, uncovered: Sequence[str], asked: Asked) -> Iterator[RightsFinding]:
    for cause in _faults(right, asked):
        yield _finding(right, cause, asked)
    beyond = [territory for territory in uncovered if not _covers(right, territory)]
    if beyond:
        yield _said(
            right,
            RightsCause.TERRITORY,
            f"doesn't cover {_listed(beyond)}; it covers {_listed(right.territories)}",
            f"Deliver to what it covers, record a right of the same holder that covers {_listed(beyond)},",
        )


def _limits(rights: Sequence[Right], asked: Asked) -> Iterator[RightsFinding]:
    """What a holder's rights don't cover, and nobody has asked for."""
    if not asked.territories and not any(WORLD in right.territories for right in rights):
        covered = sorted({territory for right in rights for territory in right.territories})
        detail = f"covers {_listed(covered)} alone, and no territory was asked"
        yield _said(rights[0], RightsCause.TERRITORY, detail, "Ask with `territory` for where it shall be shown,")
    if asked.channel is None and not any(right.channels is None for right in rights):
        covered = sorted({channel for right in rights for channel in right.channels or ()})
        detail = f"covers the channels {_listed(covered)} alone, and no channel was asked"
        yield _said(rights[0], RightsCause.CHANNEL, detail, "Ask with `channel` for where it shall be shown,")


def _finding(right: Right, cause: RightsCause, asked: Asked) -> RightsFinding:
    again = "Record a new right of the same holder,"
    match cause:
        case RightsCause.REVOKED:
            detail, remedy = f"was revoked on {right.revoked_at:%Y-%m-%d}: {right.cause}", again
        case RightsCause.NOT_BEGUN:
            detail = f"has not begun: its term begins on {right.valid_from} ({right.time_zone})"
            remedy = "Wait until then, record a right of the same holder that holds now,"
        case RightsCause.ENDED:
            detail = f"ended on {right.valid_until} ({right.time_zone})"
            remedy = f"Record its longer term (PUT /v1/rights/{right.id}) or a new right of the same holder,"
        case RightsCause.CHANNEL:
            detail = f"doesn't cover the channel {asked.channel}; it covers {_listed(right.channels or ())}"
            remedy = f"Deliver to what it covers, record a right of the same holder that covers {asked.channel},"
        case _:
            made_for = f"this picture is for {asked.use}" if asked.use else "what this picture is for was never told"
            detail = f"is for {_listed(right.uses or ())} alone, and {made_for}"
            remedy = "Say with `use` what it is for, record a right of the same holder that covers it,"
    return _said(right, cause, detail, remedy)


def _said(right: Right, cause: RightsCause, predicate: str, remedy: str) -> RightsFinding:
    subject = f"The {NAMES[right.kind]} {right.reference} of {right.holder}"
    return RightsFinding(
        cause=cause,
        kind=right.kind,
        right_id=right.id,
        holder=right.holder,
        detail=f"{subject} {predicate}.",
        remedy=f"{remedy} {_REPLACE}",
    )


def _missing(need: Need) -> RightsFinding:
    return RightsFinding(
        cause=RightsCause.MISSING,
        kind=need.kind,
        right_id=None,
        holder=None,
        detail=f"No {NAMES[need.kind]} is attached to this picture. {need.because}",
        remedy=_ATTACH,
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
