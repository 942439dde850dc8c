"""Rendering of channel variants (R68b): geometry, white, size limits, and every way a master can be stored."""

import io
import pickle
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from contracts.assets import ChannelPack
from contracts.values import ImageSpec
from services.assets.rendering import CannotRender, Rendered, render
from services.assets.rendering.channels import default_channel_packs
from services.assets.rendering.decoding import is_srgb, srgb_profile
from services.assets.rendering.framing import MAX_ENLARGEMENT
from services.assets.rendering.scaling import scaled
from services.assets.rendering.subject import Subject, find_subject

Pixels = NDArray[np.uint8]
PACKS = {name: default_channel_packs()[name] for name in ("amazon", "email", "pdp", "zalando")}
AMAZON = PACKS["amazon"]
PACKSHOT = ImageSpec(white_background=True)
DETAIL = ImageSpec()
WHITE = (255, 255, 255)
RED = (190, 40, 50)


def photo(width: int, height: int, box: tuple[int, int, int, int], colour: tuple[int, int, int] = RED) -> Pixels:
    """A textured block at `box` (left, top, right, bottom) on pure white."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    left, top, right, bottom = box
    noise = np.random.default_rng(1).integers(-12, 13, (bottom - top, right - left, 1))
    pixels[top:bottom, left:right] = np.clip(np.array(colour) + noise, 0, 255)
    return pixels


def stored(pixels: NDArray[Any], file_format: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(pixels).convert(mode)
    if file_format == "JPEG":
        options.setdefault("quality", 95)
    image.save(file, file_format, **options)
    return file.getvalue()


def variant(master: bytes, pack: ChannelPack, shot: ImageSpec = PACKSHOT) -> tuple[Rendered, Pixels]:
    rendered = render(master, pack, pack.spec_for(shot))
    image = Image.open(io.BytesIO(rendered.content))
    assert image.size == (rendered.width, rendered.height)
    assert image.mode == "RGB"
    return rendered, np.asarray(image)


def subject_of(pixels: Pixels) -> Subject | None:
    return find_subject(pixels, pixels.shape[1], pixels.shape[0])


def fill_of(pixels: Pixels) -> float:
    """The larger share of the frame that the subject's box takes."""
    subject = subject_of(pixels)
    assert subject is not None
    height, width = pixels.shape[:2]
    return float(max(subject.box.width / width, subject.box.height / height))


def cut_sides(subject: Subject) -> list[str]:
    return [side for side in ("left", "top", "right", "bottom") if getattr(subject, f"cut_{side}")]


def corners(pixels: Pixels) -> Pixels:
    return pixels[[0, 0, -1, -1], [0, -1, 0, -1]]


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_a_packs_best_size_meets_its_own_spec(pack: ChannelPack) -> None:
    spec = pack.spec
    assert pack.format in spec.formats
    assert spec.aspect is not None
    assert pack.width / pack.height == pytest.approx(spec.aspect, rel=0.005)
    assert pack.width >= spec.min_width
    assert pack.height >= spec.min_height
    assert max(pack.width, pack.height) >= (spec.min_longest_side or 1)
    assert max(pack.width, pack.height) <= (spec.max_longest_side or 10_000)
    assert pack.fill is None or pack.fill > (spec.min_fill or 0)
    assert pack.source
    assert len(pack.read_on) == len("2026-01-01")


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((1080, 1340), (200, 160, 880, 1170)),
        ((1274, 1580), (80, 700, 1194, 1100)),
        ((1580, 1274), (700, 100, 860, 1200)),
        ((3000, 3750), (300, 400, 2700, 3300)),
    ],
    ids=["portrait", "wide subject", "landscape master", "large master"],
)
@pytest.mark.parametrize("shot", [PACKSHOT, DETAIL], ids=["packshot", "detail"])
def test_sizes_and_aspect_meet_the_channel(
    pack: ChannelPack, size: tuple[int, int], box: tuple[int, int, int, int], shot: ImageSpec
) -> None:
    rendered, _ = variant(stored(photo(*size, box)), pack, shot)
    spec = pack.spec
    assert rendered.width / rendered.height == pytest.approx(spec.aspect, rel=0.005)
    assert spec.min_width <= rendered.width <= pack.width
    assert spec.min_height <= rendered.height <= pack.height
    assert max(rendered.width, rendered.height) >= (spec.min_longest_side or 1)
    assert rendered.media_type == "image/jpeg"


