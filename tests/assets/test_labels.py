"""Labels in files: written into every format, read back by programs that aren't ours, kept from master to variant,
signed last; and whatever a master brings breaks nothing."""

import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image, ImageCms

from contracts.values import DigitalSourceType, ImageSpec
from packshot.local.signing import SigningFiles, signing_files
from services.assets.labels.c2pa import SigningFailed, manifest_of
from services.assets.labels.credentials import Credentials, load_credentials
from services.assets.labels.delivered import NotAsMade, check_delivered
from services.assets.labels.domain import contradiction, remedy_of
from services.assets.labels.embedding import save_options
from services.assets.labels.fields import CREATOR, CREDIT, RIGHTS, SOURCE_TYPE, VOCABULARY, Labels, tidy
from services.assets.labels.iim import read_block, write_block
from services.assets.labels.reading import labels_of
from services.assets.labels.xmp import UnreadableXmp, read_packet, write_packet
from services.assets.rendering import CannotRender, render
from services.assets.rendering.channels import default_channel_packs
from services.assets.variants.making import Made, Order, make
from services.qc.inspection.labels import source_type

FORMATS = ("jpeg", "png", "webp", "avif", "tiff")
GENERATED = DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA
LABELS: Labels = {
    SOURCE_TYPE: (VOCABULARY + "compositeWithTrainedAlgorithmicMedia",),
    "Iptc4xmpExt:AISystemUsed": ("Some system",),
    CREATOR: ("Mara <Lind> & Co", "Jörg"),
    RIGHTS: ("© 2026 Ünïcode",),
    CREDIT: ("Studio Nord",),
    "plus:DataMining": ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED",),
}


