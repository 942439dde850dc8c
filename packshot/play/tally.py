"""What a run counted, beside what the metrics service says of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Tally:
    """Counted by the run itself, from what it did and what the public API answered."""

    counts: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)

    def add(self, name: str, number: int = 1) -> None:
        self.counts[name] += number


@dataclass(frozen=True)
class Figure:
    """One row of the table: where the number is in the summary and in the Prometheus exposition."""

    name: str
    summary: tuple[str, ...]
    family: str
    labels: dict[str, str]

    def in_summary(self, summary: Json) -> int:
        found: Any = summary
        for key in self.summary:
            found = found.get(key, {}) if isinstance(found, dict) else {}
        return int(found or 0)

    def in_exposition(self, samples: Iterable[tuple[str, dict[str, str], float]]) -> int:
        return int(
            sum(
                value
                for name, labels, value in samples
                if name == self.family and all(labels.get(key) == wanted for key, wanted in self.labels.items())
            )
        )


def _work(name: str, kind: str) -> Figure:
    labels = {"kind": kind, "state": "approved"}
    return Figure(name, ("work", "by_kind_and_state", kind, "approved"), "packshot_work_items", labels)


def _files(name: str, source: str) -> Figure:
    return Figure(name, ("files", "versions_by_source", source), "packshot_versions_total", {"source": source})


def _sla(name: str, result: str) -> Figure:
    return Figure(name, ("sla", result), "packshot_sla_total", {"result": result})


FIXED = (
    Figure("requests accepted", ("requests", "by_state", "accepted"), "packshot_requests", {"state": "accepted"}),
    Figure("requests returned first", ("requests", "returns"), "packshot_request_returns_total", {}),
    _work("shots approved", "shot"),
    _work("variants approved", "variant"),
    _files("files by upload", "upload"),
    _files("files by vendors", "vendor"),
    _files("files rendered", "render"),
    Figure("approved at the first pass", ("first_pass", "first_pass"), "packshot_first_pass_total", {}),
    Figure("rounds of rework", ("rework", "rounds"), "packshot_rework_rounds_total", {}),
    Figure(
        "gates passed by measurement",
        ("rejections", "automatic_passes"),
        "packshot_decisions_total",
        {"automatic": "True", "outcome": "pass"},
    ),
    _sla("SLA hit", "hit"),
    _sla("SLA missed", "missed"),
    Figure("SLA at risk", ("sla", "at_risk"), "packshot_sla_at_risk", {}),
)


def figures_of(tally: Tally) -> list[Figure]:
    """The fixed rows, then one a gate, a reason and an AI reason that occurred."""
    found = list(FIXED)
    for name in sorted(tally.counts):
        kind, _, value = name.partition(": ")
        if kind == "rejected at":
            path: tuple[str, ...] = ("rejections", "by_gate", value)
            found.append(Figure(name, path, "packshot_rejections_total", {"gate": value}))
        elif kind == "sent back for":
            found.append(Figure(name, ("rework", "by_reason", value), "packshot_rework_total", {"cause": value}))
        elif kind == "AI rejected for":
            path = ("ai_rejections", "by_reason", value)
            found.append(Figure(name, path, "packshot_ai_rejections_total", {"cause": value}))
    return found
