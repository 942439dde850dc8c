"""Labels → what a file of each format is saved with. One small function a format; no format keeps a master's metadata
by itself."""

from collections.abc import Callable
from typing import Any

from PIL import PngImagePlugin, TiffImagePlugin

from services.assets.labels.fields import Labels
from services.assets.labels.iim import TIFF_TAG, segment, write_block
from services.assets.labels.xmp import write_packet

Options = dict[str, Any]
_XMP_TAG, _BYTES, _UNDEFINED = 700, 1, 7


def save_options(file_format: str, labels: Labels) -> Options:
    """For Pillow's `save`."""
    packet = write_packet(labels)
    return {} if packet is None else _OPTIONS[file_format](packet, write_block(labels))


def _jpeg(packet: bytes, block: bytes | None) -> Options:
    """`extra`: segments before all others."""
    return {"xmp": packet} if block is None else {"xmp": packet, "extra": segment(block)}


def _png(packet: bytes, block: bytes | None) -> Options:
    """XMP's own iTXt chunk, uncompressed, before the pixels."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", packet.decode())
    return {"pnginfo": chunks}


def _xmp_alone(packet: bytes, block: bytes | None) -> Options:
    return {"xmp": packet}


def _tiff(packet: bytes, block: bytes | None) -> Options:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[_XMP_TAG], tags.tagtype[_XMP_TAG] = packet, _BYTES
    if block is not None:
        tags[TIFF_TAG], tags.tagtype[TIFF_TAG] = block, _UNDEFINED
    return {"tiffinfo": tags}


_OPTIONS: dict[str, Callable[[bytes, bytes | None], Options]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _xmp_alone,
    "avif": _xmp_alone,
    "tiff": _tiff,
}
