"""Rules of colour references: what they are for, who stores them, and what they may not be."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.ids import derived_id
from contracts.assets import ColourReference, ColourReferenceKind
from contracts.values import Domain
from services.assets.colour_references.errors import SameAsAnotherColorway, UnknownProduct
from services.assets.work.domain import Slot

STORED_BY: Mapping[ColourReferenceKind, Domain] = {
    ColourReferenceKind.SWATCH: Domain.PASS_FAIL,  # it is a reference point of final QC
    ColourReferenceKind.TARGET_SHOT: Domain.CAPTURE,  # it vouches for the light of a shoot
}
"""Whose owner stores which kind."""


@dataclass(frozen=True)
class Product:
    """What a reference of one kind is of."""

    sku: str
    colorway: str
    kind: ColourReferenceKind

    @property
    def id(self) -> UUID:
        """Of all versions of it together: the aggregate of their events."""
        return derived_id("colour_reference", self.sku, self.colorway, self.kind)


def require_known(product: Product, known: Collection[Slot]) -> None:
    """Raises `UnknownProduct`. `known`: every slot of its SKU that was ever asked for."""
    colorways = sorted({slot.colorway for slot in known})
    if not colorways:
        raise UnknownProduct("unknown_sku", f"No request has ever named SKU {product.sku}.")
    if product.colorway not in colorways:
        named = ", ".join(colorways)
        detail = f"SKU {product.sku} has no colorway {product.colorway}, but: {named}."
        raise UnknownProduct("unknown_colorway", detail, known=colorways)


def require_own(product: Product, sha256: str, newest_of_sku: Collection[ColourReference]) -> None:
    """Raises `SameAsAnotherColorway`: two colorways of one product differ by nothing but their colour."""
    for one in newest_of_sku:
        if one.colorway != product.colorway and one.sha256 == sha256:
            raise SameAsAnotherColorway(one)
