"""Category packs as the API shows and takes them: the fields that a brief has, and the recipe of its shots."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from chassis.problems import FieldError, doubled, require_none
from contracts.values import ImageSpec, IntendedUse
from services.intake.fields import MAX_LIST, MAX_NUMBER, MAX_SLUG, FilledLine, Slug, Word

FORMATS = {"jpeg", "png", "tiff", "webp"}
MAX_PIXELS = 100_000
MAX_BYTES = 10**10

_MAX_FIELDS = 40
_MAX_VIEWS = 30
_MAX_SHOTS_OF_A_VIEW = 10

Words = Annotated[list[Word], Field(max_length=100)]
AI_FIELDS = ("source_image", "target_model_type", "pose", "styling_constraints", "anatomy_risk")

# What a condition can ask for besides the category's own fields.
MATERIALS, USE = "materials", "use"


class FieldType(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    LIST = "list"


class Condition(BaseModel):
    """Holds when the brief has this value: in a field of the category, among its `materials`, or as its `use`.

    Materials that a choice implies count as named. A category's own field of the name `materials` or `use` comes first.
    """

    model_config = ConfigDict(extra="forbid")

    field: Word = Field(description="A field that is true or false, a choice or a list of choices; `materials`; `use`.")
    value: bool | Slug | Word


class FieldDefinition(BaseModel):
    """One field that a category adds to the brief (R16–R18)."""

    model_config = ConfigDict(extra="forbid")

    name: Word
    type: FieldType
    mandatory: bool = True
    when: Condition | None = Field(
        default=None, description="A mandatory field that is needed only then; otherwise it may be left out."
    )
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
        if self.when and not self.mandatory:
            raise ValueError(f"{self.name} is never mandatory, so its condition contradicts it")
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
        if self.when:
            raise ValueError(f"{self.name}: the uses that need a field of `ai` are named by `only_for`")
        return self


class RecipeView(BaseModel):
    """One view of a recipe (R20–R23)."""

    model_config = ConfigDict(extra="forbid")

    view: Slug
    title: FilledLine
    mandatory: bool = Field(default=True, description="False: only where the brief asks for it.")
    when: Condition | None = Field(default=None, description="A mandatory view that is needed only then.")
    shots: int = Field(
        default=1,
        ge=1,
        le=_MAX_SHOTS_OF_A_VIEW,
        description="Shots that it takes: the second is named `<view>_2`, and so on.",
    )
    spec: ImageSpec

    @property
    def shot_names(self) -> list[str]:
        """The first shot has the view's own name."""
        return [self.view, *(f"{self.view}_{number}" for number in range(2, self.shots + 1))]

    @model_validator(mode="after")
    def shots_can_be_named(self) -> Self:
        if len(self.shot_names[-1]) > MAX_SLUG:
            raise ValueError(f"{self.shot_names[-1]}: the name of a shot has at most {MAX_SLUG} characters")
        return self

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
    retired: bool = Field(
        default=False, description="New requests are returned; those that were accepted before keep their version."
    )
    materials: Words = Field(min_length=1, description="Materials and traits that its products may have.")
    fields: list[FieldDefinition] = Field(default=[], max_length=_MAX_FIELDS)
    recipe: list[RecipeView] = Field(min_length=1, max_length=_MAX_VIEWS)

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        require_none(_faults(self))
        return self


