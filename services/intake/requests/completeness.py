"""What keeps a brief from being accepted: every missing or wrong field, and what makes it right (R15–R20). Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from contracts.intake import FieldProblem
from contracts.values import ComplexityClass, IntendedUse, Priority
from services.intake.categories.domain import is_needed, values_of, wrong_value
from services.intake.categories.schemas import AiShotPack, CategoryPack, Condition
from services.intake.reference import Reference
from services.intake.requests import ai_policy
from services.intake.requests.ai_policy import AiCase, Ruling
from services.intake.requests.domain import planned_shots
from services.intake.requests.schemas import AiBrief, Brief, WaiverBrief

MAX_SHOTS = 500
LATEST_DEADLINE = timedelta(days=5 * 366)

# Field → what is missing, and what to send (R15).
_NEEDED: Mapping[str, tuple[str, str]] = {
    "sku": ("No SKU or product id is given.", "Send the product's SKU, such as `MB02`."),
    "product_name": ("The product has no name.", "Send its name, such as `Fusion Backpack`."),
    "category": ("No category is named.", "Send one of: {categories}."),
    "materials": ("No material is named.", "Send at least one of the category's materials: {materials}."),
    "use": ("The intended use is not named.", f"Send one of: {', '.join(IntendedUse)}."),
    "colorways": ("No colorway is named.", "Name at least one, such as `gray`."),
    "channels": ("No channel is named.", "Send at least one of: {channels}."),
    "references": ("There is no creative reference.", "Send at least one: a guide, a board or earlier work."),
    "deadline": ("There is no deadline.", "Send a time in the future, such as `2027-03-31T17:00:00Z`."),
    "approval_owner": ("Nobody is named who approves the result.", "Send the person's name as their token has it."),
    "priority": ("The priority is not set.", f"Send one of: {', '.join(Priority)}."),
}


def _words(reference: Reference, pack: CategoryPack | None) -> dict[str, str]:
    """What remedies name of the reference data."""
    return {
        "categories": _listed(name for name, (one, _) in reference.categories.items() if not one.retired),
        "channels": _listed(reference.channels),
        "materials": ", ".join(pack.materials) if pack else "`GET /v1/categories` lists them",
    }


def choices(category: str | None, reference: Reference) -> dict[str, str]:
    """Field → what there is to choose from, in words: for values that are no words at all."""
    pack = reference.categories[category][0] if category in reference.categories else None
    words = _words(reference, pack)
    views = _listed(view.view for view in pack.recipe) if pack else ""
    found = {
        name: _problem("", "", _NEEDED[name][1], words).remedy
        for name in ("category", "materials", "use", "channels", "priority")
    }
    found["required_views"] = f"Name one of its views: {views}." if views else "Name views of the category's recipe."
    found["proposed_class"] = f"Send one of: {', '.join(ComplexityClass)}."
    found["ai.use"] = f"Send one of: {', '.join(ai_policy.known_uses(reference.ai_policy))}."
    return found


def find_problems(
    brief: Brief, case: AiCase | None, ruling: Ruling | None, reference: Reference, at: datetime
) -> list[FieldProblem]:
    """Empty when the brief is complete. `ruling`: what the AI policy says of `case`, the brief's AI use."""
    pack = reference.categories[brief.category][0] if brief.category in reference.categories else None
    words = _words(reference, pack)
    found = [*_missing(brief, words), *_not_known(brief, reference.channels, words), *_deadline(brief, at)]
    if pack is not None and pack.retired:
        found.append(_problem("/category", f"The category `{pack.name}` is retired.", _NEEDED["category"][1], words))
    elif pack is not None:
        found += _against_pack(brief, pack, words)
    elif brief.category is not None:
        found.append(_problem("/category", f"There is no category `{brief.category}`.", _NEEDED["category"][1], words))
    if brief.ai is not None and case is not None:
        found += _ai(brief.ai, case, ruling, reference)
    return found


