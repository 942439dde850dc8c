"""Why a declaration is not taken."""

from chassis.problems import FieldError, Invalid


class ContradictsRecord(Invalid):
    """What is declared of AI's part in a file is not what is on record of its work item."""

    slug = "contradicts-record"

    def __init__(self, cause: str, remedy: str) -> None:
        self.reason = f"The file is not taken: {cause}. {remedy}"
        super().__init__(
            f"The file is not taken: {cause}.",
            errors=[FieldError(pointer="query/digital_source_type", detail=cause, remedy=remedy)],
        )
