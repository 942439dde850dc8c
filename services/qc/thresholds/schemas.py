"""The thresholds as a pack: bounds of every check, and where a category is held to others."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, create_model, model_serializer
from pydantic import model_validator as validated

from chassis.problems import FieldError, require_none
from services.qc.reference.schemas import Word
from services.qc.thresholds.consistency import faults_of
from services.qc.thresholds.domain import UNITS, Bounds, Thresholds, changed, completed


class _Changes(BaseModel):
    """Only what changes is said."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_serializer(mode="wrap")
    def only_what_changes(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialized(self).items() if value is not None}


class BoundsChange(_Changes):
    """One of two bounds, or both."""

    passes: float | None = Field(default=None, ge=0)
    flags: float | None = Field(default=None, ge=0)


def _changes_of_thresholds() -> dict[str, Any]:
    """Each field of the thresholds, in its limits, or none."""
    return {
        name: (
            (BoundsChange if one.annotation is Bounds else Annotated[one.annotation, *one.metadata]) | None,
            Field(default=None, description=one.description),
        )
        for name, one in Thresholds.model_fields.items()
    }


ThresholdChanges: type[_Changes] = create_model(
    "ThresholdChanges", __base__=_Changes, __doc__="What a category is held to instead.", **_changes_of_thresholds()
)


class ThresholdsPack(BaseModel):
    """What the checks measure against. From passing over flagged to failing a value only gets worse."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    bounds: Thresholds = Field(description="Of every check, each in its unit.")
    categories: dict[Word, ThresholdChanges] = Field(
        default={}, max_length=200, description="Category → its own bounds; only those that differ."
    )
    units: dict[str, str] = Field(
        default=dict(UNITS), description="In what each threshold is given. Fixed: checks count in these."
    )

    @validated(mode="after")
    def contradicts_nothing(self) -> Self:
        faults = [
            FieldError(
                pointer=f"/units/{name}",
                detail=f"{name} is given in {UNITS[name]}, not in {unit}" if name in UNITS else "no such threshold",
                remedy="Leave the units as you read them, or out.",
            )
            for name, unit in self.units.items()
            if UNITS.get(name) != unit
        ]
        own = list(faults_of(self.bounds))
        known = {fault.detail for fault in own}
        faults += [fault.model_copy(update={"pointer": f"/bounds{fault.pointer}"}) for fault in own]
        for category in self.categories:
            faults += [
                fault.model_copy(update={"pointer": f"/categories/{category}{fault.pointer}"})
                for fault in faults_of(self.of(category))
                if fault.detail not in known  # it is told once, where it comes from
            ]
        require_none(faults)
        return self

    def of(self, category: str) -> Thresholds:
        """What work of this category is held to."""
        own = self.categories.get(category)
        return changed(self.bounds, own.model_dump()) if own else self.bounds


class PublishedThresholds(ThresholdsPack):
    version: int


class StoredThresholds(BaseModel):
    """The same as any release stored it: perhaps with what is no threshold any more, or without a new one. What was
    published is not judged again."""

    bounds: dict[str, Any]
    categories: dict[str, dict[str, Any]]

    def published(self, version: int) -> PublishedThresholds:
        known = {
            category: {name: change for name, change in changes.items() if name in Thresholds.model_fields}
            for category, changes in self.categories.items()
        }
        categories = {category: ThresholdChanges.model_validate(changes) for category, changes in known.items()}
        return PublishedThresholds.model_construct(
            version=version, bounds=completed(self.bounds), categories=categories, units=dict(UNITS)
        )
