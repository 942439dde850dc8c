"""Whatever a sender does on the way, at two replicas in turn: in the end there are exactly its bytes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.testkit.harness import Start
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.factory import claimed, known
from tests.assets.test_upload import files_in
from tests.assets.tus import TusClient, encoded

PIECE_BYTES = 150


@dataclass(frozen=True)
class Step:
    """`kind` with up to `size` bytes, of which `came` per mille come, in blocks of `block`, at replica `at`."""

    kind: str
    size: int
    came: int
    block: int
    at: int


STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(["send", "stream", "cut", "checksum", "wrong checksum", "wrong offset", "too long"]),
        size=st.integers(0, 400),
        came=st.integers(0, 1000),
        block=st.integers(1, 150),
        at=st.integers(0, 1),
    ),
    max_size=8,
)


async def in_blocks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def take(step: Step, tus: TusClient, content: bytes, offset: int) -> int:
    """Do it. Returns the offset that must follow."""
    part = content[offset : offset + step.size]
    sha1 = f"sha1 {encoded(hashlib.sha1(part).digest())}"
    match step.kind:
        case "send":
            answer = await tus.patch(offset, part)
        case "stream":
            answer = await tus.patch(offset, in_blocks(part, step.block))
        case "checksum":
            answer = await tus.patch(offset, in_blocks(part, step.block), Upload_Checksum=sha1)
        case "wrong checksum":
            answer = await tus.patch(offset, in_blocks(part[:-1] + b"\0", step.block), Upload_Checksum=sha1)
            if part[-1:] not in (b"", b"\0"):
                assert answer.status_code == 460
                return offset
            return int(answer.headers["Upload-Offset"]) if answer.status_code == 204 else offset
        case "cut":
            came = part[: len(part) * step.came // 1000]
            answer = await tus.patch(offset, in_blocks(came, step.block), Content_Length=str(len(part) + 1))
            if len(part) + 1 > len(content) - offset:
                assert answer.status_code == 413
                return offset
            assert answer.status_code == 400
            return offset + len(came)
        case "wrong offset":
            answer = await tus.patch(offset + step.size + 1, part)
            assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, str(offset))
            return offset
        case _:
            answer = await tus.patch(offset, content[offset:] + bytes(step.size + 1))
            assert answer.status_code == 413
            return offset
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(offset + len(part)))
    return offset + len(part)


async def test_any_way_gives_exactly_the_bytes(start: Start, tmp_path: Path) -> None:
    one = await start(create_app, AssetsSettings, upload_piece_bytes=PIECE_BYTES, open_uploads=1000)
    two = await start(create_app, AssetsSettings, upload_piece_bytes=PIECE_BYTES, open_uploads=1000, fresh=False)

    async def example(steps: list[Step], length: int, seed: int) -> None:
        content = b"\xff\xd8\xff" + np.random.default_rng(seed).bytes(length)
        item = await claimed(one)
        await known(two, item, 2)
        here, there = TusClient(one), TusClient(two)
        await here.create(item, len(content))
        there.url = here.url
        offset = 0
        for step in steps:
            tus = (here, there)[step.at]
            offset = await take(step, tus, content, offset)
            assert await (here, there)[1 - step.at].offset() == offset
            if offset == len(content):
                break
        else:
            assert (await there.patch(offset, content[offset:])).status_code == 204
        state = await here.state()
        version: Any = (await one.client.get(f"/v1/versions/{state['version_id']}", headers=one.bearer("x"))).json()
        assert (version["sha256"], version["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
        assert [name for name in files_in(tmp_path) if not name.startswith("sha256/")] == []

    loop = asyncio.get_running_loop()

    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(STEPS, st.integers(1, 1000), st.integers(0, 2**32 - 1))
    def examples(steps: list[Step], length: int, seed: int) -> None:
        asyncio.run_coroutine_threadsafe(example(steps, length, seed), loop).result(60)

    await asyncio.to_thread(examples)
    assert await one.fetch("SELECT * FROM upload_piece") == []
    assert await one.fetch("SELECT * FROM upload WHERE state <> 'finished' OR writer IS NOT NULL") == []
