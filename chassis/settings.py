"""Settings that every process has. A service adds its own in its `settings.py`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProcessSettings(BaseSettings):
    """What every process needs, the gateway too, which has neither a database nor a bus.

    Read from the environment, prefix `PACKSHOT_`; frozen.
    """

    model_config = SettingsConfigDict(env_prefix="PACKSHOT_", frozen=True, extra="ignore")

    service: str = Field(description="The service's name: its role, its schema and its event source.")
    process: str = Field(default="api", description="Which of the service's processes this is, for logs and traces.")
    jwks: str = Field(description="Path or https URL of the JSON Web Key Set that tokens are verified with.")
    jwt_issuer: str = "packshot-local"
    jwt_audience: str = "packshot"
    max_body_bytes: int = Field(default=1024 * 1024, ge=1, description="Largest JSON body.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str = Field(default="", description="OTLP/HTTP collector; empty: traces are only passed on.")


class Settings(ProcessSettings):
    """What every process of a service has."""

    database_url: str = Field(description="postgresql://role:password@host:port/database, with the service's role.")
    database_pool: int = Field(default=10, ge=1, description="Connections that one process may hold.")
    nats_url: str = Field(default="nats://127.0.0.1:4222")
    nats_replicas: int = Field(default=1, ge=1, description="Copies of each stream in a NATS cluster.")
    store_url: str = Field(default="", description="file:///path or s3://bucket/prefix, where files are kept.")
    crash_dir: Path | None = Field(default=None, description="Tests only: where crash points look for their cue.")
