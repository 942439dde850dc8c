"""What may be declared of AI's part in a file, by what is on record of its work item."""

from dataclasses import dataclass

from contracts.values import DigitalSourceType

WITHOUT_AI = frozenset({DigitalSourceType.DIGITAL_CAPTURE, DigitalSourceType.HUMAN_EDITS})
INVENTED = frozenset(DigitalSourceType) - WITHOUT_AI - {DigitalSourceType.ALGORITHMICALLY_ENHANCED}
"""Something in it was made by AI, and not only improved."""


@dataclass(frozen=True)
class LabelRecord:
    """What a version's row says."""

    digital_source_type: DigitalSourceType | None = None
    c2pa_manifest: str | None = None


UNLABELLED = LabelRecord()


def contradiction(declared: DigitalSourceType | None, *, ai: bool | None) -> str | None:
    """Why this can't be declared for a work item. `ai`: whether AI is on record for it; None: not known here.

    What nobody has declared is not guessed where AI is on record: the label is the law's, and a wrong one is worse than
    a second delivery. Where none is on record, an improved picture is taken, for that is a retoucher's tool; an
    invented one needs a request that asks for AI.
    """
    if ai is None:
        return None
    if ai and declared is None:
        return "AI is on record for this work item, and nobody says what AI did to the file"
    if ai and declared in WITHOUT_AI:
        return f"AI is on record for this work item, and {declared} says that no AI was used"
    if not ai and declared in INVENTED:
        return f"{declared} says that AI made a part of it, and no AI is on record for this work item"
    return None


def remedy_of(*, ai: bool | None) -> str:
    """What would be taken."""
    taken = [one for one in DigitalSourceType if contradiction(one, ai=ai) is None]
    return f"Declare {', '.join(taken)}." if ai else f"Declare {', '.join(taken)}, or nothing; or ask for AI work."
