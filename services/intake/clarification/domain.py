"""What the conversation says, and which answers fit. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.problems import FieldError
from contracts.intake import Answer, FieldProblem, Question
from services.intake.clarification.schemas import Answers, MessageKind

SERVICE = "intake"
_MOST_TEXT = 2000


@dataclass(frozen=True)
class Entry:
    """A message that is not written yet."""

    id: UUID
    kind: MessageKind
    text: str
    by: str = SERVICE
    pointer: str | None = None
    question_id: UUID | None = None


def said_of_problems(problems: Sequence[FieldProblem]) -> str:
    """Why a brief was returned, as one text; what doesn't fit is counted."""
    said = f"{len(problems)} to complete:" if len(problems) > 1 else "One thing to complete:"
    for number, one in enumerate(problems):
        line = f"\n{one.pointer}: {one.problem} {one.remedy}"
        if len(said) + len(line) > _MOST_TEXT:
            return f"{said}\n… and {len(problems) - number} more."
        said += line
    return said


def reminder_times(returned_at: datetime, hours: Iterable[float]) -> list[datetime]:
    return [returned_at + timedelta(hours=one) for one in hours]


def matched(answers: Answers, questions: Sequence[Question]) -> tuple[list[Answer], list[FieldError]]:
    """The answers in the order of the questions; and what is wrong: every open question has exactly one."""
    open_ones = {question.id: question for question in questions}
    found: dict[UUID, Answer] = {}
    errors = []
    for number, one in enumerate(answers.answers):
        pointer = f"/answers/{number}/question_id"
        if (question := open_ones.get(one.question_id)) is None:
            remedy = "Name one of the request's `questions`."
            errors.append(FieldError(pointer=pointer, detail="It is no open question of this request.", remedy=remedy))
        elif one.question_id in found:
            errors.append(FieldError(pointer=pointer, detail="It is answered twice.", remedy="Send one answer to it."))
        else:
            found[one.question_id] = Answer(question_id=question.id, pointer=question.pointer, text=one.text)
    for question in questions:
        if question.id not in found:
            detail = f"The question {question.id} has no answer: {question.text[:200]}"
            errors.append(FieldError(pointer="/answers", detail=detail, remedy="Answer every open question."))
    return [found[question.id] for question in questions if question.id in found], errors
