"""Choosing what a version is compared with, from what qc itself knows."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import WorkItem, WorkKind
from services.qc.colour_references import repository as colour_references
from services.qc.comparison import repository
from services.qc.comparison.domain import (
    ApprovedColours,
    Fingerprint,
    Place,
    References,
    RightName,
    batch_of,
    capture_among,
    recorded_use,
    shoot_of,
    shows_dust,
)
from services.qc.decisions import repository as decisions
from services.qc.reference import service as reference

RENAMED = "accept"  # by its naming pack: the file's own name doesn't matter, for it is renamed on export


async def choose(session: AsyncSession, work: WorkItem, version: Version) -> References:
    """All but the other slots' pictures and the shoot: those are chosen by what the file itself shows (`completed`).

    A shot is compared with its approved capture, its product's colour reference, other views and batch; a variant with
    its approved master. A file must not say otherwise than what is on record of AI's part in it. A colour-critical shot
    without a colour reference is to be seen as such.
    """
    slot = Place(sku=version.sku, colorway=version.colorway, view=version.view, channel=version.channel)
    ai_use = recorded_use(work, version)
    naming = await _right_name(session, version)
    if version.kind is WorkKind.VARIANT:
        if work.parent_id is None:
            return References(slot=slot, ai_use=ai_use, naming=naming)
        master = await repository.approved_master(session, work.parent_id)
        return References(
            slot=slot,
            capture=master,
            colour=master,
            ai_use=ai_use,
            naming=naming,
            expected=("capture", "colour"),
        )
    white = work.spec.white_background
    others = await repository.views(session, version, white=white)
    views = tuple(one for one in others if one.place.view != version.view)
    colours = await _colours(session, version)
    return References(
        slot=slot,
        capture=await _capture(session, work, version),
        colour=None if colours else await repository.approved_final(session, version),
        colours=colours,
        views=views or None,
        batch=batch_of(others) if white else None,  # without a plain background no subject is told that is measured
        ai_use=ai_use,
        naming=naming,
        labelled_later=True,
        expected=("colour",) if work.spec.colour_critical else (),
    )


async def completed(
    session: AsyncSession, version: Version, references: References, own: Fingerprint | None, bits: int
) -> References:
    """With what other slots hold that may be the same picture (its perceptual hash differs in at most so many bits)
    and, of a shot that would show dust, the other frames of its shoot. As they were for a file that can't be
    decoded."""
    if own is None:
        return references
    others = tuple(await repository.neighbours(session, version, own, bits))
    shoot = None
    if version.kind is WorkKind.SHOT and shows_dust(own):
        shoot = shoot_of(await repository.same_shoot(session, version), own)
    return references.model_copy(update={"others": others, "shoot": shoot})


async def _right_name(session: AsyncSession, version: Version) -> RightName | None:
    """The name that assets gave the version's slot. None where its naming pack lets files come under any name."""
    pack = await reference.naming_pack(session, version.channel)
    if pack is None or pack.wrong_names == RENAMED or version.export_name is None:
        return None
    return RightName(name=version.export_name, pattern=pack.pattern)


async def _colours(session: AsyncSession, version: Version) -> ApprovedColours | None:
    """Of the product's swatch or target shot."""
    found = await colour_references.in_use(session, version.sku, version.colorway)
    if found is None:
        return None
    one = found.reference
    return ApprovedColours(reference_id=one.id, kind=one.kind, sha256=one.sha256, colours=tuple(found.colours))


async def _capture(session: AsyncSession, work: WorkItem, version: Version) -> Version | None:
    failed = await repository.failed_before(session, version)
    if not failed:
        return None
    decided = await decisions.of_reviews(session, [review_id for review_id, _ in failed])
    reasons = (await reference.current_reasons(session)).by_id()
    return capture_among([(one, decided[review_id]) for review_id, one in failed], work, reasons)
