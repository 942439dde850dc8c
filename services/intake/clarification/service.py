"""Use cases of clarification: production asks about an accepted request, its requester answers, production accepts.

Each changes one request under its lock, writes what happened into the conversation, and records the event.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.pagination import Page, PageRequest, next_cursor
from chassis.problems import Conflict, FieldError, Invalid, Unavailable
from contracts.intake import Question, RequestAnswered, RequestClarified, RequestReturned
from contracts.values import Domain
from services.intake.clarification import repository, thread
from services.intake.clarification.domain import Entry, matched
from services.intake.clarification.schemas import (
    Answers,
    ClarificationPack,
    Message,
    MessageKind,
    Note,
    PublishedClarification,
    Return,
)
from services.intake.reference import CLARIFICATION, require_owner
from services.intake.requests import repository as requests
from services.intake.requests.domain import Action, require_legal
from services.intake.requests.errors import UnknownRequest
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import RequestState, RequestView
from services.intake.requests.service import locked, view_of

MOST_MESSAGES = 1000
LEAST_HOURS = 1 / 60


async def send_back(session: AsyncSession, request_id: UUID, asked: Return, caller: Caller) -> RequestView:
    """Returns an accepted request, or one whose answers aren't enough, to its requester with questions."""
    stored = await _locked_for(session, request_id, Action.RETURNED)
    at = now()
    questions = [
        Question(id=new_id(), pointer=one.pointer, text=one.text, asked_by=caller.subject) for one in asked.questions
    ]
    moved = _moved(stored, RequestState.RETURNED, at)
    returned = replace(moved, questions=questions, returned_at=at, returned_version=moved.version)
    await requests.replace(session, returned)
    how_many = "a question" if len(questions) == 1 else f"{len(questions)} questions"
    said = f"{caller.subject} asks {how_many}; the SLA clock stands still."
    entries = [Entry(new_id(), MessageKind.RETURNED, said)]
    entries += [Entry(one.id, MessageKind.QUESTION, one.text, caller.subject, one.pointer) for one in questions]
    await thread.write(session, returned, entries)
    await thread.set_reminders(session, [returned])
    event = RequestReturned(
        id=stored.id,
        sku=stored.brief.sku,
        category=stored.brief.category,
        requested_by=stored.requested_by,
        problems=[],
        returned_at=at,
        questions=questions,
        returned_by=caller.subject,
    )
    await record(session, Happened(event, stored.id, returned.version))
    return view_of(returned)


async def answer(session: AsyncSession, request_id: UUID, sent: Answers, caller: Caller) -> RequestView:
    """Answers every open question: the request is with us again."""
    stored = await _locked_for(session, request_id, Action.ANSWERED)
    answers, errors = matched(sent, stored.questions)
    if errors:
        raise Invalid("Each open question needs one answer.", errors=errors)
    at = now()
    answered = replace(_moved(stored, RequestState.ANSWERED, at), questions=[], answered_at=at)
    await requests.replace(session, answered)
    await thread.stop_reminders(session, stored)
    entries = [
        Entry(new_id(), MessageKind.ANSWER, one.text, caller.subject, one.pointer, one.question_id) for one in answers
    ]
    await thread.write(session, answered, entries)
    event = RequestAnswered(
        id=stored.id,
        sku=stored.brief.sku,
        category=stored.brief.category,
        requested_by=stored.requested_by,
        answers=answers,
        answered_by=caller.subject,
        returned_at=stored.returned_at or at,
        answered_at=at,
    )
    await record(session, Happened(event, stored.id, answered.version))
    return view_of(answered)


