"""Where a file ends: cut off by a byte, or with something behind the picture."""

import struct
import zipfile
from io import BytesIO

import pytest
from PIL import Image

from tests.qc.test_inspection_clean import FAIL, FLAG, PASS, encode, product, verdicts
from tests.qc.test_inspection_hostile import EVERY_FORMAT

SMALL = Image.fromarray(product()[::4, ::4].copy())
FORMATS = {"x.jpg": "JPEG", "x.png": "PNG", "x.gif": "GIF", "x.webp": "WEBP", "x.tif": "TIFF", "x.bmp": "BMP"}
FILES = {name: encode(SMALL, format) for name, format in FORMATS.items()}
JPEG = FILES["x.jpg"]


def archive() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("page.html", "<script>")
    return packed.getvalue()


def with_segment(content: bytes) -> bytes:
    """The JPEG with one more APP2 segment."""
    return JPEG[:2] + b"\xff\xe2" + struct.pack(">H", 2 + len(content)) + content + JPEG[2:]


@pytest.mark.parametrize("name", FILES)
def test_a_whole_file_has_nothing_behind_its_end(name: str) -> None:
    found = verdicts(FILES[name], EVERY_FORMAT, name)
    assert (found["T01"].outcome, found["T02"].outcome) == (PASS, PASS)


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.gif", "x.webp"])
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_the_last_byte_is_missed(name: str, missing: int) -> None:
    assert verdicts(FILES[name][:-missing], EVERY_FORMAT, name)["T01"].outcome is FAIL


def test_the_last_checksum_of_a_png_counts() -> None:
    data = bytearray(FILES["x.png"])
    data[-1] ^= 1
    assert "checksum" in verdicts(bytes(data), EVERY_FORMAT, "x.png")["T01"].detail


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.gif", "x.webp"])
@pytest.mark.parametrize(
    ("rest", "says"),
    [(archive(), "a ZIP archive"), (JPEG, "another file, a JPEG"), (b"\0" * 8 + b"#!/bin/sh " * 500, "no picture")],
    ids=["ZIP", "JPEG", "script"],
)
def test_what_lies_behind_the_end_is_flagged(name: str, rest: bytes, says: str) -> None:
    found = verdicts(FILES[name] + rest, EVERY_FORMAT, name)
    assert (found["T01"].outcome, found["T02"].outcome) == (PASS, FLAG)
    assert says in found["T02"].detail
    assert f"{len(rest.strip(bytes(1) + b' ')):,} bytes" in found["T02"].detail


@pytest.mark.parametrize(
    "data",
    [
        JPEG + bytes(4096),
        JPEG + b"\xff" * 512,
        JPEG + b"\r\n",
        with_segment(b"MPF\0" + bytes(80)) + JPEG,
        with_segment(b"MPF\0" + bytes(80)) + bytes(100) + JPEG + bytes(9) + encode(SMALL, progressive=True),
        JPEG + b"\0\0\x01\x0aImage_UTC_Data1700000000000SEFH" + bytes(24) + b"SEFT",
        with_segment(b"a preview with its own end: \xff\xd9 and more"),
        encode(SMALL, exif=Image.Exif(), comment=b"\xff\xd9"),
    ],
    ids=["zeros", "ones", "line end", "MPF", "MPF, padded", "phone", "end in a segment", "end in a comment"],
)
def test_what_cameras_leave_there_is_not(data: bytes) -> None:
    assert verdicts(data, EVERY_FORMAT, "x.jpg")["T02"].outcome is PASS


def test_an_archive_behind_a_camera_s_previews_is_flagged() -> None:
    found = verdicts(with_segment(b"MPF\0" + bytes(80)) + JPEG + archive(), EVERY_FORMAT, "x.jpg")["T02"]
    assert (found.outcome, "a ZIP archive" in found.detail) == (FLAG, True)


def test_the_end_of_a_picture_in_a_segment_between_two_scans_is_none() -> None:
    data = encode(SMALL, progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    whole = data[:second] + b"\xff\xfe\0\x06\xff\xd9no" + data[second:]
    assert verdicts(whole, EVERY_FORMAT, "x.jpg")["T02"].outcome is PASS
    assert verdicts(whole + archive(), EVERY_FORMAT, "x.jpg")["T02"].outcome is FLAG
