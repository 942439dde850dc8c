"""Category packs as the API shows and takes them: the fields that a brief has, and the recipe of its shots."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.values import ImageSpec
from services.intake.fields import MAX_LIST, MAX_NUMBER, FilledLine, Slug, Word

FORMATS = {"jpeg", "png", "tiff", "webp"}
MAX_PIXELS = 100_000
MAX_BYTES = 10**10

_MAX_FIELDS = 40
_MAX_VIEWS = 30

Words = Annotated[list[Word], Field(max_length=100)]
AI_FIELDS = ("source_image", "target_model_type", "pose", "styling_constraints", "anatomy_risk")


class FieldType(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    LIST = "list"


class FieldDefinition(BaseModel):
    """One field that a category adds to the brief (R16–R18)."""

    model_config = ConfigDict(extra="forbid")

    name: Word
    type: FieldType
    mandatory: bool = True
    asks: FilledLine = Field(description="What the field says, in words that follow «a brief needs to say».")
    remedy: FilledLine = Field(description="What a requester who left it out or got it wrong should send.")
    choices: Annotated[list[Slug], Field(max_length=MAX_LIST)] = Field(
        default=[], description="Of a choice: its values. Of a list: the values of its items; none: any text."
    )
    minimum: int = Field(default=0, ge=-MAX_NUMBER, le=MAX_NUMBER, description="Of an integer.")
    maximum: int = Field(default=MAX_NUMBER, ge=-MAX_NUMBER, le=MAX_NUMBER, description="Of an integer.")
    implies: dict[Slug, Words] = Field(
        default={},
        max_length=MAX_LIST,
        description="Choice → materials that the product then has, so that a rule on them can't be missed.",
    )

    @model_validator(mode="after")
    def fits_its_type(self) -> Self:
        if self.type is FieldType.CHOICE and not self.choices:
            raise ValueError(f"{self.name} is a choice without choices")
        if self.choices and self.type not in (FieldType.CHOICE, FieldType.LIST):
            raise ValueError(f"{self.name} has choices, but is of type {self.type}")
        if self.minimum > self.maximum:
            raise ValueError(f"{self.name} has a minimum above its maximum")
        if self.implies and (self.type is not FieldType.CHOICE or not set(self.implies) <= set(self.choices)):
            raise ValueError(f"{self.name} implies materials for what is none of its choices")
        return self


class AiFieldDefinition(FieldDefinition):
    """One field of the AI-shot extension."""

    only_for: Words = Field(default=[], description="AI uses that have this field; none named: all.")

    @model_validator(mode="after")
    def is_a_field_of_ai(self) -> Self:
        if self.name not in AI_FIELDS:
            raise ValueError(f"{self.name} is not a field of `ai`; those are: {', '.join(AI_FIELDS)}")
        if self.type not in (FieldType.TEXT, FieldType.CHOICE):
            raise ValueError(f"{self.name} is a text: it can be of type text or choice")
        return self


class Condition(BaseModel):
    """Holds when the brief's attribute has this value."""

    model_config = ConfigDict(extra="forbid")

    field: Word
    value: bool | Slug


class RecipeView(BaseModel):
    """One view of a recipe (R20–R23)."""

    model_config = ConfigDict(extra="forbid")

    view: Slug
    title: FilledLine
    mandatory: bool = Field(default=True, description="False: only where the brief asks for it.")
    when: Condition | None = Field(default=None, description="A mandatory view that is needed only then.")
    spec: ImageSpec

    @model_validator(mode="after")
    def can_be_met(self) -> Self:
        spec = self.spec
        sizes = [spec.min_width, spec.min_height, spec.max_width, spec.max_height]
        sizes += [spec.min_longest_side, spec.max_longest_side]
        pairs = [
            (spec.min_width, spec.max_width),
            (spec.min_height, spec.max_height),
            (spec.min_longest_side, spec.max_longest_side),
            (spec.min_fill, spec.max_fill),
        ]
        if not spec.formats or not set(spec.formats) <= FORMATS or len(spec.formats) > len(FORMATS):
            raise ValueError(f"{self.view}: formats are some of {', '.join(sorted(FORMATS))}")
        if any(size is not None and size > MAX_PIXELS for size in sizes):
            raise ValueError(f"{self.view}: no side is longer than {MAX_PIXELS} pixels")
        if any(least is not None and most is not None and least > most for least, most in pairs):
            raise ValueError(f"{self.view}: a least value is above its greatest")
        if spec.bits not in (8, 16) or (spec.max_bytes or 1) > MAX_BYTES or not 0.01 <= (spec.aspect or 1) <= 100:
            raise ValueError(f"{self.view}: 8 or 16 bits, at most {MAX_BYTES} bytes, an aspect of 0.01 to 100")
        return self


class CategoryContent(BaseModel):
    """What an edit sends: all of the pack anew."""

    model_config = ConfigDict(extra="forbid")

    title: FilledLine = Field(description="The category in words.")
    materials: Words = Field(min_length=1, description="Materials and traits that its products may have.")
    fields: list[FieldDefinition] = Field(default=[], max_length=_MAX_FIELDS)
    recipe: list[RecipeView] = Field(min_length=1, max_length=_MAX_VIEWS)

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        names, views = [field.name for field in self.fields], [view.view for view in self.recipe]
        if doubled := sorted({one for one in [*names, *views] if names.count(one) > 1 or views.count(one) > 1}):
            raise ValueError(f"fields and views are named once; doubled: {', '.join(doubled)}")
        if not any(view.mandatory and view.when is None for view in self.recipe):
            raise ValueError("a recipe has at least one view that is always needed")
        known = {field.name: field for field in self.fields}
        for view in self.recipe:
            if view.when and not _can_hold(view.when, known.get(view.when.field)):
                raise ValueError(f"{view.view}: its condition can never hold")
        implied = {one for field in self.fields for materials in field.implies.values() for one in materials}
        if unknown := sorted(implied - set(self.materials)):
            raise ValueError(f"implied materials that are not among the materials: {', '.join(unknown)}")
        return self


def _can_hold(condition: Condition, field: FieldDefinition | None) -> bool:
    if field is None:
        return False
    if isinstance(condition.value, bool):
        return field.type is FieldType.BOOLEAN
    return field.type is FieldType.CHOICE and condition.value in field.choices


class CategoryPack(CategoryContent):
    name: Word


class PublishedCategory(CategoryPack):
    version: int = Field(ge=1)


class Categories(BaseModel):
    items: list[PublishedCategory]


class AiShotPack(BaseModel):
    """The AI-shot extension (R18): what a brief says under `ai`, besides `use` and `human_review`."""

    model_config = ConfigDict(extra="forbid")

    fields: list[AiFieldDefinition] = Field(max_length=len(AI_FIELDS))

    @model_validator(mode="after")
    def names_are_unique(self) -> Self:
        names = [field.name for field in self.fields]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"fields are named once; doubled: {', '.join(doubled)}")
        return self


class PublishedAiShot(AiShotPack):
    version: int = Field(ge=1)
