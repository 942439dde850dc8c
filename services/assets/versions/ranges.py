"""HTTP about one file's bytes: ranges, validators, safe names, and the answer itself."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from chassis.etags import names_etag
from contracts.assets import ColourReference, Version
from contracts.values import Zone
from services.assets.store.store import Store
from services.assets.versions.errors import BadRange


@dataclass(frozen=True)
class KeptFile:
    """Bytes in the store that are neither a version nor a colour reference."""

    filename: str
    location: str
    sha256: str
    bytes: int
    media_type: str


File = Version | ColourReference | KeptFile
"""What is kept under its bytes' hash, with a name, and never changes."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def etag_of(file: File) -> str:
    return f'"{file.sha256}"'


def wanted_range(header: str | None, if_range: str | None, file: File) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole file.

    What isn't one range of bytes is ignored, as RFC 9110 says. Raises `BadRange` beyond the end.
    """
    if header is None or (if_range is not None and if_range != etag_of(file)):
        return None
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    size = file.bytes
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start, stop = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    if start >= stop:
        raise BadRange(f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"})
    return start, stop


def name_outside(file: File) -> str:
    """What it is called where it goes: a final by the naming packs, all else as it came."""
    if isinstance(file, Version) and file.zone is Zone.FINAL and file.export_name:
        return file.export_name
    return file.filename


def content_headers(file: File) -> dict[str, str]:
    """What every answer about a file's bytes says. They never change, so they may be kept for ever."""
    name = name_outside(file)
    plain = re.sub(r"[^ !#-\[\]-~]|%", "_", name)
    return {
        "ETag": etag_of(file),
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }


async def content_of(
    store: Store, file: File, range_wanted: str | None, if_range: str | None, if_none_match: str | None
) -> Response:
    """The bytes, or the part that was asked for, or that they are known. Raises `BadRange`, `FileMissing`."""
    headers = content_headers(file)
    if names_etag(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    part = wanted_range(range_wanted, if_range, file)
    start, stop = part or (0, file.bytes)
    headers["Content-Length"] = str(stop - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.bytes}"
    stream = await store.stream(file.location, start, stop)
    return StreamingResponse(stream, 206 if part else 200, headers, file.media_type)
