"""The packs of tracks, complexity classes and teams, with the rules that choose among them."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from chassis.problems import FieldError, doubled, require_none
from contracts.values import ComplexityClass, Gate, Role

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]

FACTS = (
    "category", "materials", "use", "view", "priority", "channels", "ai", "ai.use", "kind",
    "complexity_class", "track", "team",
)  # fmt: skip
_ATTRIBUTE = re.compile(r"attributes\.[a-z0-9_]{1,60}")


def _is_a_fact(name: str) -> str:
    if name not in FACTS and not _ATTRIBUTE.fullmatch(name):
        raise ValueError(f"there is no such fact; there are: {', '.join(FACTS)}, attributes.<name>")
    return name


FactName = Annotated[str, StringConstraints(max_length=80), AfterValidator(_is_a_fact)]


class Level(StrEnum):
    """The experience that work asks for, least first (R40)."""

    JUNIOR = "junior"
    STANDARD = "standard"
    SENIOR = "senior"
    SPECIALIST = "specialist"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class PackModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(PackModel):
    """Holds when the field has at least one of these values. Truth and numbers are written as text: `true`, `3`."""

    field: FactName
    any_of: list[Text] = Field(min_length=1, max_length=100)

    @cached_property
    def values(self) -> frozenset[str]:
        """What it asks for, as facts are written."""
        return frozenset(value.lower() for value in self.any_of)


class Rule(PackModel):
    """Applies when all its conditions hold: one without any always does."""

    id: Name
    because: Text = Field(description="Why the rule decides so, in words.")
    when: list[Condition] = Field(default=[], max_length=10)


class RulesPack(PackModel):
    """A pack whose rules decide something. It remembers what they decided: of a month's requests many ask the same."""

    _asked: tuple[str, ...] = PrivateAttr()
    _decided: dict[Any, Any] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: object) -> None:
        rules: list[Rule] = getattr(self, "rules", [])
        self._asked = tuple(sorted({condition.field for rule in rules for condition in rule.when}))

    @property
    def asked(self) -> tuple[str, ...]:
        """The facts that any of its rules asks for: nothing else decides."""
        return self._asked

    @property
    def decided(self) -> dict[Any, Any]:
        """The values of what is asked → what the rules decided."""
        return self._decided


class ClassRule(Rule):
    complexity_class: ComplexityClass


class TrackRule(Rule):
    track: Name


class TeamRule(Rule):
    team: Name


class ClassEntry(PackModel):
    """What a complexity class means for the work (R40)."""

    name: ComplexityClass
    title: Text
    sla_factor: float = Field(gt=0, le=20, description="Multiplies the track's SLA.")
    final_reviewers: int = Field(ge=1, le=5, description="Different people who must pass the final gate.")
    zoom_required: bool = Field(description="A pass needs an inspection at 100 % zoom (R54).")
    retoucher: Level = Field(description="The experience that its work asks for, at least.")
    ai_allowed: Text
    qc: Text
    approval: Text


class ClassesPack(RulesPack):
    """Every class once, and the rules. The highest class whose rule applies wins."""

    classes: list[ClassEntry] = Field(max_length=len(ComplexityClass))
    rules: list[ClassRule] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def is_complete(self) -> Self:
        names = [entry.name for entry in self.classes]
        faults = [*doubled("/classes", "name", names), *doubled("/rules", "id", [rule.id for rule in self.rules])]
        if missing := sorted(set(ComplexityClass) - set(names)):
            detail = f"each of {', '.join(ComplexityClass)} is there exactly once; missing: {', '.join(missing)}"
            faults.append(FieldError(pointer="/classes", detail=detail, remedy="Add each that is missing."))
        if all(rule.when for rule in self.rules):
            detail = "one rule has no conditions, so that every shot gets a class"
            faults.append(FieldError(pointer="/rules", detail=detail, remedy="Add a rule without `when`."))
        require_none(faults)
        return self

    def entry(self, name: ComplexityClass) -> ClassEntry:
        return next(entry for entry in self.classes if entry.name == name)


class Rung(PackModel):
    """One rung of a track's ladder beyond the breach."""

    after_hours: float = Field(gt=0, le=2000, multiple_of=0.25, description="Business hours after the due time.")
    to: Role = Field(description="Who is told.")

    @property
    def name(self) -> str:
        return f"breach+{self.after_hours:g}h"


