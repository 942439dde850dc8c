"""Where requests stand: the newest word of intake counts, in whatever order it comes."""

import random
from datetime import UTC, datetime

import pytest

from chassis.ids import new_id
from chassis.testkit.harness import Start
from contracts.intake import Answer, Question, RequestAmended, RequestAnswered, RequestClarified, RequestReturned
from services.metrics.app import create_app
from services.metrics.settings import MetricsSettings
from tests.routing.others import brief

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(3))
async def test_a_request_that_was_asked_about(start: Start, seed: int) -> None:
    """Three of them: with its requester, answered, and accepted again."""
    metrics = await start(create_app, MetricsSettings)
    deliveries = []
    for steps in (1, 2, 3):
        id, question = new_id(), new_id()
        asked = Question(id=question, pointer=None, text="Which size?", asked_by="pia")
        answer = Answer(question_id=question, pointer=None, text="M.")
        back = RequestReturned(
            id=id, sku="MB02", category="bags", requested_by="ana", problems=[], returned_at=AT, questions=[asked]
        )
        answered = RequestAnswered(
            id=id, sku="MB02", category="bags", requested_by="ana", answers=[answer], answered_by="ana",
            returned_at=AT, answered_at=AT,
        )  # fmt: skip
        again = RequestClarified(
            id=id, sku="MB02", category="bags", requested_by="ana", clarified_by="pia", returned_at=AT,
            answered_at=AT, clarified_at=AT,
        )  # fmt: skip
        deliveries += [(said, id, version) for version, said in enumerate([back, answered, again][:steps], start=2)]
    random.Random(seed).shuffle(deliveries)
    for said, id, version in deliveries:
        await metrics.publish(said, id, version)

    async def all_handled() -> bool:
        return len(await metrics.fetch("SELECT 1 FROM inbox")) == len(deliveries)

    await metrics.eventually(all_handled)
    summary = (await metrics.client.get("/v1/metrics/summary", headers=metrics.bearer("reviewer"))).json()
    assert summary["requests"] == {"by_state": {"returned": 1, "answered": 1, "accepted": 1}, "returns": 3}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_amendment_leaves_a_request_where_it_stands(start: Start, order: tuple[int, int]) -> None:
    """With its requester, say: whichever event comes first."""
    metrics = await start(create_app, MetricsSettings)
    request = brief(sku="MB02", category="shoes")
    asked = Question(id=new_id(), pointer=None, text="Which size?", asked_by="pia")
    back = RequestReturned(
        id=request.id, sku="MB02", category="bags", requested_by="ana", problems=[], returned_at=AT, questions=[asked]
    )
    amended = RequestAmended(
        request=request, state="returned", amendment_id=new_id(), cause="x", accepted_by="ana", amended_at=AT
    )
    for number in order:
        await metrics.publish((back, amended)[number], request.id, number + 2)

    async def all_handled() -> bool:
        return len(await metrics.fetch("SELECT 1 FROM inbox")) == 2

    await metrics.eventually(all_handled)
    [row] = await metrics.fetch("SELECT version, state, category FROM request")
    assert (row["version"], row["state"], row["category"]) == (3, "returned", "shoes")
