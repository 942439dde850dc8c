"""A file against what is on record: batch, shoot, other slots, names, the approved version, AI's part in it."""

import dataclasses
import pickle
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from contracts.values import DigitalSourceType, ImageSpec, Measurement, MeasurementOutcome
from packshot.local.signing import signing_files
from packshot.sample.files import jpeg, png
from services.assets.labels.c2pa import Parent, sign
from services.assets.labels.credentials import Credentials, load_credentials
from services.qc.inspection import DEFAULT, ApprovedFile, Reference, inspect
from services.qc.inspection.fingerprint import Fingerprint, fingerprint
from services.qc.inspection.frame import read_frame
from services.qc.inspection.reference import AiUse, Naming, Neighbour, Slot
from tests.qc import retouching
from tests.qc.retouching import sample
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, PASS, encode, product

TEE_NAVY, TEE_OTHER = Slot("TS01", "navy", "front"), Slot("TS01", "gray", "front")
SKUS, VIEWS = frozenset({"TS01", "HD01"}), frozenset({"front", "back"})
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def printed(data: bytes) -> Fingerprint:
    found = fingerprint(read_frame(data, "x.jpg", DEFAULT))
    assert found is not None
    return found


def verdict(check: str, data: bytes, reference: Reference, filename: str = "x.jpg") -> Measurement:
    [found] = [one for one in inspect(data, filename, ImageSpec(), reference) if one.check == check]
    return found


# T11


def exposed(factor: float) -> bytes:
    pixels = product()
    lit = np.where(pixels >= 245, pixels, np.clip(pixels * factor, 0, 255))
    return encode(lit.astype(np.uint8))


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, PASS), (1.05, PASS), (1.2, FLAG), (0.8, FLAG), (1.5, FLAG)])
def test_a_frame_is_as_light_as_its_batch(factor: float, outcome: MeasurementOutcome) -> None:
    batch = tuple(printed(exposed(other)) for other in (0.99, 1.0, 1.01))
    found = verdict("T11", exposed(factor), Reference(batch=batch))
    assert found.outcome is outcome, found
    assert outcome is PASS or ("lighter" in found.detail) == (factor > 1)


def test_two_frames_are_no_batch() -> None:
    assert verdict("T11", exposed(1), Reference(batch=(printed(exposed(1)),) * 2)).outcome is CANNOT


# T25


def on_set(seed: int, dust: tuple[tuple[int, int], ...] = ()) -> bytes:
    """A product somewhere on a grey set, with some specks of its own, and dust on the sensor."""
    random = np.random.default_rng(seed)
    scene = np.full((1000, 800, 3), 200, np.uint8)
    x, y = random.integers(200, 300, 2).tolist()
    cv2.rectangle(scene, (x, y), (x + 250, y + 400), (60, 80, 140), -1)
    for column, row in [*random.integers(20, 180, (4, 2)).tolist(), *dust]:
        cv2.circle(scene, (column, row), 3, (176, 176, 176), -1, cv2.LINE_AA)
    noisy = scene + random.normal(0, 1, scene.shape)
    return encode(np.clip(noisy, 0, 255).astype(np.uint8))


DUST = ((700, 120), (90, 900))


@pytest.mark.parametrize(("dusty", "outcome", "count"), [(4, FLAG, 2), (2, FLAG, 2), (1, PASS, 0), (0, PASS, 0)])
def test_dust_is_what_stays_in_its_place(dusty: int, outcome: MeasurementOutcome, count: int) -> None:
    shoot = tuple(printed(on_set(seed, DUST if seed <= dusty else ())) for seed in range(1, 6))
    found = verdict("T25", on_set(9, DUST), Reference(shoot=shoot))
    assert (found.outcome, found.value) == (outcome, count), found
    assert count == 0 or "% from the left" in found.detail


def test_dust_takes_five_frames_and_a_background_that_shows_it() -> None:
    frames = tuple(printed(on_set(seed, DUST)) for seed in range(1, 6))
    assert verdict("T25", on_set(9, DUST), Reference(shoot=frames[:3])).outcome is CANNOT
    assert verdict("T25", encode(product()), Reference(shoot=frames)).outcome is CANNOT


# F02


def test_views_of_one_colorway_have_one_colour() -> None:
    back = jpeg(sample(0, 0, "back"))
    views = (Neighbour(Slot("TS01", "navy", "back"), printed(back)),)
    assert verdict("F02", jpeg(sample(0, 0)), Reference(views=views)).outcome is PASS
    found = verdict("F02", jpeg(sample(0, 1)), Reference(views=views))
    assert found.outcome is FLAG, found
    assert "TS01 / navy / back" in found.detail
    assert verdict("F02", jpeg(sample(0, 0)), Reference(views=())).outcome is CANNOT


