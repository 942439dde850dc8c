"""The sample that the other tests of the engine spoil: a rendered product on white, and what must not fire on it."""

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from contracts.values import ImageSpec, Measurement, MeasurementOutcome
from services.qc.inspection import inspect
from services.qc.inspection.checks import CHECKS

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL
CANNOT = MeasurementOutcome.CANNOT_MEASURE
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PACKSHOT = ImageSpec(min_width=500, min_height=500, white_background=True, min_fill=0.6)
WIDTH, HEIGHT = 800, 1000


def product(background: tuple[int, int, int] = (255, 255, 255)) -> Any:
    """A bag with a flap, seams, buckles and a handle that the background shows through; as sharp as a good photo."""
    scene = np.full((HEIGHT, WIDTH, 3), background, np.uint8)
    cv2.ellipse(scene, (400, 330), (140, 150), 0, 180, 360, (60, 45, 40), 26, cv2.LINE_AA)
    cv2.rectangle(scene, (130, 330), (670, 850), (150, 70, 50), -1)
    cv2.rectangle(scene, (130, 330), (670, 560), (120, 50, 40), -1)
    for x in range(150, 660, 24):
        cv2.line(scene, (x, 830), (x + 12, 830), (235, 220, 190), 3, cv2.LINE_AA)
        cv2.line(scene, (x, 540), (x + 12, 540), (235, 220, 190), 3, cv2.LINE_AA)
    for x in (230, 530):
        cv2.rectangle(scene, (x, 500), (x + 50, 680), (40, 30, 30), -1)
        cv2.rectangle(scene, (x - 8, 590), (x + 58, 650), (215, 200, 120), 8, cv2.LINE_AA)
    return cv2.GaussianBlur(scene, (0, 0), 0.6)


def encode(pixels: Any, format: str = "JPEG", **options: Any) -> bytes:
    """A file of the pixels, with an sRGB profile unless another is given."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    options = {"icc_profile": SRGB, **options}
    if format in ("JPEG", "WEBP"):
        options = {"quality": 92, **options}
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def verdicts(
    data: bytes, spec: ImageSpec = PACKSHOT, filename: str = "bag_red_front.jpg", **more: Any
) -> dict[str, Measurement]:
    """The measurements by check."""
    return {found.check: found for found in inspect(data, filename, spec, **more)}


def fired(found: dict[str, Measurement]) -> set[str]:
    """Checks that flagged or failed."""
    return {check for check, one in found.items() if one.outcome in (FLAG, FAIL)}


def test_a_clean_photo_passes_every_check() -> None:
    found = verdicts(encode(product()))
    assert {check: one.outcome for check, one in found.items()} == dict.fromkeys(
        (
            *("T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T13", "T14", "T15", "T16", "T17"),
            *("T22", "T23", "T24", "T26", "T27"),
        ),
        PASS,
    )
    versions = {check.id: check.version for check in CHECKS}
    assert all(one.detail and one.threshold for one in found.values())
    assert all(one.algorithm == f"{one.name}/{versions[check]}" for check, one in found.items())


HARMLESS = {
    "saved again, q92": lambda: _again(encode(product()), 92),
    "saved again, q75": lambda: _again(encode(product()), 75),
    "shifted by some pixels": lambda: encode(np.roll(product(), (3, -5), (0, 1))),
    "another colorway": lambda: encode(product()[:, :, ::-1].copy()),
    "leaving the frame at the bottom": lambda: encode(np.roll(product(), 200, 0)),
    "a little noise": lambda: encode(_noise(product(), 1.0)),
    "as PNG": lambda: encode(product(), "PNG"),
    "turned on its side": lambda: encode(np.rot90(product()).copy()),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_harmless_changes_do_not_fire(change: str) -> None:
    data = HARMLESS[change]()
    is_png = data.startswith(b"\x89PNG")
    found = verdicts(data, filename="bag.png" if is_png else "bag.jpg")
    quality = found.pop("T22")  # which q75 is too low for
    assert quality.outcome is (FLAG if change == "saved again, q75" else PASS)
    assert fired(found) == set()
    assert CANNOT not in {one.outcome for one in found.values()}


def _again(data: bytes, quality: int) -> bytes:
    return encode(Image.open(BytesIO(data)), quality=quality)


def _noise(pixels: Any, sigma: float) -> Any:
    shaken = pixels + np.random.default_rng(7).normal(0, sigma, pixels.shape)
    return np.clip(shaken, 0, 255).astype(np.uint8)


def test_the_same_bytes_and_spec_give_the_same_result() -> None:
    data = encode(product())
    assert inspect(data, "bag.jpg", PACKSHOT) == inspect(data, "bag.jpg", PACKSHOT)
