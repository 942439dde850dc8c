"""Why a colour reference is not taken."""

from typing import Any

from chassis.problems import Conflict, NotFound
from contracts.assets import ColourReference


class UnknownProduct(NotFound):
    """`reason`: `unknown_sku` or `unknown_colorway`. Perhaps routing's event is still on its way."""

    slug, title = "unknown-product", "There is no such product"

    def __init__(self, reason: str, detail: str, **extensions: Any) -> None:
        super().__init__(detail, reason=reason, **extensions)


class SameAsAnotherColorway(Conflict):
    slug, title = "same-as-another-colorway", "This is another colorway's"

    def __init__(self, other: ColourReference) -> None:
        super().__init__(
            f"This file is the {other.kind} of colorway {other.colorway} already: it can't be that of another one.",
            colorway=other.colorway,
            reference_id=str(other.id),
        )