def _problem(pointer: str, problem: str, remedy: str, words: Mapping[str, str] | None = None) -> FieldProblem:
    for name, value in (words or {}).items():
        remedy = remedy.replace(f"{{{name}}}", value)
    return FieldProblem(pointer=pointer, problem=problem, remedy=remedy)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _is_blank(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _missing(brief: Brief, words: Mapping[str, str]) -> Iterator[FieldProblem]:
    for name, (problem, remedy) in _NEEDED.items():
        if name == "channels" and brief.use == IntendedUse.EXPERIMENT:
            continue  # an experiment is never published
        if _is_blank(getattr(brief, name)):
            yield _problem(f"/{name}", problem, remedy, words)
    for number, one in enumerate(brief.references or ()):
        if _is_blank(one):
            yield _problem(f"/references/{number}", "This reference says nothing.", "Fill it or leave it out.")


def _not_known(brief: Brief, channels: Collection[str], words: Mapping[str, str]) -> Iterator[FieldProblem]:
    """Values that are none of those that there are."""
    for name, value, known in (
        ("use", brief.use, list(IntendedUse)),
        ("priority", brief.priority, list(Priority)),
        ("proposed_class", brief.proposed_class, list(ComplexityClass)),
    ):
        if not _is_blank(value) and value not in known:
            yield _problem(f"/{name}", f"`{value}` is not known.", f"Send one of: {', '.join(known)}.")
    if brief.use == IntendedUse.EXPERIMENT and brief.channels:
        yield _problem("/channels", "An experiment is never published to a channel.", "Leave the channels out.")
    else:
        yield from _not_among("channels", brief.channels, channels, _NEEDED["channels"][1], words)
    yield from _doubled("colorways", brief.colorways)
    yield from _doubled("channels", brief.channels)


def _not_among(
    name: str, values: Sequence[str] | None, known: Collection[str], remedy: str, words: Mapping[str, str]
) -> Iterator[FieldProblem]:
    for number, value in enumerate(values or ()):
        if value not in known:
            yield _problem(f"/{name}/{number}", f"`{value}` is not known.", remedy, words)


def _doubled(name: str, values: Sequence[str] | None) -> Iterator[FieldProblem]:
    for number, value in enumerate(values or ()):
        if value in (values or ())[:number]:
            yield _problem(f"/{name}/{number}", f"`{value}` is named twice.", "Leave it out here.")


def _deadline(brief: Brief, at: datetime) -> Iterator[FieldProblem]:
    if brief.deadline is not None and brief.deadline <= at:
        yield _problem("/deadline", "The deadline has passed.", f"Send a time after {at:%Y-%m-%dT%H:%M:%SZ}.")
    elif brief.deadline is not None and brief.deadline > at + LATEST_DEADLINE:
        yield _problem("/deadline", "The deadline is more than five years away.", "Send the time that is meant.")


def _against_pack(brief: Brief, pack: CategoryPack, words: Mapping[str, str]) -> Iterator[FieldProblem]:
    yield from _not_among("materials", brief.materials, pack.materials, "Send some of: {materials}.", words)
    yield from _attributes(brief, pack)
    views = _listed(view.view for view in pack.recipe)
    shot_names = {name for view in pack.recipe for name in view.shot_names}
    for number, view in enumerate(brief.required_views or ()):
        if not any(view == one.view for one in pack.recipe):
            yield _problem(
                f"/required_views/{number}", f"The recipe has no view `{view}`.", f"Name one of its views: {views}."
            )
    for number, waiver in enumerate(brief.waivers or ()):
        yield from _waiver(f"/waivers/{number}", waiver, brief, shot_names)
    shots = planned_shots(pack, brief)
    planned = Counter(shot.colorway for shot in shots)
    for colorway in dict.fromkeys(brief.colorways or ()):
        if not planned[colorway]:
            yield _problem(
                "/waivers", f"Every view of the colorway `{colorway}` is waived.", "Keep a view, or drop the colorway."
            )
    if len(shots) > MAX_SHOTS:
        yield _problem(
            "/colorways", f"These are {len(shots)} shots; a request has at most {MAX_SHOTS}.", "Split it by colorways."
        )


def _attributes(brief: Brief, pack: CategoryPack) -> Iterator[FieldProblem]:
    attributes = brief.attributes or {}
    values = values_of(pack, attributes, brief.materials or (), brief.use)
    fields = {field.name: field for field in pack.fields}
    for name, field in fields.items():
        value, pointer = attributes.get(name), f"/attributes/{name}"
        if value is None:
            if is_needed(field, values):
                because = f", since {_said(field.when)}" if field.when else ""
                yield _problem(pointer, f"{pack.title}: a brief needs to say {field.asks}{because}.", field.remedy)
        elif wrong := wrong_value(field, value):
            yield _problem(pointer, wrong, field.remedy)
    for name in attributes:
        if name not in fields:
            known = ", ".join(fields) or "none"
            yield _problem(f"/attributes/{name}", f"{pack.title}: no such field.", f"Leave it out; there are: {known}.")


def _said(condition: Condition) -> str:
    value = str(condition.value).lower() if isinstance(condition.value, bool) else condition.value
    return f"`{condition.field}` says `{value}`"


def _waiver(pointer: str, waiver: WaiverBrief, brief: Brief, shot_names: Collection[str]) -> Iterator[FieldProblem]:
    names = _listed(shot_names)
    if waiver.view is None:
        yield _problem(f"{pointer}/view", "It doesn't say which view is waived.", f"Name one of the views: {names}.")
    elif waiver.view not in shot_names:
        yield _problem(
            f"{pointer}/view", f"The recipe has no view `{waiver.view}`.", f"Name one of its views: {names}."
        )
    if _is_blank(waiver.cause):
        yield _problem(f"{pointer}/cause", "It doesn't say why.", "Say why the view isn't needed.")
    if waiver.colorway is not None and waiver.colorway not in (brief.colorways or ()):
        yield _problem(
            f"{pointer}/colorway",
            f"`{waiver.colorway}` is not among the colorways.",
            "Name one of the request's colorways, or none to waive it for all.",
        )


def _ai(ai: AiBrief, case: AiCase, ruling: Ruling | None, reference: Reference) -> Iterator[FieldProblem]:
    known = ai_policy.known_uses(reference.ai_policy)
    if ai.use is None:
        yield _problem("/ai/use", "It doesn't say what AI is to do.", f"Send one of: {', '.join(known)}.")
    elif ai.use not in known:
        yield _problem(
            "/ai/use", f"The AI policy knows no use `{ai.use}`.", f"Send one of: {', '.join(known)}; or leave AI out."
        )
    elif ruling is None:
        yield _problem(
            "/ai/use",
            f"No rule of the AI policy allows `{ai.use}` for {case.category or 'this'}.",
            "Leave AI out, or ask the owner of `ai_use` for a rule.",
        )
    if ai.human_review is None:
        yield _problem(
            "/ai/human_review", "It doesn't say that a person reviews every output.", "Send true: it is a must."
        )
    yield from _ai_fields(ai, reference.ai_shot)


def _ai_fields(ai: AiBrief, pack: AiShotPack) -> Iterator[FieldProblem]:
    for field in pack.fields:
        value = getattr(ai, field.name)
        needed = field.mandatory and (not field.only_for or ai.use in field.only_for)
        if _is_blank(value):
            if needed:
                yield _problem(
                    f"/ai/{field.name}", f"Shots made by AI: a brief needs to say {field.asks}.", field.remedy
                )
        elif wrong := wrong_value(field, value):
            yield _problem(f"/ai/{field.name}", wrong, field.remedy)
