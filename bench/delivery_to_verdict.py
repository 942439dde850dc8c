"""A photo of 12 megapixels from its delivery to its verdict: uploaded by a photographer through the gateway, stored by
assets, heard of and measured by qc's worker, and the inspection read through the gateway.

Everything runs as `packshot up` runs it. One photo at a time, each of them another; the first few, until everything is
loaded, don't count.
"""

import itertools
import statistics
import time
from datetime import timedelta
from typing import Any

import httpx

from bench.figure import Figure
from bench.measuring import enlarged
from chassis.clock import now
from packshot.sample.files import jpeg
from packshot.sample.products import DESIGNS, products, take
from tests.whole import Whole, until, whole_packshot

SKUS, COLORWAYS, VIEWS = 3, ("black", "grey", "sand"), ("front", "back", "side", "detail")
WARM = 4  # photos
BAR = 1000  # ms, of 95 in 100
PAUSE = 0.005  # s between two looks for the verdict

_CATEGORY = {
    "title": "Benchmark goods",
    "materials": ["cotton"],
    "fields": [],
    "recipe": [{"view": view, "title": view.title(), "spec": {"white_background": True}} for view in VIEWS],
}


def run() -> list[Figure]:
    number = SKUS * len(COLORWAYS) * len(VIEWS)
    with whole_packshot() as whole, httpx.Client(base_url=whole.url, timeout=60) as client:
        shots = claimed_shots(whole, client, number)
        taken = [_deliver(whole, client, *each) for each in zip(shots, _photos(number), strict=True)][WARM:]
    uploads, verdicts = ([seconds * 1000 for seconds in some] for some in zip(*taken, strict=True))
    p95 = sorted(verdicts)[round(0.95 * len(verdicts)) - 1]
    what = f"a photo of 12 MP from delivery to verdict, {len(taken)} one at a time"
    return [
        Figure(f"{what}, p95", round(p95), "ms", bar=f"≤ {BAR:,} ms", holds=p95 <= BAR),
        Figure(f"{what}, p50", round(statistics.median(verdicts)), "ms"),
        Figure("of it until the upload is answered, p50", round(statistics.median(uploads)), "ms"),
    ]


def _photos(number: int) -> list[bytes]:
    """So many different ones."""
    drawn = products(len(DESIGNS), 7)
    different = ((one, colour, view) for view in ("front", "detail") for one in drawn for colour in one.colorways)
    return [enlarged(jpeg(take(*each, 7))) for each in itertools.islice(different, number)]


def claimed_shots(whole: Whole, client: httpx.Client, number: int) -> list[str]:
    """The ids of so many shots, claimed by a photographer."""
    manager = whole.token("creative_ops_manager") | {"If-Match": '"0"'}
    client.put("/v1/categories/benchmark", json=_CATEGORY, headers=manager).raise_for_status()
    for sku in range(SKUS):
        producer = whole.token("producer") | {"Idempotency-Key": f"bench-{sku}"}
        answer = client.post("/v1/requests", json=_request(sku), headers=producer)
        assert answer.json().get("state") == "accepted", answer.text
    made: list[dict[str, Any]] = until(lambda: _work(client, whole, "ready", number), f"{number} shots")
    for shot in made:
        client.post(f"/v1/work/{shot['id']}/claim", headers=whole.token("photographer")).raise_for_status()
    return [shot["id"] for shot in made]


def _work(client: httpx.Client, whole: Whole, state: str, number: int) -> list[dict[str, Any]]:
    """All shots in this state; none while they aren't so many."""
    answer = client.get(
        "/v1/work", params={"kind": "shot", "state": state, "limit": 100}, headers=whole.token("producer")
    )
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found if len(found) >= number else []


def _request(sku: int) -> dict[str, Any]:
    return {
        "sku": f"BENCH-{sku}",
        "product_name": f"Argus Tee {sku}",
        "category": "benchmark",
        "materials": ["cotton"],
        "use": "catalog",
        "colorways": COLORWAYS,
        "channels": ["pdp"],
        "references": ["Brand guide, chapter 4"],
        "approval_owner": "Mina",
        "priority": "normal",
        "deadline": (now() + timedelta(days=40)).isoformat(),
    }


def _deliver(whole: Whole, client: httpx.Client, shot: str, photo: bytes) -> tuple[float, float]:
    """Seconds until the upload was answered, and until its verdict was there."""
    headers = whole.token("photographer")
    started = time.perf_counter()
    answer = client.post(
        "/v1/versions", params={"work_item_id": shot, "filename": "photo.jpg"}, content=photo, headers=headers
    )
    answer.raise_for_status()
    uploaded = time.perf_counter() - started
    path = f"/v1/inspections/{answer.json()['id']}"
    while (found := client.get(path, headers=headers)).status_code != 200:
        assert found.status_code == 404, found.text
        assert time.perf_counter() - started < 60, "no verdict"
        time.sleep(PAUSE)
    return uploaded, time.perf_counter() - started


if __name__ == "__main__":
    for one in run():
        print(one)
