"""Prometheus figures that every process has. Totals of the business come from the metrics service's store."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "packshot_http_request_seconds",
    "Time to answer a request.",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RELAYED = Counter("packshot_relayed_events_total", "Events that the relay has published.", ["service"])
UNSENT = Gauge("packshot_unsent_events", "Events that wait to be published.", ["service"])
HEALED = Counter("packshot_stream_healings_total", "Times that a lost stream was filled again.", ["service"])
CONSUMED = Counter("packshot_consumed_events_total", "Events handled.", ["service", "consumer", "result"])
DEAD_LETTERS = Counter("packshot_dead_letters_total", "Messages given up, now in the DLQ.", ["service"])
