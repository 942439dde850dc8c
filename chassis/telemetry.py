"""OpenTelemetry: one trace from the outside call through every event that it causes."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from chassis.settings import ProcessSettings

_tracer = trace.get_tracer("packshot")


def configure_telemetry(settings: ProcessSettings) -> None:
    """Make spans; export them only when a collector is set. Trace context is passed on in any case."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    name = settings.service if settings.process == "api" else f"{settings.service}-{settings.process}"
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.namespace": "packshot"}))
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


@contextmanager
def consuming(event_type: str, event_id: str, traceparent: str | None) -> Iterator[None]:
    """A span for the handling of one event, a child of the span that recorded it."""
    parent = propagate.extract({"traceparent": traceparent}) if traceparent else None
    attributes = {"messaging.system": "nats", "messaging.operation.type": "process", "messaging.message.id": event_id}
    with _tracer.start_as_current_span(f"process {event_type}", parent, SpanKind.CONSUMER, attributes):
        yield
