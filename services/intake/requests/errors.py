"""What a call about a request can fail with."""

from collections.abc import Iterable
from uuid import UUID

from chassis.problems import Conflict, FieldError, Invalid, NotFound


class UnknownRequest(NotFound):
    def __init__(self, request_id: UUID) -> None:
        super().__init__(f"There is no request {request_id}.")


class IllegalAction(Conflict):
    """The state doesn't allow it; `allowed` says what it does allow."""

    def __init__(self, action: str, state: str, allowed: Iterable[str], hint: str = "") -> None:
        names = sorted(allowed)
        why = f"The request is {state} already" if action == state else f"A request that is {state} can't be {action}"
        super().__init__(
            f"{why}; allowed: {', '.join(names) or 'nothing'}.{hint}",
            state=state,
            allowed=names,
        )


class AiUseForbidden(Invalid):
    slug, title = "ai-use-forbidden", "AI may not be used for this"

    def __init__(self, rule_id: str, rule_text: str, policy_version: int) -> None:
        remedy = "Ask for it without AI, or for another use. The AI policy is decided by the owner of `ai_use`."
        super().__init__(
            rule_text,
            errors=[FieldError(pointer="/ai", detail=rule_text, remedy=remedy)],
            rule={"id": rule_id, "text": rule_text, "policy_version": policy_version},
        )
