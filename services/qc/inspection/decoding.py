"""Strict full decode to upright 8-bit sRGB. One decode serves all checks.

Large pictures pass from Pillow to the final array in strips, so that a picture is never held three times.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import simplejpeg
from cv2.typing import MatLike
from PIL import Image, ImageCms, ImageFile, PngImagePlugin

from services.qc.inspection.colour import to_srgb
from services.qc.inspection.ending import refuse_cut_off
from services.qc.inspection.header import Header, Undecodable, open_image, words

Pixels = MatLike  # of uint8, here and in every module of the engine
_STRIP = 4_000_000  # pixels


@dataclass(frozen=True)
class Picture:
    """Decoded pixels. A picture with alpha lies on white in `rgb`."""

    rgb: Pixels  # height × width × 3, sRGB
    alpha: Pixels | None  # height × width; None when there is no alpha channel, or it is opaque everywhere


def decode(data: bytes, format: str, header: Header) -> Picture:
    """Raises `Undecodable`, also for what a lenient viewer would show: a truncated file, a bad checksum."""
    if header.bits > 16 or header.mode in ("I", "F"):
        raise Undecodable(f"{header.bits} bits a channel can't be shown as a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = _decode(data, format, header)
        refuse_cut_off(data, format)
    except Undecodable:
        raise
    except Exception as error:  # hostile bytes make the decoders raise nearly anything
        raise Undecodable(words(error)) from error
    if format != "tiff":  # Pillow has turned that
        picture = _turn(picture, header.orientation)
    if picture.rgb.shape[:2] != (header.height, header.width):
        raise Undecodable("the picture has another size than its header says")
    return picture


def _decode(data: bytes, format: str, header: Header) -> Picture:
    transform = to_srgb(header.profile, header.mode)
    if format == "jpeg" and header.mode in ("RGB", "L", "CMYK"):
        return _decode_jpeg(data, header, transform)
    if format == "webp":
        return _decode_webp(data, transform)
    if format == "png":
        checked = open_image(data, format)
        assert isinstance(checked, PngImagePlugin.PngImageFile)
        checked.verify()  # every chunk's checksum, to the last one; loading alone doesn't look at them
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # whatever anyone else set: half a picture is no picture
    image = open_image(data, format)
    image.load()
    return _convert(_strips_of_image(image), image.size, header.alpha, transform)


def _decode_jpeg(data: bytes, header: Header, transform: ImageCms.ImageCmsTransform | None) -> Picture:
    if header.mode == "CMYK":
        pixels = simplejpeg.decode_jpeg(data, colorspace="CMYK")
        np.subtract(255, pixels, out=pixels)  # Adobe's convention, which Pillow assumes as well: stored inverted
        return _convert(_strips_of_array(pixels, "CMYK"), _size(pixels), False, transform)
    if header.mode == "L" and transform is not None:
        grey = simplejpeg.decode_jpeg(data, colorspace="GRAY")[:, :, 0]
        return _convert(_strips_of_array(grey, "L"), _size(grey), False, transform)
    rgb = simplejpeg.decode_jpeg(data, colorspace="RGB")
    return Picture(_through(rgb, transform), None)


def _decode_webp(data: bytes, transform: ImageCms.ImageCmsTransform | None) -> Picture:
    """By OpenCV: at 100 megapixels Pillow's reader takes 1.5 GiB, this one 0.6."""
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise Undecodable("the file is truncated or corrupt")
    if stored.shape[2] == 3:
        return Picture(_through(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB, dst=stored), transform), None)
    alpha = np.ascontiguousarray(stored[:, :, 3])
    rgb = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGB)
    del stored
    return _on_white(_through(rgb, transform), alpha)


def _strips_of_image(image: Image.Image) -> Iterator[Image.Image]:
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(image.height, top + rows)))


def _strips_of_array(pixels: Pixels, mode: str) -> Iterator[Image.Image]:
    rows = max(1, _STRIP // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        strip = pixels[top : top + rows]
        yield Image.frombytes(mode, _size(strip), strip.tobytes())


def _size(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]


def _convert(
    strips: Iterator[Image.Image], size: tuple[int, int], has_alpha: bool, transform: ImageCms.ImageCmsTransform | None
) -> Picture:
    """Any mode of Pillow's to sRGB, and alpha apart."""
    rgb = np.empty((size[1], size[0], 3), np.uint8)
    alpha = np.empty((size[1], size[0]), np.uint8) if has_alpha else None
    top = 0
    for strip in strips:
        bottom = top + strip.height
        if alpha is not None:
            strip = strip.convert("RGBA")
            alpha[top:bottom] = np.asarray(strip.getchannel("A"))
        if strip.mode == "I;16":
            eight = (np.asarray(strip) >> 8).astype(np.uint8)
            strip = Image.fromarray(eight)
        if transform is not None and strip.mode in ("L", "CMYK", "LAB"):
            strip = ImageCms.applyTransform(strip, transform) or strip
        elif transform is not None:
            strip = ImageCms.applyTransform(strip.convert("RGB"), transform) or strip
        rgb[top:bottom] = np.asarray(strip.convert("RGB"))
        top = bottom
    return Picture(rgb, None) if alpha is None else _on_white(rgb, alpha)


def _through(rgb: Pixels, transform: ImageCms.ImageCmsTransform | None) -> Pixels:
    """`rgb` through the transform, in place."""
    if transform is not None:
        rows = max(1, _STRIP // rgb.shape[1])
        for top in range(0, rgb.shape[0], rows):
            strip: Any = ImageCms.applyTransform(Image.fromarray(rgb[top : top + rows]), transform)
            rgb[top : top + rows] = np.asarray(strip)
    return rgb


def _on_white(rgb: Pixels, alpha: Pixels) -> Picture:
    """The picture as a white page shows it, in place."""
    if int(alpha.min()) == 255:
        return Picture(rgb, None)
    rows = max(1, _STRIP // rgb.shape[1])
    for top in range(0, rgb.shape[0], rows):
        part = rgb[top : top + rows]
        share = alpha[top : top + rows, :, None].astype(np.uint16)
        part[:] = ((part * share + 255 * (255 - share) + 127) // 255).astype(np.uint8)
    return Picture(rgb, alpha)


def _turn(picture: Picture, orientation: int | None) -> Picture:
    return Picture(
        turned(picture.rgb, orientation), None if picture.alpha is None else turned(picture.alpha, orientation)
    )


def turned(pixels: Pixels, orientation: int | None) -> Pixels:
    """As a viewer shows pixels that are stored with this EXIF orientation."""
    if orientation in (2, 7, 4, 5):
        pixels = cv2.flip(pixels, 1)
    turn = {
        3: cv2.ROTATE_180, 4: cv2.ROTATE_180,
        6: cv2.ROTATE_90_CLOCKWISE, 7: cv2.ROTATE_90_CLOCKWISE,
        5: cv2.ROTATE_90_COUNTERCLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE,
    }.get(orientation or 1)  # fmt: skip
    return pixels if turn is None else cv2.rotate(pixels, turn)
