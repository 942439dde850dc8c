"""Assets' settings, for its API and for its worker."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, IPvAnyNetwork, SecretStr

from chassis.settings import Settings


class AssetsSettings(Settings):
    service: str = Field(default="assets", description="Role, schema and event source.")
    max_upload_bytes: int = Field(default=512 * 1024 * 1024, ge=1, description="Largest file that is taken in.")
    stall_seconds: float = Field(
        default=60, gt=0, description="An upload of which nothing comes for so long is broken off."
    )
    upload_piece_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1, description="A resumable upload is kept by pieces of about so many bytes."
    )
    upload_expires_hours: float = Field(
        default=24, gt=0, description="A resumable upload of which nothing comes for so long is removed."
    )
    open_uploads: int = Field(default=100, ge=1, description="Resumable uploads that one caller may have open.")
    claim_wait_seconds: float = Field(
        default=3, ge=0, description="How long a delivery waits for routing's event that makes it right."
    )
    c2pa_certificates: Path | None = Field(
        default=None, description="PEM file: the certificate that variants are signed with, then those above it."
    )
    c2pa_key: Path | None = Field(default=None, description="PEM file: its private key. Unset: variants aren't signed.")
    render_processes: int = Field(default=1, ge=1, description="Variants that one worker renders at once.")
    dossier_key: SecretStr = Field(
        default=SecretStr(""), description="Ed25519 key that signs dossiers, 32 bytes in base64url; empty: none."
    )
    image_max_side: int = Field(default=4096, ge=512, description="Longest side of an image that is sent, px.")
    image_max_area: int = Field(default=8_000_000, ge=512 * 512, description="Most pixels of an image that is sent.")
    pyramid_queue: int = Field(
        default=8, ge=1, description="Images that may wait in the API's process until their tiles are made."
    )
    pyramid_wait_seconds: float = Field(default=20, gt=0, description="How long whoever asks for such an image waits.")
    pyramid_seconds: float = Field(default=120, gt=0, description="How long making an image's tiles may take.")
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
    private_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description='Private networks that URLs of vendors and endpoints may lead to, as JSON: `["10.1.0.0/16"]`.',
    )
    plain_http: bool = Field(default=False, description="Such URLs may be http, not only https.")
    fetches_at_once: int = Field(
        default=4, ge=0, description="Files that this process fetches from vendors at once; 0: it fetches none."
    )
    fetch_seconds: float = Field(default=900, gt=0, description="How long fetching one file may take in all.")
    export_roots: tuple[str, ...] = Field(
        default=(),
        description="Folders and buckets that finals may be exported into or below, as JSON: "
        '`["file:///srv/exports", "s3://shop/images"]`; none: nowhere.',
    )
    publications_at_once: int = Field(
        default=4, ge=0, description="Publications that this process works on at once; 0: on none."
    )
    sends_at_once: int = Field(
        default=8, ge=0, description="Webhooks that this process sends at once; 0: it sends none."
    )
