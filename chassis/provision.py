"""Making a database ready: one role and one schema a service, and nothing of one visible to another."""

from collections.abc import Iterable

import asyncpg


async def provision(admin_dsn: str, database: str, passwords: dict[str, str]) -> None:
    """Create the database, and for each service a role that owns a schema of its name. Safe to run again."""
    admin = await asyncpg.connect(admin_dsn, timeout=5)
    try:
        # One at a time in a whole server: its databases share the roles.
        await admin.execute("SELECT pg_advisory_lock(hashtext('provision'))")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f'CREATE DATABASE "{database}"')
        for role, password in passwords.items():
            known = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
            statement = "ALTER" if known else "CREATE"
            quoted = await admin.fetchval("SELECT quote_literal($1::text)", password)
            await admin.execute(f'{statement} ROLE "{role}" LOGIN PASSWORD {quoted}')
        await _separate(admin_dsn, database, passwords)
    finally:
        await admin.close()


async def _separate(admin_dsn: str, database: str, roles: Iterable[str]) -> None:
    """Each role gets its own schema, and nobody anything else."""
    inside = await asyncpg.connect(admin_dsn, database=database, timeout=5)
    try:
        await inside.execute(
            f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC'
        )
        for role in roles:
            await inside.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')
            await inside.execute(f'CREATE SCHEMA IF NOT EXISTS "{role}" AUTHORIZATION "{role}"')
    finally:
        await inside.close()
