"""What tus' headers may say, and what they may not."""

import hashlib
from datetime import UTC, datetime

import pytest

from services.assets.uploads.errors import BadHeader
from services.assets.uploads.protocol import (
    ALGORITHMS,
    MAX_METADATA,
    http_date,
    read_checksum,
    read_metadata,
    read_number,
)
from tests.assets.tus import encoded

NO_TEXT = b"\xff"
ID = "0192f0c1-2b3c-7d4e-8f50-616263646566"
GOOD = f"work_item_id {encoded(ID)},filename {encoded('blue front – ü.jpg')}"


def test_metadata_is_read_with_what_means_nothing_here() -> None:
    digest = "AB" * 32
    raw = f"filetype {encoded(NO_TEXT)}, is_confidential,{GOOD},sha256 {encoded(digest)}"
    read = read_metadata(raw)
    assert (str(read.work_item_id), read.filename) == (ID, "blue front – ü.jpg")
    assert (read.sha256, read.raw) == (digest.lower(), raw)
    assert read_metadata(GOOD).sha256 is None


@pytest.mark.parametrize(
    "raw",
    [
        None, "", "filename", GOOD.partition(",")[0], GOOD.partition(",")[2], GOOD + ",filename", GOOD + ",x !!!!",
        GOOD + ",x YQ", GOOD + ",sha256 " + encoded("0" * 63), GOOD + ",sha256", GOOD + ",x " + "A" * MAX_METADATA,
        GOOD + ",ü", GOOD + ",a\tb", GOOD + ",\x01", f"work_item_id {encoded('1')},filename {encoded('a.jpg')}",
        f"work_item_id {encoded(ID)},filename {encoded('../a.jpg')}",
        f"work_item_id {encoded(ID)},filename {encoded('a' + chr(13) + chr(10) + 'b: c')}",
        f"work_item_id {encoded(ID)},filename {encoded(NO_TEXT)}",
        f"work_item_id {encoded(NO_TEXT)},filename {encoded('a.jpg')}",
    ],
)  # fmt: skip
def test_wrong_metadata_is_refused_where_it_is_wrong(raw: str | None) -> None:
    with pytest.raises(BadHeader) as refused:
        read_metadata(raw)
    assert {error.pointer for error in refused.value.errors} == {"header/Upload-Metadata"}
    assert all(error.remedy for error in refused.value.errors)


def test_a_declaration_is_read_or_refused() -> None:
    assert read_metadata(GOOD).digital_source_type is None
    declared = read_metadata(f"{GOOD},digital_source_type {encoded('trainedAlgorithmicMedia')}")
    assert declared.digital_source_type == "trainedAlgorithmicMedia"
    for wrong in (encoded("painted"), encoded(NO_TEXT), ""):
        with pytest.raises(BadHeader, match="digital_source_type"):
            read_metadata(f"{GOOD},digital_source_type {wrong}")


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(BadHeader) as refused:
        read_metadata(f"sha256 {encoded('x')}")
    named = [error.detail.partition("`")[2].partition("`")[0] for error in refused.value.errors]
    assert named == ["work_item_id", "filename", "sha256"]


@pytest.mark.parametrize("value", [None, "", "-1", "+1", "1.5", "1e3", "1_0", " 1", "0x1", "١", "9" * 19, "NaN"])
def test_what_is_no_number_of_bytes_is_refused(value: str | None) -> None:
    with pytest.raises(BadHeader, match="Upload-Offset"):
        read_number("Upload-Offset", value)


def test_numbers_of_bytes_are_read() -> None:
    assert [read_number("Upload-Length", value) for value in ("0", "007", "9" * 18)] == [0, 7, 10**18 - 1]


def test_checksums_are_read() -> None:
    assert read_checksum(None) is None
    for algorithm in ALGORITHMS:
        digest = hashlib.new(algorithm, b"hello world").digest()
        checksum = read_checksum(f"{algorithm} {encoded(digest)}")
        assert checksum is not None
        counted = checksum.begin()
        counted.update(b"hello world")
        assert counted.digest() == checksum.digest
    # the example of the specification
    example = read_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")
    assert example is not None
    assert example.digest == hashlib.sha1(b"hello world").digest()


@pytest.mark.parametrize(
    "value", ["", "sha1", "sha1 ", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "crc32 AAAAAA==", "sha1 Kq5sNclPz7QV2",
              "sha1 AAAA", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1  Kq5sNclPz7QV2+lfQIuc6R7oRu0="],
)  # fmt: skip
def test_wrong_checksums_are_refused(value: str) -> None:
    with pytest.raises(BadHeader, match="Upload-Checksum"):
        read_checksum(value)


def test_dates_are_those_of_http() -> None:
    assert http_date(datetime(2014, 6, 25, 16, 0, 0, 5, UTC)) == "Wed, 25 Jun 2014 16:00:00 GMT"
