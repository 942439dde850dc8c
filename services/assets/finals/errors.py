"""Why there is no final."""

from typing import Any

from chassis.problems import NotFound


class NoFinal(NotFound):
    """`reason`: `unknown_sku`, `unknown_colorway`, `unknown_view`, `unknown_channel`, `not_approved`, `archived` or
    `cancelled`; or `rights`, where there is one that its rights keep from being delivered."""

    slug, title = "no-final", "There is no approved final"

    def __init__(self, reason: str, detail: str, **extensions: Any) -> None:
        super().__init__(detail, reason=reason, **extensions)
