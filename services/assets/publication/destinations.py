"""Destinations: kept by the owner of `files_and_rights`."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.problems import FieldError, Invalid
from chassis.timers import Timer, set_timers
from contracts.values import Domain
from services.assets.channels.service import channel_packs
from services.assets.outbound import service as outbound
from services.assets.outbound.client import Outside
from services.assets.outbound.schemas import EndpointEntry
from services.assets.outbound.urls import url_faults
from services.assets.publication import repository
from services.assets.publication.connectors.webhook import owner_of_endpoint
from services.assets.publication.errors import NotPublishable, UnknownDestination
from services.assets.publication.folders import is_below, is_led_away, real_place
from services.assets.publication.schemas import Destination, DestinationEntry, DestinationKind, DestinationWithSecret
from services.assets.publication.steps import PUBLISH, timer_key
from services.assets.reference import require_owner
from services.assets.rights.faults import wrong_channels, wrong_territories


async def keep(
    session: AsyncSession,
    name: str,
    entry: DestinationEntry,
    caller: Caller,
    outside: Outside,
    export_roots: Sequence[str],
) -> tuple[DestinationWithSecret, bool]:
    """A new destination, and True; or the known one with what was changed, and False. What waits for an active one is
    sent now. Raises `Invalid`, and `NotPublishable` where its channel or kind would change: what is there would be
    nobody's."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    await _check(session, entry, outside, export_roots)
    is_folder = entry.kind is DestinationKind.FOLDER
    folder = entry.url.rstrip("/") if is_folder else None
    if folder:
        await repository.lock_folders(session)
        await _check_own(session, name, folder)
    known = await repository.find_destination(session, name, lock=True)
    if known and (known.channel, known.kind, known.folder) != (entry.channel, entry.kind, folder):
        raise NotPublishable("destination", "Its channel, kind and folder stay: make another destination.")
    values = entry.model_dump(include={"channel", "kind", "territories", "automatic", "active"})
    kept = Destination(id=name, folder=folder, kept_by=caller.subject, kept_at=now(), **values)
    is_new = await repository.keep_destination(session, kept)
    secret = None
    if not is_folder:
        said = EndpointEntry(url=entry.url)
        owner, domain = owner_of_endpoint(name), Domain.FILES_AND_RIGHTS
        endpoint, _ = await outbound.keep_endpoint(session, owner, domain, said, caller, sends=entry.active)
        secret = endpoint.secret
    if entry.active:
        due = [Timer(PUBLISH, timer_key(one), now()) for one in await repository.waiting_at(session, name)]
        await set_timers(session, due)
    return DestinationWithSecret(**kept.model_dump(), secret=secret), is_new


async def _check_own(session: AsyncSession, name: str, folder: str) -> None:
    """Raises `NotPublishable` where another destination has the folder, under whatever name."""
    others = [one for one in await repository.every_destination(session) if one.id != name and one.folder]
    places = await asyncio.to_thread(lambda: [real_place(str(one.folder)) for one in others])
    if await asyncio.to_thread(real_place, folder) in places:
        raise NotPublishable("folder", "Another destination has this folder.")


async def _check(session: AsyncSession, entry: DestinationEntry, outside: Outside, export_roots: Sequence[str]) -> None:
    faults = wrong_territories("/territories", entry.territories)
    if entry.channel is not None:
        known = {pack.channel for pack in await channel_packs(session)}
        faults += wrong_channels("/channel", [entry.channel], known)
    if entry.kind is DestinationKind.WEBHOOK:
        faults += url_faults(outside, entry.url, "/url")
    elif not is_below(entry.url, export_roots):
        allowed = ", ".join(export_roots) or "none yet"
        remedy = f"Send a folder below one that `PACKSHOT_EXPORT_ROOTS` names: {allowed}."
        faults.append(FieldError(pointer="/url", detail="no folder that exports may go to", remedy=remedy))
    elif await asyncio.to_thread(is_led_away, entry.url, export_roots):
        remedy = "Send the folder itself, and see that no part of its path is a symbolic link."
        faults.append(FieldError(pointer="/url", detail="a symbolic link leads from it elsewhere", remedy=remedy))
    if faults:
        raise Invalid("Some fields are wrong; `errors` names each.", errors=faults)


async def renew_secret(session: AsyncSession, name: str, overlap: timedelta, caller: Caller) -> DestinationWithSecret:
    """Raises `UnknownDestination`, and `UnknownEndpoint` for a folder."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    found = await get(session, name)
    owner = owner_of_endpoint(name)
    endpoint = await outbound.renew_secret(session, owner, Domain.FILES_AND_RIGHTS, overlap, caller)
    return DestinationWithSecret(**found.model_dump(), secret=endpoint.secret)


async def get(session: AsyncSession, name: str, *, stays: bool = False) -> Destination:
    """`stays`: nobody changes it until the transaction ends. Raises `UnknownDestination`."""
    found = await repository.find_destination(session, name, stays=stays)
    if found is None:
        raise UnknownDestination(f"There is no destination {name}.")
    return found
