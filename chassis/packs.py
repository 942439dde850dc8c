"""Packs: reference data with versions. The owner publishes every version; others keep copies from its events.

A pack is never changed in place. Version 1 is the default that comes with the service.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, Field, create_model
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.etags import IfMatch, check_version
from chassis.events import Happened, record
from chassis.problems import FieldError, Invalid
from contracts.envelope import EventData

P = TypeVar("P", bound=BaseModel)
DEFAULTS_BY = "defaults"


def read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def edit_of(model: type[P], *in_path: str) -> Any:
    """The body of an edit, as `Annotated[Pack, edit_of(Pack)]`: the pack's content, as a `GET` gave it or without its
    `version`. What is in the path may be in the body too (`in_path`). Raises `Invalid` where it contradicts
    `If-Match` or the path."""
    also: dict[str, Any] = {"version": (int | None, Field(default=None, description="As it was read: `If-Match`."))}
    also |= {name: (str | None, Field(default=None, description="As in the path.")) for name in in_path}
    sent = create_model(f"{model.__name__}Edit", __base__=model, __doc__=model.__doc__, **also)

    async def content(request: Request, expected: IfMatch, body: sent) -> BaseModel:  # type: ignore[valid-type]
        said = {
            "version": ("`If-Match`", expected),
            **{name: ("the path", request.path_params[name]) for name in in_path},
        }
        values: dict[str, Any] = dict(body)
        errors = [
            FieldError(
                pointer=f"/{name}",
                detail=f"the body says {values[name]}, but {where} says {value}",
                remedy="Leave it out of the body, or send both as you read them.",
            )
            for name, (where, value) in said.items()
            if values[name] not in (None, value)
        ]
        if errors:
            raise Invalid("The body contradicts what it is sent to; `errors` says where.", errors=errors)
        return model.model_construct(**{name: values[name] for name in model.model_fields})

    return Depends(content)


async def latest_version(session: AsyncSession, name: str) -> int:
    """0 when there is none."""
    found = await session.execute(text("SELECT coalesce(max(version), 0) FROM pack WHERE name = :name"), {"name": name})
    return int(found.scalar_one())


async def load_pack(
    session: AsyncSession, name: str, model: type[P], version: int | None = None
) -> tuple[P, int] | None:
    """A pack and its version (None: the newest); None when it isn't there (yet)."""
    row = (
        await session.execute(
            text(
                "SELECT content, version FROM pack WHERE name = :name AND (:version < 0 OR version = :version)"
                " ORDER BY version DESC LIMIT 1"
            ),
            {"name": name, "version": -1 if version is None else version},
        )
    ).first()
    return (model.model_validate(row.content), row.version) if row else None


async def load_packs(session: AsyncSession, prefix: str, model: type[P]) -> list[tuple[P, int]]:
    """The newest version of every pack whose name begins with `prefix`."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT ON (name) content, version FROM pack WHERE starts_with(name, :prefix)"
            " ORDER BY name, version DESC"
        ),
        {"prefix": prefix},
    )
    return [(model.model_validate(row.content), row.version) for row in rows]


async def keep_pack(session: AsyncSession, name: str, version: int, content: BaseModel, by: str) -> bool:
    """Store one version, once. A consumer keeps its copies with it. False when it was there already."""
    kept: Any = await session.execute(
        text(
            "INSERT INTO pack (name, version, content, published_by, published_at)"
            " VALUES (:name, :version, CAST(:content AS jsonb), :by, :now) ON CONFLICT DO NOTHING"
        ),
        {"name": name, "version": version, "content": content.model_dump_json(), "by": by, "now": now()},
    )
    return bool(kept.rowcount)


async def publish_pack(
    session: AsyncSession,
    name: str,
    content: P,
    *,
    by: str,
    expected: int,
    event: Callable[[P, int], EventData] | None = None,
) -> int:
    """The owner's edit of version `expected`: stores the next one and says so. Returns its number."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('pack ' || :name))"), {"name": name})
    check_version(expected, await latest_version(session, name))
    version = expected + 1
    await keep_pack(session, name, version, content, by)
    if event is not None:
        await record(session, Happened(event(content, version), name.replace("/", "-"), version))
    return version


async def publish_default(
    session: AsyncSession, name: str, content: P, event: Callable[[P, int], EventData] | None = None
) -> None:
    """Version 1, on the first start."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('pack ' || :name))"), {"name": name})
    if await latest_version(session, name) == 0:
        await publish_pack(session, name, content, by=DEFAULTS_BY, expected=0, event=event)
