"""The command line: run Packshot on one machine, play catalogues through it, look at what it measures."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from contracts.values import Role
from packshot.local.data import DEFAULT, DataDirectory

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Packshot: creative operations for ecommerce brands.",
)
qc = typer.Typer(no_args_is_help=True, help="What the measurements find, and whether decisions are as they were made.")
app.add_typer(qc, name="qc")
assets = typer.Typer(no_args_is_help=True, help="Looks after the files.")
app.add_typer(assets, name="assets")

console = Console()
problems = Console(stderr=True)

Token = Annotated[
    str | None, typer.Option(help="Who asks; by default one of the local issuer.", envvar="PACKSHOT_TOKEN")
]
Data = Annotated[Path, typer.Option("--data", help="Where everything is kept.", envvar="PACKSHOT_DATA")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Photos that are measured at a time, a core each.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", help="The gateway; by default the one that serves the data directory.", envvar="PACKSHOT_URL"
    ),
]


def _where_it_ran(data: Path) -> DataDirectory:
    """The directory that a `packshot up` keeps: tokens of another key are worth nothing, so none is made here."""
    directory = DataDirectory.at(data)
    if not directory.has_issuer:
        problems.print(
            f"[red]Nothing has run in {directory.folder} yet.[/red] Name the directory of `packshot up --data`.",
            soft_wrap=True,
        )
        raise typer.Exit(2)
    return directory


@app.command()
def up(
    data: Data = DEFAULT,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port on 127.0.0.1.")] = 8080,
    sample: Annotated[bool, typer.Option(help="Play the sample catalogue through it once it is ready.")] = False,
) -> None:
    """Start PostgreSQL, NATS, every service and worker; restart what fails; Ctrl-C stops all and keeps the data."""
    from packshot.up import run_up

    raise typer.Exit(run_up(DataDirectory.at(data), port, console, sample=sample))


@app.command()
def token(
    role: Annotated[list[Role], typer.Option("--role", help="What the bearer may do; repeat it for several.")],
    name: Annotated[str | None, typer.Option(help="Who it is; by default the first role.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 365, help="How long it is valid.")] = 12,
    data: Data = DEFAULT,
) -> None:
    """Print a token of the local issuer: `curl -H "Authorization: Bearer $(packshot token --role producer)" …`."""
    who = name or role[0].value
    print(_where_it_ran(data).issuer.token(*role, subject=who, name=who, seconds=int(hours * 3600)))


@app.command("run-catalogue")
def run_catalogue(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A folder with `catalogue.csv`.")],
    url: Url = None,
    data: Data = DEFAULT,
) -> None:
    """Play a catalogue through the public API: requests, deliveries, decisions, rework, approval, variants."""
    from packshot.play.command import play_catalogue

    raise typer.Exit(play_catalogue(folder, url, _where_it_ran(data), console))


@app.command("sample")
def run_sample(
    folder: Annotated[Path | None, typer.Argument(help="Where the photos are written; by default in the data.")] = None,
    skus: Annotated[int, typer.Option(min=1, max=1000)] = 12,
    url: Url = None,
    data: Data = DEFAULT,
) -> None:
    """Render a catalogue of product photos with known defects, and play it."""
    from packshot.play.command import play_sample

    directory = _where_it_ran(data)
    raise typer.Exit(play_sample(folder or directory.part("sample"), skus, url, directory, console))


@app.command("photo")
def make_photo(file: Annotated[Path, typer.Argument(dir_okay=False, help="The JPEG that is written.")]) -> None:
    """Render one product photo that no sample has, to deliver by hand: the front of a plain cream T-shirt."""
    from packshot.sample.single import plain_tee

    try:
        file.write_bytes(plain_tee())
    except OSError as error:
        problems.print(f"{file} can't be written: {error.strerror}.", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    console.print(f"A plain cream T-shirt, front: {file}", markup=False, highlight=False, soft_wrap=True)


@app.command("import")
def import_requests(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV (UTF-8) or XLSX, a row a request.")],
    url: Url = None,
    data: Data = DEFAULT,
    name: Annotated[str | None, typer.Option(help="What it is called in the list; by default the file's name.")] = None,
    time_zone: Annotated[str, typer.Option(help="Of the times in the file that name none.")] = "UTC",
    token: Token = None,
) -> None:
    """Import a file of requests; show its progress, and which cells to correct."""
    from packshot.imports import import_file

    where, who = _caller(data, url, token, Role.PRODUCER)
    raise typer.Exit(import_file(file, where, who, (name or file.name)[:200], time_zone, console))


def _caller(data: Path, url: str | None, token: str | None, role: Role) -> tuple[str, str]:
    """Where the gateway is, and the token to call it with."""
    who = token or _where_it_ran(data).issuer.token(role, subject=role.value, name=role.value)
    return url or DataDirectory.at(data).url, who


@app.command("verify")
def verify_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A final, as it was delivered.")],
    dossier: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="`GET /v1/finals/{id}/dossier` of it.")],
    keys: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="`GET /v1/dossier-keys`; by default the data directory's own."),
    ] = None,
    data: Data = DEFAULT,
) -> None:
    """Check without any server that a file is the one that its signed dossier says, and was approved."""
    from packshot.dossier import verify_dossier

    raise typer.Exit(verify_dossier(file, dossier, keys or DataDirectory.at(data).dossier_keys, console))


@app.command("secrets")
def print_secrets() -> None:
    """Print new passwords as an environment file for docker-compose.yml: `packshot secrets > .env`."""
    from packshot.provision import make_secrets

    print(make_secrets(), end="")


@app.command()
def provision(
    data: Data = DEFAULT,
    jwks: Annotated[Path | None, typer.Option(help="Where the issuer's public keys are put for the services.")] = None,
) -> None:
    """Make the database, its roles and schemas, and the local token issuer; for containers."""
    from packshot.provision import ProvisionFailed, provision_all

    try:
        print(provision_all(DataDirectory.at(data), jwks))
    except ProvisionFailed as error:
        problems.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(2) from None


@qc.command("false-fails")
def false_fails(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A folder with `catalogue.csv`.")],
) -> None:
    """Measure clean photos, and print how often each automatic check fails one."""
    from packshot.false_fails import print_false_fails

    raise typer.Exit(print_false_fails(folder, console))


@qc.command("evaluate")
def evaluate(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A folder with `catalogue.csv`.")],
    out: Annotated[Path, typer.Option(help="Where `index.html` and `evaluation.json` are written.")],
    checks: Annotated[str, typer.Option(help="Only these: `T09,F01`.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many photos, spread over the catalogue.")] = None,
    processes: Processes = 2,
    thresholds: Annotated[Path | None, typer.Option(help="Another pack of thresholds (TOML).")] = None,
) -> None:
    """Make defects and harmless changes from clean photos; show what each check finds, as JSON and as a page."""
    from packshot.evaluate import evaluate_catalogue

    raise typer.Exit(evaluate_catalogue(folder, out, checks, limit, processes, thresholds, console))


@qc.command("calibrate")
def calibrate(
    source: Annotated[Path, typer.Argument(exists=True, help="What `evaluate` wrote, or a folder with a catalogue.")],
    out: Annotated[Path, typer.Option(help="Where the new pack of thresholds (TOML) is written.")],
    most_fails: Annotated[float, typer.Option(min=0.01, max=50, help="% of clean pictures that may fail.")] = 1,
    most_flags: Annotated[float, typer.Option(min=0.01, max=50, help="% of them that may be flagged.")] = 5,
    processes: Processes = 2,
    thresholds: Annotated[Path | None, typer.Option(help="The pack that a catalogue is measured by.")] = None,
) -> None:
    """Fit the thresholds to what an evaluation read, and write them as a new pack."""
    from packshot.calibrate import calibrate as run

    raise typer.Exit(run(source, out, most_fails, most_flags, processes, thresholds, console))


@qc.command("publish")
def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Thresholds, as `calibrate` wrote them.")],
    url: Url = None,
    data: Data = DEFAULT,
    token: Token = None,
) -> None:
    """Publish thresholds as the next version of their pack: files are measured against it from then on."""
    from packshot.publish import publish_thresholds

    where, who = _caller(data, url, token, Role.QC_LEAD)
    raise typer.Exit(publish_thresholds(file, where, who, console))


@qc.command("verify")
def verify(
    url: Url = None,
    data: Data = DEFAULT,
    known: Annotated[
        str | None,
        typer.Option(help="`position:hash` as an earlier run printed it: it must still be there.", metavar="POS:HASH"),
    ] = None,
    token: Token = None,
) -> None:
    """Count the chain of all decisions again: none was changed, removed or put in between."""
    from packshot.verify import verify_decisions

    where, who = _caller(data, url, token, Role.QC_LEAD)
    raise typer.Exit(verify_decisions(where, who, known, console))


@assets.command("collect")
def collect(url: Url = None, data: Data = DEFAULT, token: Token = None) -> None:
    """Delete the stored files that nothing has referred to for the time of grace. A timer does the same, slowly."""
    from packshot.collect import collect_orphans

    where, who = _caller(data, url, token, Role.ASSET_MANAGER)
    raise typer.Exit(collect_orphans(where, who, console))


@assets.command("contact-sheet")
def contact_sheet(
    catalogue: Annotated[Path, typer.Argument(help="A folder with `catalogue.csv` and `photos`.")],
    out: Annotated[Path, typer.Option(help="Where the page and the files are written.")] = Path("contact-sheet"),
    channels: Annotated[str, typer.Option(help="Names of channels, between commas; by default all.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="So many photos at most.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every photo, and not the first of each SKU alone.")] = False,
    processes: Processes = 2,
) -> None:
    """Render a catalogue for every channel, measure each variant against it, and make a page to look at."""
    from packshot.contact_sheet.command import make_contact_sheet

    raise typer.Exit(make_contact_sheet(catalogue, out, channels, limit, processes, console, every=every))


def main() -> None:
    app()


if __name__ == "__main__":
    main()
