"""A span a request, when a collector is there."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from chassis.issuer import LocalIssuer
from chassis.testkit.harness import eventually
from tests.gateway.served import serve_gateway
from tests.gateway.services import EchoService, closed_port, write_documents

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Takes spans in over OTLP/HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()

    async def take(self, request: web.Request) -> web.Response:
        export = ExportTraceServiceRequest.FromString(await request.read())
        for resource in export.resource_spans:
            names = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
            self.services.update(names)
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[tuple[Collector, str]]:
    taken = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", taken.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield taken, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_service_is_a_child_of_the_gateways_span(
    collector: tuple[Collector, str], issuer: LocalIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, url = collector
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    service = EchoService()
    await service.start()
    upstreams = dict.fromkeys(("intake", "assets", "qc"), service.url)
    gateway = await serve_gateway(
        tmp_path,
        issuer,
        upstreams={**upstreams, "routing": f"http://127.0.0.1:{closed_port()}"},
        documents=write_documents(tmp_path / "documents"),
        otlp_endpoint=url,
    )
    headers = {"Authorization": f"Bearer {issuer.token('producer', subject='p')}"}
    try:
        async with aiohttp.ClientSession(gateway.url) as client:
            offered = headers | {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=1"}
            async with client.get("/v1/requests", headers=offered):
                told = service.last().header("traceparent")
                assert service.last().header("tracestate") == "a=1"
            async with client.get("/v1/requests", headers=headers):
                made = service.last().header("traceparent")
            async with client.get("/v1/work", headers=headers) as answer:
                assert answer.status == 503

        async def all_came() -> bool:
            return sum("/v1/" in span.name for span in taken.spans) == 3

        await eventually(all_came, 30)
    finally:
        await gateway.stop()
        await service.stop()
    assert told is not None
    assert made is not None
    assert taken.services == {"gateway"}
    by_name = {(span.name, span.trace_id.hex()): span for span in taken.spans}
    child = by_name["GET /v1/requests", TRACE]
    assert child.parent_span_id.hex() == PARENT
    assert told == f"00-{TRACE}-{child.span_id.hex()}-01"
    root = by_name["GET /v1/requests", made.split("-")[1]]
    assert root.parent_span_id == b""
    assert made.startswith(f"00-{root.trace_id.hex()}-{root.span_id.hex()}-")
    [failed] = [span for span in taken.spans if span.name == "GET /v1/work"]
    assert failed.status.code == Status.STATUS_CODE_ERROR
