"""Reference data of the gates: whose decision each gate is, what is asked there, and why work is sent back."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from chassis.problems import FieldError, doubled, require_none
from contracts.values import ComplexityClass, Domain, Gate, WorkKind
from services.qc.reference.conditions import Conditions, never_asked

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class GateRule(BaseModel):
    """One gate, and who decides there."""

    model_config = ConfigDict(extra="forbid")

    gate: Gate
    domain: Domain = Field(description="The decision domain: its owner role decides at this gate.")
    by_measurement: list[ComplexityClass] = Field(
        default=[],
        max_length=len(ComplexityClass),
        description="Classes whose work passes here by measurement alone, as its first gate; at the final gate none.",
    )

    @field_validator("by_measurement")
    @classmethod
    def each_class_once(cls, value: list[ComplexityClass]) -> list[ComplexityClass]:
        """To name one twice says no more."""
        return list(dict.fromkeys(value))


class Gates(BaseModel):
    """All gates, in their fixed order: neither can be changed (R52)."""

    model_config = ConfigDict(extra="forbid")

    gates: list[GateRule] = Field(max_length=len(Gate))
    zoom_share: float = Field(
        default=0.95, gt=0, le=1, description="Of the subject's cells, seen at 100 % zoom where the work asks for it."
    )

    @model_validator(mode="after")
    def every_gate_once_in_order(self) -> Self:
        require_none(_not_each_once("/gates", [rule.gate for rule in self.gates]))
        faults = [
            FieldError(
                pointer=f"/gates/{place}/gate",
                detail=f"the order of the gates is fixed: {fixed} comes here, not {rule.gate}",
                remedy=f"Keep the order: {', '.join(Gate)}.",
            )
            for place, (rule, fixed) in enumerate(zip(self.gates, Gate, strict=True))
            if rule.gate is not fixed
        ]
        for place, rule in enumerate(self.gates):
            if rule.gate is Gate.FINAL_QC and rule.by_measurement:
                pointer, detail = f"/gates/{place}/by_measurement", "the final gate is always passed by a person"
                faults.append(FieldError(pointer=pointer, detail=detail, remedy="Send none."))
        require_none(faults)
        return self

    def rule(self, gate: Gate) -> GateRule:
        return next(rule for rule in self.gates if rule.gate == gate)

    def in_order(self, gates: Iterable[Gate]) -> list[Gate]:
        """These gates, in the order in which they are passed."""
        wanted = set(gates)
        return [rule.gate for rule in self.gates if rule.gate in wanted]


class PublishedGates(Gates):
    version: int


class Question(BaseModel):
    """A binary question to a person; yes is a pass."""

    model_config = ConfigDict(extra="forbid")

    id: Word
    text: Line


class ChecklistItem(Question):
    """A question, and of which work it is asked."""

    when: Conditions | None = Field(default=None, description="Asked only of work of which this holds; null: of all.")
    unless: Conditions | None = Field(default=None, description="Not asked of work of which this holds.")

    @model_validator(mode="after")
    def can_be_asked(self) -> Self:
        require_none(never_asked(self.when, self.unless))
        return self

    def is_asked_of_all(self, kind: WorkKind) -> bool:
        """Whether every work item of this kind is asked it."""
        return self.unless is None and (self.when is None or self.when.hold_for_all(kind))


class Checklist(BaseModel):
    """What is answered at one gate: of each work item those items that it is asked."""

    model_config = ConfigDict(extra="forbid")

    gate: Gate
    items: list[ChecklistItem] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def ids_are_unique_and_something_is_always_asked(self) -> Self:
        faults = doubled("/items", "id", [item.id for item in self.items])
        for kind in WorkKind:
            if not any(item.is_asked_of_all(kind) for item in self.items):
                detail = f"no item is asked of every {kind}: some could pass without a single question"
                remedy = f"Let one item be asked of each {kind}: without conditions, or on the kind alone."
                faults.append(FieldError(pointer="/items", detail=detail, remedy=remedy))
        require_none(faults)
        return self


class Checklists(BaseModel):
    """One checklist a gate."""

    model_config = ConfigDict(extra="forbid")

    checklists: list[Checklist] = Field(max_length=len(Gate))

    @model_validator(mode="after")
    def every_gate_once(self) -> Self:
        require_none(_not_each_once("/checklists", [checklist.gate for checklist in self.checklists]))
        return self

    def at(self, gate: Gate) -> list[ChecklistItem]:
        return next(checklist.items for checklist in self.checklists if checklist.gate == gate)


class PublishedChecklists(Checklists):
    version: int


class ComposedChecklist(BaseModel):
    """What work is asked at one gate."""

    gate: Gate
    items: list[Question]


class ComposedChecklists(BaseModel):
    """What work with certain values is asked."""

    version: int = Field(description="Of the checklists that it is composed from.")
    checklists: list[ComposedChecklist]


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
        faults = doubled("/reasons", "id", [reason.id for reason in self.reasons])
        ranked = self.furthest_back_first
        faults += [
            FieldError(
                pointer=f"/furthest_back_first/{place}",
                detail=f"{name} has its rank already",
                remedy="Leave it out here, or where it came before.",
            )
            for place, name in enumerate(ranked)
            if name in ranked[:place]
        ]
        faults += [
            FieldError(
                pointer=f"/reasons/{place}/{key}",
                detail=f"{name} has no rank in `furthest_back_first`",
                remedy=f"Add it there, or name one of: {', '.join(dict.fromkeys(ranked)) or '(none yet)'}.",
            )
            for place, reason in enumerate(self.reasons)
            for key, name in (("returns_to", reason.returns_to), ("returns_to_ai", reason.returns_to_ai))
            if name is not None and name not in ranked
        ]
        require_none(faults)
        return self

    def by_id(self) -> dict[str, Reason]:
        return {reason.id: reason for reason in self.reasons}


class PublishedReasons(Reasons):
    version: int


def _not_each_once(where: str, named: Sequence[Gate]) -> Iterator[FieldError]:
    missing = [gate for gate in Gate if gate not in named]
    if missing or len(named) != len(Gate):
        detail = f"each gate appears exactly once; missing: {', '.join(missing) or '-'}"
        yield FieldError(pointer=where, detail=detail, remedy=f"Send each of {', '.join(Gate)} once.")
