"""Who does what in a run, decided by place in the catalogue alone: the same catalogue plays the same way."""

from dataclasses import dataclass

from packshot.play.catalogue import Photo, Product
from packshot.play.flaws import AI_FLAWS, BY_CHECK, FLAWS, Flaw

EVERY_FLAWED = 6
EVERY_INCOMPLETE = 8
EVERY_AI = 10


@dataclass(frozen=True)
class PhotoPlan:
    photo: Photo
    by_vendor: bool
    flaw: Flaw | None


@dataclass(frozen=True)
class ProductPlan:
    product: Product
    incomplete_first: bool
    ai: bool
    photos: tuple[PhotoPlan, ...]


def make_plan(products: list[Product]) -> list[ProductPlan]:
    """Half of the photos come by upload and half by vendor; every sixth is flawed in its first round, the flaws taking
    turns; every eighth request is incomplete at first; every tenth apparel SKU has an AI-made background."""
    plans: list[ProductPlan] = []
    place = flawed = ai_flawed = apparel = 0
    for number, product in enumerate(products):
        apparel += product.category == "apparel"
        ai = product.category == "apparel" and apparel % EVERY_AI == 1
        photos: list[PhotoPlan] = []
        for photo in product.photos:
            flaw: Flaw | None = None
            if photo.check is not None:
                flaw = BY_CHECK[photo.check]
            elif ai and not photos:
                flaw = AI_FLAWS[ai_flawed % len(AI_FLAWS)]
                ai_flawed += 1
            elif place % EVERY_FLAWED == EVERY_FLAWED - 1:
                flaw = FLAWS[flawed % len(FLAWS)]
                if flaw.packshots_only and photo.view == "detail":
                    flaw = FLAWS[0]
                flawed += 1
            photos.append(PhotoPlan(photo, place % 2 == 1, flaw))
            place += 1
        plans.append(ProductPlan(product, number % EVERY_INCOMPLETE == 3, ai, tuple(photos)))
    return plans
