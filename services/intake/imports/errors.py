"""What a call about an import can fail with. A file that can't be read leaves nothing behind."""

from collections.abc import Sequence
from uuid import UUID

from chassis.problems import FieldError, NotFound, Problem


class UnknownImport(NotFound):
    def __init__(self, import_id: UUID) -> None:
        super().__init__(f"There is no import {import_id}.")


class UnknownFormat(Problem):
    status, slug, title = 415, "unknown-format", "Neither CSV nor XLSX"


class BodyCutOff(Problem):
    status, slug, title = 400, "body-cut-off", "The body ended early"


class BodyStalled(Problem):
    status, slug, title = 408, "body-stalled", "The body came too slowly"


class UnreadableFile(Problem):
    """Nothing of the file was imported."""

    status, slug, title = 422, "unreadable-file", "The file can't be imported"

    def __init__(self, cause: str, remedy: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(
            f"{cause} Nothing of it was imported. {remedy}",
            errors=errors or [FieldError(pointer="", detail=cause, remedy=remedy)],
        )
