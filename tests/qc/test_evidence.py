"""Overlays: each shows where its check found what it flags, on the version's own pixel grid, and nothing elsewhere."""

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from contracts.values import ImageSpec
from packshot.sample.files import jpeg
from services.qc.evaluation.paths import in_jpeg, resource
from services.qc.inspection import DEFAULT, NO_REFERENCE, ApprovedFile, Reference
from services.qc.inspection.checks import CHECKS
from services.qc.inspection.drawing import draw_evidence, to_be_shown
from services.qc.inspection.engine import measure_frame
from services.qc.inspection.evidence import EVIDENCE
from services.qc.inspection.evidence.layer import Overlay, finished
from services.qc.inspection.fingerprint import fingerprint
from services.qc.inspection.frame import Frame, read_frame
from services.qc.inspection.reference import Neighbour, Slot
from services.qc.inspection.regions import cluster
from tests.qc import retouching
from tests.qc.retouching import sample
from tests.qc.test_inspection_clean import PACKSHOT, encode, product
from tests.qc.test_inspection_defects import blurred, crushed, small, stained, tinted
from tests.qc.test_inspection_framing import GREY, STUDIO, lit, moved, sharpened, turned
from tests.qc.test_inspection_paths import CUT_OUT, outline
from tests.qc.test_inspection_surface import enlarged, noisy, posterised, rippled
from tests.qc.test_inspection_target import photographed
from tests.qc.test_reference_records import DUST, on_set, printed

TEE, DAYPACK = 0, 3
Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the frame
ALL: Box = (0, 0, 1, 1)


@dataclass(frozen=True)
class Case:
    """A defect, the part of the frame that its overlay must mark, and one that it must leave alone."""

    data: Callable[[], bytes]
    marked: Box = ALL
    free: Box | None = None
    spec: ImageSpec = PACKSHOT
    reference: Callable[[], Reference] = field(default=lambda: NO_REFERENCE)


def approved(make: Callable[[], Any]) -> Callable[[], Reference]:
    def reference() -> Reference:
        file = ApprovedFile(jpeg(make()), "approved.jpg")
        return Reference().reading(file, file)

    return reference


def without_pocket() -> bytes:
    pixels = sample(DAYPACK).copy()
    pixels[900:1100, 500:780] = pixels[900:1100, 500:780].mean(axis=(0, 1)).round()
    return jpeg(pixels)