def test_a_large_master_comes_at_the_best_size() -> None:
    master = stored(photo(3000, 3750, (300, 400, 2700, 3300)))
    for pack in PACKS.values():
        rendered, _ = variant(master, pack)
        assert (rendered.width, rendered.height) == (pack.width, pack.height)


@pytest.mark.parametrize("box", [(200, 160, 880, 1170), (40, 400, 1040, 900), (400, 500, 1000, 1300)])
def test_the_subject_fills_the_frame_and_stands_in_its_middle(box: tuple[int, int, int, int]) -> None:
    _, pixels = variant(stored(photo(1080, 1340, box)), AMAZON)
    assert fill_of(pixels) == pytest.approx(0.88, abs=0.005)
    assert (corners(pixels) == 255).all()
    subject = subject_of(pixels)
    assert subject is not None
    assert (subject.box.left + subject.box.right) / 2 == pytest.approx(pixels.shape[1] / 2, abs=2)
    assert (subject.box.top + subject.box.bottom) / 2 == pytest.approx(pixels.shape[0] / 2, abs=2)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_no_part_of_the_subject_is_lost(pack: ChannelPack) -> None:
    box = (20, 400, 1060, 1300)
    _, pixels = variant(stored(photo(1080, 1340, box)), pack)
    subject = subject_of(pixels)
    assert subject is not None
    assert cut_sides(subject) == []
    assert subject.box.width / subject.box.height == pytest.approx(1040 / 900, rel=0.01)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@pytest.mark.parametrize(
    ("side", "box"),
    [
        ("bottom", (250, 40, 1000, 1580)),
        ("top", (250, 0, 1000, 1500)),
        ("left", (0, 200, 800, 1400)),
        ("right", (500, 200, 1274, 1400)),
    ],
)
def test_a_subject_cut_off_by_the_master_ends_at_the_frames_border(
    pack: ChannelPack, side: str, box: tuple[int, int, int, int]
) -> None:
    _, pixels = variant(stored(photo(1274, 1580, box)), pack)
    subject = subject_of(pixels)
    assert subject is not None
    assert cut_sides(subject) == [side]


