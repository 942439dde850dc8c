"""Whether the schemas still understand those that landed: `python -m contracts.compatibility [--base GITREF]`.

Within a version of an event only optional fields are ever added. Everything else breaks someone: readers that are
deployed read new events, and new readers read the old events of a replay. See `compare` for the rules.

**What the schemas are compared with.** Event logs are kept and replayed, so a schema that was ever on `main` is
supported for ever. Therefore the schemas in the work tree are compared with *every* version in the history of HEAD,
not only with the newest: a branch can't hide a break by committing the regenerated schemas first, and a fresh clone of
`main`, where HEAD is what was submitted, judges the same as the branch did. A shallow clone judges by the history that
it has. Without git, or before the first schema is committed, there is nothing to compare with: it says so, and passes.

**What was committed but never landed** can be taken back: squash the commits, or name the git blob of the schema in
`contracts/withdrawn.txt`, one a line with the reason behind it. Only the landing that carries a version can withdraw
it: once it is part of `origin/main` without such a line, a later line has no effect.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.comparison import Break, Reader, compare

FOLDER = Path(__file__).parent
SCHEMAS = "schemas"
WITHDRAWN = "withdrawn.txt"
LANDED = "origin/main"
_GIT_PLACES = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


class GitError(Exception):
    """Git is there, but refuses."""


@dataclass(frozen=True)
class Committed:
    """One version of one event's schema, and a commit that has it."""

    event_type: str
    blob: str
    commit: str


def _git(folder: Path, *arguments: str) -> str:
    """What git prints. Raises `GitError`, and `FileNotFoundError` when there is no git."""
    # English, for `_head`; the repository that the folder is in, also when a git hook runs this; and whoever owns it.
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_PLACES} | {"LC_ALL": "C"}
    command = ["git", "-c", "safe.directory=*", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)  # noqa: S603
    if done.returncode != 0:
        raise GitError(done.stderr.strip() or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout


def _head(folder: Path) -> str | None:
    """None where there is no git, no repository or no commit."""
    try:
        _git(folder, "rev-parse", "--git-dir")
    except FileNotFoundError:
        return None
    except GitError as error:
        if "not a git repository" in str(error):
            return None
        raise
    try:
        return _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except GitError:
        return None


def _landed(folder: Path) -> str | None:
    """Where HEAD left `origin/main`; None when there is no such thing."""
    try:
        return _git(folder, "merge-base", "HEAD", LANDED).strip()
    except GitError:
        return None


def committed(folder: Path, reference: str) -> list[Committed]:
    """Every different version of every schema in the history of a commit, the newest first."""
    log = _git(
        folder, "log", "--format=commit %h", "--raw", "--no-abbrev", "--no-renames", "-m", reference, "--", SCHEMAS
    )
    found: dict[tuple[str, str], Committed] = {}
    commit = ""
    for line in log.splitlines():
        if line.startswith("commit "):
            commit = line.split()[1]
        elif line.startswith(":"):
            change, path = line.split("\t", 1)
            _, _, _, blob, status = change.split()
            if status != "D" and path.endswith(".json"):
                name = Path(path).name.removesuffix(".json")
                found.setdefault((name, blob), Committed(name, blob, commit))
    return list(found.values())


def _blobs_in(text: str) -> set[str]:
    return {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")}


def _withdrawn(folder: Path) -> set[str]:
    """Blobs that this landing, or the one that carried them, has taken back."""
    file = folder / WITHDRAWN
    now = _blobs_in(file.read_text(encoding="utf-8")) if file.exists() else set()
    landed = _landed(folder)
    if landed is None or not now:
        return now
    try:
        before = _blobs_in(_git(folder, "show", f"{landed}:./{WITHDRAWN}"))
    except GitError:  # there was no such file
        before = set()
    return now - ({one.blob for one in committed(folder, landed)} - before)


@dataclass(frozen=True)
class Report:
    """How many versions were compared, and what breaks with each."""

    compared: int
    breaks: list[tuple[Committed, Break]]


def check(folder: Path, base: str | None = None) -> Report | None:
    """Compare `folder/schemas` with all that was committed; None when nothing was.

    `base`: compare with the history of this commit instead of HEAD's.
    """
    if _head(folder) is None:
        return None
    withdrawn = _withdrawn(folder)
    versions = [one for one in committed(folder, base or "HEAD") if one.blob not in withdrawn]
    if not versions:
        return None
    current = {
        path.name.removesuffix(".json"): json.loads(path.read_bytes()) for path in (folder / SCHEMAS).glob("*.json")
    }
    breaks: list[tuple[Committed, Break]] = []
    for one in versions:
        new: dict[str, Any] | None = current.get(one.event_type)
        if new is None:
            breaks.append((one, Break("", "the event is gone", Reader.OLD)))
            continue
        old: dict[str, Any] = json.loads(_git(folder, "cat-file", "blob", one.blob))
        breaks += [(one, broken) for broken in compare(old, new)]
    return Report(len(versions), breaks)


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """0: compatible. 1: something breaks. 2: git refuses."""
    parser = argparse.ArgumentParser(
        prog="python -m contracts.compatibility", description="Compare the schemas with all that were committed."
    )
    parser.add_argument("--base", metavar="GITREF", help="compare with this commit's history instead of HEAD's")
    base = parser.parse_args(arguments).base
    try:
        report = check(folder, base)
    except GitError as error:
        print(f"git refuses: {error}", file=sys.stderr)
        return 2
    if report is None:
        print("No schema was committed yet: nothing to compare with.")
        return 0
    for one, broken in report.breaks:
        print(f"{one.event_type} against commit {one.commit}: {broken}", file=sys.stderr)
    if not report.breaks:
        print(f"Compatible with all {report.compared} committed versions of schemas.")
        return 0
    blobs = sorted({one.blob for one, _ in report.breaks})
    print(
        "\nMake a new version of the event (`….v2`) beside the old one. Only what never landed may be withdrawn:"
        f" add to contracts/{WITHDRAWN}, each with the reason:",
        *blobs,
        sep="\n",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
