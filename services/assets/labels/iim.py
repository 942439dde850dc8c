"""IPTC-IIM 4.2: the older block that some readers still ask for: creator, credit and rights, nothing of AI.

A JPEG has it in Photoshop's resource 0x0404 (segment APP13), a TIFF in tag 33723.
"""

from services.assets.labels.fields import CREATOR, CREDIT, RIGHTS, Labels

RESOURCE, TIFF_TAG = 0x0404, 33723
_UTF8 = b"\x1b%G"
_DATASETS = {80: (CREATOR, 32), 110: (CREDIT, 32), 116: (RIGHTS, 128)}  # of record 2: field, most bytes
_PHOTOSHOP = b"Photoshop 3.0\0"


def write_block(labels: Labels) -> bytes | None:
    """None where there is nothing to say. What is too long is cut, as the standard asks; XMP has it whole."""
    said = b"".join(
        _dataset(2, number, _cut(value, most))
        for number, (field, most) in _DATASETS.items()
        for value in (labels.get(field, ()) if field == CREATOR else labels.get(field, ())[:1])
    )
    return _dataset(1, 90, _UTF8) + _dataset(2, 0, b"\0\4") + said if said else None


def read_block(block: bytes) -> Labels:
    """As far as it can be read."""
    found: dict[str, list[str]] = {}
    encoding, at = "latin-1", 0
    while at + 5 <= len(block) and block[at] == 0x1C:
        record, number, size = block[at + 1], block[at + 2], int.from_bytes(block[at + 3 : at + 5], "big")
        if size & 0x8000:  # an extended dataset: pictures, and not words
            break
        value = block[at + 5 : at + 5 + size]
        if (record, number) == (1, 90) and value == _UTF8:
            encoding = "utf-8"
        if record == 2 and number in _DATASETS:
            found.setdefault(_DATASETS[number][0], []).append(value.decode(encoding, "replace").strip())
        at += 5 + size
    return {field: tuple(values) for field, values in found.items()}


def segment(block: bytes) -> bytes:
    """A JPEG's APP13 segment that holds the block."""
    resource = b"8BIM" + RESOURCE.to_bytes(2, "big") + b"\0\0" + len(block).to_bytes(4, "big") + block
    content = _PHOTOSHOP + resource + b"\0" * (len(block) % 2)
    return b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content


def _dataset(record: int, number: int, value: bytes) -> bytes:
    return bytes((0x1C, record, number)) + len(value).to_bytes(2, "big") + value


def _cut(value: str, most: int) -> bytes:
    return value.encode()[:most].decode(errors="ignore").encode()
