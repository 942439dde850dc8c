"""Events of governance: who may decide what, and what AI may do."""

from typing import ClassVar

from pydantic import Field

from contracts.envelope import EventData, Value
from contracts.values import Domain, Role


class DomainOwner(Value):
    domain: Domain
    decides: str
    owner_role: Role


class DecisionDomainsPublished(EventData):
    """A version of the decision domains is in force."""

    type: ClassVar[str] = "governance.decision_domains.published.v1"
    version: int = Field(ge=1)
    domains: list[DomainOwner]


class AiRule(Value):
    """One rule of the AI policy. Empty lists match everything."""

    id: str
    uses: list[str]
    categories: list[str]
    materials: list[str]
    intended_uses: list[str]
    without_human_review: bool = Field(description="Matches only what no person will review.")
    verdict: str = Field(description="`allowed`, `conditional` or `forbidden`.")
    text: str
    conditions: list[str]
    raises_class_to: str | None


class AiPolicyPublished(EventData):
    """A version of the AI usage policy is in force."""

    type: ClassVar[str] = "governance.ai_policy.published.v1"
    version: int = Field(ge=1)
    rules: list[AiRule]


EVENTS: tuple[type[EventData], ...] = (DecisionDomainsPublished, AiPolicyPublished)
