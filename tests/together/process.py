"""Routing as a process of its own, to be killed: at the time that the test has set, and as hasty as there."""

import os
from datetime import datetime, timedelta

from fastapi import FastAPI

from chassis import bus
from chassis.clock import clock
from services.routing.app import create_app

CLOCK = "PACKSHOT_TEST_CLOCK"


def routing() -> FastAPI:
    clock.set(datetime.fromisoformat(os.environ[CLOCK]))
    bus.ACK_WAIT = timedelta(seconds=0.5)
    return create_app()