def picture(width: int = 300, height: int = 375) -> Image.Image:
    """A textured block on white."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[60:-60, 60:-60] = np.random.default_rng(1).integers(40, 200, (height - 120, width - 120, 3))
    return Image.fromarray(pixels)


def saved(file_format: str = "jpeg", labels: Labels | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    picture().save(file, file_format, **(save_options(file_format, labels) if labels else {}), **options)
    return file.getvalue()


def opened(content: bytes) -> Labels:
    image = Image.open(io.BytesIO(content))
    image.load()
    return labels_of(image)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SigningFiles:
    return signing_files(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def credentials(files: SigningFiles) -> Credentials:
    found = load_credentials(files.certificates, files.key)
    assert found is not None
    return found


def order(master: bytes, file_format: str = "jpeg", **changes: Any) -> Order:
    """A small variant."""
    small = {"width": 160, "height": 200, "format": file_format, "fill": None}
    pack = default_channel_packs()["pdp"].model_copy(update=small)
    spec = ImageSpec(white_background=True, formats=list(FORMATS), max_bytes=changes.pop("max_bytes", None))
    values: dict[str, Any] = {
        "master": master, "master_id": uuid4(), "master_type": "image/jpeg", "master_name": "front.jpg", "pack": pack,
        "spec": spec, "title": f"WJ01_blue_front.{file_format}",
    }  # fmt: skip
    return Order(**(values | changes))


# On record


@pytest.mark.parametrize(
    ("ai", "taken"),
    [
        (False, {None, "digitalCapture", "humanEdits", "algorithmicallyEnhanced"}),
        (True, {one.value for one in DigitalSourceType} - {"digitalCapture", "humanEdits"}),
        (None, {None, *(one.value for one in DigitalSourceType)}),
    ],
)
def test_what_may_be_declared_follows_from_what_is_on_record(ai: bool | None, taken: set[str | None]) -> None:
    assert {one for one in (None, *DigitalSourceType) if contradiction(one, ai=ai) is None} == taken
    assert all(one in remedy_of(ai=ai) for one in taken if one is not None)


# Formats


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_carries_every_label(file_format: str) -> None:
    content = saved(file_format, LABELS)
    assert opened(content) == tidy(LABELS)
    assert (
        source_type(content, file_format) == "compositeWithTrainedAlgorithmicMedia"
    )  # by qc, which has its own reader


@pytest.mark.parametrize("file_format", FORMATS)
def test_exiftool_and_exiv2_read_the_labels(file_format: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{file_format}"
    path.write_bytes(saved(file_format, LABELS))
    said = run("exiftool", "-j", "-G1", "-a", "-XMP:all", "-IPTC:all", str(path))
    found = json.loads(said)[0]
    assert found["XMP-iptcExt:DigitalSourceType"] == LABELS[SOURCE_TYPE][0]
    assert found["XMP-dc:Creator"] == ["Mara <Lind> & Co", "Jörg"]
    assert (found["XMP-dc:Rights"], found["XMP-photoshop:Credit"]) == ("© 2026 Ünïcode", "Studio Nord")
    if file_format in ("jpeg", "tiff"):
        assert (found["IPTC:CopyrightNotice"], found["IPTC:By-line"]) == (
            "© 2026 Ünïcode",
            ["Mara <Lind> & Co", "Jörg"],
        )
    if file_format != "avif":  # whose container exiv2 reads in some builds only
        assert LABELS[SOURCE_TYPE][0] in run("exiv2", "-px", str(path))


def test_a_file_without_labels_gets_no_empty_ones() -> None:
    assert write_packet({}) is write_block({}) is None
    assert saved("jpeg", {}) == saved("jpeg")


# What a master brings


ATTRIBUTES = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" i:DigitalSourceType="{VOCABULARY}humanEdits"/>
<rdf:Description xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:d="http://purl.org/dc/elements/1.1/"
  xmlns:r="http://ns.useplus.org/ldf/xmp/1.0/">
<m:Pantry><rdf:Bag><rdf:li><rdf:Description d:creator="of an ingredient"/></rdf:li></rdf:Bag></m:Pantry>
<r:DataMining rdf:resource="http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"/>
<d:rights><rdf:Alt><rdf:li xml:lang="de">deutsch</rdf:li><rdf:li xml:lang="x-default">the default</rdf:li></rdf:Alt>
</d:rights></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_packets_of_other_writers_are_read() -> None:
    """Attributes, resources, languages; and not what is said of another file."""
    found = read_packet(ATTRIBUTES.encode())
    assert found[SOURCE_TYPE] == (VOCABULARY + "humanEdits",)
    assert found["plus:DataMining"] == ("http://ns.useplus.org/ldf/vocab/DMI-ALLOWED",)
    assert found[RIGHTS][0] == "the default"
    assert CREATOR not in found


def test_what_is_written_is_read_back_whatever_it_is() -> None:
    nasty = {CREATOR: ("]]>&lt;<a b='\"'>", "‮\U0001f600", "x" * 2000), RIGHTS: ("two\nlines", "second language")}
    packet = write_packet(nasty)
    assert packet is not None
    assert read_packet(packet) == {CREATOR: nasty[CREATOR], RIGHTS: ("two\nlines",)}
    assert write_packet(nasty) == packet
    block = write_block({CREATOR: ("Ü" * 40,), CREDIT: ("c",)})
    assert block is not None
    assert read_block(block) == {CREATOR: ("Ü" * 16,), CREDIT: ("c",)}


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
HOSTILE: dict[str, bytes] = {
    "entities": BOMB,
    "no XML": b"\xff\xfe\0\0garbage",
    "cut off": write_packet(LABELS)[:-60],  # type: ignore[index]
    "deep": b"<a>" * 140_000 + b"</a>" * 140_000,
    "too large": b"<x>" + b" " * 1_100_000 + b"</x>",
    "a long value": write_packet(LABELS).replace(b"Studio Nord", b"x" * 100_000),  # type: ignore[union-attr]
}


@pytest.mark.parametrize("packet", HOSTILE.values(), ids=HOSTILE)
def test_a_masters_broken_words_are_no_labels_and_no_error(packet: bytes) -> None:
    with suppress(UnreadableXmp):
        assert CREDIT not in read_packet(packet)
    file = io.BytesIO()
    picture().save(file, "tiff", tiffinfo={700: packet, 33723: b"\x1c\x02\x50\xff\xffabc"})
    assert CREDIT not in opened(file.getvalue())
    assert make(order(file.getvalue(), master_type="image/tiff", declared=GENERATED)).content


def test_labels_of_a_master_survive_every_derivative() -> None:
    """In whatever way the master has them, and in whatever format the channel wants."""
    exif = Image.Exif()
    exif[315], exif[33432] = "By EXIF", "(c) by EXIF"
    masters = {
        "xmp": (saved("png", LABELS), "image/png", dict(tidy(LABELS))),
        "iim": (saved("jpeg", extra=iim_segment()), "image/jpeg", {CREATOR: ("By IIM",), CREDIT: ("Agency",)}),
        "exif": (saved("jpeg", exif=exif), "image/jpeg", {CREATOR: ("By EXIF",), RIGHTS: ("(c) by EXIF",)}),
    }
    for content, media_type, expected in masters.values():
        for file_format in FORMATS:
            assert opened(make(order(content, file_format, master_type=media_type)).content) == expected
    declared = make(order(masters["xmp"][0], master_type="image/png", declared=GENERATED))
    assert opened(declared.content)[SOURCE_TYPE] == (VOCABULARY + "trainedAlgorithmicMedia",)  # the record counts


def test_what_a_file_can_carry_once_is_carried_once() -> None:
    """Rights in two languages, and a list where one text should be: the default language, or the first."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:p="http://ns.adobe.com/photoshop/1.0/">'
        b'<dc:rights><rdf:Alt><rdf:li xml:lang="de-DE">Rechte</rdf:li><rdf:li xml:lang="x-default">(c) Studio</rdf:li>'
        b"</rdf:Alt></dc:rights><p:Credit><rdf:Bag><rdf:li>A</rdf:li><rdf:li>B</rdf:li></rdf:Bag></p:Credit>"
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    made = make(order(saved("jpeg", xmp=packet)))
    assert opened(made.content) == {RIGHTS: ("(c) Studio",), CREDIT: ("A",)}


