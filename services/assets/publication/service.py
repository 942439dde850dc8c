"""Publications: asked for, reported live, and taken back. Who does the work is `publishing.py`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from yarl import URL

from chassis.auth import Caller
from chassis.clock import now
from chassis.ids import new_id
from chassis.problems import FieldError, Invalid
from contracts.assets import Version
from contracts.publication import Publication, PublicationState
from contracts.values import Domain
from services.assets.deliveries.signatures import verified_id
from services.assets.outbound import repository as outbound
from services.assets.publication import destinations, repository
from services.assets.publication.connectors.webhook import owner_of_endpoint
from services.assets.publication.domain import CLOCKS_DIFFER, Chore, Happens
from services.assets.publication.errors import NotPublishable, UnknownPublication
from services.assets.publication.repository import Kept
from services.assets.publication.schemas import Destination, LiveReport, PublicationWish, SignedLiveReport
from services.assets.publication.steps import live, may_be_asked_again, set_due, step, withdraw
from services.assets.reference import require_owner
from services.assets.rights.service import check_may_publish
from services.assets.versions import repository as versions
from services.assets.versions.service import get_version
from services.assets.work.domain import Slot


def slot_of(one: Version | Publication) -> Slot:
    return Slot(one.sku, one.colorway, one.view, one.channel)


async def publish_automatically(session: AsyncSession, version: Version, by: str) -> None:
    """A version has just entered the zone of finals: it goes to the destinations of its channel that want every one,
    unless a later one is the slot's final. Whether its rights allow it is looked at when it is sent."""
    final = await versions.final_of_slot(session, slot_of(version))
    if final is None or final.id != version.id:
        return
    for destination in await repository.automatic_destinations(session, version.channel):
        await _ask(session, destination, version, by)


async def withdraw_everywhere(session: AsyncSession, version_id: UUID, by: str, why: str) -> None:
    """A person took the final out."""
    for publication_id in await repository.of_version(session, version_id):
        kept = await _locked(session, publication_id)
        if kept.publication.state is not PublicationState.WITHDRAWN:
            await withdraw(session, kept, by, why)


async def publish(session: AsyncSession, wish: PublicationWish, caller: Caller) -> tuple[Publication, bool]:
    """By hand; False when the version is there already, or on its way. Raises `NotPublishable`, `MayNotPublish`."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    destination = await destinations.get(session, wish.destination)
    if not destination.active:
        raise NotPublishable("inactive", f"The destination {destination.id} is not active.")
    version = await _wanted(session, wish, destination)
    if version.channel != destination.channel:
        takes = f"of the channel {destination.channel}" if destination.channel else "masters"
        raise NotPublishable("channel", f"The destination {destination.id} takes {takes}.")
    await require_final(session, version)
    await check_may_publish(session, version, version.channel, destination.territories)
    return await _ask(session, destination, version, caller.subject)


async def _wanted(session: AsyncSession, wish: PublicationWish, destination: Destination) -> Version:
    if wish.version_id is not None:
        return await get_version(session, wish.version_id)
    assert wish.sku is not None
    assert wish.colorway is not None
    assert wish.view is not None
    final = await versions.final_of_slot(session, Slot(wish.sku, wish.colorway, wish.view, destination.channel))
    if final is None:
        raise NotPublishable("no_final", "It has no approved final: `GET /v1/finals` says why.")
    return final


async def require_final(session: AsyncSession, version: Version) -> None:
    """Only what `GET /v1/finals` would answer. Raises `NotPublishable`."""
    final = await versions.final_of_slot(session, slot_of(version))
    if final is None or final.id != version.id:
        instead = f"; its slot's final is {final.id}" if final else ""
        raise NotPublishable("not_final", f"This version is not the approved final{instead}.")


async def _ask(session: AsyncSession, destination: Destination, version: Version, by: str) -> tuple[Publication, bool]:
    """One row for the version there, new or again. What of the slot waits there stays until it is known that this one
    may go."""
    await repository.lock_slot(session, destination.id, slot_of(version))
    at = now()
    asked: dict[str, Any] = {
        "state": PublicationState.WAITING, "chore": Chore.PUBLISH, "attempts": 0, "message_id": None, "link_id": None,
        "causes": [], "error": None, "asked_by": by, "asked_at": at, "sent_at": None, "live_at": None, "live_url": None,
        "withdrawn_at": None, "withdrawn_because": None, "replaced_by": None,
    }  # fmt: skip
    own = {name: getattr(version, name) for name in ("asset_id", "work_item_id", "sku", "colorway", "view", "channel")}
    name = version.export_name or f"{version.id}.{version.media_type.partition('/')[2]}"
    row = {"id": new_id(), "destination": destination.id, "version_id": version.id, "export_name": name, "change": 0,
           "turn": 1, **own, **asked}  # fmt: skip
    is_new = await repository.add(session, row)
    kept = await repository.find_of_version(session, destination.id, version.id)
    assert kept is not None
    if not is_new:
        if not may_be_asked_again(kept):
            return kept.publication, False
        kept = await step(session, kept, Happens.AGAIN, by, **asked, turn=kept.turn + 1)
    await set_due(session, kept.publication, at)
    return kept.publication, True


async def get(session: AsyncSession, publication_id: UUID) -> Publication:
    """Raises `UnknownPublication`."""
    found = await repository.find(session, publication_id)
    if found is None:
        raise UnknownPublication("There is no publication with this id.")
    return found.publication


async def take_down(session: AsyncSession, publication_id: UUID, why: str, caller: Caller) -> Publication:
    """Raises `UnknownPublication`, `IllegalStep`."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    return (await withdraw(session, await _locked(session, publication_id), caller.subject, why)).publication


