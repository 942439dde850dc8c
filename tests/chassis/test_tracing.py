"""A span a request, named by its route."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.testkit.harness import Harness

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans(probe: Harness) -> Iterator[InMemorySpanExporter]:
    """Every span that ends in this process. `probe` has made the provider."""
    provider, exporter = trace.get_tracer_provider(), InMemorySpanExporter()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_a_request_is_a_span_of_its_callers_trace(probe: Harness, spans: InMemorySpanExporter) -> None:
    headers = probe.bearer("keeper") | {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    assert (await probe.client.post("/v1/tallies", json={"name": TRACE}, headers=headers)).status_code == 201
    [span] = [one for one in spans.get_finished_spans() if one.name.startswith("POST")]
    assert span.name == "POST /v1/tallies"
    assert span.context is not None
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)


async def test_health_checks_and_scrapes_are_not_traced(probe: Harness, spans: InMemorySpanExporter) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert (await probe.client.get(path)).status_code == 200
    assert (await probe.client.get("/nowhere")).status_code == 404
    assert [one.name for one in spans.get_finished_spans() if one.name.startswith("GET")] == ["GET"]
