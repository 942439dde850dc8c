"""A request's states, and the shots that an accepted one asks for. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from contracts.values import ImageSpec, ShotPlan
from services.intake.categories.domain import implied_materials, planned_views, values_of
from services.intake.categories.schemas import CategoryPack, RecipeView
from services.intake.requests.errors import IllegalAction
from services.intake.requests.schemas import Brief, RequestState, WaiverBrief


class Action(StrEnum):
    AMENDED = "amended"  # while it is incomplete: checked anew, it is accepted or returned again
    RETURNED = "returned"  # with questions to its requester
    ANSWERED = "answered"
    ACCEPTED = "accepted"  # again: the answers are enough
    CANCELLED = "cancelled"


LEGAL: Mapping[RequestState, frozenset[Action]] = {
    RequestState.RETURNED: frozenset({Action.AMENDED, Action.ANSWERED, Action.CANCELLED}),
    RequestState.ANSWERED: frozenset({Action.ACCEPTED, Action.RETURNED, Action.CANCELLED}),
    RequestState.ACCEPTED: frozenset({Action.RETURNED, Action.CANCELLED}),
    RequestState.CANCELLED: frozenset(),
}
# Of a returned request: one that was never accepted is amended, one that is in production is asked about.
_NEVER_ACCEPTED = frozenset({Action.AMENDED})
_ONCE_ACCEPTED = frozenset({Action.ANSWERED})

COLOUR_CRITICAL = "colour_critical"
"""The trait among the materials that routing's class and the AI policy go by; QC holds its shots to closer bounds."""

_AMEND_INSTEAD = (
    " It is in production: what changes its content is an amendment (`/v1/requests/{id}/amendments`), which says first"
    " what it would change."
)


def legal_actions(state: RequestState, *, was_accepted: bool) -> frozenset[Action]:
    return LEGAL[state] - (_NEVER_ACCEPTED if was_accepted else _ONCE_ACCEPTED)


def require_legal(state: RequestState, action: Action, *, was_accepted: bool = False) -> None:
    """Raises `IllegalAction`, naming what is legal."""
    legal = legal_actions(state, was_accepted=was_accepted)
    if action not in legal:
        is_content = action is Action.AMENDED and was_accepted and state is not RequestState.CANCELLED
        raise IllegalAction(action, state, legal, _AMEND_INSTEAD if is_content else "")


def amended(brief: Brief, changes: Brief) -> Brief:
    """The brief with every top-level field that was sent replaced; one sent as null is taken out."""
    return brief.model_copy(update={name: getattr(changes, name) for name in changes.model_fields_set})


def planned_shots(pack: CategoryPack, brief: Brief) -> list[ShotPlan]:
    """Shots of the recipe's views × colorways, less what is waived; colorway by colorway, in the recipe's order.
    Waiving a view waives all of its shots; waiving one of its later shots waives that one alone."""
    values = values_of(pack, brief.attributes or {}, brief.materials or (), brief.use)
    views = planned_views(pack, values, brief.required_views or ())
    waived = _waived(brief.waivers or (), brief.colorways or ())
    critical = COLOUR_CRITICAL in {*(brief.materials or ()), *implied_materials(pack, brief.attributes or {})}
    specs = {view.view: _spec(view, colour_critical=critical) for view in views}
    return [
        ShotPlan(
            colorway=colorway,
            view=name,
            spec=specs[view.view],
            recipe_view=None if name == view.view else view.view,
        )
        for colorway in brief.colorways or ()
        for view in views
        for name in view.shot_names
        if waived.isdisjoint([(colorway, view.view), (colorway, name)])
    ]


def _spec(view: RecipeView, *, colour_critical: bool) -> ImageSpec:
    """A view's spec, its colour as critical as the product's; a recipe may ask for that by itself."""
    return view.spec.model_copy(update={"colour_critical": True}) if colour_critical else view.spec


def _waived(waivers: Iterable[WaiverBrief], colorways: Sequence[str]) -> set[tuple[str, str]]:
    return {
        (colorway, waiver.view)
        for waiver in waivers
        if waiver.view
        for colorway in ([waiver.colorway] if waiver.colorway else colorways)
    }
