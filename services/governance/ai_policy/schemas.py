"""The AI usage policy as the API shows and takes it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chassis.problems import doubled, require_none
from contracts.values import ComplexityClass

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Words = Annotated[list[Word], Field(max_length=100)]


class Verdict(StrEnum):
    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    FORBIDDEN = "forbidden"


class PolicyRule(BaseModel):
    """One rule. An empty list matches everything; the strictest rule that matches a use decides."""

    model_config = ConfigDict(extra="forbid")

    id: Word
    uses: Words = Field(default=[], description="AI uses, such as `model_shot_from_flat_lay`.")
    categories: Words = []
    materials: Words = []
    intended_uses: Words = Field(default=[], description="Where the result goes: catalog, campaign, …")
    without_human_review: bool = Field(default=False, description="Matches only what no person will review.")
    verdict: Verdict
    text: str = Field(min_length=1, max_length=500, description="The rule in words, shown to who it refuses.")
    conditions: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(default=[], max_length=20)
    raises_class_to: ComplexityClass | None = None

    @model_validator(mode="after")
    def conditions_belong_to_conditional(self) -> Self:
        if (self.verdict is Verdict.CONDITIONAL) != bool(self.conditions):
            raise ValueError("a conditional rule names its conditions, and no other rule has any")
        return self


class AiPolicy(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[PolicyRule] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def ids_are_unique(self) -> Self:
        require_none(doubled("/rules", "id", [rule.id for rule in self.rules]))
        return self


class PublishedPolicy(AiPolicy):
    version: int