class Track(PackModel):
    """One production track: its whole record (R36)."""

    name: Name
    purpose: Text
    queue: Name
    sla_hours: float | None = Field(default=None, gt=0, le=2000, description="Business hours for C1; null: no SLA.")
    owner_role: Role
    gates: list[Gate] = Field(min_length=1, max_length=4, description="In their fixed order.")
    final_reviewers: int = Field(ge=1, le=5)
    makes_variants: bool = Field(description="Whether its approved masters go to channels.")
    file_requirements: Text
    approval: list[Text] = Field(max_length=20)
    ai_rule: Text
    at_risk_to: Role | None = Field(default=None, description="Who is told when work is at risk.")
    breach_to: Role | None = Field(default=None, description="Who is told when its due time passed.")
    ladder: list[Rung] = Field(
        default=[],
        max_length=20,
        description="Who is told when late work stays late; the first rungs are the two above.",
    )

    @model_validator(mode="after")
    def gates_keep_their_order(self) -> Self:
        if self.gates != [gate for gate in Gate if gate in self.gates]:
            raise ValueError(f"gates come once each and in this order: {', '.join(Gate)}")
        return self

    @model_validator(mode="after")
    def ladder_goes_up(self) -> Self:
        hours = [rung.after_hours for rung in self.ladder]
        if hours != sorted(set(hours)):
            raise ValueError("each rung of the ladder comes later than the one before it")
        return self


class TracksPack(RulesPack):
    """All tracks, and the rules: the first that applies chooses the track of a shot."""

    at_risk_share: float = Field(gt=0, lt=1, description="Share of the business time until due, then it is at risk.")
    lease_hours: float = Field(gt=0, le=720, description="Hours by the wall clock that a claim lasts.")
    variant_track: Name = Field(description="The track of every variant.")
    tracks: list[Track] = Field(min_length=1, max_length=100)
    rules: list[TrackRule] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        names = [track.name for track in self.tracks]
        asked = {f"/rules/{number}/track": rule.track for number, rule in enumerate(self.rules)}
        require_none(
            [
                *doubled("/tracks", "name", names),
                *doubled("/rules", "id", [rule.id for rule in self.rules]),
                *_unknown("track", {"/variant_track": self.variant_track, **asked}, names),
                *_only_the_last_is_open(self.rules, "every shot finds a track"),
            ]
        )
        return self

    def track(self, name: str) -> Track:
        return next(track for track in self.tracks if track.name == name)


class Team(PackModel):
    """A specialist team (R42): what it is for, and what it watches."""

    name: Name
    title: Text
    watches: Text = Field(description="What goes wrong in its work, and it sees first.")
    level: Level | None = Field(
        default=None, description="The experience that its work asks for, whatever the class; null: the class says."
    )


class TeamsPack(RulesPack):
    """All teams, and the rules: the first that applies says to whom a shot or variant is offered."""

    teams: list[Team] = Field(min_length=1, max_length=100)
    rules: list[TeamRule] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        names = [team.name for team in self.teams]
        require_none(
            [
                *doubled("/teams", "name", names),
                *doubled("/rules", "id", [rule.id for rule in self.rules]),
                *_unknown("team", {f"/rules/{n}/team": rule.team for n, rule in enumerate(self.rules)}, names),
                *_only_the_last_is_open(self.rules, "all work finds a team"),
            ]
        )
        return self

    def team(self, name: str) -> Team:
        return next(team for team in self.teams if team.name == name)


class PublishedTracks(TracksPack):
    version: int


class PublishedClasses(ClassesPack):
    version: int


class PublishedTeams(TeamsPack):
    version: int


class PackVersions(PackModel):
    """Which versions of the packs a work item was routed with: it keeps them."""

    tracks: int = Field(ge=1)
    classes: int = Field(ge=1)
    calendar: int = Field(ge=1)
    teams: int = Field(default=1, ge=1)  # of work from before there were teams: the first


class PublishedVersion(BaseModel):
    """One version of a pack: who published it, and when."""

    version: int
    published_by: str = Field(description="`defaults`: it came with the service.")
    published_at: AwareDatetime


class Versions(BaseModel):
    """Every version of a pack, newest first."""

    items: list[PublishedVersion]
    next_before: int | None = Field(description="Send it as `before` to get the next page; null on the last.")


def _unknown(what: str, asked: Mapping[str, str], names: Sequence[str]) -> list[FieldError]:
    """`asked`: pointer → the name that it asks for."""
    remedy = f"Name one of {', '.join(names)}."
    return [
        FieldError(pointer=pointer, detail=f"no such {what}: {name}", remedy=remedy)
        for pointer, name in asked.items()
        if name not in names
    ]


def _only_the_last_is_open(rules: Sequence[Rule], so_that: str) -> list[FieldError]:
    last = len(rules) - 1
    return [
        FieldError(
            pointer=f"/rules/{number}/when",
            detail=f"the last rule, and no other, has no conditions, so that {so_that}",
            remedy="Leave its conditions out." if number == last else "Give it a condition, or put it last.",
        )
        for number, rule in enumerate(rules)
        if bool(rule.when) == (number == last)
    ]