def _faults(pack: CategoryContent) -> Iterator[FieldError]:
    """Everything that contradicts itself, each with its place."""
    views = [view.view for view in pack.recipe]
    yield from doubled("/fields", "name", [field.name for field in pack.fields])
    yield from doubled("/recipe", "view", views)
    if not any(view.mandatory and view.when is None for view in pack.recipe):
        detail = "a recipe has at least one view that is always needed"
        yield FieldError(pointer="/recipe", detail=detail, remedy="Make one view mandatory, without `when`.")
    for number, view in enumerate(pack.recipe):
        if taken := sorted(set(view.shot_names[1:]) & set(views)):
            detail = f"{view.view}: one of its shots would be named like another view: {', '.join(taken)}"
            yield FieldError(pointer=f"/recipe/{number}/shots", detail=detail, remedy="Rename that view.")
    conditions = [(f"/recipe/{number}/when", view.view, view.when) for number, view in enumerate(pack.recipe)]
    conditions += [(f"/fields/{number}/when", field.name, field.when) for number, field in enumerate(pack.fields)]
    for pointer, owner, condition in conditions:
        if condition and (why := _why_it_never_holds(condition, pack.fields, pack.materials)):
            remedy = "Ask for a value that a field of the pack, `materials` or `use` can have, or leave `when` out."
            yield FieldError(pointer=pointer, detail=f"{owner}: its condition can never hold: {why}", remedy=remedy)
    if circle := _circle(pack.fields):
        place = [field.name for field in pack.fields].index(circle[0])
        detail = f"conditions go in a circle: {' needs '.join(circle)}"
        yield FieldError(pointer=f"/fields/{place}/when", detail=detail, remedy="Leave one of these conditions out.")
    for number, field in enumerate(pack.fields):
        implied = {one for materials in field.implies.values() for one in materials}
        if unknown := sorted(implied - set(pack.materials)):
            detail = f"implied materials that are not among the materials: {', '.join(unknown)}"
            yield FieldError(
                pointer=f"/fields/{number}/implies", detail=detail, remedy="Add them to `materials`, or leave them out."
            )


def _why_it_never_holds(
    condition: Condition, fields: Sequence[FieldDefinition], materials: Sequence[str]
) -> str | None:
    name, value = condition.field, condition.value
    said = str(value).lower() if isinstance(value, bool) else value
    field = next((field for field in fields if field.name == name), None)
    if field is None and name not in (MATERIALS, USE):
        return f"there is no field `{name}`"
    if field is not None and field.type is FieldType.BOOLEAN:
        return None if isinstance(value, bool) else f"`{name}` is true or false, never `{said}`"
    if field is not None and not field.choices:
        return f"`{name}` is a {field.type} without choices, which decides nothing"
    values = field.choices if field else materials if name == MATERIALS else list(IntendedUse)
    return None if value in values else f"`{said}` is none of the values of `{name}`: {', '.join(values)}"


def _circle(fields: Sequence[FieldDefinition]) -> list[str]:
    """The fields of which each is needed depending on the next, back to the first one; empty when there is none."""
    names = {field.name for field in fields}
    needs: dict[str, list[str]] = {}
    for field in fields:
        if field.when is None:
            continue
        if field.when.field in names:
            needs[field.name] = [field.when.field]
        elif field.when.field == MATERIALS:
            value = field.when.value
            needs[field.name] = [
                one.name for one in fields if any(value in brought for brought in one.implies.values())
            ]
    for start in needs:
        path, waiting = [start], [iter(needs[start])]
        seen = {start}
        while waiting:
            following = next(waiting[-1], None)
            if following is None:
                waiting.pop()
                path.pop()
            elif following == start:
                return [*path, start]
            elif following not in seen:
                seen.add(following)
                path.append(following)
                waiting.append(iter(needs.get(following, [])))
    return []


class CategoryPack(CategoryContent):
    name: Word


class PublishedCategory(CategoryPack):
    version: int = Field(ge=1)


class Categories(BaseModel):
    items: list[PublishedCategory]


class CategoryVersion(BaseModel):
    """One version of a category: who published it, and when."""

    version: int
    published_by: str
    published_at: AwareDatetime


class AiShotPack(BaseModel):
    """The AI-shot extension (R18): what a brief says under `ai`, besides `use` and `human_review`."""

    model_config = ConfigDict(extra="forbid")

    fields: list[AiFieldDefinition] = Field(max_length=len(AI_FIELDS))

    @model_validator(mode="after")
    def names_are_unique(self) -> Self:
        require_none(doubled("/fields", "name", [field.name for field in self.fields]))
        return self


class PublishedAiShot(AiShotPack):
    version: int = Field(ge=1)
