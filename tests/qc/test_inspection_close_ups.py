"""Close-ups: a cloth that reaches the frame's border is no backdrop, and a zip on it is not the product."""

from typing import Any

import cv2
import numpy as np
import pytest

from contracts.values import ImageSpec
from packshot.sample.files import jpeg
from services.assets.rendering import render
from services.assets.rendering.channels import default_channel_packs
from services.qc.inspection.decoding import Picture
from services.qc.inspection.subject import Subject, find_subject
from tests.qc.retouching import against, sample
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, product

CHARCOAL_HOODIE, CREAM_SNEAKER = 7, 11
BACKDROPS = {"grey": (150, 150, 150), "dark": (45, 45, 45), "red": (150, 30, 35), "sand": (200, 180, 150)}


def subject_of(pixels: Any) -> Subject:
    return find_subject(Picture(pixels, None))


def test_the_render_of_a_close_up_is_not_held_against_its_master() -> None:
    master = jpeg(sample(CHARCOAL_HOODIE, view="detail"))
    pack = default_channel_packs()["amazon"]
    spec = pack.spec_for(ImageSpec(min_width=1000, min_height=1200))
    found = against(render(master, pack, spec).content, master, spec)
    assert {check: found[check].outcome for check in ("S01", "S02", "S03")} == dict.fromkeys(
        ("S01", "S02", "S03"), CANNOT
    )
    assert {check for check, one in found.items() if one.outcome in (FLAG, FAIL)} == set()


@pytest.mark.parametrize("index", [CHARCOAL_HOODIE, CREAM_SNEAKER])
def test_cloth_and_leather_that_fill_the_frame_are_no_background(index: int) -> None:
    """Threads give the one away; of smooth leather only that its seams leave on all four sides."""
    close = sample(index, view="detail")
    for pixels in (close, close[:1280], close[200:], np.ascontiguousarray(close[:, 100:-80])):
        assert subject_of(pixels).by == "frame"


@pytest.mark.parametrize("backdrop", BACKDROPS)
@pytest.mark.parametrize("noise", [0, 8])
def test_a_plain_backdrop_stays_one(backdrop: str, noise: int) -> None:
    """In light that falls off, grained, and with the product cut off on two sides."""
    lit = product(BACKDROPS[backdrop]) * np.linspace(1.04, 0.98, 800)[None, :, None]
    pixels = np.clip(lit + np.random.default_rng(3).normal(0, noise, lit.shape), 0, 255).astype(np.uint8)
    for one in (pixels, np.ascontiguousarray(pixels[350:800]), cv2.resize(pixels, None, fx=0.6, fy=0.6)):
        assert subject_of(one).by == "background"
