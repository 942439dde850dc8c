"""Endpoints, messages and attempts as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.values import Domain
from services.assets.outbound.domain import MessageState

MOST_OVERLAP_HOURS = 24 * 7
OVERLAP_HOURS = 24


class EndpointEntry(BaseModel):
    """What its keeper says of an endpoint."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(max_length=2000)] = Field(
        description="Where messages are posted to: https, at a public address. Never shown again.",
        examples=["https://studio-nord.example/packshot"],
    )
    active: bool = Field(default=True, description="False: nothing is sent, and what happens meanwhile never is.")


class Endpoint(BaseModel):
    """Whom signed webhooks are sent to, and how that goes."""

    id: UUID
    owner: str = Field(examples=["vendor/studio-nord"])
    domain: Domain = Field(description="The decision domain whose owner keeps it.")
    host: str = Field(description="Of its URL, which may hold what only its keeper may know.")
    active: bool
    secret_made_at: AwareDatetime
    old_secret_until: AwareDatetime | None = Field(
        description="So long every message is signed with the secret before as well."
    )
    failures: int = Field(description="Failed tries since the last success.")
    failing_since: AwareDatetime | None
    disabled_at: AwareDatetime | None = Field(description="Messages wait since then, until it is enabled.")
    disabled_because: str | None
    registered_by: str
    registered_at: AwareDatetime


class EndpointWithSecret(Endpoint):
    """The one answer that shows a new secret."""

    secret: str | None = Field(
        description="Verifies messages by the Standard Webhooks scheme: `whsec_…`. Shown this once; null when the "
        "endpoint keeps the secret that it has.",
    )


class Message(BaseModel):
    """A signed webhook that is or was to be sent."""

    id: UUID = Field(description="Its `webhook-id`, the same at every try.")
    endpoint_id: UUID
    type: str = Field(examples=["delivery.decided"])
    subject: str = Field(description="What it tells of.")
    state: MessageState
    attempts: int
    created_at: AwareDatetime
    next_try_at: AwareDatetime | None
    delivered_at: AwareDatetime | None


class Attempt(BaseModel):
    """One try to send it."""

    number: int
    at: AwareDatetime
    status: int | None = Field(description="HTTP status; null when there was no answer.")
    error: str | None
    seconds: float


class MessageWithAttempts(Message):
    tried: list[Attempt] = Field(description="Oldest first.")


class Endpoints(BaseModel):
    items: list[Endpoint]