def test_labels_that_grow_when_they_are_written_still_fit_into_a_segment() -> None:
    made = make(order(saved("png", {CREATOR: ("<" * 1900,) * 20})))
    assert set(opened(made.content)) <= {CREATOR}


def test_what_is_said_to_be_done_to_the_colours_was_done() -> None:
    """An sRGB master on pure white keeps its colours; one in another colour space, or on a ground of 253, doesn't."""
    pack = default_channel_packs()["pdp"].model_copy(update={"width": 160, "height": 200, "fill": None})
    spec = ImageSpec(white_background=True)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = io.BytesIO()
    picture().point(lambda level: level - 2 if level > 250 else level).save(file, "png")
    masters = {
        "as it is": (saved("png"), False),
        "srgb": (saved("png", icc_profile=srgb), False),
        "off-white": (file.getvalue(), True),
        "cmyk": (in_cmyk(), True),
    }
    for name, (content, adjusted) in masters.items():
        actions = render(content, pack, spec).actions
        assert ("c2pa.color_adjustments" in actions) == adjusted, (name, actions)


def in_cmyk() -> bytes:
    file = io.BytesIO()
    picture().convert("CMYK").save(file, "jpeg")
    return file.getvalue()


def iim_segment() -> bytes:
    from services.assets.labels.iim import segment

    block = write_block({CREATOR: ("By IIM",), CREDIT: ("Agency",)})
    assert block is not None
    return segment(block)


# Signed


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_variant_is_signed_with_its_master_as_its_parent(
    file_format: str, credentials: Credentials, tmp_path: Path
) -> None:
    """Read by a program that isn't ours: which manifest, what was done, and the hash of all other bytes, counted
    again."""
    signed = make(order(saved("jpeg", LABELS), file_format, declared=GENERATED, credentials=credentials))
    assert signed.c2pa_manifest == manifest_of(signed.content, signed.media_type, credentials)
    assert opened(signed.content)[CREDIT] == ("Studio Nord",)
    path = tmp_path / f"x.{file_format}"
    path.write_bytes(signed.content)
    run("exiftool", "-ver")
    if file_format in ("jpeg", "png"):
        found = json.loads(run("exiftool", "-j", "-b", "-JUMBF:all", str(path)))[0]
        assert found["ActionsAction"][0] == "c2pa.opened"
        assert {"c2pa.cropped", "c2pa.resized"} & set(found["ActionsAction"])
        assert found["ActionsDigitalSourceType"] == VOCABULARY + "trainedAlgorithmicMedia"
        assert (found["Relationship"], found["Title"]) == ("parentOf", "front.jpg")
        assert str(signed.c2pa_manifest) in found["Signature"]
        begin, length = found["ExclusionsStart"], found["ExclusionsLength"]
        others = signed.content[:begin] + signed.content[begin + length :]
        assert hashlib.sha256(others).digest() in _raw(path, "-JUMBF:Hash")
    elif file_format != "avif":  # exiftool finds the manifest there, and doesn't take it apart
        raw = _raw(path, "-u", "-RIFF:Unknown_C2PA" if file_format == "webp" else "-EXIF:Exif_0xcd41")
        for word in (str(signed.c2pa_manifest), "c2pa.opened", VOCABULARY + "trainedAlgorithmicMedia"):
            assert word.encode() in raw


