"""What a swatch and a target shot say: the product's colours, or why they can't be its norm."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contracts.assets import ColourReferenceKind
from contracts.values import ImageSpec
from packshot.sample.files import jpeg, png
from services.qc.colour_references.domain import refusals_of
from services.qc.comparison.domain import Colour
from services.qc.inspection import Reference, inspect
from services.qc.inspection.colour import delta_e, lab_of
from services.qc.inspection.colour_reference import Kind, Reading, read_colours
from services.qc.inspection.thresholds import DEFAULT
from tests.qc.pictures import bomb
from tests.qc.retouching import sample
from tests.qc.test_inspection_clean import FLAG, PASS
from tests.qc.test_inspection_target import photographed

NAVY, IVORY, RED = (34, 52, 98), (250, 248, 240), (170, 40, 60)


def cloth(colour: tuple[int, int, int], size: int = 240) -> Any:
    """A woven piece that fills the frame."""
    weave = 4 * np.sin(np.arange(size) * 2.1)[:, None] * np.sin(np.arange(size) * 1.7)[None]
    noise = np.random.default_rng(3).normal(0, 2, (size, size))
    return np.clip(np.array(colour) + (weave + noise)[..., None], 0, 255).astype(np.uint8)


def striped(colour: tuple[int, int, int], stripe: tuple[int, int, int]) -> Any:
    pixels = cloth(colour)
    for top in range(20, 240, 60):
        pixels[top : top + 12] = stripe
    return pixels


def on_white(pixels: Any) -> Any:
    ground = np.full((400, 400, 3), 255, np.uint8)
    ground[80:320, 80:320] = pixels
    return ground


def beside_chart(product: tuple[int, int, int] | None = RED, **changes: Any) -> Any:
    """A target shot: a piece of the product left of the chart."""
    wide = photographed(size=(1000, 800), share=0.5, ground=185, **changes)
    scene = np.full((800, 1400, 3), wide[4, 4], np.uint8)
    scene[:, 400:] = wide
    if product is not None:
        scene[250:550, 150:450] = np.clip(np.array(product) * np.array(changes.get("light", (1, 1, 1))), 0, 255)
    return scene


def read(data: bytes, kind: Kind = "swatch", filename: str = "x.png") -> Reading:
    return read_colours(data, filename, kind, DEFAULT)


def refused(reading: Reading, kind: Kind = "swatch") -> str:
    """Why, in one text; empty: approved."""
    colours = [Colour(lab=one.lab, share=one.share) for one in reading.colours]
    return " ".join(refusals_of(ColourReferenceKind(kind), reading.measurements, colours))


def apart(reading: Reading, colour: tuple[int, int, int]) -> float:
    """ΔE00 of its largest colour from this one."""
    wanted = lab_of(np.array([[colour]], np.uint8))[0, 0]
    return float(delta_e(np.array(reading.colours[0].lab), wanted))


@pytest.mark.parametrize(
    ("pixels", "colour"),
    [
        (cloth(NAVY), NAVY),
        (cloth(IVORY), IVORY),  # as bright as a white ground, and none
        (striped(NAVY, (240, 240, 235)), NAVY),  # not the stripes, though they stand out of a plain ground
        (striped(IVORY, NAVY), IVORY),
        (on_white(cloth(NAVY)), NAVY),
    ],
    ids=["plain", "nearly white", "striped", "white, striped", "laid on white"],
)
def test_a_swatch_is_all_cloth(pixels: Any, colour: tuple[int, int, int]) -> None:
    reading = read(png(pixels))
    assert refused(reading) == ""
    assert apart(reading, colour) < 2


def test_a_swatch_of_a_garments_own_cloth_is_found_on_it_and_another_is_not() -> None:
    pixels = sample(0)
    found = {}
    for name, piece in (("own", pixels[700:900, 560:720]), ("other", sample(0, 1)[700:900, 560:720])):
        colours = read(png(np.ascontiguousarray(piece))).colours
        reference = Reference(colours=colours)
        [found[name]] = [one for one in inspect(jpeg(pixels), "x.jpg", ImageSpec(), reference) if one.check == "F01"]
    assert (found["own"].outcome, found["other"].outcome) == (PASS, FLAG), found


def encoded(pixels: Any, mode: str, file_format: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, file_format)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no image", "image"),
        (b"", "empty"),
        (png(cloth(NAVY))[:-900], ""),
        (bomb(), "pixels"),
        (png(cloth(NAVY, 40)), "at least 64"),
        (encoded(cloth(NAVY), "CMYK", "JPEG"), "CMYK"),
    ],
    ids=["text", "empty", "cut off", "bomb", "tiny", "CMYK"],
)
def test_what_is_no_norm_is_refused_with_its_reason(data: bytes, says: str) -> None:
    why = refused(read(data))
    assert why
    assert says.lower() in why.lower()


def test_a_target_shot_gives_the_products_colours_and_not_the_charts() -> None:
    reading = read(png(beside_chart()), "target_shot")
    assert refused(reading, "target_shot") == ""
    assert apart(reading, RED) < 1
    assert sum(one.share for one in reading.colours[1:]) < 0.05
    [white_balance] = [one for one in reading.measurements if one.check == "T12"]
    assert white_balance.outcome is PASS


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (beside_chart(light=(1, 1, 0.86)), "yellow cast"),
        (beside_chart(None), "can't be told beside the chart"),
        (sample(0), "No ColorChecker was found"),
    ],
    ids=["cast", "chart alone", "no chart"],
)
def test_a_target_shot_that_vouches_for_nothing_is_refused(pixels: Any, says: str) -> None:
    assert says in refused(read(png(pixels), "target_shot"), "target_shot")
