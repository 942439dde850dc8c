"""From the differences to a quote: a line an item, what it costs, and the fingerprint of what it rests on. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.amendments import Effect, Progress, Quote, QuoteCost, QuoteLine
from contracts.values import Risk, Step, WorkKind, WorkState
from services.routing.amendments.domain import Difference
from services.routing.amendments.schemas import RatesPack
from services.routing.tracks.schemas import PackVersions
from services.routing.work.domain import Tracked

LINES_AN_EFFECT = 50
"""A quote travels as one event, and a request may have 15,000 items: of each effect it names the first ones."""

# Steps whose labour is spent when work is this far. Begun work counts as photographed: nobody's hours are given back.
_SPENT = {
    Progress.NOT_BEGUN: frozenset[Step](),
    Progress.BEGUN: frozenset({Step.STUDIO}),
    Progress.PAST_GATE: frozenset({Step.STUDIO, Step.RETOUCHING, Step.QC}),
    Progress.APPROVED: frozenset(Step),
}


@dataclass(frozen=True)
class Rates:
    """The pack in force, and its version."""

    pack: RatesPack
    version: int


@dataclass(frozen=True)
class Labour:
    """Hours, and what they cost."""

    hours: float = 0
    cost: float = 0

    def __add__(self, other: "Labour") -> "Labour":
        return Labour(self.hours + other.hours, self.cost + other.cost)

    def __sub__(self, other: "Labour") -> "Labour":
        return self + -other

    def __neg__(self) -> "Labour":
        return Labour(-self.hours, -self.cost)


def quoted(
    found: Sequence[Difference], rates: Rates, versions: PackVersions, number: int, at: datetime
) -> tuple[Quote, list[QuoteLine]]:
    """The quote, and all its lines: by effect, losses first, the order of the items within."""
    priced = sorted(
        ((_line(one, rates.pack, at), _spent_in_vain(one, rates.pack)) for one in found),
        key=lambda pair: (list(Effect).index(pair[0].effect), not pair[0].is_loss),
    )
    lines = [line for line, _ in priced]
    counts = Counter(line.effect for line in lines)
    cost = QuoteCost(
        currency=rates.pack.currency,
        rates_version=rates.version,
        hours=round(sum(line.hours for line in lines), 2),
        difference=round(sum(line.cost for line in lines), 2),
        lost=round(sum(lost.cost for _, lost in priced), 2),
    )
    quote = Quote(
        number=number,
        fingerprint=fingerprint(found, versions),
        computed_at=at,
        counts={effect: counts[effect] for effect in Effect},
        losses=sum(line.is_loss for line in lines),
        newly_at_risk=_newly(lines, Risk.AT_RISK),
        newly_breached=_newly(lines, Risk.BREACHED),
        due_before=max((line.due_before for line in lines if line.due_before and _is_open(line)), default=None),
        due_after=max((line.due_after for line in lines if line.due_after and _will_be_open(line)), default=None),
        cost=cost,
        lines=_first_of_each(lines),
    )
    return quote, lines


def fingerprint(found: Iterable[Difference], versions: PackVersions) -> str:
    """The same as long as the amendment would do the same to work that is equally far. Not the items' versions: a
    lease that is renewed would make every quote of a busy request old."""
    rests_on = []
    for one in found:
        before, after = one.before, one.after
        if one.effect is Effect.KEPT and before is not None and before.progress is not Progress.APPROVED:
            continue
        item = before.item if before else after
        assert item is not None
        work = item.work
        parts: list[object] = [one.effect, work.colorway, work.view, work.channel]
        if before is not None:
            parts += [work.id, work.round, before.progress, before.gate]
        if before is not None and one.effect in (Effect.REMOVED, Effect.REDONE):
            parts.append(before.item.place)
        if after is not None:
            parts += [after.work.complexity_class, after.work.track, after.work.priority]
        rests_on.append("\x1f".join(map(str, parts)))
    return hashlib.sha256("\n".join([versions.model_dump_json(), *sorted(rests_on)]).encode()).hexdigest()


def moved_on(old: Iterable[QuoteLine], new: Iterable[QuoteLine]) -> str:
    """Why a quote doesn't hold any more, for who accepted it. Names the first items that are further now."""

    def how_far(lines: Iterable[QuoteLine]) -> dict[object, tuple[QuoteLine, str]]:
        return {
            (line.colorway, line.view, line.channel): (line, f"past {line.gate}" if line.gate else line.progress)
            for line in lines
        }

    before = how_far(old)
    told = []
    for slot, (line, far) in how_far(new).items():
        was = before[slot][1] if slot in before else "not in it"
        if was != far:
            name = " ".join(part for part in (line.colorway, line.view, line.channel) if part)
            told.append(f"{name} ({was} → {far})")
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    which = f": {', '.join(told[:5])}{more}" if told else " or the packs have changed"
    return f"Since it was quoted, work has moved on{which}. Nothing was applied; this is the quote as it stands now."


