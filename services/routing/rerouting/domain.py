"""Re-routing: what a person may change about the way of work, when, and what follows from it. Pure.

It is no step of the state machine: the work stays where it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.problems import FieldError
from contracts.routing import WorkRerouted
from contracts.values import Risk, WorkState
from services.routing.rerouting.errors import NotRoutableNow
from services.routing.tracks.domain import Choice
from services.routing.tracks.schemas import ClassEntry, PackVersions, TeamsPack, Track, TracksPack
from services.routing.work.domain import Change, Due, Tracked


class Way(StrEnum):
    """What can be re-routed; the names are the work item's."""

    TRACK = "track"
    QUEUE = "queue"
    TEAM = "team"
    LEVEL = "level"
    PRIORITY = "priority"


# What may change in each state; of blocked work, the state that it was blocked in.
CHANGEABLE: Mapping[WorkState, frozenset[Way]] = {
    WorkState.WAITING: frozenset(Way),
    WorkState.READY: frozenset(Way),
    WorkState.CLAIMED: frozenset({Way.PRIORITY}),
    WorkState.IN_REVIEW: frozenset(Way) - {Way.TRACK},
    WorkState.APPROVED: frozenset(),
    WorkState.CANCELLED: frozenset(),
}
WHY_NOT: Mapping[WorkState, str] = {
    WorkState.CLAIMED: "its holder took it as it is; let it be released first",
    WorkState.IN_REVIEW: "a round ends at the gates that it began with; wait until it is decided",
    WorkState.APPROVED: "its way is behind it",
    WorkState.CANCELLED: "it will not be made",
}


def wanted_of(item: Tracked, asked: Mapping[Way, str | None], tracks: TracksPack) -> dict[Way, str | None]:
    """What would be different. Another track brings its queue, unless another is named."""
    wanted = dict(asked)
    if (track := wanted.get(Way.TRACK)) not in (None, item.work.track) and Way.QUEUE not in wanted:
        found = next((one for one in tracks.tracks if one.name == track), None)
        wanted[Way.QUEUE] = found.queue if found else item.work.queue
    return {way: value for way, value in wanted.items() if value != getattr(item.work, way)}


def require_changeable(item: Tracked, wanted: Mapping[Way, object]) -> None:
    """Raises `NotRoutableNow`."""
    legal = CHANGEABLE[item.place]
    if not set(wanted) <= legal:
        raise NotRoutableNow(item.work.state, set(wanted) - legal, legal, WHY_NOT[item.place])


def faults(item: Tracked, wanted: Mapping[Way, str | None], tracks: TracksPack, teams: TeamsPack) -> list[FieldError]:
    """What of it there is not, or must not be. No gate is lost on the way (R52), and a track that makes variants is
    never exchanged for one that doesn't: an experiment never reaches a channel (R80), and no variant loses its master.
    """
    found = []
    open_to_it = {track.name: track for track in tracks.tracks if _may_take(track, item, tracks)}
    if (name := wanted.get(Way.TRACK)) is not None and name not in open_to_it:
        found.append(FieldError(pointer="/track", detail=_why_not(str(name), item, tracks), remedy=_among(open_to_it)))
    queues = {track.queue for track in open_to_it.values()} | {item.work.queue}
    if (queue := wanted.get(Way.QUEUE)) is not None and queue not in queues and not found:
        known = queue in {track.queue for track in tracks.tracks}
        detail = f"{queue} is for other work" if known else f"there is no queue {queue}"
        found.append(FieldError(pointer="/queue", detail=detail, remedy=_among(queues)))
    names = [team.name for team in teams.teams]
    if (team := wanted.get(Way.TEAM)) is not None and team not in names:
        found.append(FieldError(pointer="/team", detail=f"there is no team {team}", remedy=_among(names)))
    return found


def reroute(
    item: Tracked,
    wanted: Mapping[Way, str | None],
    by: str,
    cause: str,
    at: datetime,
    versions: PackVersions,
    track: Track | None = None,
    complexity: ClassEntry | None = None,
    due: Due | None = None,
) -> Change:
    """`track`, `complexity` and `due`: of another track. `due` None: its clock has not begun.

    Its risk follows the new due time, but what was breached stays breached.
    """
    work = item.work
    update: dict[str, Any] = {way.value: value for way, value in wanted.items()}
    choices = [_by_person(item, way, by, cause) for way in wanted]
    if track and complexity:
        reviewers = max(track.final_reviewers, complexity.final_reviewers)
        update |= {"owner_role": track.owner_role, "gates": track.gates, "final_reviewers": reviewers}
    at_risk_at = item.at_risk_at
    if due:
        update["due_at"], at_risk_at = due.due_at, due.at_risk_at
        choices.append(due.choice)
        if work.risk is Risk.AT_RISK and (at_risk_at is None or at_risk_at > at):
            update["risk"] = Risk.ON_TIME
    said = {choice.decides for choice in choices}
    if track:
        if update.get("queue", work.queue) == track.queue:  # no choice of a person
            choices = [choice for choice in choices if choice.decides != Way.QUEUE]
        elif Way.QUEUE not in said:
            choices.append(_by_person(item, Way.QUEUE, by, cause))
        said.add(Way.QUEUE)
    chosen_by = (*(choice for choice in item.chosen_by if choice.decides not in said), *choices)
    after = work.model_copy(update={**update, "updated_at": at})
    changes = {
        name: {"before": _plain(getattr(work, name)), "after": _plain(getattr(after, name))}
        for name in update
        if getattr(work, name) != getattr(after, name)
    }
    tracked = replace(
        item, work=after, version=item.version + 1, packs=versions, chosen_by=chosen_by, at_risk_at=at_risk_at
    )
    return Change(item, tracked, WorkRerouted, by, cause, changes=changes)


def _by_person(item: Tracked, way: Way, by: str, cause: str) -> Choice:
    before = next((choice for choice in item.chosen_by if choice.decides == way), None)
    was = getattr(item.work, way) or "open"
    if before:
        was += f", as {before.by} had decided" if before.by else f", by the rule {before.rule}"
    return Choice(
        decides=way, rule="reroute", because=cause, by=by, instead_of=was, proposed=before.proposed if before else None
    )


def _may_take(track: Track, item: Tracked, tracks: TracksPack) -> bool:
    """Whether a track may take this item over."""
    return track.makes_variants == _makes_variants(item, tracks) and set(item.work.gates) <= set(track.gates)


def _makes_variants(item: Tracked, tracks: TracksPack) -> bool:
    own = next((track for track in tracks.tracks if track.name == item.work.track), None)
    return own.makes_variants if own else item.work.parent_id is None


def _why_not(name: str, item: Tracked, tracks: TracksPack) -> str:
    track = next((one for one in tracks.tracks if one.name == name), None)
    if track is None:
        return f"there is no track {name}"
    if missing := [gate for gate in item.work.gates if gate not in track.gates]:
        return f"{name} would skip gates that it must pass: {', '.join(missing)}"
    return f"{name} {'makes' if track.makes_variants else 'makes no'} variants, unlike {item.work.track}"


def _among(names: Any) -> str:
    return f"It can have: {', '.join(sorted(names))}." if names else "It must stay as it is."


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
