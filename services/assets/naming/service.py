"""The right name of a file, whether a name is it, and what becomes of one that isn't."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.problems import NotFound
from contracts.assets import ChannelPack
from services.assets.channels.service import pack_of_variant
from services.assets.deliveries.schemas import NamedFile, UploadedFile
from services.assets.finals.domain import most_hopeful
from services.assets.naming import repository
from services.assets.naming.domain import MASTER, Rule, base_name, media_type_of, misfit
from services.assets.naming.errors import WrongName
from services.assets.naming.packs import rule_for
from services.assets.naming.schemas import CheckedName, NameAsked, NameWanted, RightName
from services.assets.versions import repository as versions
from services.assets.versions.domain import name_problem
from services.assets.work import repository as work_repository
from services.assets.work.domain import Slot, WorkCopy


async def rule_of(session: AsyncSession, item: WorkCopy, channel_pack: ChannelPack | None = None) -> Rule:
    """What names this item's files: a variant's by the channel pack that it is held to."""
    if channel_pack is None and item.channel is not None:
        channel_pack = await pack_of_variant(session, item.id, item.channel)
    return await rule_for(session, item.channel, channel_pack)


async def right_name(
    session: AsyncSession, item: WorkCopy, media_type: str, rule: Rule, number: int | None = None
) -> str:
    """Of the next file of this item in this format; the slot has it from now on. `number`: the version's, where it is
    known."""
    number = number or await versions.count_of(session, item.id) + 1
    values: dict[str, str | int] = {
        "sku": item.sku,
        "colorway": item.colorway,
        "view": item.view,
        "channel": item.channel or MASTER,
        "number": number,
        "round": item.round,
    }
    base = base_name(rule, values, media_type)
    return await repository.name_of(session, rule.scope, item.slot, base, rule.pack.max_length)


async def export_name(
    session: AsyncSession,
    item: WorkCopy,
    filename: str | None,
    media_type: str,
    channel_pack: ChannelPack | None = None,
    number: int | None = None,
) -> str:
    """The name that a file leaves the house under. Raises `WrongName` where it came with another one, and the pack
    refuses that."""
    rule = await rule_of(session, item, channel_pack)
    right = await right_name(session, item, media_type, rule, number)
    if filename is not None and rule.wrong_names == "refuse" and filename != right:
        raise WrongName(await _misfit(session, filename, right, rule, item.slot) or "it is another one", right)
    return right


async def propose(session: AsyncSession, wanted: NameWanted) -> RightName:
    """Raises `NotFound` where nobody asked for such a file."""
    item = await _item(session, wanted)
    rule = await rule_of(session, item)
    return _answer(rule, await right_name(session, item, f"image/{wanted.format}", rule))


async def check(session: AsyncSession, asked: NameAsked) -> CheckedName:
    """Raises `NotFound` where nobody asked for such a file."""
    item = await _item(session, asked)
    rule = await rule_of(session, item)
    media_type = media_type_of(asked.filename) or f"image/{asked.format}"
    right = await right_name(session, item, media_type, rule)
    problem = await _misfit(session, asked.filename, right, rule, item.slot)
    return CheckedName(**_answer(rule, right).model_dump(), fits=problem is None, problem=problem)


async def refused_names(
    session: AsyncSession,
    files: Sequence[NamedFile],
    uploaded: dict[str, UploadedFile],
    items: Collection[WorkCopy],
) -> dict[tuple[UUID, str, str], str]:
    """Of a delivery's files: work item, file name and SHA-256 → why that name isn't taken for it."""
    refused = dict[tuple[UUID, str, str], str]()
    rules = {channel: await rule_for(session, channel) for channel in {item.channel for item in items}}
    strict = {item.id: await rule_of(session, item) for item in items if rules[item.channel].wrong_names == "refuse"}
    for file in files:
        media_type = found.media_type if (found := uploaded.get(file.sha256)) else None
        for item in items:
            if media_type is None or item.id not in strict or item.slot != file.slot:
                continue
            rule = strict[item.id]
            right = await right_name(session, item, media_type, rule)
            if problem := await _misfit(session, file.filename, right, rule, item.slot):
                why = f"The file name is refused: {problem}. Name it {right}."
                refused[item.id, file.filename, file.sha256] = why
    return refused


async def _misfit(session: AsyncSession, filename: str, right: str, rule: Rule, slot: Slot) -> str | None:
    if problem := name_problem(filename):
        return f"it {problem}"
    owner = await repository.owner_of(session, rule.scope, filename)
    return misfit(filename, right, rule, str(owner) if owner and owner != slot else None)


async def _item(session: AsyncSession, wanted: NameWanted) -> WorkCopy:
    if wanted.work_item_id is not None:
        item = await work_repository.find(session, wanted.work_item_id)
        if item is None:
            raise NotFound("There is no work item with this id.")
        return item
    assert wanted.sku is not None
    assert wanted.colorway is not None
    assert wanted.view is not None
    slot = Slot(wanted.sku, wanted.colorway, wanted.view, wanted.channel)
    items = await work_repository.of_slots(session, [slot])
    if not items:
        raise NotFound(f"Nobody has asked for {slot}.")
    return most_hopeful(items)


def _answer(rule: Rule, name: str) -> RightName:
    return RightName(
        name=name, pattern=rule.pattern, pack=rule.pack_name, pack_version=rule.version, wrong_names=rule.wrong_names
    )
