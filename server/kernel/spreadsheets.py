"""Tables that spreadsheets open and save: `;` between the columns, one row on each line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

MARK: Final = "\ufeff"
"""In front of a file: spreadsheets find the letters by it."""
_FORMULA: Final = ("=", "+", "-", "@")
"""A cell that begins so is a formula to a spreadsheet."""
_BLOCK: Final = 1 << 16


class NotATableError(ValueError):
    """A file cannot be read as rows."""


def row_text(cells: Iterable[str]) -> str:
    """Return a row as it stands in a file; no cell is a formula."""
    row = io.StringIO()
    csv.writer(row, delimiter=";", lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return row.getvalue()


def rows_of(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a file with the line each ends on, in whatever letters a spreadsheet wrote it.

    Little of the file is in memory at a time; rows without any text are passed over.

    Raises:
        NotATableError: the file has no rows.
    """
    text = io.TextIOWrapper(file, _encoding_of(file), errors="replace", newline="")
    reader = csv.reader(text, delimiter=";")
    try:
        for row in reader:
            cells = [plain_cell(cell) for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise NotATableError(str(error)) from error


def plain_cell(cell: str) -> str:
    """Return a cell without superfluous space, zero bytes, and the mark that kept it from being a formula."""
    plain = " ".join(cell.replace("\0", "").split())
    return plain[1:] if plain[:1] == "'" and plain[1:].startswith(_FORMULA) else plain


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _encoding_of(file: BinaryIO) -> str:
    """Return how a file writes letters: UTF-8 or UTF-16 when it is, else as Windows does."""
    file.seek(0)
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        file.seek(0)
        return "utf-16"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8-sig"
