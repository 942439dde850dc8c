"""Why work is where it is: what was decided, by which rule of which pack, from which values. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.values import ComplexityClass
from services.routing.explanation.schemas import Decided
from services.routing.tracks.domain import Choice
from services.routing.tracks.service import CALENDAR, CLASSES, TEAMS, TRACKS, Packs
from services.routing.work.domain import Tracked

# The packs that decide each thing.
_PACKS: Mapping[str, tuple[str, ...]] = {
    "complexity_class": (CLASSES,),
    "track": (TRACKS,),
    "queue": (TRACKS,),
    "owner_role": (TRACKS,),
    "team": (TEAMS,),
    "level": (TEAMS, CLASSES),
    "due_at": (TRACKS, CLASSES, CALENDAR),
    "gates": (TRACKS,),
    "final_reviewers": (TRACKS, CLASSES),
    "zoom_required": (CLASSES,),
    "priority": (),
}

_NAMES = {"complexity_class": "complexity class", "owner_role": "owner", "due_at": "due time",
          "final_reviewers": "number of final reviewers", "zoom_required": "100 % zoom inspection"}  # fmt: skip


def explain(item: Tracked, packs: Packs) -> list[Decided]:
    """`packs` are those that the item keeps."""
    chosen = {choice.decides: choice for choice in [*_by_record(item, packs), *item.chosen_by]}
    return [_decided(item, chosen[name], packs) for name in _PACKS]


def _by_record(item: Tracked, packs: Packs) -> list[Choice]:
    """What no rule decides, but the record of the track or the class; and what holds where nobody said anything."""
    work = item.work
    complexity, track = packs.classes.entry(work.complexity_class), packs.tracks.track(work.track)
    of_track, of_class = f"track {track.name}", f"class {complexity.name}"
    by_track, by_class = {"track": [track.name]}, {"complexity_class": [complexity.name.lower()]}
    reviewers = f"{complexity.name} asks for {complexity.final_reviewers}, {track.name} for {track.final_reviewers}"
    asks = "asks for" if complexity.zoom_required else "does without"

    def said(decides: str, rule: str, because: str, facts: dict[str, list[str]]) -> Choice:
        return Choice(decides=decides, rule=rule, because=because, facts=facts)

    return [
        said("queue", of_track, f"{track.name} work waits in the queue {track.queue}", by_track),
        said("owner_role", of_track, f"{track.name} work is owned by the {track.owner_role}", by_track),
        said("gates", of_track, f"{track.name} work passes these", by_track),
        said(
            "final_reviewers",
            of_class if complexity.final_reviewers > track.final_reviewers else of_track,
            f"{reviewers}: the higher counts",
            {**by_class, **by_track},
        ),
        said("zoom_required", of_class, f"{complexity.name} {asks} it", by_class),
        said("team", "none", "it was made before there were teams: anyone may take it", {}),
        said("level", "none", "it was made before there were levels: anyone may take it", {}),
        said("priority", "request", "its request says so", {"priority": [work.priority]}),
    ]


def _decided(item: Tracked, choice: Choice, packs: Packs) -> Decided:
    value = getattr(item.work, choice.decides)
    packs_of_it = {} if choice.by else {name: getattr(item.packs, name) for name in _PACKS[choice.decides]}
    facts = choice.facts or (_facts_of_due(item, packs) if choice.decides == "due_at" else {})
    return Decided(
        decides=choice.decides,
        value=value,
        rule=choice.rule,
        because=choice.because,
        facts=facts,
        packs=packs_of_it,
        proposed=choice.proposed,
        by=choice.by,
        in_words=_in_words(choice, value, packs),
    )


def _facts_of_due(item: Tracked, packs: Packs) -> dict[str, list[str]]:
    complexity, track = packs.classes.entry(item.work.complexity_class), packs.tracks.track(item.work.track)
    facts = {"track": [track.name], "complexity_class": [complexity.name.lower()]}
    if track.sla_hours is not None:
        facts |= {"sla_hours": [f"{track.sla_hours:g}"], "sla_factor": [f"{complexity.sla_factor:g}"]}
    return facts


def _in_words(choice: Choice, value: Any, packs: Packs) -> str:
    name = _NAMES.get(choice.decides, choice.decides)
    why = f"{choice.by} decided so: {choice.because.rstrip('.')}" if choice.by else choice.because
    before = f" Before, it was {choice.instead_of}." if choice.instead_of else ""
    verb = "are" if isinstance(value, list) else "is"
    return f"The {name} {verb} {_said(value)}: {why}.{before}{_advice(choice, value, packs)}"


def _advice(choice: Choice, value: Any, packs: Packs) -> str:
    """What the requester proposed, and what became of it."""
    if choice.proposed is None:
        return ""
    if choice.proposed == value:
        return " Its requester proposed the same."
    if choice.decides == "track" and choice.proposed not in {track.name for track in packs.tracks.tracks}:
        return f" Its requester proposed {choice.proposed}, which is no track."
    who = "a person" if choice.by else "the rules"
    return f" Its requester proposed {choice.proposed}, which is advice: {who} decided."


def _said(value: Any) -> str:
    match value:
        case None:
            return "open"
        case bool():
            return "required" if value else "not required"
        case list():
            return ", ".join(value)
        case ComplexityClass() | str() | int():
            return str(value)
    return f"{value:%Y-%m-%d %H:%M} UTC"
