"""The sheet as one HTML page: a row a master, a column a channel."""

import base64
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

from contracts.assets import ChannelPack
from contracts.values import MeasurementOutcome
from packshot.contact_sheet.making import Row, Tile

_STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
_SHOWN = 3  # checks named under a tile


def page(catalogue: str, rows: Sequence[Row], packs: Sequence[ChannelPack]) -> str:
    heads = "".join(f"<th>{escape(pack.channel)}<br><small>{_asked(pack)}</small></th>" for pack in packs)
    body = "".join(_row(row) for row in rows)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title>'
        f"<style>{_STYLE}</style></head><body>"
        f"<h1>{escape(catalogue)}: {len(rows)} masters in {len(packs)} channels</h1>"
        f"{_summary(rows, packs)}<table class=sheet><thead><tr><th>master</th>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table></body></html>\n"
    )


def _asked(pack: ChannelPack) -> str:
    most = f", ≤ {pack.spec.max_bytes / 1e6:g} MB" if pack.spec.max_bytes else ""
    return f"{pack.width} × {pack.height} {escape(pack.format)}{most}"


def _summary(rows: Sequence[Row], packs: Sequence[ChannelPack]) -> str:
    """By channel: how many came to which verdict, and by which checks."""
    lines = []
    for number, pack in enumerate(packs):
        tiles = [row.tiles[number] for row in rows]
        verdicts = Counter(tile.verdict for tile in tiles)
        counts = "".join(f"<td>{verdicts[outcome] or ''}</td>" for outcome in MeasurementOutcome)
        sizes = sorted(tile.size for tile in tiles)
        lines.append(
            f"<tr><th>{escape(pack.channel)}</th>{counts}<td>{_checks(tiles, MeasurementOutcome.FAIL)}</td>"
            f"<td>{_checks(tiles, MeasurementOutcome.FLAG)}</td><td>{sizes[len(sizes) // 2] / 1000:.0f} kB</td></tr>"
        )
    heads = "".join(f"<th>{outcome.value.replace('_', ' ')}</th>" for outcome in MeasurementOutcome)
    return (
        f"<table class=summary><tr><th>channel</th>{heads}<th>fails</th><th>flags</th><th>median size</th></tr>"
        f"{''.join(lines)}</table>"
    )


def _checks(tiles: Sequence[Tile], outcome: MeasurementOutcome) -> str:
    counts = Counter(one.check for tile in tiles for one in tile.of(outcome))
    if outcome is MeasurementOutcome.FAIL and (missing := sum(tile.problem is not None for tile in tiles)):
        counts["not rendered"] = missing
    return ", ".join(f"{check} {count}" for check, count in sorted(counts.items()))


def _row(row: Row) -> str:
    photo = row.photo
    name = f"<b>{escape(photo.sku)}</b><br>{escape(photo.colorway)}<br>{escape(photo.view)}"
    return f"<tr><td>{_image(row.thumbnail)}<p>{name}</p></td>{''.join(_tile(tile) for tile in row.tiles)}</tr>"


def _tile(tile: Tile) -> str:
    if tile.problem is not None:
        return f'<td class="fail"><p>{escape(tile.problem)}</p></td>'
    quality = f" q{tile.quality}" if tile.quality is not None else ""
    found = [one for one in tile.measurements if one.outcome is not MeasurementOutcome.PASS]
    title = escape("\n".join(f"{one.check} {one.outcome}: {one.detail}" for one in found), quote=True)
    named = [one.check for one in tile.of(tile.verdict)]
    verdict = f"{tile.verdict.value.replace('_', ' ')} {' '.join(named[:_SHOWN])}{' …' if len(named) > _SHOWN else ''}"
    return (
        f'<td class="{tile.verdict.value}" title="{title}">{_image(tile.thumbnail)}'
        f"<p>{tile.width}×{tile.height} {tile.size / 1000:.0f} kB{quality}<br><b>{verdict}</b></p></td>"
    )


def _image(content: bytes) -> str:
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(content).decode()}">'
