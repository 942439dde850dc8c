"""Bytes that mean harm, or were hurt: always a verdict, never a crash, never much memory."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.evaluation.paths import in_jpeg, path, resource, subpath
from services.qc.inspection import inspect
from services.qc.inspection.formats import count_scans
from services.qc.inspection.photoshop import read_paths
from tests.qc.test_inspection_clean import CANNOT, FAIL, PACKSHOT, PASS, encode, product, verdicts

EVERY_FORMAT = ImageSpec(
    formats=["jpeg", "png", "tiff", "webp", "gif", "bmp"], white_background=True, min_fill=0.5, alpha_allowed=True
)
EVERY_CHECK = EVERY_FORMAT.model_copy(
    update={"clipping_path": True, "centred": True, "whole_subject": True, "straight": True, "min_margin": 0.05}
)
PIXEL_CHECKS = ("T09", "T10", "T13", "T14", "T15", "T16", "T17", "T22", "T23", "T24", "T26", "T27")
BAG = Image.fromarray(product())
PATHS = resource(2000, path(subpath([(0.2, 0.2), (0.2, 0.8), (0.8, 0.8), (0.8, 0.2)])), "Path 1") + resource(
    2999, b"\x06Path 1"
)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side: int) -> bytes:
    """A true header, and pixels that a lenient decoder would fill up by itself."""
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    data = bytearray(encode(BAG))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65000, 65000)
    return bytes(data)


def tiff_bomb() -> bytes:
    data = bytearray(encode(BAG, "TIFF", icc_profile=None))
    ifd = struct.unpack_from("<I", data, 4)[0]
    for at in range(ifd + 2, ifd + 2 + 12 * struct.unpack_from("<H", data, ifd)[0], 12):
        tag = struct.unpack_from("<H", data, at)[0]
        if tag in (256, 257):  # width, height, as 32-bit numbers
            struct.pack_into("<HHII", data, at, tag, 4, 1, 50_000)
    return bytes(data)


def webp_bomb() -> bytes:
    canvas = b"\0\0\0\0" + (16383).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan comes 500 times."""
    data = encode(Image.new("RGB", (64, 64), "red"), progressive=True, icc_profile=None)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 500 + data[-2:]


def png_with(kind: bytes, content: bytes, times: int = 1) -> bytes:
    data = encode(BAG.resize((40, 50)), "PNG", icc_profile=None)
    return data[:33] + chunk(kind, content) * times + data[33:]


@cache
def packed() -> bytes:
    return zlib.compress(bytes(50_000_000), 9)


# Made by the test that needs them: every worker of a run loads every file of tests.
BOMBS: dict[str, Callable[[], bytes]] = {
    "bomb.png": lambda: png_bomb(60_000),
    "thread.png": lambda: encode(Image.new("1", (1, 9_000_000)), "PNG", icc_profile=None),
    "bomb.jpg": jpeg_bomb,
    "bomb.tif": tiff_bomb,
    "bomb.webp": webp_bomb,
    "bomb.gif": lambda: b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + encode(BAG, "GIF", icc_profile=None)[10:],
    "bomb.bmp": lambda: (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "scans.jpg": scan_bomb,
    "profile.png": lambda: png_with(b"iCCP", b"x\0\0" + packed()),
    "text.png": lambda: png_with(b"zTXt", b"x\0\0" + packed()),
    "unicode.png": lambda: png_with(b"iTXt", b"x\0\1\0\0\0" + packed()),
    "texts.png": lambda: png_with(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**20), 9), times=70),
}
MEASURE = """
import sys
from pathlib import Path
from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection import DEFAULT, NO_REFERENCE
from services.qc.inspection.drawing import draw_evidence
from services.qc.inspection.engine import measure_frame
from services.qc.inspection.frame import read_frame
from services.qc.inspection.memory import keep_memory
keep_memory()
spec = ImageSpec(
    formats=["jpeg", "png", "tiff", "webp", "gif", "bmp"],
    white_background=True, clipping_path=True, centred=True, whole_subject=True, straight=True,
)
for path in map(Path, sys.argv[1:]):
    frame = read_frame(path.read_bytes(), path.name, DEFAULT)
    found = measure_frame(frame, spec, NO_REFERENCE)
    # Every overlay, whatever was found.
    flagged = [one.model_copy(update={"outcome": MeasurementOutcome.FLAG}) for one in found]
    draw_evidence(frame, spec, NO_REFERENCE, flagged)
    print(path.name, found[0].outcome.value)
    del frame
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss would count what the parent process took before this one was started
    print(int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024)
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure_apart(paths: list[Path]) -> tuple[dict[str, str], int]:
    """T01's outcome of each file, and the most memory, in bytes, that a process took to measure them all."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, paths)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    *lines, memory = done.stdout.splitlines()
    return dict(line.split() for line in lines), int(memory)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_on_its_header(name: str) -> None:
    found = verdicts(BOMBS[name](), EVERY_FORMAT, name)
    assert (found["T03"].outcome, found["T01"].outcome) == (FAIL, FAIL)
    assert "limit" in found["T03"].detail
    assert "MAX_" not in found["T01"].detail
    assert {found[check].outcome for check in PIXEL_CHECKS} == {CANNOT}


