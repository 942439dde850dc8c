"""What a file says of its own origin: IPTC's DigitalSourceType in XMP, and whether it carries a C2PA manifest."""

import re
import zlib
from xml.parsers import expat

from PIL import TiffImagePlugin

from services.qc.inspection.header import open_image

_MOST_BYTES = 1_000_000
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_FIELD = f"{_IPTC} DigitalSourceType"
_RESOURCE = "http://www.w3.org/1999/02/22-rdf-syntax-ns# resource"
_VOCABULARY = re.compile(r"^https?://cv\.iptc\.org/newscodes/digitalsourcetype/(\w+)/?$")


class UnreadableLabel(Exception):
    """There is XMP, and it can't be read; the text says why."""


def source_type(data: bytes, format: str) -> str | None:
    """The last part of its DigitalSourceType (`trainedAlgorithmicMedia`), or the whole of one that isn't IPTC's; None
    when there is none. Raises `UnreadableLabel`."""
    packet = _xmp(data, format)
    if packet is None:
        return None
    if len(packet) > _MOST_BYTES:
        raise UnreadableLabel("it is too large")
    found = [value for value in _values(packet) if value]
    if len(set(found)) > 1:
        raise UnreadableLabel("it names several source types")
    return short(found[0]) if found else None


def short(address: str) -> str:
    """The last part of IPTC's address of a source type, or the whole of one that isn't IPTC's."""
    known = _VOCABULARY.match(address)
    return known[1] if known else address


def has_c2pa(data: bytes) -> bool:
    """By the label of its JUMBF box, which no format compresses."""
    return b"jumb" in data and b"c2pa" in data


def _values(packet: bytes) -> list[str]:
    found: list[str] = []
    inside: list[list[str]] = []  # text of the fields that are open

    def begin(name: str, attributes: dict[str, str]) -> None:
        if _FIELD in attributes:
            found.append(attributes[_FIELD].strip())
        if name == _FIELD:
            found.append(attributes.get(_RESOURCE, "").strip())
            inside.append([])

    def text(part: str) -> None:
        if inside:
            inside[-1].append(part)

    def end(name: str) -> None:
        if name == _FIELD:
            found.append("".join(inside.pop()).strip())

    def refuse(*_: object) -> None:
        raise UnreadableLabel("it declares entities")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = begin, text, end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(packet.strip(b"\0 \r\n\t"), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableLabel(str(error)[:80]) from error
    return found


def _xmp(data: bytes, format: str) -> bytes | None:
    """The XMP packet as it is stored; None when there is none."""
    if format == "png":
        return _png_xmp(data)
    if format not in ("jpeg", "webp", "avif", "tiff"):
        return None
    image = open_image(data, format)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        stored = image.tag_v2.get(700)
        stored = bytes(stored) if isinstance(stored, tuple) else stored
    else:
        stored = image.info.get("xmp")
    return stored if isinstance(stored, bytes) and stored else None


def _png_xmp(data: bytes) -> bytes | None:
    """Of any iTXt chunk, before the pixels or after them."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 8 : at + 8 + length]
        if data[at + 4 : at + 8] == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            compressed, rest = body[18:19] == b"\1", body[20:]
            text = rest.split(b"\0", 2)[-1]  # behind language and translated keyword
            return _inflated(text) if compressed else text
        at += 12 + length
    return None


def _inflated(text: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(text, _MOST_BYTES + 1)
    except zlib.error as error:
        raise UnreadableLabel("its compression is broken") from error
