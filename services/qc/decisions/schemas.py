"""Decisions as the API takes and shows them."""

from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from contracts.qc import ChecklistAnswer, Decision, FlagAnswer, GateResult, Mark
from contracts.values import Gate, Outcome, Sha256
from services.qc.zoom.schemas import SeenAtZoom

Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Check = Annotated[str, StringConstraints(pattern=r"^[A-Z]\d{2}$")]
Cause = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
T = TypeVar("T")


class NewDecision(BaseModel):
    """A pass or fail at the open gate. It names what was looked at, so that nobody decides on something else."""

    model_config = ConfigDict(extra="forbid")

    work_item_id: UUID
    version_id: UUID
    sha256: Sha256
    gate: Gate
    outcome: Outcome
    checklist_version: int = Field(ge=1, le=2**31 - 1, description="Of the review that was read.")
    answers: dict[Name, ChecklistAnswer] = Field(max_length=100, description="Checklist item → its answer; every item.")
    reasons: list[Name] = Field(default=[], max_length=50, description="Why it fails; a pass has none.")
    note: str = Field(default="", max_length=2000, description="For the person who must fix it.")
    lease_id: UUID | None = Field(
        default=None, description="Of your claim, if it shall count only while that runs. It ends with the decision."
    )
    flags: dict[Check, FlagAnswer] | None = Field(
        default=None, max_length=100, description="Automatic flag → its answer; a pass accepts each one that is open."
    )
    marks: list[Mark] | None = Field(
        default=None, max_length=200, description="Where on the image the reasons show, in its pixels."
    )
    causes: dict[Name, Cause] | None = Field(
        default=None,
        max_length=100,
        description="Item → why it is answered `not_applicable`, which needs one, or `fail`.",
    )
    overrides: dict[Check, Cause] | None = Field(
        default=None,
        max_length=100,
        description="Automatic fail → why it doesn't count; by the owner of that check's gate. Kept as an exception.",
    )

    @field_validator("flags", "marks", "causes", "overrides")
    @classmethod
    def nothing_is_said_one_way(cls, value: T) -> T | None:
        """Empty is the same as absent."""
        return value or None


class Basis(BaseModel):
    """What a decision was made on, as it stood then."""

    review_id: UUID
    inspection_id: UUID
    measured: Sha256 = Field(
        description="SHA-256 of the inspection: of its `id`, `version_id`, `sha256`, `outcome` and `measurements` as"
        " `GET /v1/inspections` gives them, written as the chain writes decisions."
    )
    number: int = Field(ge=1, description="Which of the work item's decisions it is.")


class RecordedDecision(Decision):
    """A decision that counts, and where the gate stands after it."""

    zoom_inspected: bool = Field(
        description="Whoever decided had seen as much at 100 % zoom as is asked (`zoom`). In decisions without `zoom`"
        " that are true, it was their word: cells weren't kept yet."
    )
    zoom: SeenAtZoom | None = Field(default=None, description="What of the image they had seen at 100 % zoom.")
    result: GateResult
    basis: Basis | None = Field(
        default=None, description="What it was made on. None: it is from before that was part of the chain."
    )
    withdrawn: bool | None = Field(
        default=None,
        description="True: it only takes back the decision that it supersedes, whose outcome it repeats; the gate is"
        " open again.",
    )


class DecisionBatch(BaseModel):
    """Decisions on several work items of one SKU: all of them count, or none."""

    model_config = ConfigDict(extra="forbid")

    decisions: list[NewDecision] = Field(min_length=1, max_length=50)


class RecordedBatch(BaseModel):
    items: list[RecordedDecision] = Field(description="In the order in which they were sent.")


class Supersession(BaseModel):
    """What takes the place of a decision."""

    model_config = ConfigDict(extra="forbid")

    decision: NewDecision | None = Field(
        default=None, description="The right one. None: it is only taken back, and the gate is decided anew."
    )
    note: str = Field(default="", max_length=2000, description="Why it is taken back, where it only is.")


class Link(BaseModel):
    """Where a decision stands in the chain of all decisions."""

    position: int = Field(ge=1, description="From 1 on, without a gap.")
    hash: Sha256 = Field(description="SHA-256 over the hash before it (64 zeros before the first) and the decision.")


class LinkedDecision(RecordedDecision):
    """A decision with its link. Hashed is the hash before it, a line feed and this JSON without `link` and nulls, keys
    sorted, without spaces, in UTF-8."""

    link: Link


class SealedDecision(BaseModel):
    """The place of a decision that its reader may not see yet: its gate is open, and waits for others."""

    sealed: Literal[True] = True
    link: Link


class ChainPart(BaseModel):
    """A stretch of the chain, oldest first."""

    items: list[LinkedDecision | SealedDecision]
    head: int = Field(ge=0, description="Position of the newest decision; 0: there is none.")
