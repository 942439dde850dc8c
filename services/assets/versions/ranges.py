"""HTTP about one file's bytes: ranges, validators, safe names."""

import re
from urllib.parse import quote

from contracts.assets import Version
from services.assets.versions.errors import BadRange

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def etag_of(version: Version) -> str:
    return f'"{version.sha256}"'


def matches(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` header names this file."""
    if header is None:
        return False
    return header.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in header.split(",")]


def wanted_range(header: str | None, if_range: str | None, version: Version) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole file.

    What isn't one range of bytes is ignored, as RFC 9110 says. Raises `BadRange` beyond the end.
    """
    if header is None or (if_range is not None and if_range != etag_of(version)):
        return None
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    size = version.bytes
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start, stop = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    if start >= stop:
        raise BadRange(f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"})
    return start, stop


def content_headers(version: Version) -> dict[str, str]:
    """What every answer about a version's bytes says. They never change, so they may be kept for ever."""
    plain = re.sub(r"[^ !#-\[\]-~]|%", "_", version.filename)
    return {
        "ETag": etag_of(version),
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(version.filename, safe='')}",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
