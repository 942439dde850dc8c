"""The whole loop through the public API, as separate processes: nothing here reaches behind the gateway."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from packshot.local.data import DataDirectory
from tests.whole import Whole

pytestmark = pytest.mark.timeout(400)


def test_the_sample_goes_all_the_way_and_every_number_agrees(whole: Whole, sample: Path) -> None:
    """Requests, both ways of delivery, measured defects, decisions, rework, finals byte for byte, variants."""
    text = whole.play(sample).finish()
    assert "Finals byte for byte the photos: yes" in text
    assert "Every number the same everywhere: yes" in text
    summary = whole.get("/v1/metrics/summary").json()
    assert summary["rework"]["rounds"] > 0
    assert summary["rejections"]["automatic_passes"] > 0
    assert summary["requests"]["returns"] > 0
    assert summary["files"]["versions_by_source"].keys() == {"upload", "vendor", "render"}


def test_finals_are_proved_by_their_dossiers(whole: Whole, tmp_path: Path) -> None:
    """A master and a rendered variant of the sample, with the keys that this machine keeps."""
    finals = whole.get("/v1/versions?zone=final&limit=200").json()["items"]
    variant = next(one for one in finals if one["channel"])
    master = next(one for one in finals if one["id"] == variant["master_id"])
    for one in (master, variant):
        for path, name in ((f"/v1/versions/{one['id']}/content", "file"), (f"/v1/finals/{one['id']}/dossier", "proof")):
            answer = whole.get(path)
            assert answer.status_code == 200, answer.text
            (tmp_path / name).write_bytes(answer.content)
        said = subprocess.run(
            [sys.executable, "-m", "packshot.cli", "verify", tmp_path / "file", tmp_path / "proof",
             "--data", whole.data.folder],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stdout + said.stderr
        assert ("master passed" in said.stdout) is (one is variant)


def test_real_photos_go_all_the_way(whole: Whole, real: Path, tmp_path: Path) -> None:
    """Of the real catalogue, one product of each category; the whole is played by hand (see the README)."""
    taken: dict[str, set[str]] = {}
    with (real / "catalogue.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        skus = taken.setdefault(row["category"], set())
        if not skus:
            skus.add(row["sku"])
    chosen = [row for row in rows if row["sku"] in taken[row["category"]]]
    (tmp_path / "photos").mkdir()
    for row in chosen:
        shutil.copy(real / "photos" / row["file"], tmp_path / "photos")
    with (tmp_path / "catalogue.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(chosen)
    whole.play(tmp_path).finish()


def test_every_process_is_ready_and_can_be_scraped(whole: Whole) -> None:
    ready = httpx.get(f"{whole.url}/health/ready").json()
    assert set(ready["checks"].values()) == {"ok"}
    for name in whole.processes():
        if name in ("postgres", "nats", "gateway"):
            continue
        assert f'packshot_unsent_events{{service="{name.split("-")[0]}"}}' in whole.exposition(name)


def test_the_joined_openapi_names_every_service_path(whole: Whole) -> None:
    document = httpx.get(f"{whole.url}/openapi.json").json()
    for path in ("/v1/requests", "/v1/work", "/v1/versions", "/v1/decisions", "/v1/ai-policy", "/v1/metrics/summary"):
        assert path in document["paths"], path
    assert httpx.get(f"{whole.url}/docs").status_code == 200


def test_a_forbidden_ai_use_is_refused_with_its_rule(whole: Whole) -> None:
    body = {"sku": "RING-1", "category": "jewelry", "use": "catalog", "materials": ["gold"], "colorways": ["gold"],
            "ai": {"use": "background_generation", "human_review": True}}  # fmt: skip
    answer = httpx.post(f"{whole.url}/v1/requests", json=body, headers=whole.token("producer"))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:packshot:problem:ai-use-forbidden"
    assert answer.json()["rule"]["id"] == "jewelry_and_reflective_finals"


def test_a_second_one_on_the_same_data_is_refused(whole: Whole) -> None:
    from packshot.local.data import AlreadyRunning

    with pytest.raises(AlreadyRunning):
        DataDirectory.at(whole.data.folder).take(print)


def test_data_is_kept_between_starts(whole: Whole) -> None:
    headers = whole.token("producer") | {"Idempotency-Key": "kept"}
    made = httpx.post(f"{whole.url}/v1/requests", json={"sku": "KEPT-1"}, headers=headers).json()
    assert made["state"] == "returned"
    assert whole.stop() == 0
    whole.start()
    assert whole.get(f"/v1/requests/{made['id']}").json()["sku"] == "KEPT-1"
    again = httpx.post(f"{whole.url}/v1/requests", json={"sku": "KEPT-1"}, headers=headers)
    assert again.json()["id"] == made["id"]