def _raw(path: Path, *arguments: str) -> bytes:
    return subprocess.run(["exiftool", "-b", *arguments, str(path)], capture_output=True, check=True).stdout


def test_a_master_brings_its_own_manifest(credentials: Credentials) -> None:
    first = make(order(saved(), credentials=credentials, declared=GENERATED))
    second = make(order(first.content, credentials=credentials))
    assert str(first.c2pa_manifest).encode() in second.content
    assert second.c2pa_manifest != first.c2pa_manifest


def _changed_pixel(content: bytes) -> bytes:
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


def _broken_claim(content: bytes) -> bytes:
    at = content.index(b"c2pa.claim")
    return content[:at] + b"\0" * 300 + content[at + 300 :]


@pytest.mark.parametrize("damage", [_changed_pixel, _broken_claim])
def test_damage_shows_and_a_damaged_master_can_still_be_rendered(
    damage: Callable[[bytes], bytes], credentials: Credentials
) -> None:
    signed = make(order(saved(), credentials=credentials))
    damaged = damage(signed.content)
    with pytest.raises(SigningFailed):
        manifest_of(damaged, "image/jpeg", credentials)
    assert make(order(damaged, credentials=credentials)).c2pa_manifest


def test_what_was_lost_on_the_way_is_refused(credentials: Credentials) -> None:
    """A save anew drops the manifest, as every program does that doesn't know of it."""
    made = make(order(saved("jpeg", LABELS), credentials=credentials))
    size = made.width, made.height
    assert check_delivered(made.content, made.media_type, size, opened(made.content), credentials)
    again = io.BytesIO()
    Image.open(io.BytesIO(made.content)).save(again, "jpeg", icc_profile=b"x" * 128)
    for content, labels, who, missing in (
        (again.getvalue(), LABELS, None, "labels can't be read back"),
        (again.getvalue(), {}, credentials, "manifest"),
        (saved("jpeg"), {}, None, "px"),
    ):
        with pytest.raises(NotAsMade, match=missing):
            check_delivered(content, "image/jpeg", size, labels, who)


def test_the_limit_holds_with_the_manifest(credentials: Credentials) -> None:
    whole = make(order(saved(), credentials=credentials))
    limit = len(whole.content) - 500
    fitted = make(order(saved(), credentials=credentials, max_bytes=limit))
    assert len(fitted.content) <= limit
    assert fitted.c2pa_manifest
    with pytest.raises(CannotRender, match="bytes"):
        make(order(saved(), credentials=credentials, max_bytes=3000))


def test_without_a_key_it_is_unsigned_and_always_the_same() -> None:
    made: list[Made] = [make(order(saved("jpeg", LABELS))) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].c2pa_manifest is None
    assert b"c2pa" not in made[0].content


# The key


def test_this_machines_key_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    made = signing_files(tmp_path)
    assert stat.S_IMODE(os.stat(made.key).st_mode) == 0o600
    before = made.key.read_bytes(), made.certificates.read_bytes()
    signing_files(tmp_path)
    assert (made.key.read_bytes(), made.certificates.read_bytes()) == before
    made.certificates.unlink()  # as after a crash between the two
    signing_files(tmp_path)
    assert load_credentials(made.certificates, made.key)


def test_half_or_a_wrong_pair_is_told_without_the_keys_words(files: SigningFiles, tmp_path: Path) -> None:
    other = signing_files(tmp_path)
    assert load_credentials(None, None) is None
    for certificates, key, said in (
        (None, files.key, "PACKSHOT_C2PA_CERTIFICATES is missing"),
        (files.certificates, None, "PACKSHOT_C2PA_KEY is missing"),
        (files.certificates, other.key, "is not the key"),
        (files.key, files.key, "holds no PEM certificates"),
        (files.certificates, files.certificates, "holds no PEM private key"),
        (files.certificates, tmp_path / "nowhere", "can't be read"),
    ):
        with pytest.raises(ValueError, match=said) as raised:
            load_credentials(certificates, key)
        assert not re.search("BEGIN|MIG", str(raised.value))


def test_the_keys_words_are_in_no_log(credentials: Credentials) -> None:
    assert "PRIVATE" not in repr(order(b"", credentials=credentials))
    assert credentials.ends_at > datetime.now(UTC)


def run(program: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: it is asked only to read what was written")
    return subprocess.run([program, *arguments], capture_output=True, check=True, text=True).stdout
