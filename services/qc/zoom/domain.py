"""Cells of an image, and how much of its subject somebody has seen at 100 % zoom. Pure rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from pydantic import Field

from contracts.envelope import Value
from contracts.values import Measurement
from services.qc.reviews.domain import pixel_size

CELL = 256
"""Side of a cell, px. Those at the right and at the bottom may be cut off by the image's edge."""

Cell = tuple[int, int]
"""Column and row, from 0 on, from the upper left."""

SEEN, NOT_SEEN = "1", "0"


class SubjectCells(Value):
    """Which cells of a version its subject touches; the measuring process finds it."""

    width: int = Field(ge=1, description="Of the version as a viewer shows it, px.")
    height: int = Field(ge=1)
    whole: bool = Field(description="Nothing tells the subject for certain: every cell counts.")
    rows: tuple[str, ...] = Field(description="From the top, a character a cell: `1` where the subject is, else `0`.")

    @property
    def grid(self) -> "Grid":
        return Grid(self.width, self.height)


@dataclass(frozen=True)
class Grid:
    """An image's cells. A map of them is a text: row by row from the top, a character a cell."""

    width: int
    height: int

    @property
    def columns(self) -> int:
        return -(-self.width // CELL)

    @property
    def rows(self) -> int:
        return -(-self.height // CELL)

    def has(self, cell: Cell) -> bool:
        column, row = cell
        return 0 <= column < self.columns and 0 <= row < self.rows

    def map_of(self, cells: Iterable[Cell]) -> str:
        """All of them must be cells of this image."""
        places = {row * self.columns + column for column, row in cells}
        return "".join(SEEN if place in places else NOT_SEEN for place in range(self.columns * self.rows))

    def by_rows(self, seen: str) -> list[str]:
        return [seen[start : start + self.columns] for start in range(0, len(seen), self.columns)]

    def cell(self, place: int) -> Cell:
        row, column = divmod(place, self.columns)
        return column, row


@dataclass(frozen=True)
class Coverage:
    """What somebody has seen of a subject: `seen` of `cells` cells, `needed` for a pass that asks for it."""

    cells: int
    seen: int
    needed: int
    uncovered: tuple[Cell, ...]

    @property
    def suffices(self) -> bool:
        return self.seen >= self.needed

    @property
    def share(self) -> float:
        return self.seen / self.cells


def subject_cells(cells: SubjectCells | None, measurements: Sequence[Measurement]) -> SubjectCells | None:
    """What must be seen of a version. Where its cells were never stored (it was measured before they were), all of
    them, by its dimensions (T04); None where no size is known: it couldn't be measured."""
    if cells is not None:
        return cells
    size = pixel_size(measurements)
    if size is None or not size.width or not size.height:
        return None
    grid = Grid(size.width, size.height)
    return SubjectCells(width=size.width, height=size.height, whole=True, rows=(SEEN * grid.columns,) * grid.rows)


def coverage(subject: SubjectCells, seen: str | None, share: float) -> Coverage:
    """`seen`: the map of what was seen, or nothing; `share` of the subject's cells is needed."""
    grid = subject.grid
    wanted = [place for place, one in enumerate("".join(subject.rows)) if one == SEEN]
    uncovered = [place for place in wanted if seen is None or seen[place] != SEEN]
    needed = ceil(round(share * len(wanted), 6))  # rounded, or 0.95 × 20 might be 19.000000000000004
    return Coverage(
        cells=len(wanted),
        seen=len(wanted) - len(uncovered),
        needed=needed,
        uncovered=tuple(grid.cell(place) for place in uncovered),
    )
