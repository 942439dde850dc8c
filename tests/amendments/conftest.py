"""Intake and routing in process, on one bus: what one says the other hears."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from services.intake.app import create_app as create_intake
from services.intake.settings import IntakeSettings
from services.routing.app import create_app as create_routing
from services.routing.settings import RoutingSettings
from tests.intake.conftest import tell_reference

Json = dict[str, Any]


@dataclass(frozen=True)
class House:
    """What a person does with requests and amendments."""

    intake: Harness
    routing: Harness

    async def accepted(self, brief: Json) -> tuple[Json, list[Json]]:
        """An accepted request and its work, oldest first."""
        answer = await self.intake.client.post("/v1/requests", json=brief, headers=self.intake.bearer("producer"))
        assert answer.json()["state"] == "accepted", answer.text
        request: Json = answer.json()
        return request, await self.intake.eventually(lambda: self.work_of(request))

    async def work_of(self, request: Json) -> list[Json]:
        headers = self.routing.bearer("reviewer")
        params = {"request_id": request["id"], "limit": 200}
        answer = await self.routing.client.get("/v1/work", params=params, headers=headers)
        found: list[Json] = answer.json()["items"]
        return found[::-1]

    async def propose(self, request: Json, role: str = "merchandiser", **body: Any) -> httpx.Response:
        return await self.intake.client.post(
            f"/v1/requests/{request['id']}/amendments",
            json={"cause": "The campaign moved."} | body,
            headers=self.intake.bearer(role),
        )

    async def quoted(self, request: Json, **body: Any) -> Json:
        """An amendment with its quote."""
        answer = await self.propose(request, **body)
        assert answer.status_code == 201, answer.text
        return await self.in_state(answer.json()["id"], "quoted")

    async def in_state(self, amendment_id: str, state: str) -> Json:
        async def arrived() -> Json:
            found = await self.read(f"/v1/amendments/{amendment_id}")
            assert found["state"] == state, found
            return found

        return await self.intake.eventually(arrived)

    async def decide(
        self, amendment: Json, what: str = "accept", role: str = "producer", **body: Any
    ) -> httpx.Response:
        subject = body.pop("subject", None)
        headers = self.intake.bearer(role, subject=subject) | {"If-Match": f'"{amendment["version"]}"'}
        return await self.intake.client.post(f"/v1/amendments/{amendment['id']}/{what}", json=body, headers=headers)

    async def applied(self, amendment: Json, **body: Any) -> Json:
        """Accepted, and in force."""
        answer = await self.decide(amendment, **body)
        assert (answer.status_code, answer.json()["state"]) == (200, "accepted"), answer.text
        return await self.in_state(amendment["id"], "applied")

    async def read(self, path: str) -> Json:
        answer = await self.intake.client.get(path, headers=self.intake.bearer("reviewer"))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


@pytest.fixture
async def house(start: Start) -> House:
    intake = await start(create_intake, IntakeSettings)
    routing = await start(create_routing, RoutingSettings)
    await tell_reference(intake)
    return House(intake, routing)


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    clock.reset()
