"""An amendment's states, who decides, and what must be said before work is lost. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from chassis.auth import Caller
from chassis.problems import FieldError
from contracts.amendments import Quote, QuoteLine
from contracts.values import Role
from services.intake.amendments.errors import IllegalStep, LossesNotAcknowledged, NotYours
from services.intake.amendments.schemas import AmendmentState
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import Brief

MOST_NAMED = 50


class Action(StrEnum):
    QUOTE = "quote"  # routing computed what it would do
    ACCEPT = "accept"
    APPLY = "apply"  # routing applied it
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    REFUSE = "refuse"  # routing can't apply it


# Where each action leads. What is missing is illegal.
TRANSITIONS: Mapping[AmendmentState, Mapping[Action, AmendmentState]] = {
    AmendmentState.PROPOSED: {
        Action.QUOTE: AmendmentState.QUOTED,
        Action.WITHDRAW: AmendmentState.WITHDRAWN,
        Action.EXPIRE: AmendmentState.EXPIRED,
        Action.REFUSE: AmendmentState.REFUSED,
    },
    AmendmentState.QUOTED: {
        Action.QUOTE: AmendmentState.QUOTED,
        Action.ACCEPT: AmendmentState.ACCEPTED,
        Action.REJECT: AmendmentState.REJECTED,
        Action.WITHDRAW: AmendmentState.WITHDRAWN,
        Action.EXPIRE: AmendmentState.EXPIRED,
        Action.REFUSE: AmendmentState.REFUSED,
    },
    AmendmentState.ACCEPTED: {
        Action.QUOTE: AmendmentState.QUOTED,
        Action.APPLY: AmendmentState.APPLIED,
        Action.REFUSE: AmendmentState.REFUSED,
    },
    AmendmentState.APPLIED: {},
    AmendmentState.REJECTED: {},
    AmendmentState.WITHDRAWN: {},
    AmendmentState.EXPIRED: {},
    AmendmentState.REFUSED: {},
}

# A request has one of these at a time.
OPEN = frozenset(state for state, steps in TRANSITIONS.items() if steps)

# They decide for the owner, who may be away: the schedule is theirs.
DECIDE_FOR_OTHERS = (Role.PRODUCER, Role.CREATIVE_OPS_MANAGER)


def next_state(state: AmendmentState, action: Action) -> AmendmentState:
    """Raises `IllegalStep`, naming what is legal."""
    if action not in TRANSITIONS[state]:
        raise IllegalStep(action, state, TRANSITIONS[state])
    return TRANSITIONS[state][action]


def require_owner(caller: Caller, request: StoredRequest, *also: str) -> None:
    """The request's approval owner and its requester decide, a producer or creative_ops_manager in their place; `also`
    names others. Raises `NotYours`."""
    owners = {(request.brief.approval_owner or "").strip(), request.requested_by, *also}
    if caller.subject not in owners and not caller.has(*DECIDE_FOR_OTHERS):
        raise NotYours(sorted(owners - {""}), DECIDE_FOR_OTHERS)


def require_acknowledgement(quote: Quote, acknowledged: bool) -> None:
    """Raises `LossesNotAcknowledged`, naming the items, when work past a gate would be lost and nobody said so."""
    if quote.losses == 0 or acknowledged:
        return
    lost = [line for line in quote.lines if line.is_loss][:MOST_NAMED]
    raise LossesNotAcknowledged(quote.losses, [_loss(line) for line in lost], quote.cost.lost, quote.cost.currency)


def changed_fields(before: Brief, after: Brief) -> list[str]:
    """The top-level fields that differ, in the brief's order."""
    return [name for name in Brief.model_fields if getattr(before, name) != getattr(after, name)]


def _loss(line: QuoteLine) -> FieldError:
    slot = " ".join(part for part in (line.colorway, line.view, line.channel) if part)
    far = f"past the gate {line.gate}" if line.gate else line.progress.replace("_", " ")
    return FieldError(
        pointer="/acknowledge_losses",
        detail=f"{slot} is {far} and would be {line.effect} (work item {line.work_item_id}).",
        remedy="Send `acknowledge_losses: true` if that is meant; reject it otherwise.",
    )