def test_bombs_cost_no_memory(tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    outcomes, memory = measure_apart(sorted(tmp_path.iterdir()))
    assert outcomes == dict.fromkeys(BOMBS, "fail")
    assert memory < 250 * 2**20


def test_a_picture_at_the_limit_is_measured_in_a_gibibyte(tmp_path: Path) -> None:
    """100 megapixels in the way that takes most to decode: progressive, and without subsampling."""
    scene = np.tile(product(), (10, 13, 1))[:, :10_000]
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    cv2.imwrite(str(tmp_path / "large.jpg"), scene, options)
    outcomes, memory = measure_apart([tmp_path / "large.jpg"])
    assert outcomes == {"large.jpg": "pass"}
    assert memory < 2**30


def test_what_would_take_more_memory_is_refused_before_it_is_decoded() -> None:
    data = bytearray(encode(BAG.convert("CMYK"), progressive=True, icc_profile=None))
    frame = data.index(b"\xff\xc2")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 9_500, 10_000)
    found = verdicts(bytes(data))
    assert (found["T03"].outcome, found["T03"].value) == (FAIL, 95.0)
    assert "memory" in found["T03"].detail
    assert found["T04"].outcome is PASS  # what the header says is still judged


FILES: dict[str, Callable[[], bytes]] = {
    "bag.jpg": lambda: encode(BAG),
    "progressive.jpg": lambda: encode(BAG, progressive=True),
    "cmyk.jpg": lambda: encode(BAG.convert("CMYK"), icc_profile=None),
    "bag.png": lambda: encode(BAG, "PNG"),
    "bag.tif": lambda: encode(BAG, "TIFF"),
    "packed.tif": lambda: encode(BAG, "TIFF", compression="tiff_lzw"),
    "bag.webp": lambda: encode(BAG, "WEBP"),
    "bag.gif": lambda: encode(BAG, "GIF"),
    "bag.bmp": lambda: encode(BAG, "BMP"),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_is_decoded_whole_or_not_at_all(name: str) -> None:
    data = FILES[name]()
    assert verdicts(data, EVERY_FORMAT, name)["T01"].outcome is PASS
    for kept in (len(data) - 40, len(data) // 2, 40):
        found = verdicts(data[:kept], EVERY_FORMAT, name)
        assert found["T01"].outcome is FAIL
        assert {found[check].outcome for check in PIXEL_CHECKS} == {CANNOT}
        assert "T01" in found["T09"].detail


def test_half_a_picture_stays_an_error_whatever_pillow_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = FILES["bag.bmp"]()
    assert verdicts(data[: len(data) // 2], EVERY_FORMAT, "bag.bmp")["T01"].outcome is FAIL


def test_a_flipped_bit_in_a_png_is_found() -> None:
    data = bytearray(FILES["bag.png"]())
    data[data.index(b"IDAT") + 100] ^= 1
    assert verdicts(bytes(data), EVERY_FORMAT, "bag.png")["T01"].outcome is FAIL


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\0" * 1000, "no image format"),
        (b"<html>Not found</html>", "no image format"),
        (b"8BPS" + bytes(100), "PSD"),
        (b"\0\0\0\x20ftypheic" + bytes(100), "HEIC"),
        (b"\xff\xd8\xff\xe0", "header"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, says: str) -> None:
    found = verdicts(data)
    assert (found["T01"].outcome, found["T03"].outcome) == (FAIL, CANNOT)
    assert says in found["T01"].detail


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (4, 1), (3, 3), (65_535, 1), (1, 65_000), (65_535, 3), (801, 2)])
@pytest.mark.parametrize("level", [0, 255])
def test_the_strangest_sizes_get_a_verdict(size: tuple[int, int], level: int) -> None:
    for mode in ("RGB", "RGBA"):
        found = verdicts(encode(Image.new(mode, size, (level,) * len(mode)), "PNG"), EVERY_CHECK, "strange.png")
        assert found["T01"].outcome is PASS
        assert found["T04"].value == max(size)
        assert not [one.detail for one in found.values() if "broke" in one.detail]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_no_still_picture(format: str) -> None:
    data = encode(BAG, format, save_all=True, append_images=[BAG.rotate(5)])
    found = verdicts(data, EVERY_FORMAT, f"bag.{format.lower()}")
    assert (found["T01"].outcome, found["T02"].outcome) == (PASS, FAIL)
    assert "several pictures" in found["T02"].detail


@pytest.mark.parametrize("filename", ["", ".", "..", "a/../../etc/passwd", "\0.jpg", "x" * 5000, "bag.jpg\n", "✂.jpg"])
def test_any_file_name_gets_a_verdict(filename: str) -> None:
    outcome = verdicts(FILES["bag.jpg"](), filename=filename)["T02"].outcome
    assert (outcome is PASS) == (filename in ("\0.jpg", "✂.jpg"))


def test_scans_are_counted_only_where_they_are_scans() -> None:
    plain = encode(BAG, icc_profile=None)
    assert count_scans(plain) == 1
    comment = b"\xff\xfe" + struct.pack(">H", 402) + b"\xff\xda" * 200
    assert count_scans(plain[:2] + comment + plain[2:]) == 1
    assert count_scans(scan_bomb()) > 500
    assert verdicts(plain[:2] + comment + plain[2:])["T03"].outcome is PASS


SMALL = {name: encode(BAG.resize((40, 50)), format) for name, format in (
    ("x.jpg", "JPEG"), ("x.png", "PNG"), ("x.tif", "TIFF"), ("x.webp", "WEBP"), ("x.gif", "GIF"), ("x.bmp", "BMP"),
)}  # fmt: skip


@given(
    name=st.sampled_from(sorted(SMALL)),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_damaged_files_get_the_same_verdict_twice(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL[name])
    for at, byte in changes:
        data[at % len(data)] = byte
    found = inspect(bytes(data), name, EVERY_CHECK)
    assert found == inspect(bytes(data), name, EVERY_CHECK)
    assert [one.check for one in found][:4] == ["T01", "T02", "T03", "T04"]
    assert not [one.detail for one in found if "itself broke" in one.detail]


LARGE = BAG.resize((320, 400))  # large enough for every check to measure something
WITH_PATH = in_jpeg(encode(LARGE), PATHS)
WITH_TAG = encode(LARGE, "TIFF", tiffinfo={34377: PATHS})


@given(
    data=st.sampled_from([WITH_PATH, WITH_TAG]),
    changes=st.lists(st.tuples(st.integers(0, len(PATHS)), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
)
@settings(max_examples=100, deadline=None)
def test_damaged_paths_get_a_verdict(data: bytes, changes: list[tuple[int, bytes]]) -> None:
    hurt, begin = bytearray(data), data.index(b"8BIM")
    for at, new in changes:
        hurt[begin + at : begin + at + len(new)] = new
    found = {one.check: one for one in inspect(bytes(hurt), "bag.jpg", EVERY_CHECK)}
    assert not [one.detail for one in found.values() if "itself broke" in one.detail]
    assert found["T21"].outcome in MeasurementOutcome


@given(block=st.binary(max_size=400), head=st.sampled_from([b"", b"8BIM\x07\xd0\0\0", b"8BIM\x0b\xb7\0\0"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_may_stand_where_paths_are(block: bytes, head: bytes) -> None:
    assert isinstance(read_paths(head + block), tuple)
    assert isinstance(read_paths(head + len(block).to_bytes(4, "big") + block), tuple)


@given(
    table=st.binary(min_size=64, max_size=64),
    which=st.integers(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_any_quantisation_table_gets_a_verdict(table: bytes, which: int) -> None:
    data = bytearray(encode(LARGE))
    at = data.index(b"\xff\xdb")
    if which:
        at = data.index(b"\xff\xdb", at + 2)
    data[at + 5 : at + 69] = table
    found = {one.check: one for one in inspect(bytes(data), "bag.jpg", EVERY_CHECK)}
    assert not [one.detail for one in found.values() if "itself broke" in one.detail]
    quality = found["T22"].value
    assert quality is None or 1 <= quality <= 100


def test_tables_with_zeros_say_nothing_of_quality() -> None:
    data = bytearray(encode(LARGE))
    at = data.index(b"\xff\xdb")
    data[at + 5 : at + 69] = bytes(64)
    found = verdicts(bytes(data))["T22"]
    assert (found.outcome, found.value) == (CANNOT, None)


def test_a_picture_of_alpha_alone_gets_a_verdict() -> None:
    for level in (0, 1, 255):
        alpha = np.random.default_rng(4).integers(0, level + 1, (300, 300)).astype(np.uint8)
        pixels = np.dstack([np.zeros((300, 300, 3), np.uint8), alpha])
        found = verdicts(encode(pixels, "PNG"), EVERY_CHECK, "ghost.png")
        assert not [one.detail for one in found.values() if "itself broke" in one.detail]


def test_pixels_that_are_no_colours_are_not_measured() -> None:
    heights: Any = Image.fromarray(np.linspace(0, 1, 2500, dtype=np.float32).reshape(50, 50))
    found = verdicts(encode(heights, "TIFF", icc_profile=None), PACKSHOT, "heights.tif")
    assert (found["T01"].outcome, found["T07"].outcome) == (FAIL, FAIL)
    assert "32 bits" in found["T01"].detail
