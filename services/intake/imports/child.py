"""What runs in the reading process: a file on the disk becomes a file of rows, one JSON value a line."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson

from chassis.children import begin_child
from services.intake.imports.tables import Refused, csv_lines, rows_of
from services.intake.imports.workbooks import xlsx_lines

MEMORY = 1024**3

Wrong = tuple[str, str, str]  # cell, problem, remedy


@dataclass(frozen=True)
class Read:
    """A file that was read: its columns, and how many rows are in the file of rows."""

    columns: list[str]
    rows: int


@dataclass(frozen=True)
class NotRead:
    """A file that can't be read, and why."""

    cause: str
    remedy: str
    cells: list[Wrong]


def begin_reading() -> None:
    """The `initializer`: the system ends what needs too much."""
    begin_child()
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def own_id() -> int:
    return os.getpid()


def read_file(path: Path, is_xlsx: bool, rows_to: Path) -> Read | NotRead:
    try:
        columns, rows = rows_of(xlsx_lines(path) if is_xlsx else csv_lines(path))
        count = 0
        with rows_to.open("wb") as out:
            for row in rows:
                out.write(orjson.dumps(vars(row)) + b"\n")
                count += 1
        if count == 0:
            raise Refused("There is a header, but no row below it.", "Add a row a product.")
    except Refused as refused:
        return NotRead(refused.cause, refused.remedy, refused.cells)
    except MemoryError:
        return NotRead("The file needs too much memory once unpacked.", "Split it, or send it as CSV.", [])
    return Read(columns, count)
