"""From the request to the shop: when what was approved was sent, and when customers saw it first."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Start
from contracts.envelope import EventData
from contracts.intake import RequestAccepted
from contracts.publication import (
    Publication,
    PublicationLive,
    PublicationRefused,
    PublicationSent,
    PublicationState,
    PublicationWithdrawn,
)
from contracts.routing import WorkApproved
from contracts.values import WorkState
from services.metrics.app import create_app
from services.metrics.settings import MetricsSettings
from tests.metrics.test_figures import item, prometheus
from tests.routing.others import brief

ASKED = datetime(2026, 3, 2, 9, tzinfo=UTC)
APPROVED = ASKED + timedelta(hours=48)


def hours(count: float) -> datetime:
    """After the approval."""
    return APPROVED + timedelta(hours=count)


def publication(**changes: Any) -> Publication:
    base = Publication(
        id=new_id(), destination="shop", version_id=new_id(), asset_id=new_id(), work_item_id=new_id(), sku="MB02",
        colorway="gray", view="front", channel=None, export_name="a.jpg", sha256="0" * 64, state=PublicationState.SENT,
        attempts=1, causes=[], error=None, asked_by="mara", asked_at=APPROVED, sent_at=None, live_at=None,
        live_url=None, withdrawn_at=None, withdrawn_because=None, replaced_by=None,
    )  # fmt: skip
    return base.model_copy(update=changes)


@pytest.mark.parametrize("seed", range(2))
async def test_what_lies_between_request_approval_upload_and_live(start: Start, seed: int) -> None:
    """Two pictures, one live after 50 hours, one sent late, taken back and live again: the first time counts."""
    metrics = await start(create_app, MetricsSettings)
    request, told = brief(), list[tuple[EventData, Any, int]]()
    told.append((RequestAccepted(request=request), request.id, 1))
    for sent, live in ((0.5, 2), (1.5, 10)):
        work = item(request_id=request.id, state=WorkState.APPROVED, approved_at=APPROVED)
        told.append((WorkApproved(work=work, by="eve"), work.id, 2))
        one = publication(work_item_id=work.id, sent_at=hours(sent))
        told.append((PublicationSent(publication=one, by="assets"), one.id, 1))
        shown = one.model_copy(update={"state": PublicationState.LIVE, "live_at": hours(live)})
        told.append((PublicationLive(publication=shown, by="shop"), one.id, 2))
    taken = shown.model_copy(update={"state": PublicationState.WITHDRAWN, "withdrawn_at": hours(20)})
    told.append((PublicationWithdrawn(publication=taken, by="mara"), one.id, 3))
    again = shown.model_copy(update={"sent_at": hours(30), "live_at": hours(31)})
    told.append((PublicationLive(publication=again, by="shop"), one.id, 5))
    refused = publication(state=PublicationState.REFUSED, destination="pim", causes=["no release"])
    told.append((PublicationRefused(publication=refused, by="assets"), refused.id, 1))
    clock.set(ASKED)
    random.Random(seed).shuffle(told)
    for data, aggregate, version in told:
        await metrics.publish(data, aggregate, version)
    clock.reset()

    async def all_handled() -> bool:
        return len(await metrics.fetch("SELECT 1 FROM inbox")) == len(told)

    await metrics.eventually(all_handled)
    summary = (await metrics.client.get("/v1/metrics/summary", headers=metrics.bearer("reviewer"))).json()
    assert summary["publications"] == {
        "by_state": {"live": 2, "refused": 1},
        "by_destination": {"shop": {"live": 2}, "pim": {"refused": 1}},
        "intervals": {
            "approval_to_upload": {"count": 2, "p50_hours": 1.0, "p90_hours": 1.4, "spread_hours": 0.5},
            "upload_to_live": {"count": 2, "p50_hours": 5.0, "p90_hours": 7.8, "spread_hours": 3.5},
            "request_to_live": {"count": 2, "p50_hours": 54.0, "p90_hours": 57.2, "spread_hours": 4.0},
        },
    }
    assert await prometheus(metrics, "packshot_publications", "destination") == {"": 3, "shop": 2, "pim": 1}
    assert (await prometheus(metrics, "packshot_launch_hours", "interval"))["request_to_live"] == 54 + 57.2


async def test_work_that_was_approved_again_after_it_was_sent_has_no_time_to_upload(start: Start) -> None:
    metrics = await start(create_app, MetricsSettings)
    work = item(state=WorkState.APPROVED, approved_at=hours(5))
    one = publication(work_item_id=work.id, sent_at=hours(1), live_at=hours(2), state=PublicationState.LIVE)
    await metrics.publish(WorkApproved(work=work, by="eve"), work.id, 2)
    await metrics.publish(PublicationLive(publication=one, by="shop"), one.id, 2)

    async def handled() -> bool:
        return len(await metrics.fetch("SELECT 1 FROM inbox")) == 2

    await metrics.eventually(handled)
    summary = (await metrics.client.get("/v1/metrics/summary", headers=metrics.bearer("reviewer"))).json()
    assert list(summary["publications"]["intervals"]) == ["upload_to_live"]
