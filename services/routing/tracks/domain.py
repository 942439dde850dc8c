"""Which class and which track a shot gets: rules as data, applied to what its request says."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import ComplexityClass, Request
from services.routing.tracks.schemas import ClassesPack, Rule, TracksPack

Facts = Mapping[str, frozenset[str]]
R = TypeVar("R", bound=Rule)


class Choice(BaseModel):
    """One thing that routing decided, and the rule that did."""

    model_config = ConfigDict(frozen=True)

    decides: str = Field(examples=["track"])
    rule: str = Field(examples=["high_risk"])
    because: str


def facts_of(request: Request, view: str) -> Facts:
    """What rules can ask about one shot: each field's values as lower-case text."""
    facts = {
        "category": _texts([request.category]),
        "materials": _texts(request.materials),
        "use": _texts([request.use]),
        "view": _texts([view]),
        "priority": _texts([request.priority]),
        "channels": _texts(request.channels),
        "ai": _texts([request.ai is not None]),
        "ai.use": _texts([request.ai.use] if request.ai else []),
    }
    for name, value in request.attributes.items():
        facts[f"attributes.{name}"] = _texts(value if isinstance(value, list) else [value])
    return facts


def classify(facts: Facts, pack: ClassesPack) -> tuple[ComplexityClass, Choice]:
    """The highest class whose rule applies."""
    by_class = sorted(pack.rules, key=lambda rule: rule.complexity_class, reverse=True)
    rule, choice = _first_that_applies("complexity_class", by_class, facts)
    return rule.complexity_class, choice


def choose_track(facts: Facts, complexity_class: ComplexityClass, pack: TracksPack) -> tuple[str, Choice]:
    """The track of the first rule that applies."""
    known = {**facts, "complexity_class": frozenset([complexity_class.lower()])}
    rule, choice = _first_that_applies("track", pack.rules, known)
    return rule.track, choice


def _first_that_applies(decides: str, rules: Iterable[R], facts: Facts) -> tuple[R, Choice]:
    for rule in rules:
        if (found := _what_matches(rule, facts)) is not None:
            because = f"{rule.because} ({'; '.join(found)})" if found else rule.because
            return rule, Choice(decides=decides, rule=rule.id, because=because)
    raise AssertionError("a pack always has a rule without conditions")


def _what_matches(rule: Rule, facts: Facts) -> list[str] | None:
    """The values that fulfil each condition, in words; None when one is not fulfilled."""
    found = []
    for condition in rule.when:
        values = facts.get(condition.field, frozenset()).intersection(_texts(condition.any_of))
        if not values:
            return None
        found.append(f"{condition.field}: {', '.join(sorted(values))}")
    return found


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value).lower() for value in values)