def test_a_subject_cut_off_at_two_opposite_sides_is_never_padded_there() -> None:
    _, pixels = variant(stored(photo(1274, 1580, (250, 0, 1000, 1580))), AMAZON)
    assert (pixels[0, pixels.shape[1] // 2] < 240).any()
    assert (pixels[-1, pixels.shape[1] // 2] < 240).any()
    assert pixels.shape[:2] == (1580, 1580)


def test_both_shoes_of_a_pair_are_in_the_frame() -> None:
    pixels = photo(1600, 1200, (200, 300, 700, 900))
    pixels[500:1000, 1000:1400] = RED
    _, rendered = variant(stored(pixels), AMAZON)
    subject = subject_of(rendered)
    assert subject is not None
    assert subject.box.width / subject.box.height == pytest.approx(1200 / 700, rel=0.01)


def test_a_small_subject_is_enlarged_only_as_far_as_the_least_size_needs() -> None:
    rendered, _ = variant(stored(photo(1080, 1340, (200, 300, 950, 1000))), AMAZON)
    assert max(rendered.width, rendered.height) == 1000  # its frame has 852 px
    rendered, _ = variant(stored(photo(1080, 1340, (400, 500, 700, 800))), AMAZON)
    assert rendered.width == pytest.approx(300 / 0.88 * MAX_ENLARGEMENT, abs=2)  # honest: too small, and T04 says so


def test_a_master_is_not_enlarged_for_the_best_size() -> None:
    pixels = photo(1080, 1350, (200, 160, 880, 1170))
    rendered, result = variant(stored(pixels, "PNG"), PACKS["pdp"])
    assert (rendered.width, rendered.height) == (1080, 1350)
    assert np.abs(result.astype(int) - pixels).mean() < 2  # no pixel was moved


def test_a_shot_without_white_background_is_cropped_and_never_padded() -> None:
    texture = np.random.default_rng(2).integers(60, 180, (1340, 1080, 3), dtype=np.uint8)
    master = stored(cv2.GaussianBlur(texture, (0, 0), 3))
    for pack in PACKS.values():
        _, pixels = variant(master, pack, DETAIL)
        assert pixels.max() < 240


def test_a_detail_crop_keeps_the_whole_side_of_its_subject() -> None:
    _, pixels = variant(stored(photo(1080, 1340, (100, 0, 1000, 1300))), AMAZON, DETAIL)
    subject = subject_of(pixels)
    assert subject is not None
    assert subject.cut_top
    assert not subject.cut_bottom


def test_near_white_background_is_cleaned_and_nothing_else() -> None:
    pixels = photo(1080, 1340, (200, 160, 880, 1170))
    pixels[(pixels == 255).all(axis=2)] = 251
    pixels[1200:1280, 300:800] = 246  # a soft shadow: background, but not white
    pixels[600:700, 500:600] = 252  # a white patch of the product itself
    _, result = variant(stored(pixels, "PNG"), PACKS["pdp"].model_copy(update={"format": "png"}))
    values, counts = np.unique(result.min(axis=2), return_counts=True)
    found = dict(zip(values.tolist(), counts.tolist(), strict=True))
    assert 251 not in found
    assert found[246] == 80 * 500
    assert found[252] == 100 * 100
    kept = PACKS["pdp"].model_copy(update={"format": "png", "background": "keep"})
    _, result = variant(stored(pixels, "PNG"), kept)
    assert 251 in np.unique(result)


def test_floor_shading_at_the_masters_border_leaves_no_seam() -> None:
    pixels = photo(1080, 1340, (300, 0, 780, 1300))
    floor = pixels[1200:]
    floor[(floor == 255).all(axis=2)] = 242
    _, result = variant(stored(pixels, "PNG"), AMAZON)
    column = result[:, int(result.shape[1] * 0.27)].min(axis=1).astype(int)
    assert column.min() <= 243  # the shading is still there
    below = column[int(np.argmin(column)) :]
    assert below[-1] == 255
    assert np.abs(np.diff(below)).max() <= 6  # the last step is from 249, which is not white yet


def test_the_size_limit_holds_and_costs_quality() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (1350, 1080, 3), dtype=np.uint8)
    master = stored(noise)
    pdp = PACKS["pdp"]
    free, _ = variant(master, pdp, DETAIL)
    limit = len(free.content) // 2
    small = pdp.model_copy(update={"spec": pdp.spec.model_copy(update={"max_bytes": limit})})
    rendered, _ = variant(master, small, DETAIL)
    assert limit * 0.9 < len(rendered.content) <= limit
    tiny = pdp.model_copy(update={"spec": pdp.spec.model_copy(update={"max_bytes": 10_000})})
    with pytest.raises(CannotRender, match="10000 bytes"):
        render(master, tiny, tiny.spec_for(DETAIL))


def test_the_file_is_a_progressive_srgb_jpeg_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    master = stored(photo(1080, 1340, (200, 160, 880, 1170)), exif=exif, comment=b"secret")
    rendered, _ = variant(master, AMAZON)
    image = Image.open(io.BytesIO(rendered.content))
    assert image.format == "JPEG"
    assert image.info["progressive"]
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])))
    assert not image.getexif()
    assert "comment" not in image.info


