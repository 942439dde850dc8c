"""Files of 5 MB stored over HTTP, each beside a plain copy of the same file on the same disk.

A vendor uploads them, signed, one after another, to assets itself and through the gateway in turn; assets hashes each
on the way, puts it on the disk (fsync of the file and of its folder) and commits its rows before it answers. The plain
copy reads the file, hashes it, writes it and calls fsync. Everything runs as `packshot up` runs it. What the process
that serves holds in memory is looked at after every file: it must not grow with what it has stored. At last several are
uploaded at once, as many uploaders do it, beside as many plain copies at once.
"""

import hashlib
import http.client
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
AT_ONCE, TOGETHER = 4, 60  # so many uploaders, so many files in all
BAR, FLAT = 0.5, 1.2
MB, MIB = 1_000_000, 1024 * 1024
VENDOR = "bench"


def run() -> list[Figure]:
    with whole_packshot() as whole, tempfile.TemporaryDirectory(prefix="packshot-bench-") as folder:
        assets = whole.processes()["assets"]
        vendor, serving = _Vendor(whole), psutil.Process(assets["identity"]["pid"])
        direct = http.client.HTTPConnection("127.0.0.1", assets["port"], timeout=60)
        gateway = http.client.HTTPConnection(urlsplit(whole.url).netloc, timeout=60)
        stored, passed_on, copied, held = [], [], [], []
        for number, (content, sha256) in enumerate(_files(2 * (WARM + FILES))):
            source = Path(folder) / "source"
            source.write_bytes(content)
            if number % 2:  # every other file goes through the gateway
                passed_on.append(vendor.put(gateway, source, sha256))
                continue
            stored.append(vendor.put(direct, source, sha256))
            copied.append(_copy(source, Path(folder) / "copy", sha256))
            held.append(serving.memory_info().rss / MIB)
        together, copied_together = _at_once(vendor, assets["port"], Path(folder))
    each, copy = f"{FILES:,} files of {BYTES // MB} MB", _rate(copied[WARM:])
    against = f"a plain copy with fsync and hash: {copy:.1f} MB/s"
    direct_rate, whole_rate = _rate(stored[WARM:]), _rate(passed_on[WARM:])
    begin, most = max(held[WARM : WARM + FILES // 10]), max(held[WARM + FILES // 10 :])
    return [
        Figure(
            f"{each} stored over HTTP by assets",
            round(direct_rate, 1),
            "MB/s",
            against,
            direct_rate / copy,
            f"≥ {BAR:g} ×",
            direct_rate >= BAR * copy,
        ),
        Figure(f"{each} stored through the gateway", round(whole_rate, 1), "MB/s", against, whole_rate / copy),
        Figure(
            f"the same by {AT_ONCE} uploaders at once, {TOGETHER} files, in all",
            round(together, 1),
            "MB/s",
            f"{AT_ONCE} plain copies at once: {copied_together:.1f} MB/s",
            together / copied_together,
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


def _at_once(vendor: "_Vendor", port: int, folder: Path) -> tuple[float, float]:
    """MB/s of several uploaders together, and of as many plain copies."""
    files = []
    for number, (content, sha256) in enumerate(_files(TOGETHER)):
        source = folder / f"source {number}"
        source.write_bytes(content)
        files.append((source, sha256))

    def upload(share: list[tuple[Path, str]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for source, sha256 in share:
            vendor.put(connection, source, sha256)

    def copy(share: list[tuple[Path, str]]) -> None:
        for source, sha256 in share:
            _copy(source, source.with_suffix(".copy"), sha256)

    def rate(do: Callable[[list[tuple[Path, str]]], None]) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(do, [files[one::AT_ONCE] for one in range(AT_ONCE)]))
        return TOGETHER * BYTES / MB / (time.perf_counter() - started)

    return rate(upload), rate(copy)


def _rate(seconds: list[float]) -> float:
    """MB/s of all files together: a disk is fast at first and slower later; their median would be one or the other."""
    return len(seconds) * BYTES / MB / sum(seconds)


def _files(number: int) -> Iterator[tuple[bytes, str]]:
    """So many different ones, and their hashes. They begin like a JPEG."""
    rest = os.urandom(BYTES)
    for one in range(number):
        content = b"\xff\xd8\xff" + one.to_bytes(5, "big") + rest[8:]
        yield content, hashlib.sha256(content).hexdigest()


class _Vendor:
    """Registered at the gateway."""

    def __init__(self, whole: Whole) -> None:
        with httpx.Client(base_url=whole.url, timeout=60) as client:
            answer = client.put(f"/v1/vendors/{VENDOR}", json={"name": "Bench"}, headers=whole.token("producer"))
            self._webhook = Webhook(answer.raise_for_status().json()["secret"])

    def put(self, connection: http.client.HTTPConnection, source: Path, sha256: str) -> float:
        """Seconds until the file was stored."""
        at = datetime.now(UTC)
        headers = {
            "webhook-id": sha256,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(sha256, at, sha256),
        }
        started = time.perf_counter()
        connection.request("PUT", f"/webhooks/vendors/{VENDOR}/files/{sha256}", source.read_bytes(), headers)
        answer = connection.getresponse()
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
