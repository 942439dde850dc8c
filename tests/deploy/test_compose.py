"""docker-compose.yml says the same as the supervisor of one machine, and as the settings of each process."""

import importlib
import json
import re
from typing import Any

import pytest
import yaml

from chassis.settings import ProcessSettings
from packshot.local.data import SERVICES
from packshot.local.topology import WORKERS
from packshot.provision import make_secrets
from services.assets.dossiers.signing import DossierKey
from tests.deploy.dashboards import DEPLOY, Json

COMPOSE = DEPLOY.parent / "docker-compose.yml"
WORKER_NAMES = {f"{service}-{module}": service for service, module in WORKERS}
PROCESSES = {**{service: service for service in SERVICES}, **WORKER_NAMES, "gateway": "gateway"}


@pytest.fixture(scope="module")
def services() -> dict[str, Json]:
    found: dict[str, Json] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def settings_of(service: str) -> type[ProcessSettings]:
    """The settings class of a service, or the gateway's."""
    module = importlib.import_module("gateway.settings" if service == "gateway" else f"services.{service}.settings")
    [found] = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, ProcessSettings) and one.__module__ == module.__name__
    ]
    return found


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{?([A-Z][A-Z_]+)", text))


def test_every_process_is_there_with_its_own_app(services: dict[str, Json]) -> None:
    ours = {name for name, one in services.items() if one["image"] == "packshot"} - {"provision", "cli"}
    assert ours == set(PROCESSES)
    for name, service in PROCESSES.items():
        module = "gateway.app" if name == "gateway" else f"services.{service}.{'worker' if name != service else 'app'}"
        assert f"{module}:create_app" in services[name]["command"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_gets_settings_that_it_has_and_all_that_it_needs(services: dict[str, Json], name: str) -> None:
    environment: dict[str, Any] = services[name]["environment"]
    given = {key.removeprefix("PACKSHOT_").lower() for key in environment if key.startswith("PACKSHOT_")}
    fields = settings_of(PROCESSES[name]).model_fields
    assert given <= set(fields)
    assert {field for field, info in fields.items() if info.is_required()} <= given | {"service"}
    assert environment.get("PACKSHOT_PROCESS", "api") == ("worker" if name in WORKER_NAMES else "api")
    if name != "gateway":
        assert environment["PACKSHOT_DATABASE_URL"].startswith(f"postgresql://{PROCESSES[name]}:")


def test_the_gateway_and_prometheus_know_every_process(services: dict[str, Json]) -> None:
    upstreams = json.loads(services["gateway"]["environment"]["PACKSHOT_UPSTREAMS"])
    assert upstreams == {name: f"http://{name}:8000" for name in PROCESSES if name != "gateway"}
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    targets = [target for job in scraped for one in job["static_configs"] for target in one["targets"]]
    assert sorted(targets) == sorted(f"{name}:8000" for name in PROCESSES)


def test_every_password_is_made_and_used_and_none_is_written(services: dict[str, Json]) -> None:
    made = {line.split("=")[0] for line in make_secrets().splitlines()}
    used = {name for name in variables(COMPOSE.read_text()) if name.startswith("PACKSHOT_PASSWORD_")}
    assert made == used | {"PACKSHOT_DOSSIER_KEY"}
    for one in services.values():
        for name, value in (one.get("environment") or {}).items():
            for password in re.findall(r"://[^:/@]+:([^@]+)@", str(value)) + ([value] if "PASSWORD" in name else []):
                assert re.fullmatch(r"\$\{PACKSHOT_PASSWORD_[A-Z]+(:\?[^}]*)?\}", password), (name, value)


def test_two_sets_of_passwords_differ_and_each_is_one_word_that_begins_with_a_letter() -> None:
    first, second = (dict(line.split("=") for line in make_secrets().splitlines()) for _ in range(2))
    passwords = [value for name, value in first.items() if "PASSWORD" in name]
    assert all(re.fullmatch(r"[a-z][a-z0-9]{40,}", password) for password in passwords)
    assert len(passwords) == len(first) - 1
    assert DossierKey(first["PACKSHOT_DOSSIER_KEY"])
    assert len({*first.values(), *second.values()}) == 2 * len(first)


def test_the_override_changes_only_services_that_are_there(services: dict[str, Json]) -> None:
    override = yaml.safe_load((DEPLOY / "compose.wheels.yml").read_text())["services"]
    assert set(override) <= set(services)


def test_every_folder_that_is_mounted_is_there(services: dict[str, Json]) -> None:
    folders = [
        volume.split(":")[0]
        for one in services.values()
        for volume in one.get("volumes", [])
        if volume.startswith("./")
    ]
    assert len(folders) >= 4
    for folder in folders:
        assert (COMPOSE.parent / folder).is_dir(), folder
