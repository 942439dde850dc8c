"""The gateway's part of a trace: a span a request when spans are collected, else the caller's own context."""

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from gateway.headers import Head
from gateway.routes import Route

_tracer = trace.get_tracer("packshot.gateway")


class Tracing:
    """Making a span costs a tenth of a request's time, so none is made that nobody collects."""

    def __init__(self, *, collected: bool) -> None:
        self._collected = collected

    def begin(self, method: str, route: Route, head: Head) -> Span | None:
        """Put the trace context into the headers for the service. The span, if one is made, is for `end`."""
        span = None
        traceparent = head.traceparent
        if self._collected:
            carrier = {"traceparent": traceparent, "tracestate": head.tracestate} if traceparent else {}
            attributes = {
                "http.request.method": method,
                "http.route": route.prefix,
                "packshot.request_id": head.request_id,
            }
            span = _tracer.start_span(
                f"{method} {route.prefix}", propagate.extract(carrier), SpanKind.SERVER, attributes
            )
            context = span.get_span_context()
            traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        if traceparent:
            head.headers.add("traceparent", traceparent)
            if head.tracestate:
                head.headers.add("tracestate", head.tracestate)
        return span

    @staticmethod
    def end(span: Span | None, status: int) -> None:
        if span is not None:
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            span.end()
