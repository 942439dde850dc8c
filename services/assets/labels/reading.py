"""What an opened image says of itself. Nothing here fails: what can't be read is not a label."""

from collections.abc import Mapping

from PIL import ExifTags, Image, TiffImagePlugin

from services.assets.labels.fields import CREATOR, RIGHTS, Labels, tidy
from services.assets.labels.iim import RESOURCE, TIFF_TAG, read_block
from services.assets.labels.xmp import UnreadableXmp, read_packet

_UNREADABLE = (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, OverflowError)


def labels_of(image: Image.Image) -> Labels:
    """Of its XMP; what that doesn't say, of IPTC-IIM, then of EXIF. Call it when the pixels are read: a PNG may have
    its words behind them."""
    found: dict[str, tuple[str, ...]] = {}
    for read in (_xmp, _iim, _exif):
        try:
            labels = read(image)
        except _UNREADABLE:
            continue
        found |= {field: values for field, values in tidy(labels).items() if field not in found}
    return tidy(found)


def _xmp(image: Image.Image) -> Labels:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        packet = image.tag_v2.get(700)
    if isinstance(packet, tuple):
        packet = bytes(packet)
    if isinstance(packet, str):
        packet = packet.encode()
    try:
        return read_packet(packet) if isinstance(packet, bytes) and packet else {}
    except UnreadableXmp:
        return {}


def _iim(image: Image.Image) -> Labels:
    resources = image.info.get("photoshop")
    block = resources.get(RESOURCE) if isinstance(resources, Mapping) else None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        block = image.tag_v2.get(TIFF_TAG)
    return read_block(block) if isinstance(block, bytes) else {}


def _exif(image: Image.Image) -> Labels:
    exif = image.getexif()
    said = {CREATOR: exif.get(ExifTags.Base.Artist), RIGHTS: exif.get(ExifTags.Base.Copyright)}
    return {field: (_text(value).strip("\0 "),) for field, value in said.items() if isinstance(value, str)}


def _text(value: str) -> str:
    """EXIF is ASCII by its standard and UTF-8 by use; Pillow reads it as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
