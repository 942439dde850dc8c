"""Making a database ready: one role and one schema a service, and nothing of one visible to another."""

import asyncpg


async def provision(admin_dsn: str, database: str, passwords: dict[str, str]) -> None:
    """Create the database, and for each service a role that owns a schema of its name. Safe to run again."""
    admin = await asyncpg.connect(admin_dsn, timeout=5)
    try:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f'CREATE DATABASE "{database}"')
        for role, password in passwords.items():
            known = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
            statement = "ALTER" if known else "CREATE"
            quoted = await admin.fetchval("SELECT quote_literal($1::text)", password)
            await admin.execute(f'{statement} ROLE "{role}" LOGIN PASSWORD {quoted}')
    finally:
        await admin.close()
    inside = await asyncpg.connect(admin_dsn, database=database, timeout=5)
    try:
        await inside.execute(
            f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC'
        )
        for role in passwords:
            await inside.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')
            await inside.execute(f'CREATE SCHEMA IF NOT EXISTS "{role}" AUTHORIZATION "{role}"')
    finally:
        await inside.close()
