"""`packshot assets contact-sheet`: every variant is there, measured against its own channel, and what fails is told."""

import csv
import io
from pathlib import Path

from PIL import Image
from rich.console import Console

from packshot.contact_sheet.command import make_contact_sheet
from packshot.sample.files import jpeg
from packshot.sample.products import products, take


def catalogue(folder: Path) -> Path:
    """Two SKUs, the second one with two colorways and far too small for any channel's least size."""
    (folder / "photos").mkdir()
    one = products(1, 7)[0]
    large = jpeg(take(one, one.colorways[0], "front", 7))
    file = io.BytesIO()
    with Image.open(io.BytesIO(large)) as image:
        image.resize((120, 150)).save(file, "JPEG", icc_profile=image.info["icc_profile"])
    rows = [("AA01", "navy", "a.jpg", large), ("AA02", "navy", "b.jpg", file.getvalue()), ("AA02", "red", "c.jpg", b"")]
    with (folder / "catalogue.csv").open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["sku", "colorway", "view", "file"])
        for sku, colorway, name, content in rows:
            writer.writerow([sku, colorway, "front", name])
            (folder / "photos" / name).write_bytes(content)
    return folder


def test_a_sheet_of_every_channel_that_is_asked_for(tmp_path: Path) -> None:
    told, out = io.StringIO(), tmp_path / "out"
    console = Console(file=told, width=200)
    found = make_contact_sheet(catalogue(tmp_path), out, "amazon,pdp", None, 1, console, every=False)
    assert found == 1  # the small one fails
    page = (out / "index.html").read_text()
    assert page.count('<td class="fail"') == 2
    assert page.count("<img") == 2 + 4  # the first photo of each SKU, in two channels
    assert {path.name for path in (out / "amazon").iterdir()} == {"AA01_navy_front.jpg", "AA02_navy_front.jpg"}
    assert "pdp b.jpg: T04" in told.getvalue()
    assert "a.jpg" not in told.getvalue()


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    told = io.StringIO()
    console = Console(file=told, width=200)
    assert make_contact_sheet(tmp_path, tmp_path, "pdp,nowhere", None, 1, console, every=False) == 2
    assert make_contact_sheet(tmp_path, tmp_path, "pdp", None, 1, console, every=False) == 2
    assert "no channel nowhere" in told.getvalue()
    assert "catalogue.csv" in told.getvalue()
