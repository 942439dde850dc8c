"""Alembic for a service: its version table lives in its own schema, and replicas that start together take turns."""

import asyncio
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from chassis.database import Database


def alembic_config(service: str) -> Config:
    """The configuration of `services/<service>/migrations`; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(files(f"services.{service}") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, service: str) -> None:
    config = alembic_config(service)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('migrate ' || current_schema()))"))
    head = ScriptDirectory.from_config(config).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() == head:
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def migrate(database: Database) -> None:
    """Bring the schema to its newest revision, in one transaction."""
    async with database.engine.begin() as connection:
        await asyncio.shield(connection.run_sync(_upgrade, database.schema))


def run_env(connection: Connection) -> None:
    """What a service's `migrations/env.py` calls."""
    from alembic import context

    context.configure(connection=connection)
    context.run_migrations()
