"""Files of 5 MB stored over HTTP, each beside a plain copy of the same file on the same disk.

A vendor uploads them through the gateway, signed, one after another; assets hashes each on the way, puts it on the disk
(fsync of the file and of its folders) and commits its rows before it answers. The plain copy reads the file, hashes it,
writes it and calls fsync. Everything runs as `packshot up` runs it. What the process that serves holds in memory is
looked at after every file: it must not grow with what it has stored.
"""

import hashlib
import http.client
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
from standardwebhooks import Webhook

from bench.figure import Figure
from tests.whole import Whole, whole_packshot

FILES, BYTES = 1000, 5_000_000
WARM = 50  # files, until everything is loaded
BAR, FLAT = 0.5, 1.2
MB, MIB = 1_000_000, 1024 * 1024
VENDOR = "bench"


def run() -> list[Figure]:
    with whole_packshot() as whole, tempfile.TemporaryDirectory(prefix="packshot-bench-") as folder:
        vendor, serving = _Vendor(whole), psutil.Process(whole.processes()["assets"]["identity"]["pid"])
        stored, copied, held = [], [], []
        for number, (content, sha256) in enumerate(_files(WARM + FILES)):
            source = Path(folder) / "source"
            source.write_bytes(content)
            took = vendor.put(source, sha256), _copy(source, Path(folder) / "copy", sha256)
            if number >= WARM:
                stored.append(took[0])
                copied.append(took[1])
                held.append(serving.memory_info().rss / MIB)
    ratio = statistics.median(copied) / statistics.median(stored)
    begin, most = max(held[: FILES // 10]), max(held[FILES // 10 :])
    each = f"{FILES:,} files of {BYTES // MB} MB"
    return [
        Figure(
            f"{each} stored over HTTP, median",
            round(BYTES / MB / statistics.median(stored), 1),
            "MB/s",
            f"a plain copy with fsync and hash: {BYTES / MB / statistics.median(copied):.1f} MB/s",
            ratio,
            f"≥ {BAR:g} ×",
            ratio >= BAR,
        ),
        Figure(
            f"{each}, all together",
            round(FILES * BYTES / MB / sum(stored), 1),
            "MB/s",
            f"copied: {FILES * BYTES / MB / sum(copied):.1f} MB/s",
            sum(copied) / sum(stored),
        ),
        Figure(
            "memory of the process that stores them, at most",
            round(most),
            "MiB",
            f"its most in the first tenth: {begin:.0f} MiB",
            most / begin,
            f"≤ {FLAT:g} ×",
            most <= FLAT * begin,
        ),
    ]


def _files(number: int) -> Iterator[tuple[bytes, str]]:
    """So many different ones, and their hashes. They begin like a JPEG."""
    rest = os.urandom(BYTES)
    for one in range(number):
        content = b"\xff\xd8\xff" + one.to_bytes(5, "big") + rest[8:]
        yield content, hashlib.sha256(content).hexdigest()


class _Vendor:
    """Registered at the gateway, with one connection that it keeps."""

    def __init__(self, whole: Whole) -> None:
        with httpx.Client(base_url=whole.url, timeout=60) as client:
            answer = client.put(f"/v1/vendors/{VENDOR}", json={"name": "Bench"}, headers=whole.token("producer"))
            self._webhook = Webhook(answer.raise_for_status().json()["secret"])
        self._connection = http.client.HTTPConnection(urlsplit(whole.url).netloc, timeout=60)

    def put(self, source: Path, sha256: str) -> float:
        """Seconds until the file was stored."""
        at = datetime.now(UTC)
        headers = {
            "webhook-id": sha256,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(sha256, at, sha256),
        }
        started = time.perf_counter()
        self._connection.request("PUT", f"/webhooks/vendors/{VENDOR}/files/{sha256}", source.read_bytes(), headers)
        answer = self._connection.getresponse()
        said = answer.read()
        took = time.perf_counter() - started
        assert answer.status == 201, said
        return took


def _copy(source: Path, target: Path, sha256: str) -> float:
    """Seconds for a plain copy."""
    started = time.perf_counter()
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while piece := reading.read(MIB):
            digest.update(piece)
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    took = time.perf_counter() - started
    assert digest.hexdigest() == sha256
    target.unlink()
    return took


if __name__ == "__main__":
    for one in run():
        print(one)
