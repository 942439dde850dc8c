"""References and files that mean harm, or fit together in no way: always a verdict, and never much memory."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contracts.values import ImageSpec
from packshot.sample.files import jpeg
from services.qc.inspection import DEFAULT, NO_REFERENCE, ApprovedFile, Reference, inspect
from services.qc.inspection.checks import CHECKS
from services.qc.inspection.fingerprint import fingerprint
from services.qc.inspection.frame import read_frame
from services.qc.inspection.reference import Against, AiUse, Naming, Neighbour, Slot
from tests.qc.retouching import sample
from tests.qc.test_inspection_clean import CANNOT, encode, product
from tests.qc.test_inspection_hostile import SMALL

SPEC = ImageSpec(formats=["jpeg", "png", "tiff", "webp", "gif", "bmp"], alpha_allowed=True)
COMPARING = {check.id for check in CHECKS if check.against is not None}


def flat(size: tuple[int, int], level: int, mode: str = "RGB") -> bytes:
    return encode(Image.new(mode, size, (level,) * len(mode)), "PNG")


def noise(size: tuple[int, int]) -> bytes:
    return encode(np.random.default_rng(3).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8), "PNG")


def cut_out() -> bytes:
    """Nothing but its alpha: every pixel is white."""
    alpha = np.zeros((200, 160), np.uint8)
    cv2.circle(alpha, (80, 100), 60, 255, -1)
    return encode(np.dstack([np.full((200, 160, 3), 255, np.uint8), alpha]), "PNG")


FILES: dict[str, bytes] = {
    "one pixel": flat((1, 1), 90),
    "one line": flat((400, 1), 90),
    "one column": flat((1, 65_000), 0),
    "white": flat((300, 200), 255),
    "black": flat((300, 200), 0),
    "invisible": flat((300, 200), 0, "RGBA"),
    "noise": noise((300, 200)),
    "alpha alone": cut_out(),
    "wide": encode(cv2.resize(product(), (1600, 90))),
    "tall": encode(cv2.resize(product(), (60, 1500))),
    "speck": encode(np.pad(cv2.resize(product(), (20, 25)), ((400, 400), (400, 400), (0, 0)), constant_values=255)),
    "grey": encode(Image.fromarray(product()).convert("L")),
    "tiny": encode(cv2.resize(product(), (24, 30))),
    "photo": encode(product()),
    "empty": b"",
    "text": b"<html>Not found</html>",
    "half": encode(product())[:9000],
}


def reference_of(data: bytes) -> Reference:
    """Everything that can be compared with, from one file."""
    printed = fingerprint(read_frame(data, "x.jpg", DEFAULT))
    prints = () if printed is None else (printed,) * 5
    others = tuple(Neighbour(Slot("B", "b", f"{number}"), one) for number, one in enumerate(prints))
    whole = Reference(
        target="colorchecker_classic",
        batch=prints,
        shoot=prints,
        views=others,
        others=others,
        slot=Slot("A", "a", "front"),
        naming=Naming("{sku}_{view}.jpg", frozenset({"A"}), frozenset({"front"})),
        approved_sha256="0" * 64,
        ai_use=AiUse.SOME,
    )
    file = ApprovedFile(data, "x.jpg")
    return whole.reading(file, file)


@pytest.mark.parametrize("approved", FILES)
def test_whatever_is_compared_with_whatever_gets_a_verdict(approved: str) -> None:
    reference = reference_of(FILES[approved])
    for name, data in FILES.items():
        found = inspect(data, "x.png", SPEC, reference)
        assert {one.check for one in found} >= COMPARING
        assert not [f"{name}: {one.check} {one.detail}" for one in found if "itself broke" in one.detail]
        assert all(one.value is None or np.isfinite(one.value) for one in found)


def test_what_is_no_picture_is_no_reference() -> None:
    for approved in ("empty", "text", "half"):
        found = {one.check: one for one in inspect(FILES["photo"], "x.jpg", SPEC, reference_of(FILES[approved]))}
        assert {found[check].outcome for check in ("S01", "S02", "S03", "F01", "F03", "T11", "T25")} == {CANNOT}
        assert "can't be decoded" in found["S01"].detail


@given(
    name=st.sampled_from(sorted(SMALL)),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6),
    damaged=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_damaged_references_and_files_get_the_same_verdict_twice(
    name: str, changes: list[tuple[int, int]], damaged: bool
) -> None:
    data = bytearray(SMALL[name])
    for at, byte in changes:
        data[at % len(data)] = byte
    candidate, approved = (bytes(data), SMALL[name]) if damaged else (SMALL[name], bytes(data))
    found = inspect(candidate, name, SPEC, reference_of(approved))
    assert found == inspect(candidate, name, SPEC, reference_of(approved))
    assert not [one.detail for one in found if "itself broke" in one.detail]


MEASURE = """
import sys
from pathlib import Path
from contracts.values import ImageSpec
from services.qc.inspection import DEFAULT, ApprovedFile, Reference, inspect
from services.qc.inspection.fingerprint import fingerprint
from services.qc.inspection.frame import read_frame
from services.qc.inspection.reference import Neighbour, Slot
approved, candidate = (Path(path).read_bytes() for path in sys.argv[1:])
printed = fingerprint(read_frame(approved, "x.jpg", DEFAULT))
others = (Neighbour(Slot("B", "b", "front"), printed),)
file = ApprovedFile(approved, "x.jpg")
prints = (printed,) * 5
known = Reference(target="colorchecker_classic", batch=prints, shoot=prints, views=others, others=others)
reference = known.reading(file, file)
found = inspect(candidate, "x.jpg", ImageSpec(), reference)
assert not [one.detail for one in found if "itself broke" in one.detail]
print(*sorted(one.check for one in found if one.outcome.value == "cannot_measure"))
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024)
"""

MEASURE_AS_THE_WORKER_DOES = """
import sys
from pathlib import Path
from uuid import UUID
from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.comparison.domain import Place, References, Seen
from services.qc.inspections import child
from services.qc.thresholds.domain import DEFAULT
approved, candidate = (Path(path).read_bytes() for path in sys.argv[1:])
files = {name: (approved, "x.jpg") for name in ("capture", "colour")}
printed = child.read(candidate, "x.jpg", files, DEFAULT)
place = Place(sku="B", colorway="b", view="front", channel=None)
other = Seen(version_id=UUID(int=1), sha256="0" * 64, place=place, fingerprint=printed)
own = Place(sku="A", colorway="a", view="front", channel=None)
found = child.measure(ImageSpec(), References(slot=own, batch=(other,) * 3, views=(other,), others=(other,)))
# Every overlay, whatever was found.
drawn = child.draw(ImageSpec(), [one.model_copy(update={"outcome": MeasurementOutcome.FLAG}) for one in found])
assert {"S01", "S03", "F01", "F03", "T10"} <= {one.check for one in drawn}
assert not [one.detail for one in found if "itself broke" in one.detail]
print(*sorted(one.check for one in found if one.outcome.value == "cannot_measure"))
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024)
"""


@pytest.mark.parametrize("script", [MEASURE, MEASURE_AS_THE_WORKER_DOES], ids=["engine", "worker"])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the peak of this process's own memory")
def test_a_picture_at_the_limit_is_compared_with_another_in_a_gibibyte(tmp_path: Path, script: str) -> None:
    """A candidate of 100 megapixels, in the way that takes most to decode, and a capture that stays as large as one
    may."""
    scene: Any = cv2.resize(product(), (8_944, 11_180), interpolation=cv2.INTER_CUBIC)
    capture: Any = cv2.resize(product(), (6_320, 7_900), interpolation=cv2.INTER_CUBIC)
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    cv2.imwrite(str(tmp_path / "approved.jpg"), capture)
    cv2.imwrite(str(tmp_path / "candidate.jpg"), scene, options)
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "approved.jpg", tmp_path / "candidate.jpg"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
    )
    unmeasured, memory = done.stdout.splitlines()
    assert set(unmeasured.split()).isdisjoint({"S01", "S02", "S03", "F01", "F04", "F05"})
    assert int(memory) < 2**30


def test_no_reference_asks_for_nothing() -> None:
    assert not [against for against in Against if NO_REFERENCE.applies(against)]
    assert {one.check for one in inspect(jpeg(sample(0)), "x.jpg", SPEC)}.isdisjoint(COMPARING)
