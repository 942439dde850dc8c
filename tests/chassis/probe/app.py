"""The probe's app and settings."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.auth import AnyCaller, Caller, allow
from chassis.clock import now
from chassis.database import Session
from chassis.etags import IfMatch, check_version, set_etag
from chassis.events import Happened, record
from chassis.handlers import Handlers
from chassis.idempotency import Idempotent
from chassis.ids import new_id
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import NotFound
from chassis.service import Service
from chassis.settings import Settings
from chassis.timers import TimerHandler
from contracts.intake import RequestCancelled

router = APIRouter(prefix="/v1")


class ProbeSettings(Settings):
    service: str = Field(default="probe", description="Role and schema.")


class NewTally(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=50)
    amount: int = 0
    tags: list[str] = []


class Tally(BaseModel):
    id: UUID
    name: str
    amount: int
    version: int


def said(cause: str, aggregate_id: UUID) -> RequestCancelled:
    """An event to record or publish; `cause` tells one from another."""
    return RequestCancelled(id=aggregate_id, cause=cause, cancelled_by="probe", cancelled_at=now())


@router.post("/tallies")
async def make_tally(session: Session, caller: AnyCaller, idempotency: Idempotent, body: NewTally) -> Response:
    tally = Tally(id=new_id(), name=body.name, amount=body.amount, version=1)
    await session.execute(
        text("INSERT INTO tally (id, name, amount, version) VALUES (:id, :name, :amount, :version)"),
        tally.model_dump(),
    )
    await record(session, Happened(said(body.name, tally.id), tally.id, 1))
    return await idempotency.answer(201, tally, {"Location": f"/v1/tallies/{tally.id}"})


@router.get("/tallies")
async def list_tallies(
    session: Session, caller: AnyCaller, paging: Paging, name: Annotated[str | None, Query()] = None
) -> Page[Tally]:
    rows = await session.execute(
        text(
            "SELECT id, name, amount, version FROM tally WHERE (CAST(:after AS uuid) IS NULL OR id < :after)"
            " AND (CAST(:name AS text) IS NULL OR name = :name) ORDER BY id DESC LIMIT :limit"
        ),
        {"after": paging.after, "name": name, "limit": paging.limit + 1},
    )
    items = [Tally(**row._mapping) for row in rows]
    return Page(items=items[: paging.limit], next_cursor=next_cursor([item.id for item in items], paging.limit))


@router.put("/tallies/{tally_id}")
async def change_tally(
    session: Session, caller: AnyCaller, tally_id: UUID, expected: IfMatch, body: NewTally, response: Response
) -> Tally:
    found = await session.execute(text("SELECT version FROM tally WHERE id = :id FOR UPDATE"), {"id": tally_id})
    version = found.scalar_one_or_none()
    if version is None:
        raise NotFound(f"There is no tally {tally_id}.")
    check_version(expected, version)
    tally = Tally(id=tally_id, name=body.name, amount=body.amount, version=version + 1)
    await session.execute(
        text("UPDATE tally SET name = :name, amount = :amount, version = :version WHERE id = :id"), tally.model_dump()
    )
    set_etag(response, tally.version)
    return tally


@router.get("/vault")
async def open_vault(caller: Annotated[Caller, allow("keeper", "founder")]) -> dict[str, str]:
    return {"opened_by": caller.subject}


@router.post("/blobs")
async def count_bytes(request: Request) -> dict[str, int]:
    return {"bytes": sum([len(chunk) async for chunk in request.stream()])}


@router.get("/broken")
async def break_down() -> None:
    raise RuntimeError("a bug")


@router.post("/cut-off")
async def cut_off(session: Session) -> None:
    """PostgreSQL goes away in the middle of the transaction."""
    await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await session.execute(text("SELECT 1"))


async def keep_effect(session: AsyncSession, event: Any) -> None:
    """A consumer's handler: one row an event."""
    await session.execute(
        text("INSERT INTO effect (event_id, note) VALUES (:id, :note)"), {"id": event.id, "note": event.data.cause}
    )


def create_app(
    settings: Settings,
    *,
    handlers: Handlers | None = None,
    timers: dict[str, TimerHandler] | None = None,
    batch: int = 100,
    parallel: int = 1,
) -> FastAPI:
    service = Service(settings, timers=timers)
    if handlers is not None:
        service.consume("probe-consumer", handlers, batch=batch, parallel=parallel)
    return create_service_app(
        service, title="Probe", description="For tests.", routers=[router], streaming=("/v1/blobs",)
    )
