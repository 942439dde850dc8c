"""The test kit: real PostgreSQL and NATS for a test run, and a service in process with a client before it."""
