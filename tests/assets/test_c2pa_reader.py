"""Manifests, confirmed by a reader of somebody else, which shares no code with the library that signs them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from services.assets.labels.credentials import Credentials
from services.assets.variants.making import make
from tests.assets.test_labels import GENERATED, LABELS, credentials, files, order, saved

__all__ = ["credentials", "files"]

SCRIPT = Path(__file__).with_name("c2pa_reader.mjs")
READER = os.environ.get("PACKSHOT_C2PA_READER")


@pytest.mark.skipif(READER is None, reason="PACKSHOT_C2PA_READER names no folder; c2pa_reader.mjs says how to make it")
def test_another_reader_confirms_signature_and_bytes(credentials: Credentials, tmp_path: Path) -> None:
    """Of a variant, of what is made from it, and of one with a bit that flipped."""
    paths: list[Path] = []
    for file_format in ("jpeg", "png"):
        first = make(order(saved("jpeg", LABELS), file_format, declared=GENERATED, credentials=credentials))
        second = make(order(first.content, file_format, master_type=first.media_type, credentials=credentials))
        damaged = bytearray(first.content)
        damaged[len(damaged) * 3 // 4] ^= 1
        for content in (first.content, second.content, bytes(damaged)):
            paths.append(tmp_path / f"{len(paths)}.{file_format}")
            paths[-1].write_bytes(content)
    assert READER is not None
    ran = subprocess.run(["node", SCRIPT, READER, *paths], capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout)
    assert [one["valid"] for one in said] == [True, True, False] * 2
    for one in said:
        assert "claimSignature.validated" in one["codes"]
        assert ("assertion.dataHash.match" if one["valid"] else "assertion.dataHash.mismatch") in one["codes"]
