"""A finished file is read again before it counts: its labels, its profile and its manifest."""

import io

from PIL import Image

from services.assets.labels.c2pa import SigningFailed, manifest_of
from services.assets.labels.credentials import Credentials
from services.assets.labels.fields import Labels
from services.assets.labels.reading import labels_of


class NotAsMade(ValueError):
    """The bytes don't say what was written into them. The message says what is missing."""


def check_delivered(
    content: bytes, media_type: str, size: tuple[int, int], labels: Labels, credentials: Credentials | None
) -> str | None:
    """The label of its manifest; None where it is unsigned. Raises `NotAsMade`."""
    with Image.open(io.BytesIO(content)) as image:
        if image.size != size:
            raise NotAsMade(f"it has {image.width} × {image.height} px and should have {size[0]} × {size[1]}")
        if not image.info.get("icc_profile"):
            raise NotAsMade("it has no colour profile")
        found = labels_of(image)
    if wrong := [field for field, values in labels.items() if found.get(field) != values]:
        raise NotAsMade(f"these labels can't be read back: {', '.join(wrong)}")
    if credentials is None:
        return None
    try:
        return manifest_of(content, media_type, credentials)
    except SigningFailed as error:
        raise NotAsMade(str(error)) from error
