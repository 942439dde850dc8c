"""The dashboards: what can be checked without Grafana."""

import itertools
import re

import yaml

from chassis.testkit.harness import Start
from services.assets.app import create_app as create_assets
from services.assets.settings import AssetsSettings
from services.metrics.app import create_app
from services.metrics.settings import MetricsSettings
from tests.deploy.dashboards import DEPLOY, dashboards, expressions, panels

TYPES = {"row", "stat", "timeseries", "bargauge"}
COLUMNS = 24


def test_a_dashboard_has_what_grafana_needs_of_it() -> None:
    uids = [one["uid"] for one in dashboards().values()]
    assert uids
    assert len(set(uids)) == len(uids)
    for one in dashboards().values():
        assert one["title"]
        assert one["schemaVersion"] >= 39
        ids = [panel["id"] for panel in one["panels"]]
        assert len(set(ids)) == len(ids)
        for panel in one["panels"]:
            assert panel["type"] in TYPES, panel["title"]
            assert panel["title"]


def test_panels_are_within_the_grid_and_do_not_overlap() -> None:
    for one in dashboards().values():
        places = [(panel["title"], panel["gridPos"]) for panel in one["panels"]]
        for title, place in places:
            assert place["x"] >= 0, title
            assert place["x"] + place["w"] <= COLUMNS, title
        for (title, a), (other, b) in itertools.combinations(places, 2):
            apart = (
                a["x"] + a["w"] <= b["x"]
                or b["x"] + b["w"] <= a["x"]
                or a["y"] + a["h"] <= b["y"]
                or b["y"] + b["h"] <= a["y"]
            )
            assert apart, (title, other)


def test_every_panel_asks_the_datasource_that_is_provisioned() -> None:
    [source] = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    known = {"type": source["type"], "uid": source["uid"]}
    for panel in panels():
        assert panel["datasource"] == known, panel["title"]
        assert panel["targets"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references), panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == known, panel["title"]


def test_the_dashboards_are_mounted_where_they_are_looked_for() -> None:
    [provider] = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/packshot.yml").read_text())["providers"]
    grafana = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]["grafana"]
    folder = provider["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in grafana["volumes"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.startswith(f"{folder}/")
    assert home.rsplit("/", 1)[1] in dashboards()


async def test_every_figure_that_is_asked_for_is_exposed(start: Start) -> None:
    """By a panel or an alert."""
    metrics = await start(create_app, MetricsSettings)
    assets = await start(create_assets, AssetsSettings)
    exposition = "".join([(await one.client.get("/metrics")).text for one in (metrics, assets)])
    families = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposition, re.MULTILINE))
    exposed = {
        name + suffix
        for name, kind in families.items()
        for suffix in (("_bucket", "_count", "_sum") if kind == "histogram" else ("",))
    }
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    asked = [expression for _, expression in expressions()]
    asked += [rule["expr"] for group in alerts for rule in group["rules"]]
    names = {name for expression in asked for name in re.findall(r"\bpackshot_\w+", expression)}
    assert names
    assert names <= exposed
