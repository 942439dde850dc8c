"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read and written. Nothing here does I/O."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.problems import FieldError, Invalid
from contracts.values import DigitalSourceType
from services.assets.uploads.errors import BadHeader, OtherContentType, OtherProtocol
from services.assets.versions.domain import name_problem

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
CONTENT_TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1", "md5")
MAX_METADATA = 8192
_NUMBER = re.compile(r"[0-9]{1,18}")
_DECLARATIONS = tuple(one.value for one in DigitalSourceType)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Metadata:
    """What `Upload-Metadata` says. `raw`: as it came, with what means nothing here."""

    work_item_id: UUID
    filename: str
    sha256: str | None
    digital_source_type: DigitalSourceType | None
    raw: str


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request must be."""

    algorithm: str
    digest: bytes

    def begin(self) -> "_Hash":
        return hashlib.new(self.algorithm, usedforsecurity=False)


def check_version(tus_resumable: str | None) -> None:
    """Raises `OtherProtocol`."""
    if tus_resumable != VERSION:
        raise OtherProtocol(
            f"Send `Tus-Resumable: {VERSION}`: this is the version of tus that is spoken here.",
            headers={"Tus-Version": VERSION},
        )


def check_content_type(content_type: str | None) -> None:
    """Raises `OtherContentType`."""
    if (content_type or "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise OtherContentType(f"Send the bytes as the body, with `Content-Type: {CONTENT_TYPE}`.")


def read_number(name: str, value: str | None) -> int:
    """A number of bytes. Raises `BadHeader`."""
    if value is None or not _NUMBER.fullmatch(value):
        raise BadHeader([_wrong(name, "is not a number of bytes", f"Send `{name}: 1048576`, with your number.")])
    return int(value)


def read_checksum(value: str | None) -> Checksum | None:
    """Raises `BadHeader`."""
    if value is None:
        return None
    algorithm, _, encoded = value.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadHeader([_wrong("Upload-Checksum", "has no algorithm of ours", f"Known are: {', '.join(ALGORITHMS)}.")])
    checksum = Checksum(algorithm, _decoded(encoded) or b"")
    if len(checksum.digest) != checksum.begin().digest_size:
        remedy = "Send the algorithm's name, a space, and the digest in Base64."
        raise BadHeader([_wrong("Upload-Checksum", f"has no digest of {algorithm}", remedy)])
    return checksum


def read_metadata(value: str | None) -> Metadata:
    """Raises `BadHeader`, naming all that is wrong with it."""
    raw = value or ""
    pairs = _pairs(raw)
    errors = list[FieldError]()

    def text(key: str) -> str:
        try:
            return pairs.get(key, b"").decode()
        except UnicodeDecodeError:
            return ""

    try:
        work_item_id = UUID(text("work_item_id"))
    except ValueError:
        work_item_id = UUID(int=0)
        errors.append(_wrong_key("work_item_id", "is not an id", "Send the id of the shot or variant that you hold."))
    filename = text("filename")
    if problem := name_problem(filename):
        errors.append(_wrong_key("filename", problem, "Send a plain name: `sku_front.jpg`."))
    sha256 = text("sha256").lower() if "sha256" in pairs else None
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        errors.append(_wrong_key("sha256", "is not 64 hexadecimal digits", "Send it so, or leave it out."))
    declared = text("digital_source_type") if "digital_source_type" in pairs else None
    if declared is not None and declared not in _DECLARATIONS:
        errors.append(_wrong_key("digital_source_type", "is none", f"Send one of: {', '.join(_DECLARATIONS)}."))
    if errors:
        raise BadHeader(errors)
    return Metadata(work_item_id, filename, sha256, DigitalSourceType(declared) if declared else None, raw)


def _pairs(raw: str) -> dict[str, bytes]:
    """The keys with their values. Raises `BadHeader`."""
    remedy = "Send `key value,key value`, each value in Base64, each key once."
    if len(raw) > MAX_METADATA or not (raw.isascii() and raw.isprintable()):  # HEAD gives it back
        detail = f"has more than {MAX_METADATA} characters, or others than printable ASCII"
        raise BadHeader([_wrong("Upload-Metadata", detail, remedy)])
    found = dict[str, bytes]()
    for pair in filter(None, (one.strip() for one in raw.split(","))):
        key, _, encoded = pair.partition(" ")
        decoded = _decoded(encoded.strip())
        if decoded is None or key in found:
            raise BadHeader([_wrong("Upload-Metadata", f"can't be read at {key[:40]!r}", remedy)])
        found[key] = decoded
    return found


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None


def _wrong(name: str, detail: str, remedy: str) -> FieldError:
    return FieldError(pointer=f"header/{name}", detail=detail, remedy=remedy)


def _wrong_key(key: str, detail: str, remedy: str) -> FieldError:
    return _wrong("Upload-Metadata", f"its `{key}` {detail}", remedy)


def in_metadata(problem: Invalid) -> Invalid:
    """What is wrong with a file's name or declaration, told where a tus client has said it."""
    problem.errors = [
        _wrong_key(error.pointer.removeprefix("query/"), f"is refused: {error.detail}", error.remedy or "")
        for error in problem.errors
    ]
    return problem


def http_date(at: datetime) -> str:
    """As `Upload-Expires` says it (RFC 9110, 5.6.7)."""
    return format_datetime(at, usegmt=True)