# F04, F05


def test_the_same_pixels_in_another_slot_fail_whatever_their_file_is() -> None:
    first = png(sample(0))
    others = (Neighbour(TEE_OTHER, printed(first)),)
    wrapped = BytesIO()
    Image.fromarray(sample(0)).save(wrapped, "PNG", compress_level=9)
    found = verdict("F04", wrapped.getvalue(), Reference(others=others, slot=TEE_NAVY))
    assert found.outcome is FAIL
    assert str(TEE_OTHER) in found.detail
    own = Reference(others=(Neighbour(dataclasses.replace(TEE_NAVY, channel="ebay"), printed(first)),), slot=TEE_NAVY)
    assert verdict("F04", first, own).outcome is PASS
    assert verdict("F04", jpeg(sample(0)), Reference(others=others, slot=TEE_NAVY)).outcome is PASS
    assert verdict("F04", first, Reference(others=(), slot=TEE_NAVY)).outcome is PASS


def test_one_picture_in_two_slots_is_flagged_and_a_colorway_is_not() -> None:
    others = (Neighbour(TEE_OTHER, printed(jpeg(sample(0, 1)))),)
    reference = Reference(others=others, slot=TEE_NAVY)
    right = verdict("F05", jpeg(sample(0, 0)), reference)
    assert right.outcome is PASS, right
    assert "another colour" in right.detail
    for pixels in (retouching.shifted(sample(0, 1)), retouching.resized(sample(0, 1), 0.75)):
        wrong = verdict("F05", jpeg(pixels, 85), reference)
        assert wrong.outcome is FLAG, wrong
        assert "wrong colorway" in wrong.detail
    twice = Reference(others=others, slot=Slot("HD01", "gray", "front"))
    assert "delivered twice" in verdict("F05", jpeg(sample(0, 1), 85), twice).detail


def test_the_approved_picture_in_another_colour_is_another_colorways() -> None:
    approved = ApprovedFile(jpeg(sample(0, 0)), "approved.jpg")
    reference = Reference(others=(), slot=TEE_NAVY).reading(None, approved)
    assert verdict("F05", jpeg(sample(0, 0), 80), reference).outcome is PASS
    assert verdict("F05", jpeg(sample(0, 1)), reference).outcome is FLAG


def test_other_products_are_not_duplicates() -> None:
    others = tuple(Neighbour(Slot(f"X{index}", "x", "front"), printed(jpeg(sample(index)))) for index in range(1, 5))
    assert verdict("F05", jpeg(sample(0)), Reference(others=others, slot=TEE_NAVY)).outcome is PASS


# F06


def named(
    filename: str, *, slot: Slot | None = TEE_NAVY, pattern: str = "{sku}_{colorway}_{view}.jpg", **more: Any
) -> Any:
    rule = Naming(pattern, SKUS, VIEWS, **more)
    return verdict("F06", b"", Reference(naming=rule, slot=slot), filename)


@pytest.mark.parametrize(
    ("filename", "slot", "outcome", "says"),
    [
        ("TS01_navy_front.jpg", TEE_NAVY, PASS, ""),
        ("TS01_navy_front.jpg", None, PASS, ""),
        ("C:\\out\\TS01_navy_front.jpg", TEE_NAVY, PASS, ""),
        ("TS01-navy-front.jpg", TEE_NAVY, FAIL, "Name it TS01_navy_front.jpg"),
        ("TS01_navy_front.jpeg", TEE_NAVY, FAIL, "isn't of the pattern"),
        ("ts01_navy_front.jpg", TEE_NAVY, FAIL, "no sku 'ts01'"),
        ("TS99_navy_front.jpg", None, FAIL, "no sku 'TS99'"),
        ("TS01_navy_side.jpg", None, FAIL, "no view 'side'"),
        ("HD01_navy_front.jpg", TEE_NAVY, FAIL, "another slot's name"),
        ("", TEE_NAVY, FAIL, "Name it"),
        ("_" * 250, TEE_NAVY, FAIL, "isn't of the pattern"),
        ("x" * 5000, TEE_NAVY, FAIL, "5,000 characters"),
    ],
)
def test_a_name_is_of_the_pattern_and_of_what_exists(
    filename: str, slot: Slot | None, outcome: MeasurementOutcome, says: str
) -> None:
    found = named(filename, slot=slot)
    assert found.outcome is outcome, found
    assert says in found.detail


def test_a_pack_may_want_names_in_lower_case() -> None:
    assert named("ts01_navy_front.jpg", case="lower").outcome is PASS
    assert "Name it ts01_navy_front.jpg" in named("TS01_navy_front.jpg", case="lower").detail


