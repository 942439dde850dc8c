"""Reference data of the gates: whose decision each gate is, what is asked there, and why work is sent back."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chassis.problems import doubled, require_none
from contracts.values import ComplexityClass, Domain, Gate

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class GateRule(BaseModel):
    """One gate, and who decides there."""

    model_config = ConfigDict(extra="forbid")

    gate: Gate
    domain: Domain = Field(description="The decision domain: its owner role decides at this gate.")
    by_measurement: list[ComplexityClass] = Field(
        default=[], description="Classes whose work passes here by measurement alone, as its first gate."
    )


class Gates(BaseModel):
    """All gates, in their fixed order."""

    model_config = ConfigDict(extra="forbid")

    gates: list[GateRule]
    zoom_share: float = Field(
        default=0.95, gt=0, le=1, description="Of the subject's cells, seen at 100 % zoom where the work asks for it."
    )

    @model_validator(mode="after")
    def every_gate_once(self) -> Self:
        _each_gate_once([rule.gate for rule in self.gates])
        return self

    def rule(self, gate: Gate) -> GateRule:
        return next(rule for rule in self.gates if rule.gate == gate)

    def in_order(self, gates: Iterable[Gate]) -> list[Gate]:
        """These gates, in the order in which they are passed."""
        wanted = set(gates)
        return [rule.gate for rule in self.gates if rule.gate in wanted]


class ChecklistItem(BaseModel):
    """A binary question to a person; yes is a pass."""

    model_config = ConfigDict(extra="forbid")

    id: Word
    text: Line


class Checklist(BaseModel):
    """What is answered at one gate."""

    model_config = ConfigDict(extra="forbid")

    gate: Gate
    items: list[ChecklistItem] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def ids_are_unique(self) -> Self:
        require_none(doubled("/items", "id", [item.id for item in self.items]))
        return self


class Checklists(BaseModel):
    """One checklist a gate."""

    model_config = ConfigDict(extra="forbid")

    checklists: list[Checklist] = Field(max_length=len(Gate))

    @model_validator(mode="after")
    def every_gate_once(self) -> Self:
        _each_gate_once([checklist.gate for checklist in self.checklists])
        return self

    def at(self, gate: Gate) -> list[ChecklistItem]:
        return next(checklist.items for checklist in self.checklists if checklist.gate == gate)


class PublishedChecklists(Checklists):
    version: int


class Reason(BaseModel):
    """Why a gate fails."""

    model_config = ConfigDict(extra="forbid")

    id: Word
    gate: Gate = Field(description="Where it belongs: found later, it escaped.")
    text: Line
    ai_facet: Line | None = Field(default=None, description="The AI rejection reason that it counts as (R77).")
    rework_facet: Line | None = Field(default=None, description="The rework reason that it counts as (R84).")
    returns_to: Word = Field(description="Where the work goes.")
    returns_to_ai: Word | None = Field(default=None, description="Where it goes instead when AI made the output.")
    preventable: bool = False
    same_take: bool = Field(
        default=False,
        description="The picture stays: a version that failed for this alone, and whose fit had passed, is the capture"
        " that the next rounds are compared with.",
    )

    def keeps_take(self, *, ai: bool) -> bool:
        """Whether what comes next is the same take; what AI makes anew isn't."""
        return self.same_take and not (ai and self.returns_to_ai)

    def target(self, *, ai: bool) -> str:
        """Where it sends the work."""
        return self.returns_to_ai if ai and self.returns_to_ai else self.returns_to


class Reasons(BaseModel):
    """The one taxonomy of reasons."""

    model_config = ConfigDict(extra="forbid")

    furthest_back_first: list[Word] = Field(
        max_length=50, description="Targets in the order in which they win when several reasons name several."
    )
    reasons: list[Reason] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def targets_are_ranked_and_ids_unique(self) -> Self:
        require_none(doubled("/reasons", "id", [reason.id for reason in self.reasons]))
        _unique(self.furthest_back_first)
        named = {reason.target(ai=ai) for reason in self.reasons for ai in (False, True)}
        if unranked := sorted(named - set(self.furthest_back_first)):
            raise ValueError(f"`furthest_back_first` ranks every target; missing: {unranked}")
        return self

    def by_id(self) -> dict[str, Reason]:
        return {reason.id: reason for reason in self.reasons}


class PublishedReasons(Reasons):
    version: int


def _each_gate_once(named: Sequence[Gate]) -> None:
    missing = sorted(set(Gate) - set(named))
    if missing or len(named) != len(Gate):
        raise ValueError(f"each gate appears exactly once; missing: {missing or '-'}")


def _unique(ids: Sequence[str]) -> None:
    if doubled := sorted({one for one in ids if ids.count(one) > 1}):
        raise ValueError(f"names are unique; doubled: {doubled}")
