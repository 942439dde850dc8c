"""Before a run: the same products may have been played already, on the same data."""

from collections.abc import Sequence

from packshot.play.api import Json, poll
from packshot.play.cast import Person

# That intake hears of the end of earlier work may take a moment.
LATE_SECONDS = 20


async def clear(producer: Person, skus: Sequence[str]) -> None:
    """Nothing of these products is in work afterwards: what is in work can't be asked for again. What a run that was
    broken off has left is cancelled; what others ask for stays, and raises an AssertionError."""

    async def nothing() -> bool | None:
        return None if await _in_work(producer, skus) else True

    try:
        await poll(nothing, "earlier work to end", seconds=LATE_SECONDS)
    except TimeoutError:
        await _cancel(producer, await _in_work(producer, skus))
        await poll(nothing, "what was left to be cancelled")


async def _in_work(producer: Person, skus: Sequence[str]) -> dict[str, str]:
    """Request → its SKU."""
    found = {}
    for sku in skus:
        for slot in (await producer.api.get("/v1/slots", sku=sku))["items"]:
            found[slot["request_id"]] = sku
    return found


async def _cancel(producer: Person, left: dict[str, str]) -> None:
    requests = [await producer.api.get(f"/v1/requests/{request_id}") for request_id in left]
    for request in requests:
        if request["requested_by"] != producer.name:
            raise AssertionError(
                f"{request['sku']} is in work already, for the request {request['id']} of {request['requested_by']}:"
                " wait for its end, or cancel it"
            )
    wanted = _accepted(await producer.api.get("/v1/metrics/summary")) - len(requests)
    for request in requests:
        body = {"cause": "A run that was broken off has left it."}
        await producer.api.create(f"/v1/requests/{request['id']}/cancel", body, f"left {request['id']}")

    async def counted() -> bool | None:
        """The run compares its numbers with these: the cancelled ones must be out of them first."""
        return True if _accepted(await producer.api.get("/v1/metrics/summary")) <= wanted else None

    await poll(counted, "the cancelled requests to be counted")


def _accepted(summary: Json) -> int:
    return int(summary["requests"]["by_state"].get("accepted", 0))
