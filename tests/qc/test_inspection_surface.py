"""T22–T24, T26, T27: what compression, noise and editing do to the surface of a product. Named defects on drawn
products with cloth, leather and metal; and what must not fire."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from packshot.sample.products import DESIGNS, products, take
from services.qc.inspection import DEFAULT, Reference
from services.qc.inspection.frame import read_frame
from tests.qc.test_inspection_clean import CANNOT, FLAG, PASS, encode, product, verdicts

SURFACE = ("T22", "T23", "T24", "T26", "T27")
Change = Callable[[Any], Any]


@cache
def photos() -> tuple[Any, ...]:
    """Every design from the front."""
    return tuple(take(one, one.colorways[0], "front", 7) for one in products(len(DESIGNS), 7))


def saved(quality: int, down: int = 0, across: int = 0) -> Change:
    """Saved as JPEG once, and cropped then, which moves the blocks."""

    def change(pixels: Any) -> Any:
        return np.asarray(Image.open(BytesIO(encode(pixels, quality=quality))))[down:, across:]

    return change


def noisy(sigma: float) -> Change:
    """As a sensor has it: each channel by itself. σ in levels."""

    def change(pixels: Any) -> Any:
        shaken = pixels + np.random.default_rng(7).normal(0, sigma, pixels.shape)
        return np.clip(shaken, 0, 255).astype(np.uint8)

    return change


def posterised(step: int) -> Change:
    return lambda pixels: (pixels // step * step + step // 2).astype(np.uint8)


def rippled(amplitude: float, period: float) -> Change:
    """Moiré over a third of the subject: waves of magenta and green that bend with the cloth."""

    def change(pixels: Any) -> Any:
        down, across = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
        phase = 2 * np.pi * (0.88 * across + 0.48 * down) / period + 0.8 * np.sin(across / 170)
        inside = pixels.min(axis=2) < 240
        rows = np.flatnonzero(inside.any(axis=1))
        top, height = rows[0], rows[-1] - rows[0]
        inside &= (down > top + 0.35 * height) & (down < top + 0.7 * height)
        wave = np.sin(phase)[:, :, None] * np.array([amplitude, -amplitude / 2, amplitude]) * inside[:, :, None]
        return np.clip(pixels + wave, 0, 255).astype(np.uint8)

    return change


def enlarged(factor: float, by: int = cv2.INTER_CUBIC) -> Change:
    """Made from a picture that was so much smaller."""

    def change(pixels: Any) -> Any:
        height, width = pixels.shape[:2]
        small = cv2.resize(pixels, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=by)

    return change


DEFECTS: dict[str, tuple[Change, str]] = {
    "once saved at q60": (saved(60), "T22"),
    "once saved at q60, then cropped": (saved(60, 3, 5), "T22"),
    "once saved at q50, then cropped": (saved(50, 1, 6), "T22"),
    "noise σ12": (noisy(12), "T23"),
    "moiré of 12 px": (rippled(10, 12), "T26"),
    "moiré of 20 px": (rippled(10, 20), "T26"),
    "enlarged twice": (enlarged(2), "T27"),
    "enlarged twice by Lanczos": (enlarged(2, cv2.INTER_LANCZOS4), "T27"),
}
HARMLESS: dict[str, Change] = {
    "as it is": lambda pixels: pixels,
    "saved before at q92": saved(92),
    "saved before at q85": saved(85),
    "saved before at q85, then cropped": saved(85, 3, 5),
    "shifted": lambda pixels: np.roll(pixels, (3, -5), (0, 1)),
    "another colorway": lambda pixels: pixels[:, :, ::-1].copy(),
    "turned": lambda pixels: np.rot90(pixels).copy(),
    "noise σ2": noisy(2),
    "half its size": lambda pixels: cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_named_defect_is_flagged(defect: str) -> None:
    change, check = DEFECTS[defect]
    outcomes = [verdicts(encode(change(pixels)))[check].outcome for pixels in photos()]
    assert outcomes.count(FLAG) >= 0.95 * len(outcomes), outcomes


def test_less_noise_is_found_on_all_but_heathered_cloth() -> None:
    """Its fibres of several colours run in a direction, and noise must be stronger to hide that."""
    outcomes = [verdicts(encode(noisy(8)(pixels)))["T23"].outcome for pixels in photos()]
    assert outcomes.count(FLAG) >= len(outcomes) - 1, outcomes


@pytest.mark.parametrize("change", HARMLESS)
def test_harmless_changes_do_not_fire(change: str) -> None:
    found = [verdicts(encode(HARMLESS[change](pixels))) for pixels in photos()]
    assert [one[check] for one in found for check in SURFACE if one[check].outcome is FLAG] == []


def glossy(background: tuple[int, int, int] = (255, 255, 255)) -> Any:
    """The bag in smooth leather, which shades from dark to light."""
    pixels, shade = product(background).astype(np.float32), np.linspace(0.7, 1.5, 800, dtype=np.float32)[None, :, None]
    inside = (pixels.min(axis=2) < min(background) - 10)[:, :, None]
    return np.clip(np.where(inside, pixels * shade, pixels), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("step", [8, 12, 16])
def test_a_posterised_gradient_is_banded(step: int) -> None:
    assert verdicts(encode(glossy()))["T24"].outcome is PASS
    found = verdicts(encode(posterised(step)(glossy())))["T24"]
    assert (found.outcome, f"steps of {step}" in found.detail or step == 12) == (FLAG, True), found


def test_a_posterised_backdrop_is_banded() -> None:
    shade = np.linspace(120, 230, 1000)[:, None, None].repeat(800, 1).repeat(3, 2)
    scene = np.where(product().min(axis=2, keepdims=True) < 245, product(), shade.astype(np.uint8))
    assert verdicts(encode(scene))["T24"].outcome is PASS
    assert verdicts(encode(posterised(8)(scene)))["T24"].outcome is FLAG


@pytest.mark.parametrize(("quality", "outcome"), [(95, PASS), (90, PASS), (85, FLAG), (60, FLAG)])
def test_the_quality_of_the_last_save_is_read_from_the_tables(quality: int, outcome: object) -> None:
    for mode in ("RGB", "L"):
        found = verdicts(encode(Image.fromarray(product()).convert(mode), quality=quality, icc_profile=None))["T22"]
        assert found.outcome is outcome
        assert found.value == pytest.approx(quality, abs=1)


def test_formats_without_tables_have_no_quality_but_keep_its_traces() -> None:
    clean, hurt = photos()[0], saved(60, 3, 5)(photos()[0])
    assert verdicts(encode(clean, "PNG"), filename="tee.png")["T22"].outcome is PASS
    assert verdicts(encode(clean, "WEBP"), filename="tee.webp")["T22"].outcome is CANNOT
    found = verdicts(encode(hurt, "PNG"), filename="tee.png")["T22"]
    assert found.outcome is FLAG
    assert found.value == pytest.approx(60, abs=3)


def test_the_earlier_quality_is_named() -> None:
    for quality in (40, 50, 60):
        found = verdicts(encode(saved(quality, 5, 2)(photos()[0])))["T22"]
        assert found.value == pytest.approx(quality, abs=3)


def test_a_pattern_that_the_reference_has_is_no_moire() -> None:
    pixels = rippled(10, 12)(photos()[0])
    woven = read_frame(encode(pixels), "swatch.jpg", DEFAULT)
    plain = read_frame(encode(photos()[0]), "swatch.jpg", DEFAULT)
    for reference, outcome in (
        (Reference(colour=woven), PASS),
        (Reference(capture=woven), PASS),
        (Reference(colour=plain), FLAG),
        (Reference(capture=read_frame(b"", "lost.jpg", DEFAULT)), FLAG),
    ):
        assert verdicts(encode(pixels), reference=reference)["T26"].outcome is outcome


def test_a_woven_pattern_shows_in_lightness_too_and_is_no_moire() -> None:
    stripes = product()
    inside = stripes.min(axis=2) < 245
    stripes[inside & (np.arange(1000)[:, None] % 12 < 6)] = (230, 225, 210)
    assert verdicts(encode(stripes))["T26"].outcome is PASS


def test_what_is_blurred_is_not_called_enlarged() -> None:
    for pixels in photos():
        blurred = verdicts(encode(cv2.GaussianBlur(pixels, (0, 0), 3)))["T27"]
        assert blurred.outcome is CANNOT


def test_a_tiny_subject_is_not_measured() -> None:
    scene = np.full((1000, 800, 3), 255, np.uint8)
    cv2.rectangle(scene, (370, 470), (430, 530), (60, 50, 140), -1)
    found = verdicts(encode(scene))
    assert {found[check].outcome for check in ("T23", "T26", "T27")} == {CANNOT}
    assert found["T22"].outcome is PASS  # by its tables alone
