"""One whole Packshot for all system tests of a file: as its users start it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from packshot.sample.catalogue import make_catalogue
from tests.whole import Whole, whole_packshot

REAL = Path(os.environ.get("PACKSHOT_CATALOGUE", Path(__file__).parents[3] / "shared" / "data" / "catalogue"))


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """`packshot up`, ready."""
    with whole_packshot() as one:
        yield one


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample catalogue, with defects."""
    folder = tmp_path_factory.mktemp("sample")
    make_catalogue(folder, skus=4)
    return folder


@pytest.fixture(scope="module")
def real() -> Path:
    """Real studio photos, where there are some."""
    if not (REAL / "catalogue.csv").exists():
        pytest.skip("no real catalogue: set PACKSHOT_CATALOGUE to a folder with catalogue.csv and photos")
    return REAL
