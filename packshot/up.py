"""`packshot up`: everything on one machine, in the foreground, until Ctrl-C."""

import asyncio
import shutil
import signal
import socket
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from packshot.local.data import AlreadyRunning, DataDirectory
from packshot.local.supervisor import Supervisor, log_tail
from packshot.local.topology import make_topology


def run_up(data: DataDirectory, port: int, console: Console, *, sample: bool = False) -> int:
    """The command's exit code."""
    try:
        data.take(console.print)
    except AlreadyRunning as running:
        console.print(f"[red]{running}[/red] Use another --data, or stop that one first.")
        return 1
    if not _is_free(port):
        console.print(f"[red]Port {port} is taken.[/red] Choose another: packshot up --port {port + 1}")
        return 1
    try:
        return asyncio.run(_serve(data, port, console, sample))
    except KeyboardInterrupt:
        return 130


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _serve(data: DataDirectory, port: int, console: Console, sample: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)

    def tell(name: str, what: str) -> None:
        console.print(f"[yellow]{name}[/yellow] {what}", highlight=False)

    try:
        processes = await asyncio.to_thread(make_topology, data, port)
    except (RuntimeError, OSError) as error:
        console.print(f"[red]Can't start:[/red] {error}", highlight=False)
        return 1
    supervisor = Supervisor(data, processes, tell)
    code = 1
    try:
        if await _started(supervisor, data, console, stop):
            console.print(_where_to_look(supervisor.url, data), highlight=False)
            code = await _play_sample(supervisor.url, data, stop) if sample else 0
            await stop.wait()
        elif stop.is_set():
            code = 0
    finally:
        console.print("Stopping …")
        await supervisor.stop()
        console.print(f"Stopped. Everything is kept in {data.folder}", highlight=False)
    return code


async def _started(supervisor: Supervisor, data: DataDirectory, console: Console, stop: asyncio.Event) -> bool:
    """Show who is ready; False when it was stopped or took too long."""
    waiting: list[str] = []
    bar = Progress(
        SpinnerColumn(), TextColumn("Starting"), BarColumn(), TextColumn("{task.description}"), console=console
    )
    with bar as shown:
        task = shown.add_task("PostgreSQL and NATS")

        def progress(ready: dict[str, bool]) -> None:
            waiting[:] = [name for name, is_ready in ready.items() if not is_ready]
            shown.update(task, total=len(ready), completed=sum(ready.values()), description=", ".join(waiting))

        starting = asyncio.create_task(supervisor.start(progress))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    if not starting.done():
        starting.cancel()
        return False
    try:
        starting.result()
    except TimeoutError:
        console.print(f"[red]Not ready in time: {', '.join(waiting) or 'PostgreSQL'}[/red]")
        for name in waiting or ["postgres"]:
            console.print(f"[bold]{name}[/bold] ({data.folder}/logs/{name}.log):\n{log_tail(data.folder, name)}")
        return False
    return True


async def _play_sample(url: str, data: DataDirectory, stop: asyncio.Event) -> int:
    """In a process of its own, so that it can't disturb the supervisor."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "packshot.cli", "sample", "--url", url, "--data", str(data.folder)
    )  # fmt: skip
    waiting, stopping = asyncio.create_task(child.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if child.returncode is None:
        child.terminate()
    return await waiting


def _where_to_look(url: str, data: DataDirectory) -> str:
    command = "packshot" if shutil.which("packshot") else ".venv/bin/packshot"
    return (
        f"[bold green]Packshot is ready at {url}[/bold green]\n"
        f"  API to browse   {url}/docs\n"
        f"  Figures         {url}/v1/metrics/summary\n"
        f"  Data and logs   {data.folder}\n"
        f'  A token         {command} token --role producer --data "{data.folder}"\n'
        "  Ctrl-C stops it and keeps the data."
    )