async def accept(session: AsyncSession, request_id: UUID, caller: Caller) -> RequestView:
    """The answers are enough: accepted again, with the content that it had."""
    stored = await _locked_for(session, request_id, Action.ACCEPTED)
    at = now()
    accepted = _moved(stored, RequestState.ACCEPTED, at)
    await requests.replace(session, accepted)
    said = f"Accepted again by {caller.subject}: the answers are enough."
    await thread.write(session, accepted, [Entry(new_id(), MessageKind.ACCEPTED, said)])
    event = RequestClarified(
        id=stored.id,
        sku=stored.brief.sku,
        category=stored.brief.category,
        requested_by=stored.requested_by,
        clarified_by=caller.subject,
        returned_at=stored.returned_at or at,
        answered_at=stored.answered_at or at,
        clarified_at=at,
    )
    await record(session, Happened(event, stored.id, accepted.version))
    return view_of(accepted)


async def say(session: AsyncSession, request_id: UUID, note: Note, caller: Caller) -> Message:
    """Adds a note, whatever the request's state. It changes nothing else: the version stays."""
    stored, message_id = await locked(session, request_id), new_id()
    if await repository.count(session, stored.id) >= MOST_MESSAGES:
        raise Conflict(f"A conversation has at most {MOST_MESSAGES} messages. Settle the rest by an amendment.")
    entry = Entry(message_id, MessageKind.NOTE, note.text, caller.subject, note.pointer)
    await repository.add(session, stored.id, [entry], now())
    found = await repository.find(session, stored.id, message_id)
    assert found is not None
    return found


async def conversation(session: AsyncSession, request_id: UUID, page: PageRequest) -> Page[Message]:
    """Oldest first."""
    if await requests.find(session, request_id) is None:
        raise UnknownRequest(request_id)
    above = 0
    if page.after is not None:
        last = await repository.find(session, request_id, page.after)
        if last is None:
            error = FieldError(pointer="query/cursor", detail="unknown", remedy="Send a `next_cursor` as you got it.")
            raise Invalid("The cursor is not one of ours.", errors=[error])
        above = last.number
    found = await repository.oldest(session, request_id, above=above, limit=page.limit + 1)
    return Page[Message](
        items=found[: page.limit],
        next_cursor=next_cursor([one.id for one in found], page.limit),
    )


async def publish_default_pack(session: AsyncSession, folder: Path) -> None:
    """Version 1, on the first start."""
    pack = ClarificationPack.model_validate(read_toml(folder / f"{CLARIFICATION}.toml"))
    await publish_default(session, CLARIFICATION, pack)


async def current_pack(session: AsyncSession) -> PublishedClarification:
    found = await load_pack(session, CLARIFICATION, ClarificationPack)
    if found is None:
        raise Unavailable("The packs are not loaded yet.")
    return PublishedClarification(**dict(found[0]), version=found[1])


async def edit_pack(
    session: AsyncSession, content: ClarificationPack, caller: Caller, expected: int
) -> PublishedClarification:
    """The next version, by the owner of `intake_standard`; for the returns after it."""
    await require_owner(session, caller, Domain.INTAKE_STANDARD)
    _require_time_to_answer(content)
    version = await publish_pack(session, CLARIFICATION, content, by=caller.subject, expected=expected)
    return PublishedClarification(**dict(content), version=version)


def _require_time_to_answer(pack: ClarificationPack) -> None:
    errors = [
        FieldError(
            pointer=f"/reminder_hours/{number}",
            detail="A reminder comes at least a minute after the return.",
            remedy="Send 0.02 or more.",
        )
        for number, hours in enumerate(pack.reminder_hours)
        if hours < LEAST_HOURS
    ]
    if errors:
        raise Invalid("Nobody could have answered before they are reminded; `errors` says where.", errors=errors)


async def _locked_for(session: AsyncSession, request_id: UUID, action: Action) -> StoredRequest:
    stored = await locked(session, request_id)
    require_legal(stored.state, action, was_accepted=stored.was_accepted)
    return stored


def _moved(stored: StoredRequest, state: RequestState, at: datetime) -> StoredRequest:
    return replace(stored, version=stored.version + 1, state=state, updated_at=at)
