"""The CloudEvents 1.0 envelope (structured JSON mode) and the base classes of what it carries."""

from typing import Any, ClassVar, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

SUBJECT_ROOT = "evt"


class Value(BaseModel):
    """A value inside an event. Producers may not add fields; consumers ignore what they don't know."""

    # JSON has no NaN and no infinity: whoever measures one says `None` instead.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EventData(Value):
    """What one event says. `type` is `<producer>.<aggregate>.<happened>.v<major>`."""

    type: ClassVar[str]


D = TypeVar("D", bound=EventData)


class Event(BaseModel, Generic[D]):
    """CloudEvents 1.0 attributes plus Packshot's four extension attributes.

    `subject` is the aggregate's id, `aggregateversion` its version after the change: a consumer that has applied a
    newer version ignores the event. `correlationid` is the same for all that one outside call set in motion,
    `causationid` names the event that this one answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(description="The producing service, as a URI reference.", examples=["/intake"])
    type: str = Field(examples=["intake.request.accepted.v1"])
    subject: str = Field(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="Id of the aggregate that changed.")
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    aggregateversion: int = Field(ge=1)
    correlationid: str = Field(max_length=128)
    causationid: UUID | None = None
    traceparent: str | None = Field(default=None, description="W3C trace context.")
    data: D

    @model_validator(mode="after")
    def _type_names_the_data(self) -> Self:
        if isinstance(self.data, EventData) and self.type != self.data.type:
            raise ValueError(f"type is {self.type}, but the data are those of {self.data.type}")
        return self

    def nats_subject(self) -> str:
        """The JetStream subject: `evt.intake.request.accepted.v1.<aggregate id>`."""
        return f"{SUBJECT_ROOT}.{self.type}.{self.subject}"


def read_event(data_class: type[D], raw: bytes | str) -> Event[D]:
    """Parse one event as a consumer does: unknown fields are ignored.

    Raises `pydantic.ValidationError` when it isn't this event.
    """
    event: type[Event[Any]] = Event[data_class]  # type: ignore[valid-type]
    return event.model_validate_json(raw, extra="ignore")


__all__ = ["SUBJECT_ROOT", "Event", "EventData", "Value", "read_event"]
