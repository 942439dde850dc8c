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
from services.qc.inspection import DEFAULT, ApprovedFile, Reference, inspect
from services.qc.inspection.frame import read_frame

SPEC = ImageSpec()
CRITICAL = ImageSpec(colour_critical=True)
COMPARED = ("S01", "S02", "S03", "F01", "F03")

Change = Callable[[Any], Any]


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


def slimmed(pixels: Any, percent: float, height: float = 0.5, box: Any = None) -> Any:
    """Drawn in towards its middle line at a height of the product's box (left, top, width, height)."""
    rows, columns = pixels.shape[:2]
    left, top, width, tall = box or _box(pixels)
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32)
    middle, waist = left + width / 2, top + tall * height
    pull = percent / 100 * np.exp(-(((down - waist) / (0.12 * tall)) ** 2))
    fading = np.clip(1 - np.maximum(0, np.abs(across - middle) - width / 2) / (0.15 * width), 0, 1)
    source = middle + (across - middle) / (1 - pull * fading)
    return cv2.remap(pixels, source.astype(np.float32), down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def hue_turned(pixels: Any, degrees: float) -> Any:
    """Every hue turned in L*a*b*, lightness and chroma kept."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    a, b, angle = lab[..., 1].copy(), lab[..., 2].copy(), np.radians(degrees)
    lab[..., 1], lab[..., 2] = a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)
    return np.round(np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1) * 255).astype(np.uint8)


def smoothed(pixels: Any) -> Any:
    """Median over 5 px, as skin and fabric smoothing does."""
    return cv2.medianBlur(pixels, 5)


def sharpened(pixels: Any) -> Any:
    """Unsharp mask of 80 % over 1.5 px."""
    return cv2.addWeighted(pixels, 1.8, cv2.GaussianBlur(pixels, (0, 0), 1.5), -0.8, 0)


def stretched(pixels: Any, percent: float) -> Any:
    """Longer, and as wide as before."""
    rows, columns = pixels.shape[:2]
    scale = 1 + percent / 100
    matrix = np.array([[1, 0, 0], [0, scale, rows / 2 * (1 - scale)]], np.float64)
    return cv2.warpAffine(pixels, matrix, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def shifted(pixels: Any, right: float = -5, down: float = 7) -> Any:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = (pixels.shape[1], pixels.shape[0])
    return cv2.warpAffine(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def resized(pixels: Any, scale: float, how: Image.Resampling = Image.Resampling.LANCZOS) -> Any:
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, how))


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


def _box(pixels: Any) -> tuple[int, int, int, int]:
    """Of what isn't white."""
    left, top, width, height = cv2.boundingRect((pixels.min(axis=2) < 240).astype(np.uint8))
    return left, top, width, height
