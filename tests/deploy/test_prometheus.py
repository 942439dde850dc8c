"""Prometheus' files, as Prometheus' own tool sees them."""

import shutil
import subprocess

import pytest

from tests.deploy.dashboards import DEPLOY

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (prometheus)")
PROMETHEUS = DEPLOY / "prometheus"


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
