"""Assets' settings, for its API and for its worker."""

from pydantic import Field, IPvAnyNetwork

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
    private_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description='Private networks that URLs of vendors and endpoints may lead to, as JSON: `["10.1.0.0/16"]`.',
    )
    plain_http: bool = Field(default=False, description="Such URLs may be http, not only https.")
    fetches_at_once: int = Field(
        default=4, ge=0, description="Files that this process fetches from vendors at once; 0: it fetches none."
    )
    fetch_seconds: float = Field(default=900, gt=0, description="How long fetching one file may take in all.")
    sends_at_once: int = Field(
        default=8, ge=0, description="Webhooks that this process sends at once; 0: it sends none."
    )
