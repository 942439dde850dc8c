"""Which format bytes are in, by their first bytes, and which file name extensions are right for it."""

EXTENSIONS = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png",),
    "tiff": (".tif", ".tiff"),
    "webp": (".webp",),
    "avif": (".avif",),
    "gif": (".gif",),
    "bmp": (".bmp",),
}

# Known well enough to be named, but not decoded here.
_UNSUPPORTED = ((b"8BPS", "psd"), (b"%PDF", "pdf"))
_ISO_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"crx ": "cr3"}


def sniff(data: bytes) -> str | None:
    """The format that the first bytes say, lower case; None when they say nothing known."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "tiff"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data.startswith(b"BM"):
        return "bmp"
    if data[4:8] == b"ftyp":
        return _ISO_BRANDS.get(data[8:12])
    return next((name for magic, name in _UNSUPPORTED if data.startswith(magic)), None)


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP, from its first 30 bytes; None when there is no such chunk."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def count_scans(data: bytes) -> int:
    """Scans of a JPEG. A progressive one with very many costs hours to decode, whatever its size."""
    at, scans = 2, 0
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 1:
        marker = data[at + 1]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:  # stuffing, fill or a marker without a body
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            break
        scans += marker == 0xDA
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return scans
