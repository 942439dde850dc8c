"""Failures in the middle of a run: the same end state, each effect once.

The run itself checks the end state: every count that it kept equals the metrics service's, and every approved final is
byte for byte the photo. What happens twice or gets lost makes a number differ.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from packshot.local.data import identity
from packshot.sample.catalogue import make_catalogue
from tests.whole import Play, Whole, until, whole_packshot

pytestmark = pytest.mark.timeout(600)

SERVICES = ("intake", "routing", "qc", "qc-worker", "assets", "assets-worker", "governance", "metrics", "gateway")


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """`packshot up`, ready."""
    with whole_packshot() as one:
        yield one


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    make_catalogue(folder, skus=3)
    return folder


@pytest.fixture(scope="module")
def one_product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To see that all goes its way again."""
    folder = tmp_path_factory.mktemp("one-product")
    make_catalogue(folder, skus=1)
    return folder


def stored(whole: Whole) -> int:
    """How many versions the system holds; goes up during a run."""
    sources = whole.get("/v1/metrics/summary").json()["files"]["versions_by_source"]
    return sum(sources.values())


def until_stored(whole: Whole, play: Play, number: int) -> None:
    """Somewhere in the middle: this many versions more than now, while the run still goes."""
    wanted = stored(whole) + number

    def reached() -> bool:
        assert play.is_running(), play.finish()
        try:
            return stored(whole) >= wanted
        except (httpx.TransportError, KeyError, ValueError):  # something is away for a moment
            return False

    until(reached, f"{number} versions")


def assert_no_dead_letters(whole: Whole) -> None:
    for name in SERVICES:
        if name != "gateway":
            for line in whole.exposition(name).splitlines():
                assert not (line.startswith("packshot_dead_letters_total") and not line.endswith(" 0.0")), line


def test_any_process_killed_in_the_middle(whole: Whole, sample: Path) -> None:
    """Each process once, NATS and PostgreSQL among them, while the run goes on."""
    play = whole.play(sample)
    for name in (*SERVICES, "nats", "postgres"):
        if not play.is_running():  # a fast machine: the next one is killed in the middle of another run
            play.finish()
            play = whole.play(sample)
        whole.kill(name)
        until(whole.is_ready, f"all to be ready after {name} was killed")
    play.finish()
    assert_no_dead_letters(whole)


# The relay between publishing and deleting, and a consumer between commit and acknowledgement.
WORST_MOMENTS = [
    ["intake.relay.published"],
    ["routing.relay.published"],
    # One relay a service leads; of two processes it may be either.
    ["assets.relay.published", "assets-worker.relay.published"],
    ["qc.relay.published", "qc-worker.relay.published"],
    ["routing.routing.committed"],
    ["assets.assets.committed"],
    ["assets-worker.assets-render.committed"],
    ["qc.qc.committed"],
    ["qc-worker.qc-worker.committed"],
    ["metrics.metrics.committed"],
]


def test_killed_at_the_worst_moments(whole: Whole, sample: Path) -> None:
    for either in WORST_MOMENTS:
        for point in either:
            whole.crash_at(point)
    whole.play(sample).finish()
    for either in WORST_MOMENTS:
        assert any(whole.crashed(point) for point in either), f"nothing came to {either}"
        for point in either:
            whole.never_mind(point)
    until(whole.is_ready, "all to be ready")
    assert_no_dead_letters(whole)


def test_the_stream_deleted_in_the_middle(whole: Whole, sample: Path) -> None:
    play = whole.play(sample)
    until_stored(whole, play, 10)
    with whole.held("nats"):
        shutil.rmtree(whole.data.folder / "nats" / "jetstream")
    play.finish()
    assert_no_dead_letters(whole)


def test_the_stream_put_back_to_an_older_copy(whole: Whole, sample: Path, tmp_path: Path) -> None:
    store, copy = whole.data.folder / "nats" / "jetstream", tmp_path / "older"
    play = whole.play(sample)
    until_stored(whole, play, 4)
    with whole.held("nats"):
        shutil.copytree(store, copy)
    until_stored(whole, play, 10)
    with whole.held("nats"):
        shutil.rmtree(store)
        shutil.copytree(copy, store)
    play.finish()
    assert_no_dead_letters(whole)


def test_nats_away_for_a_while(whole: Whole, one_product: Path) -> None:
    """Requests are still taken: the event log is in PostgreSQL. All catches up by itself."""
    headers = whole.token("producer")
    before = whole.get("/v1/metrics/summary").json()["requests"]["returns"]
    with whole.held("nats"):
        for number in range(5):
            answer = httpx.post(f"{whole.url}/v1/requests", json={"sku": f"AWAY-{number}"}, headers=headers)
            assert answer.status_code == 201
    until(whole.is_ready, "all to be ready")

    def all_known() -> bool:
        return bool(whole.get("/v1/metrics/summary").json()["requests"]["returns"] == before + 5)

    until(all_known, "the requests to be counted")
    whole.play(one_product).finish()


def test_postgresql_away_is_said_honestly(whole: Whole) -> None:
    headers = whole.token("producer")
    with whole.held("postgres"):
        answer = httpx.post(f"{whole.url}/v1/requests", json={"sku": "AWAY-9"}, headers=headers, timeout=60)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    until(whole.is_ready, "all to be ready")
    until(
        lambda: httpx.post(f"{whole.url}/v1/requests", json={"sku": "AWAY-9"}, headers=headers).status_code == 201,
        "requests to be taken again",
    )


def test_a_killed_supervisor_leaves_nothing_that_disturbs_the_next(whole: Whole) -> None:
    children = {name: process["identity"] for name, process in whole.processes().items()}
    psutil.Process(whole.supervisor).kill()
    until(lambda: whole.data.running() is None, "the supervisor to be gone")
    whole.start()
    assert [name for name, child in children.items() if identity(child["pid"]) == child] == []
