"""From an accepted request to its work: shots and variants, each with class, track and due date. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from chassis.ids import new_id
from contracts.values import Request, Risk, ShotPlan, Step, WorkItem, WorkKind, WorkState
from services.routing.calendar.domain import BusinessCalendar
from services.routing.sla.domain import Usual, fits_until, time_to_go
from services.routing.tracks.domain import Choice, Facts, choose_level, choose_team, choose_track, classify, facts_of
from services.routing.tracks.schemas import ClassEntry, Track
from services.routing.tracks.service import Packs
from services.routing.work.domain import Due, Tracked

# A deadline beyond this sets no clock of its own: nobody plans so far, and counting business days to it would be slow.
FARTHEST_DEADLINE = timedelta(days=5 * 366)

AFTER_MASTER = Choice(decides="due_at", rule="after_master", because="its clock starts when its master is approved")


@dataclass(frozen=True)
class Offer:
    """Whom work is offered to, and what said so."""

    team: str
    level: str
    chosen_by: tuple[Choice, ...]


# By track and class: the views of a request mostly share one, and counting business days is slow.
Clocks = dict[tuple[str, str], tuple[Due, datetime | None]]


@dataclass(frozen=True)
class Route:
    """What was decided for the shots of one view."""

    complexity: ClassEntry
    track: Track
    due: Due
    fits_until: datetime | None
    chosen_by: tuple[Choice, ...]
    offer: Offer
    variant_offers: dict[str, Offer]  # by channel


def plan_work(request: Request, packs: Packs, at: datetime, usual: Usual | None = None) -> list[Tracked]:
    """One shot per planned shot, each followed by its variants, one a channel. `usual`: how long steps take,
    as measured or as the pack of steps says."""
    views = {_recipe_view(shot) for shot in request.shots}
    clocks: Clocks = {}
    routes = {view: _route(request, view, packs, at, usual or {}, clocks) for view in views}
    variant_track = packs.tracks.track(packs.tracks.variant_track)
    planned: list[Tracked] = []
    for shot in request.shots:
        route = routes[_recipe_view(shot)]
        master = _shot(request, shot, route, packs, at)
        planned.append(master)
        if route.track.makes_variants:
            planned += [_variant(master, channel, variant_track, route) for channel in request.channels]
    return planned


def due_for(start: datetime, track: Track, complexity: ClassEntry, deadline: datetime | None, packs: Packs) -> Due:
    """The earlier of the request's deadline and the end of the SLA, which counts business hours from `start`."""
    calendar, share = packs.calendar, packs.tracks.at_risk_share
    if deadline and deadline - start > FARTHEST_DEADLINE:
        deadline = None
    by_sla: datetime | None = None
    if track.sla_hours is None:
        sla = f"{track.name} has no SLA"
    else:
        hours = track.sla_hours * complexity.sla_factor
        by_sla = calendar.add(start, timedelta(hours=hours))
        sla = f"{hours:g} business hours: {track.sla_hours:g} of {track.name} × {complexity.sla_factor:g}"
        sla += f" for {complexity.name}"
    if deadline and (by_sla is None or deadline < by_sla):
        choice = Choice(decides="due_at", rule="deadline", because=f"the request's deadline comes first ({sla})")
        return Due(deadline, _at_risk_at(start, deadline, share, calendar), choice)
    at_risk_at = _at_risk_at(start, by_sla, share, calendar) if by_sla else None
    return Due(by_sla, at_risk_at, Choice(decides="due_at", rule="sla" if by_sla else "no_sla", because=sla))


def lease_of(packs: Packs) -> timedelta:
    """How long a claim lasts."""
    return timedelta(hours=packs.tracks.lease_hours)


def _at_risk_at(start: datetime, due_at: datetime, share: float, calendar: BusinessCalendar) -> datetime:
    """When the share of the business time is gone; never after the due time itself."""
    return min(due_at, calendar.add(start, calendar.between(start, due_at) * share))


def _recipe_view(shot: ShotPlan) -> str:
    """What rules know it by: all shots of a view go one way."""
    return shot.recipe_view or shot.view


