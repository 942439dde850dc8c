"""What the image API tells of an image (IIIF Image API 3.0, section 5)."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.assets.iiif.domain import Limits
from services.assets.iiif.pyramid import TILE, Pyramid

CONTEXT: Final = "http://iiif.io/api/image/3/context.json"
PROFILE = "http://iiif.io/api/image/3/level2.json"


class SizeOffered(BaseModel):
    """A size that costs the server least."""

    width: int
    height: int


class TilesOffered(BaseModel):
    """Tiles that are sent as they are stored: squares of `width` px, of the image at 1/`scaleFactors`."""

    model_config = ConfigDict(populate_by_name=True)

    width: int
    scale_factors: list[int] = Field(alias="scaleFactors")


class ImageInformation(BaseModel):
    """`info.json`."""

    model_config = ConfigDict(populate_by_name=True)

    context: Literal["http://iiif.io/api/image/3/context.json"] = Field(default=CONTEXT, alias="@context")
    id: str = Field(description="The image's address, to which the parts of a request are added.")
    type: Literal["ImageService3"] = "ImageService3"
    protocol: Literal["http://iiif.io/api/image"] = "http://iiif.io/api/image"
    profile: Literal["level2"] = "level2"
    width: int = Field(description="Of the image, upright, px.")
    height: int
    max_width: int = Field(alias="maxWidth", description="The longest side that is sent, px.")
    max_area: int = Field(alias="maxArea", description="The most pixels that are sent at once.")
    sizes: list[SizeOffered]
    tiles: list[TilesOffered]
    extra_qualities: list[str] = Field(default=["color", "gray"], alias="extraQualities")
    extra_features: list[str] = Field(
        default=["canonicalLinkHeader", "mirroring", "profileLinkHeader"], alias="extraFeatures"
    )


def information(pyramid: Pyramid, address: str, limits: Limits) -> ImageInformation:
    sizes = [SizeOffered(width=width, height=height) for width, height in pyramid.levels if limits.allow(width, height)]
    return ImageInformation(
        id=address,
        width=pyramid.width,
        height=pyramid.height,
        max_width=limits.max_side,
        max_area=limits.max_area,
        sizes=sizes[::-1],
        tiles=[TilesOffered(width=TILE, scale_factors=[1 << level for level in range(len(pyramid.levels))])],
    )