def test_the_name_on_record_alone_counts() -> None:
    """Where two slots' names would be the same, assets numbers them: no pattern tells that."""
    right = "TS01_navy_front_2.jpg"
    assert named(right, right=right).outcome is PASS
    other = named("TS01_navy_front.jpg", right=right)
    assert (other.outcome, "Name it TS01_navy_front_2.jpg" in other.detail) == (FAIL, True)


def test_no_name_takes_long_whatever_the_pattern() -> None:
    pattern = "{sku}{colorway}{view}_{sku}_{channel}.jpg"
    assert named("_a" * 120, slot=None, pattern=pattern).outcome is FAIL


# F07


def test_only_the_approved_bytes_are_the_approved_version() -> None:
    data = jpeg(sample(0))
    approved = read_frame(data, "x.jpg", DEFAULT).sha256
    assert verdict("F07", data, Reference(approved_sha256=approved)).outcome is PASS
    found = verdict("F07", data + b"\0", Reference(approved_sha256=approved))
    assert found.outcome is FAIL
    assert approved[:12] in found.threshold


# F08


def labelled(source: str | None, form: str = "element", format: str = "JPEG", packet: bytes | None = None) -> bytes:
    """A small picture with the field in its XMP, as one of the ways in which it is written."""
    namespace = 'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    field = {
        "element": f"<rdf:Description {namespace}><i:DigitalSourceType>{source}</i:DigitalSourceType>"
        "</rdf:Description>",
        "attribute": f'<rdf:Description {namespace} i:DigitalSourceType="{source}"/>',
        "resource": f'<rdf:Description {namespace}><i:DigitalSourceType rdf:resource="{source}"/></rdf:Description>',
    }[form]
    written = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"{field if source else ''}</rdf:RDF></x:xmpmeta>"
    ).encode()
    written = written if packet is None else packet
    image = Image.fromarray(np.full((60, 40, 3), 90, np.uint8))
    if format == "PNG":
        return in_png(encode(image, "PNG"), written)
    if format == "TIFF":
        return encode(image, "TIFF", tiffinfo={700: written})
    return encode(image, format, xmp=written)


def in_png(data: bytes, packet: bytes, *, compressed: bool = True) -> bytes:
    """The packet in an iTXt chunk behind the pixels."""
    body = b"XML:com.adobe.xmp\0" + (b"\1\0\0\0" + zlib.compress(packet) if compressed else b"\0\0\0\0" + packet)
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    end = data.index(b"IEND") - 4
    return data[:end] + chunk + data[end:]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("form", ["element", "attribute", "resource"])
def test_the_label_is_read_in_every_form_and_format(form: str, format: str) -> None:
    data = labelled(f"{SOURCE}trainedAlgorithmicMedia", form, format)
    found = verdict("F08", data, Reference(ai_use=AiUse.GENERATED), f"x.{format.lower()}")
    assert found.outcome is PASS, found


@pytest.mark.parametrize(
    ("use", "source", "outcome"),
    [
        (AiUse.NONE, None, PASS),
        (AiUse.NONE, "digitalCapture", PASS),
        (AiUse.NONE, "trainedAlgorithmicMedia", FAIL),
        (AiUse.GENERATED, None, FAIL),
        (AiUse.GENERATED, "digitalCapture", FAIL),
        (AiUse.GENERATED, "compositeWithTrainedAlgorithmicMedia", FAIL),
        (AiUse.COMPOSITE, "compositeWithTrainedAlgorithmicMedia", PASS),
        (AiUse.COMPOSITE, "algorithmicallyEnhanced", FAIL),
        (AiUse.ENHANCED, "algorithmicallyEnhanced", PASS),
        (AiUse.SOME, "trainedAlgorithmicMedia", PASS),
        (AiUse.SOME, "humanEdits", FAIL),
        (AiUse.SOME, None, FAIL),
    ],
)
def test_ai_is_labelled_as_it_is_on_record(use: AiUse, source: str | None, outcome: MeasurementOutcome) -> None:
    data = labelled(SOURCE + source if source else None)
    assert verdict("F08", data, Reference(ai_use=use)).outcome is outcome


def test_a_label_that_only_a_manifest_may_hold_is_not_guessed() -> None:
    data = labelled(None)
    box = b"JP\0\1\0\0\0\1" + b"\0\0\0\x20jumb\0\0\0\x18jumdc2pa" + bytes(20)
    with_manifest = data[:2] + b"\xff\xeb" + struct.pack(">H", len(box) + 2) + box + data[2:]
    for use in (AiUse.GENERATED, AiUse.NONE):
        found = verdict("F08", with_manifest, Reference(ai_use=use))
        assert (found.outcome, "C2PA" in found.detail) == (CANNOT, True)