async def report_live(session: AsyncSession, publication_id: UUID, report: LiveReport, caller: Caller) -> Publication:
    """Raises `UnknownPublication`, `IllegalStep`, `NotPublishable`, `Invalid`."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    return await _live(session, publication_id, report, caller.subject)


async def hear_live(session: AsyncSession, name: str, headers: Mapping[str, str], body: bytes) -> Publication:
    """A destination says so itself, signed with its endpoint's secret. Raises `BadSignature`, as well for a destination
    that there isn't."""
    verified_id(await outbound.secrets_of(session, owner_of_endpoint(name)), headers, body)
    report = _parse(body)
    if (await get(session, report.publication_id)).destination != name:
        raise UnknownPublication("There is no publication with this id.")
    return await _live(session, report.publication_id, report, name)


def _parse(body: bytes) -> SignedLiveReport:
    """Raises FastAPI's own error, so that the answer looks like that of every other endpoint."""
    try:
        return SignedLiveReport.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise RequestValidationError(
            [{"type": "json_invalid", "loc": ("body", error.pos), "msg": "not JSON", "ctx": {"error": error.msg}}]
        ) from None
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None


async def _live(session: AsyncSession, publication_id: UUID, report: LiveReport, by: str) -> Publication:
    kept = await _locked(session, publication_id)
    at = report.at or now()
    _check_live(report, at, kept.publication.asked_at)
    if kept.publication.state is PublicationState.WAITING and kept.message_id is None:
        raise NotPublishable("not_sent", "It has not been sent yet.")
    return (await live(session, kept, by, report.url, at)).publication


def _check_live(report: LiveReport, at: datetime, asked_at: datetime) -> None:
    """Raises `Invalid`."""
    faults = []
    if not asked_at - CLOCKS_DIFFER <= at <= now() + CLOCKS_DIFFER:
        remedy = f"Send a time between {asked_at.isoformat()} and now, or none."
        faults.append(FieldError(pointer="/at", detail="before it was asked for, or in the future", remedy=remedy))
    if report.url is not None and not _is_page(report.url):
        remedy = "Send a URL such as https://shop.example/p/wj01."
        faults.append(FieldError(pointer="/url", detail="no http or https URL", remedy=remedy))
    if faults:
        raise Invalid("Some fields are wrong; `errors` names each.", errors=faults)


def _is_page(url: str) -> bool:
    try:
        found = URL(url)
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.host) and found.user is None


async def _locked(session: AsyncSession, publication_id: UUID) -> Kept:
    """With its slot at its destination. Raises `UnknownPublication`."""
    publication = await get(session, publication_id)
    await repository.lock_slot(session, publication.destination, slot_of(publication))
    kept = await repository.find(session, publication_id, lock=True)
    assert kept is not None
    return kept
