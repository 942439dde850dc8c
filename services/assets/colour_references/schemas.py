"""Colour references as the API takes and shows them."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from contracts.assets import ColourReference

Sku = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Colorway = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class KeptColourReference(ColourReference):
    """A colour reference, and where it is judged."""

    inspection: str = Field(
        description="Where qc says what it measured, and whether shots are compared with it; a 404 until it has."
    )


def shown(reference: ColourReference) -> KeptColourReference:
    return KeptColourReference(**dict(reference), inspection=f"/v1/reference-inspections/{reference.id}")
