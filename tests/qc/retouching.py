"""What retouchers and exports do to a picture, on purpose or not, and the comparison with what it was."""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image

from contracts.values import ImageSpec, Measurement
from packshot.sample.files import jpeg, png
from packshot.sample.products import products, take
from services.qc.evaluation.changes import hue_turned as hue_turned
from services.qc.evaluation.changes import resized as resized
from services.qc.evaluation.changes import sharpened as sharpened
from services.qc.evaluation.changes import shifted as shifted
from services.qc.evaluation.changes import slimmed as slimmed
from services.qc.evaluation.changes import smoothed as smoothed
from services.qc.evaluation.changes import stretched as stretched
from services.qc.inspection import DEFAULT, ApprovedFile, Reference, inspect
from services.qc.inspection.frame import read_frame

SPEC = ImageSpec()
CRITICAL = ImageSpec(colour_critical=True)
COMPARED = ("S01", "S02", "S03", "F01", "F03")


@lru_cache(maxsize=16)
def sample(index: int = 0, colorway: int = 0, view: str = "front") -> Any:
    """A photo of the sample catalogue, as pixels: 0 tee, 1 hoodie, 2 trousers, 3 daypack, 4 watch, 5 shoe."""
    product = products(index + 1, 7)[index]
    return take(product, product.colorways[colorway], view, 7)


def against(
    candidate: bytes, approved: bytes, spec: ImageSpec = SPEC, filename: str = "x.jpg", **more: Any
) -> dict[str, Measurement]:
    """The measurements of a file whose capture and colour reference are one approved file."""
    file = ApprovedFile(approved, "approved.jpg")
    reference = Reference(**more).reading(file, file)
    return {found.check: found for found in inspect(candidate, filename, spec, reference)}


def outcomes(found: dict[str, Measurement]) -> dict[str, str]:
    return {check: found[check].outcome.value for check in COMPARED}


HARMLESS: dict[str, Callable[[Any], bytes]] = {
    "saved again, q92": lambda pixels: jpeg(np.asarray(Image.open(BytesIO(jpeg(pixels))))),
    "saved at q75": lambda pixels: jpeg(pixels, 75),
    "shifted by some pixels": lambda pixels: jpeg(shifted(pixels)),
    "exported at 75 %": lambda pixels: jpeg(resized(pixels, 0.75)),
    "exported at 75 %, softly": lambda pixels: jpeg(resized(pixels, 0.75, Image.Resampling.BOX)),
    "cropped": lambda pixels: jpeg(np.ascontiguousarray(pixels[30:-10, 20:-40])),
    "as PNG": png,
}


def on_grey(pixels: Any) -> Any:
    """As it was captured, before it was cut out: on a grey backdrop instead of white."""
    subject = read_frame(jpeg(pixels), "x.jpg", DEFAULT).subject
    mask = cv2.resize(subject.mask, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    share = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8)[..., None]
    return (pixels * share + (1 - share) * np.array([186, 184, 181], np.float32)).astype(np.uint8)
