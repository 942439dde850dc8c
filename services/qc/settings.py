"""qc's settings: those that every process has, and the limits of measuring."""

from pydantic import Field

from chassis.settings import Settings


class QcSettings(Settings):
    service: str = Field(default="qc", description="Role, schema and event source.")
    decision_grace_seconds: float = Field(
        default=10,
        ge=0,
        le=3600,
        description="Time in which a person's decision can be undone before others act on it.",
    )
    review_lease_seconds: float = Field(
        default=900, gt=0, le=86_400, description="Time that a claimed review is held, unless it is renewed."
    )
    measure_seconds: float = Field(default=60, gt=0, description="Time that measuring one file may take.")
    measure_tries: int = Field(
        default=2, ge=1, description="Times that a file may end the measuring process, or its time, before it fails."
    )
    max_file_bytes: int = Field(default=300 * 2**20, ge=1, description="Largest file that is read to be measured.")