def _line(one: Difference, rates: RatesPack, at: datetime) -> QuoteLine:
    before, after = one.before, one.after
    item = before.item if before else after
    assert item is not None
    work = item.work
    planned = (after or item).work
    labour = _difference(one, rates)
    stops = one.effect is Effect.REMOVED
    due_after = one.starts.due_at if one.starts else planned.due_at
    if one.effect is Effect.REDONE and work.kind is WorkKind.VARIANT:
        due_after = None
    return QuoteLine(
        effect=one.effect,
        work_item_id=work.id if before else None,
        kind=work.kind,
        colorway=work.colorway,
        view=work.view,
        channel=work.channel,
        why=one.why,
        state=work.state if before else None,
        round=work.round,
        progress=before.progress if before else Progress.NOT_BEGUN,
        gate=before.gate if before else None,
        is_loss=one.is_loss,
        class_before=work.complexity_class if before else None,
        class_after=None if stops else planned.complexity_class,
        track_before=work.track if before else None,
        track_after=None if stops else planned.track,
        due_before=work.due_at if before else None,
        due_after=None if stops else due_after,
        risk_before=work.risk if before else None,
        risk_after=None if stops else _risk_after(one, after or item, due_after, at),
        hours=round(labour.hours, 2),
        cost=round(labour.cost, 2),
    )


def _risk_after(one: Difference, after: Tracked, due_at: datetime | None, at: datetime) -> Risk:
    """Work that the deadline leaves less time than its track's SLA counts as at risk from the start."""
    if one.effect is Effect.KEPT or after.work.risk is Risk.BREACHED or due_at is None:
        return after.work.risk
    if due_at <= at:
        return Risk.BREACHED
    is_late = after.at_risk_at is not None and after.at_risk_at <= at
    if one.effect is Effect.ADDED and after.fits_until is not None:
        is_late = is_late or after.fits_until <= at
    return Risk.AT_RISK if one.is_tight or is_late else after.work.risk


def _difference(one: Difference, rates: RatesPack) -> Labour:
    """What the request takes more of, or less."""
    before, after = one.before, one.after
    match one.effect:
        case Effect.ADDED if after is not None:
            return _labour(after, rates)
        case Effect.REMOVED if before is not None:
            return _spent(one, rates) - _labour(before.item, rates)
        case Effect.REDONE if before is not None and after is not None:
            return _labour(after, rates) - _labour(before.item, rates) + _spent(one, rates)
        case Effect.CHANGED if before is not None and after is not None:
            return _labour(after, rates) - _labour(before.item, rates)
    return Labour()


def _labour(item: Tracked, rates: RatesPack, steps: frozenset[Step] = frozenset(Step)) -> Labour:
    by_class = rates.shot if item.work.kind is WorkKind.SHOT else rates.variant
    hours = {step: value for step, value in by_class[item.work.complexity_class].items() if step in steps}
    return Labour(sum(hours.values()), sum(value * rates.hourly[step] for step, value in hours.items()))


def _spent(one: Difference, rates: RatesPack) -> Labour:
    """What is spent on the item already."""
    if one.before is None:
        return Labour()
    return _labour(one.before.item, rates, _SPENT[one.before.progress])


def _spent_in_vain(one: Difference, rates: RatesPack) -> Labour:
    return _spent(one, rates) if one.effect in (Effect.REMOVED, Effect.REDONE) else Labour()


def _newly(lines: Iterable[QuoteLine], risk: Risk) -> int:
    return sum(line.risk_after is risk and line.risk_before is not risk for line in lines)


def _is_open(line: QuoteLine) -> bool:
    return line.state is not None and line.state not in (WorkState.APPROVED, WorkState.CANCELLED)


def _will_be_open(line: QuoteLine) -> bool:
    return line.effect is not Effect.REMOVED and (line.effect is not Effect.KEPT or _is_open(line))


def _first_of_each(lines: Iterable[QuoteLine]) -> list[QuoteLine]:
    seen = Counter[Effect]()
    first = []
    for line in lines:
        seen[line.effect] += 1
        if line.effect is not Effect.KEPT and seen[line.effect] <= LINES_AN_EFFECT:
            first.append(line)
    return first
