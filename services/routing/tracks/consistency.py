"""What is wrong with a pack's rules: contradictions, rules that never decide, circles. Pure.

Everything is found at once, each with its place in the pack and what would make it right.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chassis.problems import FieldError
from contracts.values import ComplexityClass, IntendedUse, Priority, WorkKind
from services.routing.tracks.schemas import ClassesPack, Rule, TeamsPack, TracksPack

# What is decided is decided in this order, each from what the request says and what was decided before it.
ORDER = ("complexity_class", "track", "team")

# Facts that have one value at most: two conditions on different values of it never hold together.
SINGLE = frozenset({"category", "use", "view", "priority", "ai", "ai.use", "kind", *ORDER})

# Facts whose values are known.
CLOSED: Mapping[str, frozenset[str]] = {
    "ai": frozenset({"true", "false"}),
    "priority": frozenset(Priority),
    "use": frozenset(IntendedUse),
    "kind": frozenset(WorkKind),
    "complexity_class": frozenset(one.lower() for one in ComplexityClass),
}


@dataclass(frozen=True)
class Placed:
    """A rule, its place in the pack, and what it decides."""

    rule: Rule
    place: int
    outcome: str

    @property
    def pointer(self) -> str:
        return f"/rules/{self.place}"

    @cached_property
    def wants(self) -> Mapping[str, Sequence[frozenset[str]]]:
        """Fact → what each condition on it asks for. A condition that every value meets asks for nothing; a use of AI
        is AI."""
        found = dict[str, list[frozenset[str]]]()
        for condition in self.rule.when:
            if condition.values != CLOSED.get(condition.field):
                found.setdefault(condition.field, []).append(condition.values)
        if "ai.use" in found:
            found.setdefault("ai", []).append(frozenset({"true"}))
        return found

    def applies_whenever(self, other: "Placed") -> bool:
        """Whether this rule's conditions hold whenever the other's do."""
        theirs = other.wants
        return all(
            any(narrow <= wide for narrow in theirs.get(fact, ()))
            for fact, asked in self.wants.items()
            for wide in asked
        )


def faults_of_classes(pack: ClassesPack) -> list[FieldError]:
    """Rules are tried from the highest class down."""
    placed = [Placed(rule, place, rule.complexity_class) for place, rule in enumerate(pack.rules)]
    tried = sorted(placed, key=lambda one: one.outcome, reverse=True)
    return _faults("complexity_class", tried, {})


def faults_of_tracks(pack: TracksPack) -> list[FieldError]:
    placed = [Placed(rule, place, rule.track) for place, rule in enumerate(pack.rules)]
    found = _faults("track", placed, {})
    if pack.track(pack.variant_track).makes_variants:
        detail = f"{pack.variant_track} makes variants, so that a variant would have variants"
        found.append(_fault("/variant_track", detail, "Name a track with `makes_variants: false`."))
    return found


def faults_of_teams(pack: TeamsPack, tracks: Collection[str]) -> list[FieldError]:
    placed = [Placed(rule, place, rule.team) for place, rule in enumerate(pack.rules)]
    return _faults("team", placed, {"track": frozenset(tracks)})


def _faults(decides: str, tried: Sequence[Placed], also_closed: Mapping[str, frozenset[str]]) -> list[FieldError]:
    """Of rules in the order in which they are tried; the first that applies decides."""
    closed = {**CLOSED, **also_closed}
    found = [fault for one in tried for fault in (*_impossible(decides, one, closed), *_never_holds(one))]
    for number, later in enumerate(tried):
        earlier = next((one for one in tried[:number] if one.applies_whenever(later)), None)
        if earlier is not None:
            found.append(_shadowed(earlier, later))
    return found


def _impossible(decides: str, one: Placed, closed: Mapping[str, frozenset[str]]) -> Iterator[FieldError]:
    """Conditions on what is not decided yet, and on values that there are not."""
    for number, condition in enumerate(one.rule.when):
        pointer, fact = f"{one.pointer}/when/{number}", condition.field
        if fact in ORDER[ORDER.index(decides) :]:
            circle = f"the {fact} is decided from the {decides}" if fact != decides else "that is what it decides"
            detail = f"a circle: rule {one.rule.id} decides the {decides} and asks for the {fact}, but {circle}"
            remedy = f"Ask for what is decided before: facts, then {', then '.join(ORDER)}."
            yield _fault(f"{pointer}/field", detail, remedy)
        elif fact == "kind" and decides != "team":
            detail = f"rule {one.rule.id} asks for the kind, but only shots get a {decides} by rules"
            yield _fault(f"{pointer}/field", detail, "Leave this condition out.")
        elif unknown := sorted(condition.values - closed[fact] if fact in closed else ()):
            detail = f"rule {one.rule.id} asks for a {fact} that there is not: {', '.join(unknown)}"
            yield _fault(f"{pointer}/any_of", detail, f"There are: {', '.join(sorted(closed[fact]))}.")


def _never_holds(one: Placed) -> Iterator[FieldError]:
    for fact, asked in one.wants.items():
        if fact in SINGLE and not frozenset.intersection(*asked):
            detail = f"rule {one.rule.id} can never decide: its conditions on {fact} exclude each other"
            yield _fault(one.pointer, detail, "Put the values into one condition, or leave one out.")


def _shadowed(earlier: Placed, later: Placed) -> FieldError:
    first, second = earlier.rule.id, later.rule.id
    if not later.applies_whenever(earlier):
        detail = f"rule {second} can never decide: whenever it applies, so does {first}, which is asked before it"
        return _fault(
            later.pointer, detail, f"Narrow {first}, or put {second} where it is asked first, or leave it out."
        )
    if earlier.outcome != later.outcome:
        detail = f"rules {first} and {second} contradict each other: the same conditions, but"
        detail += f" {earlier.outcome} and {later.outcome}"
        return _fault(later.pointer, detail, "Leave one out, or let their conditions differ.")
    return _fault(later.pointer, f"rule {second} says the same as {first}", "Leave one out.")


def _fault(pointer: str, detail: str, remedy: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail, remedy=remedy)