def test_exif_orientation_is_applied() -> None:
    upright = photo(1080, 1340, (200, 160, 880, 1170))
    upright[160:400, 200:880] = (20, 60, 190)  # blue on top
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned left: the viewer turns it right
    turned = np.ascontiguousarray(np.rot90(upright))
    rendered, pixels = variant(stored(turned, exif=exif), PACKS["pdp"])
    assert rendered.height > rendered.width
    middle = rendered.width // 2
    top, bottom = pixels[rendered.height // 4, middle], pixels[rendered.height * 3 // 4, middle]
    assert top[2] > 150 > top[0]
    assert bottom[0] > 150 > bottom[2]
    assert "exif" not in Image.open(io.BytesIO(rendered.content)).info


def test_cmyk_becomes_rgb_on_white() -> None:
    master = stored(photo(1080, 1340, (200, 160, 880, 1170)), mode="CMYK")
    assert Image.open(io.BytesIO(master)).mode == "CMYK"
    _, pixels = variant(master, AMAZON)
    assert (corners(pixels) == 255).all()
    assert pixels[500, 500] == pytest.approx(RED, abs=20)


def test_a_wide_profile_is_converted_to_srgb() -> None:
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    pixels = photo(1080, 1340, (200, 160, 880, 1170), (120, 90, 60))
    converted = ImageCms.profileToProfile(Image.fromarray(pixels), srgb, lab, outputMode="LAB")
    assert converted is not None
    file = io.BytesIO()
    converted.save(file, "TIFF", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    _, result = variant(file.getvalue(), AMAZON)
    assert result[500, 500] == pytest.approx((120, 90, 60), abs=16)
    assert (corners(result) == 255).all()


def test_a_profile_that_is_broken_or_of_other_channels_is_ignored() -> None:
    pixels = photo(1080, 1340, (200, 160, 880, 1170))
    for profile in (b"not a profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()):
        _, result = variant(stored(pixels, icc_profile=profile), AMAZON)
        assert result[500, 500] == pytest.approx(RED, abs=20)


def test_transparency_is_laid_on_white() -> None:
    pixels = photo(1080, 1340, (200, 160, 880, 1170))
    alpha = np.zeros(pixels.shape[:2], np.uint8)
    alpha[160:1170, 200:880] = 255
    pixels[alpha == 0] = (0, 0, 0)  # black, and invisible
    _, result = variant(stored(np.dstack([pixels, alpha]), "PNG", "RGBA"), AMAZON)
    assert (corners(result) == 255).all()
    assert fill_of(result) == pytest.approx(0.88, abs=0.005)


@pytest.mark.parametrize(
    ("file_format", "mode"),
    [("PNG", "P"), ("PNG", "L"), ("GIF", "P"), ("TIFF", "RGB"), ("WEBP", "RGB"), ("BMP", "RGB")],
)
def test_other_formats_and_modes_are_read(file_format: str, mode: str) -> None:
    _, result = variant(stored(photo(1080, 1340, (200, 160, 880, 1170)), file_format, mode), AMAZON)
    assert fill_of(result) == pytest.approx(0.88, abs=0.005)


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    deep = photo(1080, 1340, (200, 160, 880, 1170)).mean(axis=2).astype(np.uint16) * 257
    file = io.BytesIO()
    Image.fromarray(deep).save(file, "PNG")
    _, result = variant(file.getvalue(), AMAZON)
    assert result[500, 500] == pytest.approx([93, 93, 93], abs=14)
    assert (corners(result) == 255).all()


def test_a_master_of_floats_is_refused() -> None:
    with pytest.raises(CannotRender, match="floating-point"):
        render(stored(np.zeros((1340, 1080), np.float32), "TIFF", "F"), AMAZON, AMAZON.spec_for(PACKSHOT))


def test_a_photo_with_nothing_on_it_is_cropped_like_any_other() -> None:
    rendered, pixels = variant(stored(np.full((1340, 1080, 3), 255, np.uint8)), AMAZON)
    assert rendered.width == rendered.height == 1080
    assert (pixels == 255).all()


def test_the_same_master_gives_the_same_bytes_in_another_process() -> None:
    master = stored(photo(1080, 1340, (200, 160, 880, 1170)))
    arguments = (master, AMAZON, AMAZON.spec_for(PACKSHOT))
    here = render(*arguments)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(render, *arguments).result()
    assert here == there
    assert pickle.loads(pickle.dumps(here)) == here


def bomb(width: int, height: int) -> bytes:
    """A PNG header that claims these pixels and has none."""
    file = bytearray(stored(np.zeros((2, 2, 3), np.uint8), "PNG"))
    file[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    file[29:33] = zlib.crc32(file[12:29]).to_bytes(4, "big")
    return bytes(file)


@pytest.mark.parametrize(
    ("master", "says"),
    [
        (b"", "no image"),
        (b"<html>not an image</html>", "no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no image"),
        (stored(photo(400, 500, (50, 50, 300, 400)))[:5000], "damaged"),
        (stored(photo(400, 500, (50, 50, 300, 400)), "PNG")[:3000], "damaged"),
        (bomb(11_000, 10_000), "110 megapixels"),
        (bomb(30_000, 30_000), "100 megapixels"),
    ],
    ids=["empty", "html", "postscript", "truncated jpeg", "truncated png", "bomb", "huge bomb"],
)
def test_what_is_no_sound_image_is_refused_with_the_reason(master: bytes, says: str) -> None:
    with pytest.raises(CannotRender, match=says):
        render(master, AMAZON, AMAZON.spec_for(PACKSHOT))


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    master = stored(photo(400, 500, (50, 50, 300, 400)))
    with pytest.raises(CannotRender, match="scans"):
        render(master + b"\xff\xda" * 200, AMAZON, AMAZON.spec_for(PACKSHOT))


def test_a_format_that_no_pack_can_ask_for_is_named() -> None:
    pack = AMAZON.model_copy(update={"format": "svg"})
    with pytest.raises(CannotRender, match="svg"):
        render(stored(photo(1080, 1340, (200, 160, 880, 1170))), pack, pack.spec_for(PACKSHOT))


@pytest.mark.parametrize("file_format", ["jpeg", "webp", "avif"])
def test_the_best_quality_that_fits_is_searched(file_format: str) -> None:
    """One level more would be too large; under the least quality there is no file."""
    master = stored(photo(400, 500, (60, 60, 340, 440)))
    pack = PACKS["pdp"].model_copy(update={"format": file_format, "width": 400, "height": 500})
    spec = ImageSpec(white_background=True, formats=[file_format])
    whole = render(master, pack, spec)
    assert whole.quality == pack.quality
    limit = round(len(whole.content) * 0.7)
    fitted = render(master, pack, spec.model_copy(update={"max_bytes": limit}))
    assert fitted.quality is not None
    assert 50 <= fitted.quality < pack.quality
    assert len(fitted.content) <= limit
    assert Image.open(io.BytesIO(fitted.content)).size == (400, 500)
    with pytest.raises(CannotRender, match="fits into"):
        render(master, pack, spec.model_copy(update={"max_bytes": 900}))


@pytest.mark.parametrize("scale", [0.9, 0.67, 0.5, 0.3, 0.2])
def test_a_smaller_picture_is_as_sharp_as_lanczos_makes_it(scale: float) -> None:
    """And no fine pattern becomes a coarse one."""
    texture = np.random.default_rng(5).integers(0, 256, (600, 480, 3)).astype(np.uint8)
    picture = cv2.GaussianBlur(texture, (0, 0), 1.2)
    size = round(480 * scale), round(600 * scale)
    ours = scaled(np.asarray(picture, dtype=np.uint8), size)
    lanczos = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    assert cv2.PSNR(ours, lanczos) > 32
    assert sharpness(ours) == pytest.approx(sharpness(lanczos), rel=0.2)


def sharpness(picture: Pixels) -> float:
    return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean())


def test_a_profile_that_is_srgb_in_fact_changes_no_level() -> None:
    """Whoever made it; another one's colours are converted."""
    assert is_srgb(srgb_profile())
    swapped = bytearray(srgb_profile())
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    assert not is_srgb(bytes(swapped))
