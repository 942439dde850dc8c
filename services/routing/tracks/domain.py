"""Which class, track and team work gets: rules as data, applied to what its request says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import ComplexityClass, Request, WorkKind
from services.routing.tracks.schemas import ClassEntry, ClassesPack, Level, Rule, RulesPack, Team, TeamsPack, TracksPack

Facts = Mapping[str, frozenset[str]]
R = TypeVar("R", bound=Rule)

MOST_REMEMBERED = 10_000


class Choice(BaseModel):
    """One thing that routing decided, and the rule or the person that did."""

    model_config = ConfigDict(frozen=True)

    decides: str = Field(examples=["track"])
    rule: str = Field(examples=["high_risk"])
    because: str
    facts: dict[str, list[str]] = Field(
        default={}, description="The values that decided, by fact.", examples=[{"materials": ["lace"]}]
    )
    proposed: str | None = Field(default=None, description="What the requester proposed: advice.")
    by: str | None = Field(default=None, description="The person who decided; null: the rules did.")
    instead_of: str | None = Field(default=None, description="Where a person decided: what it was before.")


def facts_of(request: Request, view: str) -> Facts:
    """What rules can ask about one shot: each field's values as lower-case text."""
    facts = {
        "category": _just(request.category),
        "materials": _texts(request.materials),
        "use": _just(request.use),
        "view": _just(view),
        "priority": _just(request.priority),
        "channels": _texts(request.channels),
        "ai": _just(request.ai is not None),
        "ai.use": _just(request.ai.use) if request.ai else frozenset(),
    }
    for name, value in request.attributes.items():
        facts[f"attributes.{name}"] = _texts(value if isinstance(value, list) else [value])
    return facts


def classify(facts: Facts, pack: ClassesPack) -> tuple[ComplexityClass, Choice]:
    """The highest class whose rule applies."""
    rule, choice = _decided(
        "complexity_class",
        pack,
        lambda: sorted(pack.rules, key=lambda rule: rule.complexity_class, reverse=True),
        facts,
    )
    return rule.complexity_class, choice


def choose_track(facts: Facts, complexity_class: ComplexityClass, pack: TracksPack) -> tuple[str, Choice]:
    """The track of the first rule that applies."""
    known = {**facts, "complexity_class": _just(complexity_class)}
    rule, choice = _decided("track", pack, lambda: pack.rules, known)
    return rule.track, choice


def choose_team(
    facts: Facts, complexity_class: ComplexityClass, track: str, kind: WorkKind, pack: TeamsPack
) -> tuple[Team, Choice]:
    """The team of the first rule that applies."""
    decided = {"complexity_class": _just(complexity_class), "track": _just(track), "kind": _just(kind)}
    rule, choice = _decided("team", pack, lambda: pack.rules, {**facts, **decided})
    return pack.team(rule.team), choice


def choose_level(team: Team, complexity: ClassEntry) -> tuple[Level, Choice]:
    """The experience that work asks for: what its team says, or else its class."""
    if team.level is not None:
        return team.level, _level_by(f"team {team.name}", f"work of {team.name} asks for this, whatever its class")
    return complexity.retoucher, _level_by(f"class {complexity.name}", f"{complexity.name} work asks for this or more")


@lru_cache(maxsize=1000)
def _level_by(rule: str, because: str) -> Choice:
    return Choice(decides="level", rule=rule, because=because)


def _decided(decides: str, pack: RulesPack, in_order: Callable[[], Sequence[R]], facts: Facts) -> tuple[R, Choice]:
    """The first rule that applies. Remembered by the values of what the pack's rules ask for."""
    key = tuple(facts.get(name) for name in pack.asked)
    found: tuple[R, Choice] | None = pack.decided.get(key)
    if found is None:
        if len(pack.decided) >= MOST_REMEMBERED:
            pack.decided.clear()
        found = pack.decided[key] = _first_that_applies(decides, in_order(), facts)
    return found


def _first_that_applies(decides: str, rules: Iterable[R], facts: Facts) -> tuple[R, Choice]:
    for rule in rules:
        if (found := _what_matches(rule, facts)) is not None:
            said = "; ".join(f"{field}: {', '.join(values)}" for field, values in found.items())
            because = f"{rule.because} ({said})" if said else rule.because
            return rule, Choice(decides=decides, rule=rule.id, because=because, facts=found)
    raise AssertionError("a pack always has a rule without conditions")


def _what_matches(rule: Rule, facts: Facts) -> dict[str, list[str]] | None:
    """The values that fulfil each condition, by fact; None when one is not fulfilled."""
    found = dict[str, list[str]]()
    for condition in rule.when:
        values = facts.get(condition.field, frozenset()).intersection(condition.values)
        if not values:
            return None
        found[condition.field] = sorted(values.union(found.get(condition.field, ())))
    return found


@lru_cache(maxsize=MOST_REMEMBERED, typed=True)
def _just(value: str | bool) -> frozenset[str]:
    """For what has few values, each asked for again and again."""
    return _texts([value])


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value).lower() for value in values)
