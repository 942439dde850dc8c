"""What one service may not do to another, held by the database itself."""

import asyncpg
import pytest

from chassis.testkit import servers

SERVICES = ("intake", "routing", "qc", "assets", "governance", "metrics")


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM {0}.event_log", "CREATE TABLE {0}.mine (id int)", "DROP SCHEMA {0}"]
)
async def test_a_service_can_not_touch_the_schema_of_another(statement: str) -> None:
    await servers.until_server_answers()
    await servers.provision_service(*SERVICES)
    for service in SERVICES:
        connection = await asyncpg.connect(servers.database_url(service))
        try:
            for other in set(SERVICES) - {service}:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement.format(other))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("CREATE TABLE public.ours (id int)")
        finally:
            await connection.close()
