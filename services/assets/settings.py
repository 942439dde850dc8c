"""Assets' settings, for its API and for its worker."""

from datetime import timedelta

from pydantic import Field

from chassis.settings import Settings


class AssetsSettings(Settings):
    service: str = Field(default="assets", description="Role, schema and event source.")
    max_upload_bytes: int = Field(default=512 * 1024 * 1024, ge=1, description="Largest file that is taken in.")
    stall_seconds: float = Field(
        default=60, gt=0, description="An upload of which nothing comes for so long is broken off."
    )
    claim_wait_seconds: float = Field(
        default=3, ge=0, description="How long a delivery waits for routing's event that makes it right."
    )
    render_processes: int = Field(default=1, ge=1, description="Variants that one worker renders at once.")
    store_patience_seconds: float = Field(
        default=10, gt=0, description="How long a bucket may be silent, and is tried again, before it counts as away."
    )
    orphan_grace: timedelta = Field(
        default=timedelta(days=7),
        ge=timedelta(0),
        description="A stored file that nothing refers to is deleted so long after it was last stored.",
    )
    check_every: timedelta = Field(
        default=timedelta(days=30), gt=timedelta(0), description="Each stored file's bytes are read so often."
    )
    check_bytes_per_second: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="At most so much one process reads to check stored files."
    )