def smoothed_above() -> bytes:
    pixels = sample(TEE).copy()
    pixels[: len(pixels) // 2] = retouching.smoothed(pixels)[: len(pixels) // 2]
    return jpeg(pixels)


def half_recoloured() -> bytes:
    pixels = sample(DAYPACK).copy()
    pixels[850:1150, 400:900] = retouching.hue_turned(pixels[850:1150, 400:900], 50)
    return jpeg(pixels)


def brighter_batch() -> Reference:
    print_of = fingerprint(read_frame(encode(np.clip(product() * 1.25, 0, 255).astype(np.uint8)), "x.jpg", DEFAULT))
    assert print_of is not None
    return Reference(batch=(print_of,) * 3)


def other_views() -> Reference:
    return Reference(views=(Neighbour(Slot("A", "a", "back"), printed(jpeg(sample(TEE, 0, "back")))),))


def gradient_in_steps() -> bytes:
    down = np.linspace(40, 220, 1000)[:, None].repeat(800, axis=1)
    return encode(posterised(16)(np.dstack([down] * 3).astype(np.uint8)), quality=97)


CASES: dict[str, Case] = {
    "T09": Case(lambda: encode(blurred(3)), (0.1, 0.3, 0.9, 0.9), (0, 0.9, 1, 1)),
    "T10": Case(lambda: encode(crushed()), (0.3, 0.7, 0.7, 0.75), (0, 0, 0.1, 1)),
    "T11": Case(lambda: encode(product()), (0.1, 0.2, 0.9, 0.9), (0, 0, 0.1, 1), reference=brighter_batch),
    "T12": Case(lambda: encode(photographed(light=(1.05, 1, 0.9))), (0.2, 0.5, 0.8, 0.7), (0, 0, 1, 0.3),
                ImageSpec(), lambda: Reference(target="colorchecker_classic")),
    "T13": Case(lambda: encode(tinted(1, 1, 0.92)), (0, 0, 0.1, 0.1), (0.25, 0.4, 0.27, 0.48)),
    "T14": Case(lambda: encode(stained()), (0.03, 0.02, 0.2, 0.18), (0.5, 0.9, 1, 1)),
    "T15": Case(lambda: encode(lit(1, 0.8)), (0, 0.8, 0.1, 1), (0, 0, 0.1, 0.1), STUDIO),
    "T16": Case(lambda: encode(sharpened(product(GREY), 1.5, 2)), (0.1, 0.3, 0.9, 0.9), (0, 0, 0.1, 1), STUDIO),
    "T17": Case(lambda: encode(small(0.6)), (0.1, 0.1, 0.9, 0.9), (0, 0, 0.05, 1)),
    "T18": Case(lambda: encode(moved(0, 90)), (0.05, 0.05, 0.95, 0.95), None, STUDIO),
    "T19": Case(lambda: encode(moved(200, 0)), (0.15, 0.98, 0.85, 1), (0, 0.3, 0.05, 0.7), STUDIO),
    "T20": Case(lambda: encode(turned(3)), (0.3, 0.3, 0.7, 0.7), (0, 0, 0.05, 0.2), STUDIO),
    "T21": Case(lambda: in_jpeg(encode(product()), resource(2000, outline(10))), (0.1, 0.3, 0.9, 0.9),
                (0.4, 0.45, 0.6, 0.48), CUT_OUT),
    "T23": Case(lambda: encode(noisy(12)(sample(TEE)), quality=97), (0.1, 0.1, 0.9, 0.9), (0, 0, 0.05, 0.05)),
    "T24": Case(gradient_in_steps, (0, 0.3, 1, 0.7)),
    "T25": Case(lambda: on_set(9, DUST), (0.05, 0.85, 0.17, 0.95), (0.3, 0.3, 0.6, 0.6), ImageSpec(),
                lambda: Reference(shoot=tuple(printed(on_set(seed, DUST)) for seed in range(1, 6)))),
    "T26": Case(lambda: jpeg(rippled(10, 12)(sample(TEE))), (0.2, 0.3, 0.8, 0.8), (0, 0, 0.1, 1)),
    "T27": Case(lambda: jpeg(enlarged(2)(sample(TEE))), (0.1, 0.1, 0.9, 0.9), (0, 0, 0.05, 0.05)),
    "S01": Case(lambda: jpeg(retouching.slimmed(sample(DAYPACK), 5)), ALL, (0, 0, 1, 0.05),
                reference=approved(lambda: sample(DAYPACK))),
    "S02": Case(lambda: jpeg(retouching.stretched(sample(TEE), 4)), ALL, (0.45, 0.4, 0.55, 0.5),
                reference=approved(lambda: sample(TEE))),
    "S03": Case(without_pocket, (0.35, 0.4, 0.7, 0.7), (0, 0, 1, 0.1), reference=approved(lambda: sample(DAYPACK))),
    "F01": Case(half_recoloured, (0.25, 0.4, 0.75, 0.75), (0, 0, 0.05, 0.05),
                reference=approved(lambda: sample(DAYPACK))),
    "F02": Case(lambda: jpeg(sample(TEE, 1)), (0.3, 0.3, 0.7, 0.7), (0, 0, 0.05, 0.05), reference=other_views),
    "F03": Case(smoothed_above, (0.3, 0.25, 0.7, 0.45), (0.4, 0.6, 0.6, 0.7), reference=approved(lambda: sample(TEE))),
}  # fmt: skip


def frame_of(data: bytes) -> Frame:
    return read_frame(data, "bag.jpg", DEFAULT)


def shown(frame: Frame, check: str, spec: ImageSpec = PACKSHOT, reference: Reference = NO_REFERENCE) -> Overlay:
    [measured] = [one(frame, spec, reference) for one in CHECKS if one.id == check]
    assert to_be_shown([measured]) == [check], measured
    return draw_evidence(frame, spec, reference, [measured])[check]


def marks(overlay: Overlay) -> Any:
    """Where the overlay isn't transparent."""
    with Image.open(io.BytesIO(overlay.png)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "P", (overlay.width, overlay.height))
        return np.asarray(image.convert("RGBA"))[..., 3] > 0


def within(marked: Any, box: Box) -> Any:
    height, width = marked.shape
    left, top, right, bottom = box
    return marked[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


def test_every_evidence_has_a_case_here_and_a_check() -> None:
    assert set(EVIDENCE) == set(CASES)
    assert set(EVIDENCE) <= {check.id for check in CHECKS}


@pytest.mark.parametrize("check", CASES)
def test_an_overlay_marks_the_defect_and_leaves_the_rest_alone(check: str) -> None:
    case = CASES[check]
    frame = frame_of(case.data())
    overlay = shown(frame, check, case.spec, case.reference())
    assert frame.picture is not None
    assert (overlay.height, overlay.width) == frame.picture.rgb.shape[:2]
    assert overlay.scale == 1
    marked = marks(overlay)
    assert within(marked, case.marked).any()
    assert case.free is None or not within(marked, case.free).any()
    assert overlay.legend
    assert all(mark.says for mark in overlay.legend)
    assert len(overlay.png) < 100_000


def test_clipped_pixels_are_marked_one_by_one() -> None:
    pixels = product()
    pixels[700:750, 200:600] = 0
    pixels[600, 400] = 0
    frame = frame_of(encode(pixels, "PNG"))
    with Image.open(io.BytesIO(shown(frame, "T10").png)) as image:
        drawn = np.asarray(image.convert("RGBA"))
    colour = drawn[720, 400]
    assert (drawn[700:750, 200:600] == colour).all()
    assert (drawn[600, 400] == colour).all()
    assert not (drawn[599, 400] == colour).all()
    assert (drawn[560:640, 360:440, 3] == 255).any()  # and a ring around the single one, that it is found
    assert not shown_is_changed_by(frame)


def shown_is_changed_by(frame: Frame) -> bool:
    """Whether drawing has changed the pixels that are measured."""
    assert frame.picture is not None
    before = frame.picture.rgb.copy()
    for evidence in EVIDENCE.values():
        if evidence.check[0] == "T" and evidence.check not in ("T12", "T21"):
            evidence.draw(frame, PACKSHOT, NO_REFERENCE)
    return not np.array_equal(frame.picture.rgb, before)


def test_a_drawn_in_waist_is_shown_between_the_old_contour_and_the_new_one() -> None:
    """Inside the capture's contour, for the product is slimmer; and outside of it, where it is wider."""
    pixels = sample(DAYPACK)
    for percent, slimmer in ((6, True), (-6, False)):
        frame = frame_of(jpeg(retouching.slimmed(pixels, percent)))
        overlay = shown(frame, "S01", reference=approved(lambda: pixels)())
        with Image.open(io.BytesIO(overlay.png)) as image:
            alpha = np.asarray(image.convert("RGBA"))[..., 3]
        fills = (alpha > 0) & (alpha < 255)
        was = pixels.min(axis=2) < 240
        assert fills.sum() > 100
        assert bool(was[fills].mean() > 0.7) is slimmer


def test_an_overlay_lies_on_the_picture_as_a_viewer_shows_it() -> None:
    """The stain is in the corner that the EXIF tag turns to the top right."""
    upright = marks(shown(frame_of(encode(stained())), "T14"))
    stored = Image.Exif()
    stored[0x0112] = 6
    turned_back = np.ascontiguousarray(np.rot90(stained()))
    overlay = shown(frame_of(encode(turned_back, exif=stored)), "T14")
    assert (overlay.width, overlay.height) == (800, 1000)
    assert (marks(overlay) == upright).mean() > 0.98


def test_a_large_picture_has_a_layer_at_a_fraction_that_misses_no_pixel() -> None:
    """Sides that no power of two divides; single grey pixels, also at odd places."""
    pixels = np.full((3003, 4001, 3), 255, np.uint8)
    pixels[1000:2000, 1500:2500] = cv2.resize(product()[330:850, 130:670], (1000, 1000))
    spots = [(40, 40), (41, 3001), (2900, 333), (2990, 3990)]
    for row, column in spots:
        pixels[row, column] = 90
    frame = frame_of(encode(pixels, "PNG"))
    layer = EVIDENCE["T14"].draw(frame, PACKSHOT, NO_REFERENCE)
    assert layer is not None
    overlay = finished(layer)
    assert (overlay.scale, overlay.width, overlay.height) == (2, 2001, 1502)
    marked = marks(overlay)
    assert all(marked[row // 2, column // 2] for row, column in spots)
    assert not marked[700:750, 100:200].any()


def test_nothing_is_drawn_for_what_passes_or_has_no_place(caplog: pytest.LogCaptureFixture) -> None:
    frame = frame_of(encode(product(), icc_profile=None))
    spec = PACKSHOT.model_copy(update={"min_width": 5000})
    found = measure_frame(frame, spec, NO_REFERENCE)
    assert {"T04", "T06"} <= {one.check for one in found if one.outcome in ("flag", "fail")}
    assert draw_evidence(frame, spec, NO_REFERENCE, found) == {}
    nothing = frame_of(b"no image")
    assert draw_evidence(nothing, spec, NO_REFERENCE, found) == {}
    assert not caplog.records


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 3), (65_535, 1), (1, 65_000), (65_535, 3), (801, 2), (40, 900)])
def test_the_strangest_pictures_break_no_overlay(size: tuple[int, int], caplog: pytest.LogCaptureFixture) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    every = STUDIO.model_copy(update={"white_background": True, "min_fill": 0.9, "clipping_path": True})
    for pixels in (noise, np.full_like(noise, 0), np.full_like(noise, 240)):
        frame = read_frame(encode(pixels, "PNG"), "x.png", DEFAULT)
        with caplog.at_level(logging.ERROR):
            draw_evidence(frame, every, NO_REFERENCE, measure_frame(frame, every, NO_REFERENCE))
    assert not caplog.records


def test_a_colour_reference_of_another_picture_shows_the_colour_that_isnt_found() -> None:
    swatch = ApprovedFile(encode(np.full((300, 300, 3), (240, 40, 200), np.uint8)), "swatch.png")
    frame = frame_of(jpeg(sample(TEE)))
    overlay = shown(frame, "F01", reference=Reference().reading(None, swatch))
    assert cluster(frame.subject.pixels)
    assert within(marks(overlay), (0.3, 0.3, 0.7, 0.7)).any()
