"""Assets' settings, for its API and for its worker."""

from pathlib import Path

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
    c2pa_certificates: Path | None = Field(
        default=None, description="PEM file: the certificate that variants are signed with, then those above it."
    )
    c2pa_key: Path | None = Field(default=None, description="PEM file: its private key. Unset: variants aren't signed.")
    render_processes: int = Field(default=1, ge=1, description="Variants that one worker renders at once.")
