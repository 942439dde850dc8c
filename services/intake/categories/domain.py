"""What a category's pack means for one brief. Pure."""

from collections.abc import Iterable, Mapping

from services.intake.categories.schemas import (
    MATERIALS,
    USE,
    CategoryPack,
    Condition,
    FieldDefinition,
    FieldType,
    RecipeView,
)
from services.intake.fields import AttributeValue


def wrong_value(field: FieldDefinition, value: AttributeValue) -> str | None:
    """Why a value is not one of the field's, in words; None when it is."""
    match field.type:
        case FieldType.TEXT:
            return None if isinstance(value, str) and value.strip() else "It must be a text that says something."
        case FieldType.BOOLEAN:
            return None if isinstance(value, bool) else "It must be true or false."
        case FieldType.CHOICE:
            return None if isinstance(value, str) and value in field.choices else _not_among(field.choices)
        case FieldType.INTEGER:
            fits = isinstance(value, int) and not isinstance(value, bool) and field.minimum <= value <= field.maximum
            return None if fits else f"It must be a whole number from {field.minimum} to {field.maximum}."
        case FieldType.LIST:
            if not isinstance(value, list) or not value or not all(one.strip() for one in value):
                return "It must be a list of at least one text."
            return _not_among(field.choices) if field.choices and not set(value) <= set(field.choices) else None


def _not_among(choices: Iterable[str]) -> str:
    return f"It must be one of: {', '.join(choices)}."


def implied_materials(pack: CategoryPack, attributes: Mapping[str, AttributeValue]) -> set[str]:
    """Materials that the chosen attributes bring with them."""
    chosen = [(field, attributes.get(field.name)) for field in pack.fields if field.implies]
    return {one for field, value in chosen if isinstance(value, str) for one in field.implies.get(value, [])}


def values_of(
    pack: CategoryPack, attributes: Mapping[str, AttributeValue], materials: Iterable[str], use: str | None
) -> dict[str, AttributeValue]:
    """What conditions can ask for, as far as the brief says."""
    known: dict[str, AttributeValue] = {MATERIALS: sorted({*materials, *implied_materials(pack, attributes)})}
    if use is not None:
        known[USE] = use
    return known | {field.name: attributes[field.name] for field in pack.fields if field.name in attributes}


def is_needed(one: FieldDefinition | RecipeView, values: Mapping[str, AttributeValue]) -> bool:
    """Whether a brief with these values needs a field or a view."""
    return one.mandatory and (one.when is None or _holds(one.when, values))


def _holds(condition: Condition, values: Mapping[str, AttributeValue]) -> bool:
    value = values.get(condition.field)
    if isinstance(value, list):
        return condition.value in value
    return type(value) is type(condition.value) and value == condition.value  # 1 is not true


def planned_views(
    pack: CategoryPack, values: Mapping[str, AttributeValue], asked_for: Iterable[str]
) -> list[RecipeView]:
    """The views of the recipe that these values need, and those that were asked for, in the recipe's order."""
    extra = set(asked_for)
    return [view for view in pack.recipe if view.view in extra or is_needed(view, values)]
