"""Why an upload isn't taken further. The statuses are those that tus clients expect."""

from collections.abc import Sequence
from typing import Any

from chassis.problems import Conflict, FieldError, PreconditionFailed, Problem


class OtherProtocol(PreconditionFailed):
    slug, title = "other-tus-version", "Another version of tus"


class BadHeader(Problem):
    status, slug, title = 400, "bad-header", "A header is wrong"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(f"{error.pointer}: {error.detail}." for error in errors), errors=errors)


class OtherContentType(Problem):
    status, slug, title = 415, "other-content-type", "Not a part of an upload"


class ChecksumMismatch(Problem):
    status, slug, title = 460, "checksum-mismatch", "These are other bytes"


class WrongOffset(Conflict):
    slug, title = "wrong-offset", "It goes on elsewhere"

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"This upload goes on at byte {offset}.", headers={"Upload-Offset": str(offset)}, offset=offset
        )


class InUse(Problem):
    """By another request that writes to it."""

    status, slug, title = 423, "upload-in-use", "Another request writes to it"

    def __init__(self) -> None:
        super().__init__("Another request writes to this upload. Try again.", headers={"Retry-After": "1"})


class Gone(Problem):
    """It has ended without a version. `refusal`: the problem that its last request was answered with."""

    status, slug, title = 410, "upload-gone", "This upload has ended"

    def __init__(self, detail: str, refusal: dict[str, Any] | None = None) -> None:
        extensions: dict[str, Any] = {"refusal": refusal} if refusal else {}
        super().__init__(detail, **extensions)


class PiecesLost(Problem):
    """What had come is not in the store any more. The sender still has it."""

    status, slug, title = 410, "pieces-lost", "A part of it was lost"


class TooManyPieces(Problem):
    status, slug, title = 400, "too-many-pieces", "It comes in too many pieces"


class TooManyUploads(Problem):
    status, slug, title = 429, "too-many-uploads", "Too many open uploads"
