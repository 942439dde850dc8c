"""From the differences to a quote: a line an item, what it costs, and the fingerprint of what it rests on. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.amendments import Effect, Progress, Quote, QuoteCost, QuoteLine
from contracts.values import Risk, Step, WorkKind, WorkState
from services.routing.amendments.domain import Difference, Standing
from services.routing.amendments.schemas import PublishedRates
from services.routing.handoffs.domain import WAYS, steps_to_go
from services.routing.steps.schemas import PublishedSteps
from services.routing.tracks.schemas import PackVersions
from services.routing.work.domain import Tracked

LINES_AN_EFFECT = 50
"""A quote travels as one event, and a request may have 15,000 items: of each effect it names the first ones."""


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


@dataclass(frozen=True)
class Basis:
    """What an estimate rests on: how much labour steps take, and what it costs, by the packs in force."""

    steps: PublishedSteps
    rates: PublishedRates

    def labour(self, item: Tracked, steps: Iterable[Step] | None = None) -> Labour:
        """Of these steps of an item; without any: of all that it takes."""
        by_step = self.steps.labour_of(item.work.kind, item.work.complexity_class)
        counted = by_step if steps is None else [*steps]
        return Labour(
            sum(by_step[step] for step in counted), sum(by_step[step] * self.rates.hourly[step] for step in counted)
        )


def quoted(
    found: Sequence[Difference], basis: Basis, versions: PackVersions, number: int, at: datetime
) -> tuple[Quote, list[QuoteLine]]:
    """The quote, and all its lines: by effect, losses first, the order of the items within."""
    priced = sorted(
        ((_line(one, basis, at), _spent_in_vain(one, basis)) for one in found),
        key=lambda pair: (list(Effect).index(pair[0].effect), not pair[0].is_loss),
    )
    lines = [line for line, _ in priced]
    counts = Counter(line.effect for line in lines)
    cost = QuoteCost(
        currency=basis.rates.currency,
        rates_version=basis.rates.version,
        steps_version=basis.steps.version,
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


def _line(one: Difference, basis: Basis, at: datetime) -> QuoteLine:
    before, after = one.before, one.after
    item = before.item if before else after
    assert item is not None
    work = item.work
    planned = (after or item).work
    labour = _difference(one, basis)
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


def _difference(one: Difference, basis: Basis) -> Labour:
    """What the request takes more of, or less."""
    before, after = one.before, one.after
    match one.effect:
        case Effect.ADDED if after is not None:
            return basis.labour(after)
        case Effect.REMOVED if before is not None:
            return _spent(one, basis) - basis.labour(before.item)
        case Effect.REDONE if before is not None and after is not None:
            return basis.labour(after) - basis.labour(before.item) + _spent(one, basis)
        case Effect.CHANGED if before is not None and after is not None:
            return basis.labour(after) - basis.labour(before.item)
    return Labour()


def _spent(one: Difference, basis: Basis) -> Labour:
    """What is spent on the item already."""
    return basis.labour(one.before.item, _done(one.before)) if one.before else Labour()


def _done(standing: Standing) -> Sequence[Step]:
    """Steps whose labour is spent: those before the one where it stands, and of begun work at least the first, for
    nobody's hours are given back. What is past a gate was looked at."""
    work = standing.item.work
    way = WAYS[work.kind]
    match standing.progress:
        case Progress.NOT_BEGUN:
            return ()
        case Progress.BEGUN:
            return way[: max(1, len(way) - len(steps_to_go(work.kind, work.step)))]
    return way


def _spent_in_vain(one: Difference, basis: Basis) -> Labour:
    return _spent(one, basis) if one.effect in (Effect.REMOVED, Effect.REDONE) else Labour()


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
