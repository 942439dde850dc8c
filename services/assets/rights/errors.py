"""Why a right can't be changed, and why a picture may not be used."""

from typing import Any

from chassis.problems import Conflict
from services.assets.rights.schemas import RightsAnswer

MOST_TOLD = 10


class IsRevoked(Conflict):
    """What was revoked stays so: a new right takes its place."""

    slug, title = "right-revoked", "This right was revoked"


class MayNotPublish(Conflict):
    """`causes`: each in words, with what would be right."""

    slug, title = "rights", "Its rights don't allow that"

    def __init__(self, answer: RightsAnswer, remedy: str = "") -> None:
        super().__init__(f"{in_words(answer)} {remedy}".rstrip(), **causes_of(answer))


def in_words(answer: RightsAnswer) -> str:
    """The causes against it, in one text."""
    told = [one.detail for one in answer.causes[:MOST_TOLD]]
    more = len(answer.causes) - len(told)
    return " ".join([*told, f"{more} more causes are in `causes`."] if more else told)


def causes_of(answer: RightsAnswer) -> dict[str, Any]:
    """What a problem says besides its words."""
    return {
        "version_id": str(answer.version_id),
        "causes": [one.model_dump(mode="json") for one in answer.causes],
    }
