"""The syntax and the arithmetic of image requests, against the tables of the IIIF Image API 3.0 (4.1 to 4.8)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.problems import Problem
from services.assets.iiif.domain import Limits, View, parse
from services.assets.iiif.errors import BadImageRequest, UpscalingAsked

WIDE = Limits(max_side=100_000, max_area=10**10)
# The picture of the specification's own examples.
WIDTH, HEIGHT = 300, 200


def view(request: str, width: int = WIDTH, height: int = HEIGHT, limits: Limits = WIDE) -> View:
    """`region/size/rotation/quality.format`; what is left out is `full`, `max`, `0` and `default.jpg`."""
    parts = request.split("/")
    return parse(*parts, *["full", "max", "0", "default.jpg"][len(parts) :]).of(width, height, limits)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("full", (0, 0, 300, 200)),
        ("square", (50, 0, 200, 200)),
        ("125,15,120,140", (125, 15, 120, 140)),
        ("pct:41.6,7.5,40,70", (125, 15, 120, 140)),
        ("125,15,200,200", (125, 15, 175, 185)),
        ("pct:41.6,7.5,66.6,100", (125, 15, 175, 185)),
        ("0,0,999999999999,1", (0, 0, 300, 1)),
        ("299,199,1,1", (299, 199, 1, 1)),
        ("pct:.5,0.5,50,50.0", (2, 1, 150, 100)),
    ],
)
def test_regions(region: str, expected: tuple[int, int, int, int]) -> None:
    box = view(region).region
    assert (box.x, box.y, box.width, box.height) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("max", (300, 200)),
        ("150,", (150, 100)),
        (",150", (225, 150)),
        ("pct:50", (150, 100)),
        ("pct:33.3", (100, 67)),
        ("225,100", (225, 100)),
        ("!225,100", (150, 100)),
        ("!600,600", (300, 200)),
        ("^150,", (150, 100)),
        ("^,200", (300, 200)),
        ("^pct:100", (300, 200)),
        ("^300,100", (300, 100)),
        ("^!300,300", (300, 200)),
        ("1,", (1, 1)),
    ],
)
def test_sizes(size: str, expected: tuple[int, int]) -> None:
    one = view(f"full/{size}")
    assert (one.width, one.height) == expected


@pytest.mark.parametrize("size", ["^max", "^301,", "^,201", "^pct:120", "^301,10", "^!600,600"])
def test_enlarging_is_not_implemented(size: str) -> None:
    with pytest.raises(UpscalingAsked):
        view(f"full/{size}")


@pytest.mark.parametrize(
    ("size", "expected"),
    [("max", (200, 133)), ("!300,300", (200, 133)), ("200,", (200, 133)), ("^max", (200, 133)), ("50,200", (50, 200))],
)
def test_limits_hold(size: str, expected: tuple[int, int]) -> None:
    one = view(f"full/{size}", limits=Limits(200, 30_000))
    assert (one.width, one.height) == expected


def test_the_area_is_limited_too() -> None:
    limits = Limits(1000, 15_000)
    one = view("full/max", limits=limits)
    assert (one.width, one.height) == (150, 100)
    with pytest.raises(BadImageRequest, match="beyond this server's limits"):
        view("full/151,", limits=limits)


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [("0", (False, 0)), ("90", (False, 1)), ("180.0", (False, 2)), ("!270", (True, 3)), ("360", (False, 0)),
     ("!0", (True, 0)), ("090", (False, 1))],
)  # fmt: skip
def test_rotations(rotation: str, expected: tuple[bool, int]) -> None:
    one = view(f"full/max/{rotation}")
    assert (one.mirrored, one.quarter_turns) == expected


@pytest.mark.parametrize(
    "request_",
    [
        # Regions: of another form, without a pixel, outside.
        "Full", "", "1,2,3", "1,2,3,4,5", "-1,0,5,5", "+1,0,5,5", "1.5,0,5,5", "0,0,0,5", "0,0,5,0", "300,0,1,1",
        "0,200,1,1", "pct:0,0,0,5", "pct:100,0,5,5", "pct:1e1,0,5,5", "pct:0,0,nan,5", "pct:a,0,5,5", "pct:-1,0,5,5",
        "pct:0,0,0.1,5", "1,2,3,4 ", "١,0,5,5", f"0,0,{'9' * 19},1", "pct:0,0,5,.",
        # Sizes: of another form, larger than the region, of less than a pixel.
        "full/full", "full/", "full/,", "full/^,", "full/!,", "full/!5,", "full/!,5", "full/pct:0", "full/pct:100.1",
        "full/pct:", "full/0,", "full/,0", "full/0,0", "full/301,", "full/,201", "full/301,1", "full/1,201",
        "full/1.5,", "full/-5,", "full/max,", "full/!pct:5", "full/5,5,5", "full/^^5,", "full/!^5,5", "full/pct:0.1",
        "full/5,x", "full/٥,", "full/ 5,",
        # Rotations, qualities, formats.
        "full/max/45", "full/max/361", "full/max/-90", "full/max/", "full/max/!", "full/max/90!", "full/max/1e2",
        "full/max/450", "full/max/0/default", "full/max/0/.jpg", "full/max/0/bitonal.jpg", "full/max/0/native.jpg",
        "full/max/0/default.", "full/max/0/default.tif", "full/max/0/default.jpeg", "full/max/0/default.JPG",
        "full/max/0/default.jpg.png",
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(request_: str) -> None:
    with pytest.raises(BadImageRequest) as refused:
        view(request_)
    assert refused.value.status == 400
    assert refused.value.detail


@pytest.mark.parametrize(
    ("request_", "canonical"),
    [
        ("full/max/0/default.jpg", "full/max/0/default.jpg"),
        ("0,0,300,200/300,200/360/color.png", "full/max/0/default.png"),
        ("pct:0,0,100,100/pct:50/!90.0/gray.png", "full/150,100/!90/gray.png"),
        ("square/!50,50/0/default.jpg", "50,0,200,200/50,50/0/default.jpg"),
        ("125,15,200,200/max/180/default.jpg", "125,15,175,185/max/180/default.jpg"),
        ("full/^150,/0/default.jpg", "full/150,100/0/default.jpg"),
    ],
)
def test_the_canonical_form(request_: str, canonical: str) -> None:
    assert view(request_).canonical == canonical


NUMBER = st.one_of(
    st.integers(0, 10**6).map(str),
    st.decimals(0, 400, places=3, allow_nan=False).map(str),
    st.sampled_from(["", ".", "-1", "1e9", "0", "٣", "9" * 40, "00"]),
)
REGION = st.one_of(
    st.sampled_from(["full", "square", "Full", ""]),
    st.lists(NUMBER, min_size=3, max_size=5).map(",".join),
    st.lists(NUMBER, min_size=4, max_size=4).map(lambda four: "pct:" + ",".join(four)),
)
SIZE = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "^", "!", "^!", "!^"]),
        st.one_of(
            st.sampled_from(["max", ","]),
            NUMBER.map("pct:{}".format),
            st.tuples(NUMBER, NUMBER).map(",".join),
        ),
    ),
)
ROTATION = st.tuples(st.sampled_from(["", "!"]), st.one_of(NUMBER, st.sampled_from(["90", "180", "270"]))).map("".join)
LAST = st.one_of(st.sampled_from(["default.jpg", "color.png", "gray.jpg", "bitonal.jpg", "default.webp", "x"]))
ANY = st.text(max_size=12)
SIDE = st.integers(1, 70_000)


def asked(request: tuple[str, str, str, str], size: tuple[int, int], limits: Limits) -> View | Problem:
    try:
        return parse(*request).of(*size, limits)
    except Problem as refused:
        return refused


@given(
    st.tuples(REGION | ANY, SIZE | ANY, ROTATION | ANY, LAST | ANY),
    st.tuples(SIDE, SIDE),
    st.builds(Limits, st.integers(512, 5000), st.integers(512 * 512, 9_000_000)),
)
@example(("full", "max", "0", "default.jpg"), (70_000, 1), Limits(512, 512 * 512))
@example(("full", "pct:100", "0", "default.jpg"), (1, 1), Limits(512, 512 * 512))
def test_whatever_is_asked_is_bounded_or_refused(
    request_: tuple[str, str, str, str], size: tuple[int, int], limits: Limits
) -> None:
    one = asked(request_, size, limits)
    if isinstance(one, Problem):
        assert one.status == 400 or (one.status == 501 and "^" in request_[1])
        return
    region = one.region
    assert 0 <= region.x < region.x + region.width <= size[0]
    assert 0 <= region.y < region.y + region.height <= size[1]
    assert 1 <= one.width <= region.width
    assert 1 <= one.height <= region.height
    assert limits.allow(one.width, one.height)
    # The canonical form is the same view, and its own canonical form.
    assert parse(*one.canonical.split("/")).of(*size, limits) == one


@given(SIDE, SIDE, st.builds(Limits, st.integers(512, 5000), st.integers(512 * 512, 9_000_000)))
def test_max_always_works(width: int, height: int, limits: Limits) -> None:
    one = view("full/max", width, height, limits)
    assert limits.allow(one.width, one.height)
    # The next larger one of this aspect would be too large, unless this is the image's own size.
    larger = one.width + 2 + width // height, one.height + 2 + height // width
    assert (one.width, one.height) == (width, height) or not limits.allow(*larger)
