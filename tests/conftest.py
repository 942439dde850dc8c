"""One PostgreSQL and one NATS for the whole run (chassis/testkit)."""

pytest_plugins = ["chassis.testkit.plugin"]