def _route(request: Request, view: str, packs: Packs, at: datetime, usual: Usual, clocks: Clocks) -> Route:
    facts = facts_of(request, view)
    name, by_class = classify(facts, packs.classes)
    track_name, by_track = choose_track(facts, name, packs.tracks)
    complexity, track = packs.classes.entry(name), packs.tracks.track(track_name)
    if (name, track_name) not in clocks:
        due = due_for(at, track, complexity, request.deadline, packs)
        to_go = time_to_go(WorkKind.SHOT, Step.STUDIO, track, complexity, usual)
        clocks[name, track_name] = due, fits_until(at, due.due_at, to_go, packs.calendar)
    due, fits = clocks[name, track_name]
    by_class, by_track = _beside(by_class, request.proposed_class), _beside(by_track, request.proposed_track)
    offer = _offer(facts, WorkKind.SHOT, track.name, complexity, packs)
    variant_offers = _variant_offers(facts, request.channels, complexity, packs) if track.makes_variants else {}
    return Route(
        complexity, track, due, fits, (by_class, by_track, due.choice, *offer.chosen_by), offer, variant_offers
    )


def _beside(choice: Choice, proposed: str | None) -> Choice:
    """The choice beside what the requester proposed."""
    return choice if proposed is None else choice.model_copy(update={"proposed": proposed})


@lru_cache(maxsize=1000)
def _by_channel(channel: str) -> Choice:
    return Choice(decides="track", rule="variant", because=f"a variant for {channel} of an approved master")


def _variant_offers(facts: Facts, channels: Sequence[str], complexity: ClassEntry, packs: Packs) -> dict[str, Offer]:
    """By channel: rules see a variant's own channel alone. Where none asks for it, all variants go one way."""
    track = packs.tracks.variant_track
    if "channels" not in packs.teams.asked:
        return dict.fromkeys(channels, _offer(facts, WorkKind.VARIANT, track, complexity, packs))
    return {
        channel: _offer({**facts, "channels": frozenset([channel.lower()])}, WorkKind.VARIANT, track, complexity, packs)
        for channel in channels
    }


def _offer(facts: Facts, kind: WorkKind, track: str, complexity: ClassEntry, packs: Packs) -> Offer:
    team, by_team = choose_team(facts, complexity.name, track, kind, packs.teams)
    level, by_level = choose_level(team, complexity)
    return Offer(team.name, level.value, (by_team, by_level))


def _shot(request: Request, shot: ShotPlan, route: Route, packs: Packs, at: datetime) -> Tracked:
    track, complexity = route.track, route.complexity
    work = WorkItem(
        id=new_id(),
        kind=WorkKind.SHOT,
        request_id=request.id,
        parent_id=None,
        sku=request.sku,
        product_name=request.product_name,
        category=request.category,
        materials=request.materials,
        colorway=shot.colorway,
        view=shot.view,
        channel=None,
        spec=shot.spec,
        complexity_class=complexity.name,
        track=track.name,
        queue=track.queue,
        owner_role=track.owner_role,
        priority=request.priority,
        gates=track.gates,
        final_reviewers=max(track.final_reviewers, complexity.final_reviewers),
        zoom_required=complexity.zoom_required,
        ai=request.ai is not None,
        state=WorkState.READY,
        step=Step.STUDIO,
        round=0,
        returns_to=None,
        claimed_by=None,
        lease_until=None,
        due_at=route.due.due_at,
        risk=Risk.ON_TIME,
        approval_owner=request.approval_owner,
        created_at=at,
        updated_at=at,
        approved_at=None,
        team=route.offer.team,
        level=route.offer.level,
        use=request.use,
    )
    return Tracked(
        work,
        1,
        packs.versions,
        route.chosen_by,
        at_risk_at=route.due.at_risk_at,
        fits_until=route.fits_until,
        ready_at=at,
    )


def _variant(master: Tracked, channel: str, track: Track, route: Route) -> Tracked:
    offer, complexity = route.variant_offers[channel], route.complexity
    by_class, *_ = route.chosen_by
    work = master.work.model_copy(
        update={
            "id": new_id(),
            "kind": WorkKind.VARIANT,
            "parent_id": master.work.id,
            "channel": channel,
            "track": track.name,
            "queue": track.queue,
            "owner_role": track.owner_role,
            "gates": track.gates,
            "final_reviewers": max(track.final_reviewers, complexity.final_reviewers),
            "state": WorkState.WAITING,
            "step": Step.DELIVERY,
            "due_at": None,
            "team": offer.team,
            "level": offer.level,
        }
    )
    return Tracked(work, 1, master.packs, (by_class, _by_channel(channel), AFTER_MASTER, *offer.chosen_by))
