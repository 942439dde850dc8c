"""Why work is where it is, as the API shows it."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field


class Decided(BaseModel):
    """One thing that was decided about a work item."""

    decides: str = Field(examples=["track"])
    value: AwareDatetime | str | int | bool | list[str] | None = Field(
        description="What was decided.", examples=["high_complexity"]
    )
    rule: str = Field(description="The rule, or the record, that decided.", examples=["high_risk"])
    because: str = Field(examples=["C4 must not hold up simpler work (complexity_class: c4)"])
    facts: dict[str, list[str]] = Field(
        description="The values that decided, by fact.", examples=[{"complexity_class": ["c4"]}]
    )
    packs: dict[str, int] = Field(description="The packs that hold the rule, and their versions.")
    proposed: str | None = Field(description="What the requester proposed: advice.")
    by: str | None = Field(description="The person who decided; null: the rules did.")
    in_words: str = Field(
        examples=["The track is high_complexity: C4 must not hold up simpler work (complexity_class: c4)."]
    )


class Explanation(BaseModel):
    """Everything that was decided about a work item, in the order in which it was."""

    work_id: UUID
    version: int = Field(description="Of the work item.")
    decided: list[Decided]
