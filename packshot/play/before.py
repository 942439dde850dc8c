"""Before a run: the same products may have been played already, on the same data."""

from collections.abc import Sequence

from packshot.play.api import Api, ApiError, Json, poll
from packshot.play.cast import Person

# That intake hears of the end of earlier work may take a moment.
LATE_SECONDS = 20

# States of an amendment that is not closed: a request has one such at a time.
OPEN = ("proposed", "quoted", "accepted")


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
        await cancel_one(producer.api, request["id"])

    async def counted() -> bool | None:
        """The run compares its numbers with these: the cancelled ones must be out of them first."""
        return True if _accepted(await producer.api.get("/v1/metrics/summary")) <= wanted else None

    await poll(counted, "the cancelled requests to be counted")


async def cancel_one(api: Api, request_id: str) -> None:
    """The cancellation of what is in production is quoted first, and takes effect when it is accepted. One that was
    broken off as well goes on where it is."""
    last = await _last_amendment(api, request_id)
    if last is None or last["state"] not in OPEN:
        body = {"cause": "A run that was broken off has left it."}
        key = f"left {request_id} after {last['id'] if last else None}"
        await api.create(f"/v1/requests/{request_id}/cancel", body, key)
    elif not last["cancel"]:
        raise AssertionError(f"the amendment {last['id']} is open: decide it, or wait for its end")

    async def is_cancelled() -> bool | None:
        if (await api.get(f"/v1/requests/{request_id}"))["state"] == "cancelled":
            return True
        pending = await _last_amendment(api, request_id)
        if pending is not None and pending["state"] == "quoted":  # again, if work has moved on since
            await _accept(api, pending)
        return None

    await poll(is_cancelled, f"the request {request_id} to be cancelled")


async def _last_amendment(api: Api, request_id: str) -> Json | None:
    newest: list[Json] = (await api.get(f"/v1/requests/{request_id}/amendments", limit=1))["items"]
    return newest[0] if newest else None


async def _accept(api: Api, amendment: Json) -> None:
    """What is lost is meant to be lost: nobody waits for it."""
    headers = {"If-Match": f'"{amendment["version"]}"'}
    try:
        await api.post(f"/v1/amendments/{amendment['id']}/accept", {"acknowledge_losses": True}, headers=headers)
    except ApiError as error:
        if error.status not in (409, 412):  # quoted anew, or accepted by the answer that was lost
            raise


def _accepted(summary: Json) -> int:
    return int(summary["requests"]["by_state"].get("accepted", 0))
