"""One PostgreSQL and one NATS for the whole run (chassis/testkit), and the longest files first."""

from collections.abc import Iterator

import pytest

from chassis.clock import clock

pytest_plugins = ["chassis.testkit.plugin"]

# A file is run by one worker: begun last, a long one would leave the other worker idle.
LONGEST = (
    "tests/chaos/test_failures.py",
    "tests/system/test_loop.py",
    "tests/intake/test_import_runs.py",
    "tests/assets/test_rendering.py",
    "tests/system/test_sample_catalogue.py",
    "tests/together/test_programs.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        file = item.nodeid.partition("::")[0]
        return LONGEST.index(file) if file in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(autouse=True)
def the_clock_goes_on() -> Iterator[None]:
    """Whatever time a test sets is its own."""
    yield
    clock.reset()
