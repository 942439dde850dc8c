"""The compose topology in real containers, and the sample catalogue through it: `make test-containers`."""

import math
import os
import re
from collections.abc import Iterator

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from packshot.play.tally import FIXED
from tests.containers.stack import ROOT, NoContainers, Stack
from tests.deploy.dashboards import expressions
from tests.whole import until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(5400)]

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
# A folder with catalogue.csv, to play instead of the sample.
CATALOGUE = os.environ.get("PACKSHOT_CATALOGUE")
# Families without a sample while all is well.
EMPTY_WHEN_WELL = {"packshot_sla_at_risk"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Built, started and ready; removed with its volumes and networks afterwards."""
    one = Stack()
    try:
        one.find_tool()
    except NoContainers as reason:
        pytest.skip(str(reason))
    one.build()
    try:
        one.start()
        yield one
    finally:
        one.remove()


@pytest.fixture(scope="module")
def played(stack: Stack) -> str:
    """What playing a catalogue printed. It ends with 0 only if all is through and every number agrees."""
    if CATALOGUE:
        return stack.packshot("run-catalogue", "/catalogue", catalogue=CATALOGUE, seconds=3600)
    return stack.packshot("sample", "--skus", "3", seconds=1200)


def test_nothing_of_ours_runs_as_root_or_can_change_its_image(stack: Stack) -> None:
    images = stack.images()
    assert len(images) >= 9
    for service, image in images.items():
        assert int(stack.inside(service, "id", "-u").stdout) != 0, service
        if image == "packshot":
            assert stack.inside(service, "touch", "/home/packshot/mine", check=False).returncode != 0, service


def test_the_catalogue_goes_all_the_way(played: str) -> None:
    print(played)
    assert "Finals byte for byte the photos: yes" in played
    assert "Every number the same everywhere: yes" in played


def test_prometheus_and_the_summary_say_the_same(stack: Stack, played: str) -> None:
    summary = stack.summary()
    samples = [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(stack.exposition("metrics"))
        for sample in family.samples
    ]
    for figure in FIXED:
        assert figure.in_summary(summary) == figure.in_exposition(samples), figure.name
    assert summary["work"]["by_kind_and_state"]["variant"]["approved"] > 0


def test_prometheus_scrapes_every_process(stack: Stack) -> None:
    ours = {f"{service}:8000" for service, image in stack.images().items() if image == "packshot"}

    def all_up() -> bool:
        targets = stack.prometheus("targets")["activeTargets"]
        assert {one["labels"]["instance"] for one in targets} == ours
        return all(one["health"] == "up" for one in targets)

    until(all_up, "every process to be scraped")


def test_every_panel_shows_something_once_a_catalogue_was_played(stack: Stack, played: str) -> None:
    for panel, expression in expressions():

        def shown(expression: str = expression) -> bool:
            found = stack.prometheus("query", query=expression)["result"]
            return any(not math.isnan(float(one["value"][1])) for one in found)

        until(shown, f"{panel}: {expression}", 30)


def test_every_alert_is_evaluated_on_figures_that_are_there(stack: Stack, played: str) -> None:
    states = [rule for group in stack.prometheus("rules")["groups"] for rule in group["rules"]]
    written = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in states} == {rule["alert"] for rule in written}
    assert {rule["health"] for rule in states} == {"ok"}
    exposed = stack.exposition("metrics")
    for rule in written:
        names = set(re.findall(r"\b(?:packshot_\w+|up)\b", rule["expr"]))
        assert names, rule["alert"]
        for name in names:
            if name in EMPTY_WHEN_WELL:
                assert f"# TYPE {name} " in exposed
            else:
                assert stack.prometheus("query", query=f"count({name})")["result"], (rule["alert"], name)


def test_the_prometheus_that_runs_accepts_its_files(stack: Stack) -> None:
    stack.inside("prometheus", "promtool", "check", "config", "/etc/prometheus/prometheus.yml")
    stack.inside("prometheus", "promtool", "test", "rules", "/etc/prometheus/alerts_test.yml")


@pytest.mark.parametrize("service", ["routing", "nats", "postgres"])
def test_one_that_is_restarted_changes_nothing(stack: Stack, played: str, service: str) -> None:
    before = stack.summary()
    stack.compose("restart", service)
    until(stack.is_ready, f"all to be ready after {service}", 120)
    assert stack.summary() == before


def test_all_end_cleanly_and_what_was_there_is_there_again(stack: Stack, played: str) -> None:
    before = stack.summary()
    stack.stop()
    codes = stack.exit_codes()
    assert len(codes) > len(stack.images())
    assert {name: code for name, code in codes.items() if code} == {}
    stack.start()
    assert stack.summary() == before
    again = stack.packshot("sample", "--skus", "1", seconds=600)
    assert "Every number the same everywhere: yes" in again
