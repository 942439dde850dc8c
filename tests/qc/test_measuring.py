"""The measuring process and the store's reader by themselves: what goes wrong there, and what is said of it."""

import asyncio
import hashlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from chassis.testkit.harness import eventually
from contracts.values import ImageSpec
from services.qc.comparison.domain import Fingerprint, Place, References
from services.qc.inspections.files import Files, Unreadable
from services.qc.inspections.measuring import Job, MeasuringProcess
from services.qc.thresholds.domain import DEFAULT
from tests.qc.pictures import photo
from tests.qc.stage import version_of, work_item

SPEC = ImageSpec()


@pytest.fixture
def process() -> Iterator[MeasuringProcess]:
    process = MeasuringProcess(seconds=30, tries=1)
    yield process
    process.close()
    none_is_left()


def none_is_left() -> None:
    """Soon: the pool's own thread may have waited for the process already, and not have noted yet that it ended."""
    deadline = time.monotonic() + 5
    while multiprocessing.active_children():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def no_references(own: Fingerprint | None) -> References:
    return References(slot=Place(sku="TS01", colorway="navy", view="front", channel=None))


async def measured(process: MeasuringProcess, spec: Any = SPEC) -> tuple[str, str]:
    """Outcome and detail of T01."""
    verdict = await process.measure(Job(photo(), "tee.jpg", spec, {}, DEFAULT), no_references)
    [decoded] = [one for one in verdict.measurements if one.check == "T01"]
    return decoded.outcome, decoded.detail


async def test_a_file_that_breaks_the_engine_or_ends_the_process_fails_and_the_next_one_is_measured(
    process: MeasuringProcess,
) -> None:
    outcome, detail = await measured(process, spec=None)
    assert (outcome, "engine broke" in detail) == ("fail", True)
    assert (await measured(process))[0] == "pass"
    [child] = multiprocessing.active_children()
    child.kill()
    child.join()
    outcome, detail = await measured(process)
    assert (outcome, "ends the process" in detail) == ("fail", True)
    assert (await measured(process))[0] == "pass"


class Deadly:
    """A spec that lets a file be measured, and ends the process that would draw its overlays."""

    def __reduce__(self) -> Any:
        return _arrived, ()


_arrivals = 0


def _arrived() -> ImageSpec:
    """In the measuring process."""
    global _arrivals
    _arrivals += 1
    if _arrivals > 1:
        os._exit(1)
    return ImageSpec(min_width=5000)


async def test_a_verdict_stands_when_the_process_ends_over_its_overlays(process: MeasuringProcess) -> None:
    verdict = await process.measure(Job(photo(), "tee.jpg", Deadly(), {}, DEFAULT), no_references)  # type: ignore[arg-type]
    assert [one.check for one in verdict.measurements if one.outcome == "fail"] == ["T04"]
    assert (verdict.drawn, verdict.fingerprint is None, verdict.references is None) == (None, False, False)
    verdict = await process.measure(Job(photo(), "tee.jpg", ImageSpec(min_fill=0.9), {}, DEFAULT), no_references)
    assert [one.check for one in verdict.drawn or ()] == ["T17"]


async def test_a_file_that_takes_too_long_fails_and_its_process_ends() -> None:
    process = MeasuringProcess(seconds=0.001, tries=1)
    outcome, detail = await measured(process)
    assert (outcome, "longer than 0.001 seconds" in detail) == ("fail", True)
    none_is_left()


async def test_the_process_does_not_outlive_a_killed_worker(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import asyncio, multiprocessing, time\n"
        "from services.qc.inspections.measuring import MeasuringProcess\n"
        "if __name__ == '__main__':\n"
        "    process = MeasuringProcess(seconds=30, tries=1)\n"
        "    asyncio.run(process.engine_version())\n"
        "    print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    worker = await asyncio.create_subprocess_exec(
        sys.executable, script, cwd=root, env={"PYTHONPATH": str(root)}, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    child = psutil.Process(int(await worker.stdout.readline()))
    worker.kill()
    await worker.wait()

    async def has_ended() -> bool:
        return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE

    await eventually(has_ended)


async def test_only_the_bytes_that_the_version_names_are_read(tmp_path: Path) -> None:
    store = tmp_path / "store"
    version = version_of(work_item(), location="sha256/aa/x", sha256=hashlib.sha256(b"right").hexdigest())
    files = Files(f"file://{store}")
    with pytest.raises(Unreadable):
        await files.read(version)  # there is no store yet
    (store / "sha256/aa").mkdir(parents=True)
    with pytest.raises(Unreadable):
        await files.read(version)
    (store / "sha256/aa/x").write_bytes(b"wrong")
    with pytest.raises(Unreadable, match="other bytes"):
        await files.read(version)
    (store / "sha256/aa/x").write_bytes(b"right")
    assert await files.read(version) == b"right"
    (tmp_path / "outside").write_bytes(b"right")
    for location in ("../outside", "sha256/../../outside", str(tmp_path / "outside")):
        with pytest.raises(Unreadable):
            await files.read(version.model_copy(update={"location": location}))
