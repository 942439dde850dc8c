"""What an amendment means for the work that there is: slot by slot, the new content against the old. Pure.

A slot is colorway × view × channel. What the new content would make is planned as for a new request, and compared with
what the old content makes under the same packs: those that the work was routed with. So an edit of a pack in between
redoes nothing, and what a person decided about an item since then stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.amendments import Effect, Progress
from contracts.values import Gate, Request, Risk, Step, WorkKind, WorkState
from services.routing.amendments.clocks import Clocks, PacksOf
from services.routing.sla.clocks import Clock
from services.routing.sla.domain import Usual
from services.routing.tracks.schemas import PackVersions
from services.routing.tracks.service import Packs
from services.routing.work.domain import Due, Tracked
from services.routing.work.planning import AFTER_MASTER, plan_work

Slot = tuple[str, str, str | None]

# What work is made by: begun work begins again when one of these changes.
_MADE_BY = ("category", "materials", "spec", "complexity_class", "track", "gates", "ai")
# What follows from them.
_FOLLOWS = ("queue", "owner_role", "final_reviewers", "zoom_required", "team", "level")
# What comes with a track.
_OF_TRACK = {"queue", "owner_role", "gates", "final_reviewers"}
# What is only said of it.
_SAID = ("priority", "approval_owner", "product_name", "use")


@dataclass(frozen=True)
class Proposal:
    """`old` is the content in force (None: it was taken before contents were kept), `new` None a cancellation."""

    old: Request | None
    old_deadline: datetime | None
    new: Request | None
    keep_begun_work: bool = False


@dataclass(frozen=True)
class Standing:
    """A work item, the gates that it has passed in its round, and its SLA clock (None: it does not run, or nothing
    about it changes)."""

    item: Tracked
    passed: frozenset[Gate] = frozenset()
    clock: Clock | None = None

    @property
    def gate(self) -> Gate | None:
        """The last that it has passed."""
        return next((gate for gate in reversed(Gate) if gate in self.passed), None)

    @property
    def progress(self) -> Progress:
        work, place = self.item.work, self.item.place
        if work.state is WorkState.APPROVED:
            return Progress.APPROVED
        if self.passed:
            return Progress.PAST_GATE
        if work.kind is WorkKind.VARIANT:  # once it is ready it is being rendered
            return Progress.NOT_BEGUN if place is WorkState.WAITING else Progress.BEGUN
        untouched = place is WorkState.READY and work.round == 0 and work.step is Step.STUDIO
        return Progress.NOT_BEGUN if untouched else Progress.BEGUN


@dataclass(frozen=True)
class Difference:
    """What becomes of one slot. `after`: the item with its new content, or the one that is made; None: as it was.
    `is_tight`: the deadline leaves it less time than its track's SLA. `clock_begins`: of changed work, whose due time
    counts from now."""

    effect: Effect
    before: Standing | None
    after: Tracked | None
    why: str
    starts: Due | None = None  # of a variant that is made for an approved master: it is ready at once
    is_tight: bool = False
    clock_begins: bool = False

    @property
    def is_loss(self) -> bool:
        """Work past a gate would be stopped or redone."""
        lost = self.effect in (Effect.REMOVED, Effect.REDONE)
        return lost and self.before is not None and self.before.progress in (Progress.PAST_GATE, Progress.APPROVED)


def slot_of(item: Tracked) -> Slot:
    return item.work.colorway, item.work.view, item.work.channel


def differences(
    proposal: Proposal,
    standings: Iterable[Standing],
    packs_of: PacksOf,
    current: Packs,
    at: datetime,
    usual: Usual | None = None,
) -> list[Difference]:
    """One for every item that is not cancelled, and for every item that would be made; masters before variants.
    `usual`: how long steps usually take."""
    live = [one for one in standings if one.item.work.state is not WorkState.CANCELLED]
    live.sort(key=lambda one: (one.item.work.kind is WorkKind.VARIANT, one.item.work.id))
    if proposal.new is None:
        return [_stopped(one, "the request is cancelled") for one in live]
    comparison = _Comparison(proposal, proposal.new, packs_of, current, at, usual)
    found = [comparison.of(one) for one in live]
    return [*found, *comparison.added()]


def _stopped(standing: Standing, why: str) -> Difference:
    if standing.progress is Progress.APPROVED:
        return Difference(Effect.KEPT, standing, None, f"{why}, but it is approved: it stays")
    return Difference(Effect.REMOVED, standing, None, why)


class _Comparison:
    """One amendment that changes the content. Call `of` for every item, masters first, then `added`."""

    def __init__(
        self,
        proposal: Proposal,
        new: Request,
        packs_of: PacksOf,
        current: Packs,
        at: datetime,
        usual: Usual | None,
    ) -> None:
        self._proposal, self._new, self._packs_of, self._current, self._at = proposal, new, packs_of, current, at
        self._usual = usual
        self._plans: dict[str, tuple[Mapping[Slot, Tracked], Mapping[Slot, Tracked]]] = {}
        self._clocks = Clocks(proposal.old_deadline, new.deadline, packs_of, at)
        self._differences: dict[Slot, Difference] = {}
        self._brief = _changed_brief(proposal.old, new)

    def of(self, standing: Standing) -> Difference:
        """What becomes of one item."""
        slot = slot_of(standing.item)
        found = self._differences[slot] = self._of(standing, slot)
        return found

    def _of(self, standing: Standing, slot: Slot) -> Difference:
        item = standing.item
        old_plan, new_plan = self._planned(item.packs)
        target = new_plan.get(slot)
        if target is None:
            return _stopped(standing, "the new content does not ask for it")
        source = old_plan.get(slot) or item
        reasons = [name for name in _differing(_MADE_BY, source, target) if name not in _decided_by_people(item)]
        is_rerouted = bool(reasons)
        if not self._proposal.keep_begun_work:
            reasons += self._brief
        if self._master_is_redone(slot):
            reasons.append("its master is made anew")
        begun = standing.progress is not Progress.NOT_BEGUN
        if not reasons and begun and standing.progress is Progress.APPROVED:
            return Difference(Effect.KEPT, standing, None, "it is approved")
        new = _with_content(item, source, target)
        if reasons and begun:
            due = self._clocks.from_now(new)
            new = _with_due(replace(new, work=new.work.model_copy(update={"risk": Risk.ON_TIME})), due, self._at)
            return Difference(Effect.REDONE, standing, new, _because(reasons), is_tight=_is_tight(due))
        if is_rerouted:
            due = self._clocks.from_now(new)
            begun_anew = _with_due(new, due, self._at)
            return Difference(
                Effect.CHANGED, standing, begun_anew, _because(reasons), is_tight=_is_tight(due), clock_begins=True
            )
        due_at, at_risk_at = self._clocks.kept(new, standing.clock)
        new = _at_risk(
            replace(new, work=new.work.model_copy(update={"due_at": due_at}), at_risk_at=at_risk_at), self._at
        )
        said = [name for name in (*_SAID, "due_at") if getattr(new.work, name) != getattr(item.work, name)]
        if said:
            return Difference(Effect.CHANGED, standing, new, _because(said))
        return Difference(Effect.KEPT, standing, None, "the new content asks for the same")

    def added(self) -> list[Difference]:
        """What is made: shots by the packs in force, variants by those of their masters."""
        _, by_current = self._planned(self._current.versions)
        made: dict[Slot, Difference] = {}
        for slot, target in by_current.items():
            if slot[2] is None and slot not in self._differences:
                why = "the new content asks for it"
                made[slot] = Difference(Effect.ADDED, None, target, why, is_tight=_cut_short(target))
        for (colorway, view, channel), planned in self._new_variants(by_current, made):
            master = self._differences.get((colorway, view, None))
            starts, variant = None, planned
            if master is not None and master.before is not None:
                owner = master.before.item
                variant = replace(planned, work=planned.work.model_copy(update={"parent_id": owner.work.id}))
                if owner.work.state is WorkState.APPROVED and master.effect is Effect.KEPT:
                    starts = self._clocks.of(variant)
            made[colorway, view, channel] = Difference(
                Effect.ADDED, None, variant, "the new content asks for it", starts, _is_tight(starts)
            )
        return list(made.values())

    def _new_variants(
        self, by_current: Mapping[Slot, Tracked], made: Mapping[Slot, Difference]
    ) -> Iterable[tuple[Slot, Tracked]]:
        for slot, target in by_current.items():
            if slot[2] is not None and slot not in self._differences and (slot[0], slot[1], None) in made:
                yield slot, target
        for master_slot, master in list(self._differences.items()):
            if master_slot[2] is not None or master.before is None or master.effect is Effect.REMOVED:
                continue
            _, new_plan = self._planned(master.before.item.packs)
            for channel in self._new.channels:
                slot = (master_slot[0], master_slot[1], channel)
                if slot not in self._differences and (planned := new_plan.get(slot)):
                    yield slot, planned

    def _planned(self, versions: PackVersions) -> tuple[Mapping[Slot, Tracked], Mapping[Slot, Tracked]]:
        """What the old and the new content make under these packs."""
        key = versions.model_dump_json()
        if key not in self._plans:
            packs, old = self._packs_of(versions), self._proposal.old
            self._plans[key] = (
                {slot_of(one): one for one in plan_work(old, packs, self._at, self._usual)} if old else {},
                {slot_of(one): one for one in plan_work(self._new, packs, self._at, self._usual)},
            )
        return self._plans[key]

    def _master_is_redone(self, slot: Slot) -> bool:
        master = self._differences.get((slot[0], slot[1], None)) if slot[2] is not None else None
        return master is not None and master.effect is Effect.REDONE


def _changed_brief(old: Request | None, new: Request) -> list[str]:
    """Parts of the brief that production works by, though no work item shows them."""
    if old is None:
        return []
    names = sorted({*old.attributes, *new.attributes})
    changed = [f"attributes.{name}" for name in names if old.attributes.get(name) != new.attributes.get(name)]
    return [*changed, *(["the AI brief"] if old.ai is not None and new.ai is not None and old.ai != new.ai else [])]


def _differing(names: Iterable[str], source: Tracked, target: Tracked) -> list[str]:
    return [name for name in names if getattr(target.work, name) != getattr(source.work, name)]


def _decided_by_people(item: Tracked) -> frozenset[str]:
    """Fields that someone has re-routed, and those that came with the track: no rule decides them any more."""
    decided = {choice.decides for choice in item.chosen_by if choice.by}
    return frozenset(decided | (_OF_TRACK if "track" in decided else set()))


def _with_content(item: Tracked, source: Tracked, target: Tracked) -> Tracked:
    """The item with every field that differs between the old plan and the new one, but for those that a person has
    decided."""
    kept = _decided_by_people(item)
    fields: dict[str, Any] = {
        name: getattr(target.work, name)
        for name in _differing((*_MADE_BY, *_FOLLOWS, *_SAID), source, target)
        if name not in kept
    }
    if "final_reviewers" in kept:  # its class may ask for more
        fields["final_reviewers"] = max(item.work.final_reviewers, target.work.final_reviewers)
    decided = {choice.decides: choice for choice in source.chosen_by}
    new = {choice.decides: choice for choice in target.chosen_by if choice != decided.get(choice.decides)}
    chosen_by = tuple(
        choice if choice.decides == "due_at" or choice.decides in kept else new.get(choice.decides, choice)
        for choice in item.chosen_by
    )
    return replace(item, work=item.work.model_copy(update=fields), chosen_by=chosen_by)


def _with_due(item: Tracked, due: Due | None, at: datetime) -> Tracked:
    """Its clock begins anew, or with its master's approval (None). What was breached stays breached."""
    risk = item.work.risk if item.work.risk is Risk.BREACHED else Risk.ON_TIME
    work = item.work.model_copy(update={"due_at": due.due_at if due else None, "risk": risk})
    others = [choice for choice in item.chosen_by if choice.decides != "due_at"]
    return replace(
        item,
        work=work,
        at_risk_at=due.at_risk_at if due else None,
        chosen_by=(*others, due.choice if due else AFTER_MASTER),
        blocked_at=at if item.blocked_at else None,
    )


def _at_risk(item: Tracked, at: datetime) -> Tracked:
    """Work that has time again is on time again; what has none left is told by its timers."""
    if item.work.risk is Risk.AT_RISK and (item.at_risk_at is None or item.at_risk_at > at):
        return replace(item, work=item.work.model_copy(update={"risk": Risk.ON_TIME}))
    return item


def _is_tight(due: Due | None) -> bool:
    return due is not None and due.choice.rule == "deadline"


def _cut_short(item: Tracked) -> bool:
    """Of an item as it was planned: the deadline comes before the end of its SLA."""
    return any(choice.decides == "due_at" and choice.rule == "deadline" for choice in item.chosen_by)


def _because(reasons: Iterable[str]) -> str:
    return f"changed: {', '.join(reasons)}"
