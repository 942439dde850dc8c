"""`packshot verify`: whether a file is what its signed dossier says. Needs no server."""

import hashlib
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contracts.values import MeasurementOutcome
from services.assets.dossiers.domain import faults_of, people_of
from services.assets.dossiers.schemas import Dossier, FileRecord
from services.assets.dossiers.signing import BadDossier, read_signed
from services.assets.rights.schemas import RightsAnswer


def verify_dossier(file: Path, signed: Path, keys: Path, console: Console) -> int:
    """The command's exit code: 0 when the dossier proves the file, 1 when it doesn't, 2 when nothing can be told."""
    if not keys.is_file():
        console.print(
            f"[red]There are no keys in {escape(str(keys))}.[/red] Name those that you keep: --keys FILE; the"
            " installation that signed it gives them at /v1/dossier-keys.",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        return 2
    try:
        dossier = read_signed(signed.read_bytes(), keys.read_bytes())
    except BadDossier as error:
        console.print(f"[red]The dossier proves nothing.[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    faults = faults_of(dossier, sha256, file.stat().st_size)
    if faults:
        console.print("[red]The dossier is genuine, and doesn't prove this file.[/red]")
        for fault in faults:
            console.print(f"  {fault}", markup=False, highlight=False, soft_wrap=True)
        return 1
    console.print(_table(dossier))
    console.print("[green]This is the approved file, and the dossier is as it was signed.[/green]")
    if not dossier.rights.allowed:
        console.print(
            "[yellow]Its rights didn't allow its use when the dossier was issued.[/yellow] The table says why."
        )
    return 0


def _table(dossier: Dossier) -> Table:
    final, request = dossier.final, dossier.request
    table = Table(title=f"Dossier of {final.version.filename}", show_header=False)
    rows = {
        "for": f"{final.version.sku} · {final.version.colorway} · {final.version.view}"
        + (f" · {final.version.channel}" if final.version.channel else ""),
        "request": f"{request.id}, by {request.requested_by}, {request.received_at:%d %b %Y}",
        "file": f"{final.version.bytes:,} bytes, SHA-256 {final.version.sha256}",
        "made by": f"{final.version.delivered_by} ({final.version.source}), round {final.version.round}",
        "measured": _measured(final),
        "passed": "\n".join(people_of(final)),
    }
    if dossier.master is not None:
        master = dossier.master
        rows["master"] = f"{master.version.filename} by {master.version.delivered_by}, SHA-256 {master.version.sha256}"
        rows["master measured"] = _measured(master)
        rows["master passed"] = "\n".join(people_of(master))
    rows["AI"] = request.ai.use if request.ai else "none was asked for"
    if final.version.digital_source_type:
        rows["AI"] += f"; declared as {final.version.digital_source_type}"
    rows["rights"] = _rights(dossier.rights)
    rows["issued"] = f"{dossier.issued_at:%d %b %Y %H:%M} UTC"
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table


def _measured(record: FileRecord) -> str:
    counts = [
        f"{sum(one.outcome is outcome for one in record.inspection.measurements)} {outcome.replace('_', ' ')}"
        for outcome in MeasurementOutcome
    ]
    return ", ".join(counts)


def _rights(rights: RightsAnswer) -> str:
    """As they were when the dossier was issued."""
    if not rights.allowed:
        return "it might not be used: " + " ".join(cause.detail for cause in rights.causes)
    until = f"until {rights.until:%d %b %Y}" if rights.until else "without an end"
    return " ".join([f"it might be used, {until}.", *(warning.detail for warning in rights.warnings)])
