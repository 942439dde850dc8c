"""CIEDE2000 against its published test data, and L*a*b* of pixels against that of single colours."""

import numpy as np
import pytest

from services.qc.inspection.colour import delta_e, lab, lab_of

# L*, a*, b* of two colours and their ΔE00: Sharma, Wu and Dalal (2005), table 1.
PUBLISHED = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.0200 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1.0000
50 -1.1848 -84.8006 50 0 -82.7485 1.0000
50 -0.9009 -85.5211 50 0 -82.7485 1.0000
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.49 -0.001 50 -2.49 0.0009 7.1792
50 2.49 -0.001 50 -2.49 0.0010 7.1792
50 2.49 -0.001 50 -2.49 0.0011 7.2195
50 2.49 -0.001 50 -2.49 0.0012 7.2195
50 -0.001 2.49 50 0.0009 -2.49 4.8045
50 -0.001 2.49 50 0.0010 -2.49 4.8045
50 -0.001 2.49 50 0.0011 -2.49 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1.0000
50 2.5 0 50 3.2972 0 1.0000
50 2.5 0 50 1.8634 0.5757 1.0000
50 2.5 0 50 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
PAIRS = np.array([line.split() for line in PUBLISHED.split("\n") if line], np.float64)


def test_ciede2000_gives_the_published_values_in_both_directions() -> None:
    assert len(PAIRS) == 34
    first, second, published = PAIRS[:, :3], PAIRS[:, 3:6], PAIRS[:, 6]
    assert delta_e(first, second) == pytest.approx(published, abs=1e-4)
    assert delta_e(second, first) == pytest.approx(published, abs=1e-4)


def test_it_keeps_the_shape_of_what_it_compares() -> None:
    picture = np.zeros((4, 5, 3), np.float32)
    assert delta_e(picture, picture).shape == (4, 5)
    assert delta_e(picture[:, None, :1], picture[None, :, :1]).shape == (4, 4, 1)


def test_pixels_have_the_colours_that_single_values_have() -> None:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    pixels = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    single = np.array([lab(*levels) for levels in pixels[:, 0].tolist()])
    assert lab_of(pixels)[:, 0] == pytest.approx(single, abs=1e-3)


def test_greys_are_neutral_under_the_one_white_point() -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    found = lab_of(greys)[:, 0]
    assert np.abs(found[:, 1:]).max() < 1e-3
    assert (found[0, 0], found[255, 0]) == (pytest.approx(0, abs=1e-4), pytest.approx(100, abs=1e-4))
    assert (np.diff(found[:, 0]) > 0).all()
