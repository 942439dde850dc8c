"""`packshot provision`, against a real PostgreSQL."""

import asyncio
import json
import os
from pathlib import Path

import asyncpg
import pytest

from chassis.embedded import free_port
from chassis.testkit import servers
from packshot.local.data import SERVICES, DataDirectory
from packshot.provision import ADMIN, PREFIX, ProvisionFailed, provision_all

# Roles are one set for the whole server: other tests use the same passwords.
PASSWORDS = {f"{PREFIX}{service.upper()}": f"secret-{service}" for service in SERVICES}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {ADMIN: servers.admin_dsn(), **PASSWORDS}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
async def test_roles_can_log_in_and_the_keys_are_where_services_read_them(tmp_path: Path) -> None:
    await servers.until_server_answers()
    data, jwks = DataDirectory.at(tmp_path / "data"), tmp_path / "jwks.json"
    for _ in range(2):
        said = await asyncio.to_thread(provision_all, data, jwks)
    assert "Ready" in said
    assert jwks.read_bytes() == data.issuer.jwks.read_bytes()
    assert "d" not in json.loads(jwks.read_text())["keys"][0]
    for service in SERVICES:
        port = os.environ[servers.POSTGRES_PORT]
        url = f"postgresql://{service}:secret-{service}@127.0.0.1:{port}/packshot"
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT current_schema()") == service
        finally:
            await connection.close()


def test_without_a_local_issuer_there_is_no_key(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    provision_all(DataDirectory.at(tmp_path), None)
    assert not list(tmp_path.rglob("*.json"))


def test_every_variable_that_is_missing_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv(ADMIN)
    environment.setenv(f"{PREFIX}QC", "")
    with pytest.raises(ProvisionFailed, match=f"{ADMIN}, {PREFIX}QC"):
        provision_all(DataDirectory.at(tmp_path), None)


def test_a_server_that_is_not_there_is_waited_for_and_then_named(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv(ADMIN, f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")
    with pytest.raises(ProvisionFailed, match="doesn't answer"):
        provision_all(DataDirectory.at(tmp_path), None, patience=0.1)


@pytest.mark.usefixtures("environment")
async def test_a_role_that_may_not_make_roles_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    await servers.until_server_answers()
    await servers.provision_service("qc")
    environment.setenv(ADMIN, servers.database_url("qc"))
    with pytest.raises(ProvisionFailed, match="refuses"):
        await asyncio.to_thread(provision_all, DataDirectory.at(tmp_path), None)