def signed(master: bytes, declared: DigitalSourceType | None, credentials: Credentials) -> bytes:
    """A variant as assets renders it, without its XMP."""
    actions = {"actions": ("c2pa.resized",), "source_type": declared and SOURCE + declared}
    parent = Parent(master, "image/jpeg", "m.jpg", "urn:uuid:1")
    return sign(labelled(None), "image/jpeg", title="x", parent=parent, credentials=credentials, **actions)  # type: ignore[arg-type]


def test_a_manifest_says_what_xmp_does_not(tmp_path: Path) -> None:
    """Its own actions, or those of the file that it was made from; XMP must not say otherwise, and a manifest that
    doesn't hold says nothing."""
    files = signing_files(tmp_path)
    credentials = load_credentials(files.certificates, files.key)
    assert credentials is not None
    generated = signed(labelled(None), DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA, credentials)
    grandchild = signed(generated, None, credentials)
    silent = signed(labelled(None), None, credentials)
    for data, use, outcome in (
        (generated, AiUse.GENERATED, PASS),
        (generated, AiUse.NONE, FAIL),
        (grandchild, AiUse.GENERATED, PASS),
        (grandchild, AiUse.NONE, FAIL),
        (silent, AiUse.NONE, PASS),
        (silent, AiUse.GENERATED, FAIL),
        (generated[:-30] + bytes(30), AiUse.GENERATED, CANNOT),
    ):
        assert verdict("F08", data, Reference(ai_use=use)).outcome is outcome
    xmp = labelled(SOURCE + "digitalCapture")
    contradicting = sign(
        xmp, "image/jpeg", title="x",
        parent=Parent(labelled(None), "image/jpeg", "m.jpg", "urn:uuid:1"), actions=(),
        source_type=SOURCE + "trainedAlgorithmicMedia", credentials=credentials,
    )  # fmt: skip
    found = verdict("F08", contradicting, Reference(ai_use=AiUse.GENERATED))
    assert (found.outcome, "contradict" in found.detail) == (FAIL, True)


def test_a_shot_is_labelled_when_it_is_delivered() -> None:
    later = Reference(ai_use=AiUse.GENERATED, labelled_later=True)
    assert verdict("F08", labelled(None), later).outcome is PASS
    assert verdict("F08", labelled(SOURCE + "digitalCapture"), later).outcome is FAIL


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>'
    + b"&b;" * 1000 + b"</x>"
)  # fmt: skip


@pytest.mark.parametrize("packet", [b"<x", b"\xff\xfe\0", LAUGHS, b"<x>" + b" " * 2_000_000 + b"</x>"])
def test_metadata_that_cannot_be_read_is_said_so(packet: bytes) -> None:
    found = verdict("F08", labelled(None, format="PNG", packet=packet), Reference(ai_use=AiUse.GENERATED), "x.png")
    assert (found.outcome, "can't be read" in found.detail) == (CANNOT, True), found


def test_a_reference_crosses_to_another_process() -> None:
    others = (Neighbour(TEE_OTHER, printed(jpeg(sample(0)))),)
    reference = Reference(
        batch=(others[0].fingerprint,),
        others=others,
        slot=TEE_NAVY,
        ai_use=AiUse.NONE,
        naming=Naming("{sku}.jpg", SKUS, VIEWS),
    )
    assert pickle.loads(pickle.dumps(reference)) == reference


def test_front_and_back_of_one_garment_are_no_near_duplicates_and_one_picture_twice_is() -> None:
    """Trousers look alike from both sides, in hash and in colour; a front that was saved again and delivered as back
    doesn't."""
    front, back = (jpeg(sample(2, view=view)) for view in ("front", "back"))
    own = Slot("TR01", "olive", "back")
    reference = Reference(others=(Neighbour(Slot("TR01", "olive", "front"), printed(front)),), slot=own)
    assert verdict("F05", back, reference).outcome is PASS
    shifted = verdict("F05", jpeg(retouching.shifted(sample(2))), reference)
    assert (shifted.outcome, "delivered twice" in shifted.detail) == (FLAG, True)
    elsewhere = Reference(others=(Neighbour(Slot("TR09", "olive", "front"), printed(front)),), slot=own)
    assert verdict("F05", back, elsewhere).outcome is FLAG


def test_the_colours_of_a_crop_are_not_held_against_its_own_master() -> None:
    """A hoodie's close-up, cropped square: alike by its hash, and its colours have other shares."""
    pixels = sample(1, view="detail")
    master = ApprovedFile(jpeg(pixels), "master.jpg")
    top = (pixels.shape[0] - pixels.shape[1]) // 2
    crop = jpeg(pixels[top : top + pixels.shape[1]])
    as_master = Reference(others=()).reading(master, None).with_colour_of_capture()
    assert verdict("F05", crop, as_master).outcome is PASS
