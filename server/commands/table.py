"""A plain table on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def print_rows(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    """Print rows as they come; a cell longer than its width loses its beginning, the last one is whole."""
    for row in rows:
        cells = [_cut(printable(cell), width).ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, *map(printable, row[len(widths) :])]).rstrip())  # noqa: T201 - the terminal is where a table goes


def printable(cell: str) -> str:
    """Return a text without signs that would steer the terminal."""
    return cell if cell.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in cell)


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"…{cell[1 - width :]}"
