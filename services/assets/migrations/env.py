"""Alembic's entry point; the chassis gives it the connection."""

from alembic import context

from chassis.migrations import run_env

run_env(context.config.attributes["connection"])
