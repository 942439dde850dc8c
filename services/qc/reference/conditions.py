"""Of which work a checklist item is asked: conditions as data. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chassis.problems import FieldError, require_none
from contracts.values import ComplexityClass, ImageSpec, IntendedUse, WorkItem, WorkKind

Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Words = Annotated[list[Word], Field(min_length=1, max_length=100)]
SpecAsk = Literal["white_background", "colour_critical", "centred", "whole_subject", "straight", "clipping_path"]
Facts = Mapping[str, frozenset[str]]
"""What work is: each name of a condition → the values that the work has, in lower case: `Lace` is `lace`."""

SPEC_ASKS: frozenset[str] = frozenset(get_args(SpecAsk))
# Conditions of which work always meets exactly one value: one on all of them always holds.
ALWAYS_ONE: Facts = {
    "kinds": frozenset(WorkKind),
    "classes": frozenset(one.lower() for one in ComplexityClass),
    "ai": frozenset({"true", "false"}),
}
_NUMBER = re.compile(r"_\d+$")


class Conditions(BaseModel):
    """All that are given must hold; each holds where the work has at least one of its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: Words | None = None
    materials: Words | None = Field(default=None, description="One of the product's.", examples=[["lace", "sequins"]])
    views: Words | None = Field(default=None, description="A view names all of its shots: `detail` also `detail_2`.")
    channels: Words | None = Field(default=None, description="Of a variant; a shot has none.")
    uses: list[IntendedUse] | None = Field(default=None, min_length=1, description="What the pictures are for.")
    kinds: list[WorkKind] | None = Field(default=None, min_length=1)
    classes: list[ComplexityClass] | None = Field(default=None, min_length=1)
    tracks: Words | None = None
    specs: list[SpecAsk] | None = Field(default=None, min_length=1, description="What the file's spec asks for.")
    ai: bool | None = Field(default=None, description="Whether AI has a part in the work.")

    @model_validator(mode="after")
    def may_hold(self) -> Self:
        require_none(_never_holds(self))
        return self

    @cached_property
    def wanted(self) -> Facts:
        """Condition → its values, of those that are given. What has a channel is a variant."""
        said = self.model_dump(mode="json", exclude_none=True)
        wanted = {
            name: _texts(*(values if isinstance(values, list) else [str(values)])) for name, values in said.items()
        }
        return {"kinds": _texts(WorkKind.VARIANT), **wanted} if self.channels else wanted

    def hold(self, facts: Facts) -> bool:
        return all(values & facts.get(name, frozenset()) for name, values in self.wanted.items())

    def hold_for_all(self, kind: WorkKind) -> bool:
        """Whether all work of this kind meets them."""
        return all(
            kind in values if name == "kinds" else values == ALWAYS_ONE.get(name)
            for name, values in self.wanted.items()
        )


def facts_of(work: WorkItem) -> Facts:
    """What decides which items a work item is asked, as it stands now."""
    return facts(
        category=work.category,
        materials=work.materials,
        view=work.view,
        channel=work.channel,
        use=work.use,
        kind=work.kind,
        complexity_class=work.complexity_class,
        track=work.track,
        specs=asked_by(work.spec),
        ai=work.ai,
    )


def facts(
    *,
    category: str | None = None,
    materials: Iterable[str] = (),
    view: str | None = None,
    channel: str | None = None,
    use: str | None = None,
    kind: WorkKind,
    complexity_class: ComplexityClass | None = None,
    track: str | None = None,
    specs: Iterable[str] = (),
    ai: bool,
) -> Facts:
    """The same of single values; what is None meets no condition."""
    return {
        "categories": _texts(category),
        "materials": _texts(*materials),
        "views": _texts(view, _NUMBER.sub("", view) if view else None),
        "channels": _texts(channel),
        "uses": _texts(use),
        "kinds": _texts(kind),
        "classes": _texts(complexity_class),
        "tracks": _texts(track),
        "specs": _texts(*specs),
        "ai": _texts(str(ai)),
    }


def asked_by(spec: ImageSpec) -> frozenset[str]:
    """What a spec asks for, of what conditions know."""
    return frozenset(name for name in SPEC_ASKS if getattr(spec, name))


def never_asked(when: Conditions | None, unless: Conditions | None) -> Iterator[FieldError]:
    """What is wrong with an item's conditions together: `unless` holds wherever `when` does."""
    if unless is None:
        return
    asked_of = {**ALWAYS_ONE, **(when.wanted if when else {})}
    if all(name in asked_of and asked_of[name] <= values for name, values in unless.wanted.items()):
        detail = "it would never be asked: `unless` holds wherever `when` does"
        yield FieldError(pointer="/unless", detail=detail, remedy="Narrow `unless`, or leave the item out.")


def _never_holds(conditions: Conditions) -> Iterator[FieldError]:
    if not conditions.wanted:
        detail, remedy = "names no condition", "Name one, or leave it out."
        yield FieldError(pointer="", detail=detail, remedy=remedy)
    if conditions.channels and conditions.kinds and WorkKind.VARIANT not in conditions.kinds:
        detail = "never holds: a channel is a variant's, and `kinds` has no variant"
        yield FieldError(pointer="/channels", detail=detail, remedy="Leave `channels` or `kinds` out.")


def _texts(*values: str | None) -> frozenset[str]:
    return frozenset(value.lower() for value in values if value)
