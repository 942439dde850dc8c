"""Which image format a file has, by its first bytes. Its name and its declared type are not believed."""

HEAD_BYTES = 64
"""So many first bytes are enough to tell."""

_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
KNOWN = ("JPEG", "PNG", "TIFF", "WebP", "GIF", "BMP")


def media_type_of(head: bytes) -> str | None:
    """The media type of a file that begins like this; None when it is no image of a known format."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(_TIFF):
        return "image/tiff"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    # "BM" alone begins many texts: the size of the second header tells.
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    return None
