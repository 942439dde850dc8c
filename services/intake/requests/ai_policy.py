"""What the AI policy says of one use (R69–R72). Pure.

Of the rules that match, the strictest decides. A rule's empty list matches everything; what the brief has not said yet
matches nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass

from contracts.governance import AiPolicyPublished, AiRule

FORBIDDEN = "forbidden"
# A verdict that is not known here is as strict as the strictest.
_STRICTNESS = {"allowed": 0, "conditional": 1}
_STRICTEST = 2

# R72 is no rule that an edit of the policy can take away.
WITHOUT_HUMAN_ID = "final_without_human"
WITHOUT_HUMAN_TEXT = "A named person signs off every AI output: `human_review` must be true."


@dataclass(frozen=True)
class AiCase:
    """One use of AI, as far as the brief says."""

    use: str | None
    human_review: bool | None
    category: str | None
    materials: frozenset[str]
    intended_use: str | None


@dataclass(frozen=True)
class Ruling:
    """`rules`: those that decided, all of the same verdict; `text` is the first one's."""

    verdict: str
    rules: tuple[str, ...]
    text: str
    conditions: tuple[str, ...]
    raises_class_to: str | None
    policy_version: int


def rule_on(case: AiCase, policy: AiPolicyPublished) -> Ruling | None:
    """The ruling; None when no rule matches."""
    matching = [rule for rule in policy.rules if _matches(rule, case)]
    strictest = max((_strictness(rule) for rule in matching), default=-1)
    deciding = [rule for rule in matching if _strictness(rule) == strictest]
    if case.human_review is False and strictest < _STRICTEST:
        return Ruling(FORBIDDEN, (WITHOUT_HUMAN_ID,), WITHOUT_HUMAN_TEXT, (), None, policy.version)
    if not deciding:
        return None
    return Ruling(
        verdict=FORBIDDEN if strictest == _STRICTEST else deciding[0].verdict,
        rules=tuple(rule.id for rule in deciding),
        text=deciding[0].text,
        conditions=tuple(dict.fromkeys(one for rule in deciding for one in rule.conditions)),
        raises_class_to=max((rule.raises_class_to for rule in deciding if rule.raises_class_to), default=None),
        policy_version=policy.version,
    )


def known_uses(policy: AiPolicyPublished) -> list[str]:
    """Every use that a rule names."""
    return sorted({use for rule in policy.rules for use in rule.uses})


def _strictness(rule: AiRule) -> int:
    return _STRICTNESS.get(rule.verdict, _STRICTEST)


def _matches(rule: AiRule, case: AiCase) -> bool:
    return (
        _covers(rule.uses, case.use)
        and _covers(rule.categories, case.category)
        and _covers(rule.intended_uses, case.intended_use)
        and (not rule.materials or not case.materials.isdisjoint(rule.materials))
        and (not rule.without_human_review or case.human_review is False)
    )


def _covers(named: Collection[str], value: str | None) -> bool:
    return not named or value in named
