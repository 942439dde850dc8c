"""Where a picture ends in its file: whether the file was cut off there, and what lies behind.

Decoders stop at the last pixel: none of them misses a checksum or a trailer that was cut off, nor sees what was
appended. TIFF and BMP have no end: their pixels may lie anywhere.
"""

from services.qc.inspection.formats import sniff
from services.qc.inspection.header import Undecodable

_CUT_OFF = "the file is cut off at its end"
_PADDING = b"\x00\r\n "  # cameras fill up the last block of their card
_END_OF_IMAGE = b"\xff\xd9"
_STANDALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a body


def refuse_cut_off(data: bytes, format: str) -> None:
    """Raises `Undecodable` where the end is missing and the decoder doesn't say so."""
    if format in ("png", "gif"):
        picture_end(data, format)


def appended(data: bytes, format: str) -> bytes:
    """What lies behind the picture's end, without padding and without what cameras put there: the previews and gain
    maps that a JPEG announces in its MPF segment, and the trailer of Samsung's phones."""
    end = picture_end(data, format)
    if end is None or end >= len(data):
        return b""
    rest = data[end:].strip(_PADDING)
    if not rest.strip(b"\xff"):
        return b""
    if format != "jpeg":
        return rest
    if b"MPF\0" in data[: _first_scan(data)]:
        while rest.startswith(b"\xff\xd8\xff"):
            rest = rest[_jpeg_end(rest) :].strip(_PADDING)
    return b"" if rest.endswith(b"SEFT") else rest


def kind_of(rest: bytes) -> str:
    """What appended bytes are, for a person."""
    if rest.startswith(b"PK\x03\x04"):
        return "a ZIP archive"
    if rest[4:8] == b"ftyp":
        return "a video, or another picture"
    known = sniff(rest)
    return f"another file, a {known.upper()}" if known else "no picture"


def picture_end(data: bytes, format: str) -> int | None:
    """The first byte behind it; None for a format that has no end. Raises `Undecodable` where it is missing."""
    match format:
        case "jpeg":
            return _jpeg_end(data)
        case "png":
            return _png_end(data)
        case "gif":
            return _gif_end(data)
        case "webp":
            size = int.from_bytes(data[4:8], "little")
            return 8 + size + size % 2
    return None


def _jpeg_end(data: bytes) -> int:
    """Of one that the decoder took. Coded pixels hold no marker, so that the first one that ends a picture is the end,
    but for a segment between two scans that happens to hold its bytes: then, and only then, marker by marker."""
    at = _first_scan(data)
    end = data.find(_END_OF_IMAGE, at)
    if end in (-1, len(data) - 2):
        return len(data)
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 1:
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:
            at += 1
        elif marker == 0 or marker in _STANDALONE:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return len(data)


def _first_scan(data: bytes) -> int:
    """Where the first scan's header begins, or the file ends. Segments before it may hold a preview with its own."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return min(at, len(data))


def _png_end(data: bytes) -> int:
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND":
            if length or data[at - 4 : at] != b"\xaeB`\x82":  # the checksum of nothing but its name
                raise Undecodable("its last checksum is wrong")
            return at
    raise Undecodable(_CUT_OFF)


def _gif_end(data: bytes) -> int:
    at = 13 + _palette(data[10:11])
    while at < len(data):
        match data[at]:
            case 0x3B:
                return at + 1
            case 0x21:
                at += 2
            case 0x2C:
                at += 11 + _palette(data[at + 9 : at + 10])
            case _:  # of no known kind: decoders pass over it
                at += 1
                continue
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    raise Undecodable(_CUT_OFF)


def _palette(flags: bytes) -> int:
    """Bytes of a colour table."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
