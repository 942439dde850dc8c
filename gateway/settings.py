"""The gateway's settings."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, field_validator

from chassis.settings import ProcessSettings


class GatewaySettings(ProcessSettings):
    service: str = Field(default="gateway", description="Name in logs, traces and figures.")
    upstreams: dict[str, str] = Field(
        description="Service → base URL, as JSON. One that has no openapi.json (a worker) counts for readiness only."
    )
    openapi_dir: Path | None = Field(
        default=None, description="Folder of `<service>/openapi.json`; by default the `services` package."
    )

    rate_limit: float = Field(default=200, gt=0, description="Requests a second that one caller may make, on average.")
    rate_burst: int = Field(default=400, ge=1, description="Requests that a caller may make at once after a pause.")
    rate_limited_callers: int = Field(default=50_000, ge=1, description="Callers that the rate limits remember.")
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        default=[], description="Networks of the load balancers before us, whose X-Forwarded-* headers are believed."
    )

    max_header_bytes: int = Field(default=32 * 1024, ge=1024, description="All header names and values together.")
    max_upload_bytes: int = Field(
        default=16 * 1024**3, ge=1, description="Largest body that isn't JSON; the services have limits of their own."
    )

    connect_seconds: float = Field(default=2, gt=0, description="To reach a service, or to get a free connection.")
    answer_seconds: float = Field(default=30, gt=0, description="That a service may be silent while we wait for it.")
    idle_seconds: float = Field(default=60, gt=0, description="That a client may neither send nor take anything.")
    ready_seconds: float = Field(default=2, gt=0, description="That a service may take to say whether it is ready.")
    upstream_connections: int = Field(default=256, ge=1, description="Connections to one service.")
    upstream_keepalive_seconds: float = Field(
        default=4, gt=0, description="An idle connection is kept for; less than the services keep it (uvicorn: 5)."
    )

    @field_validator("upstreams")
    @classmethod
    def _are_base_urls(cls, upstreams: dict[str, str]) -> dict[str, str]:
        for name, url in upstreams.items():
            if not url.startswith(("http://", "https://")) or url.rstrip("/").count("/") != 2 or "@" in url:
                raise ValueError(f"{name}: {url!r} is not like http://host:port")
        return {name: url.rstrip("/") for name, url in upstreams.items()}
