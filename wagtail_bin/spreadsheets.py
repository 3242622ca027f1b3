"""Workbooks and CSV files whose cells stay text, whatever they hold.

A spreadsheet that opens a file runs what looks like a formula, and drops the
zero that a telephone number begins with. In a workbook a cell can be marked as
text; CSV has no such mark, so there an apostrophe stands before what would run.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

# What makes a formula, in its full-width forms too, behind any white space.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
# A Belgian Excel opens such a file by itself; others ask.
DELIMITER = ";"


def write_workbook(
    target: IO[bytes],
    rows: Iterable[Sequence[str]],
    *,
    title: str,
    freeze: str = "A2",
    widths: Mapping[str, int] | None = None,
) -> None:
    """Write an XLSX file of one sheet, all cells text.

    openpyxl writes it directly: tablib's XLSX turns ``=…`` into a live formula,
    and import-export's escaping changes what the cell says.

    Args:
        target: opened for writing.
        rows: headers first; one is held in memory at a time.
        title: of the sheet.
        freeze: first cell that scrolls.
        widths: column letter to width in characters.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = freeze
    for column, width in (widths or {}).items():
        sheet.column_dimensions[column].width = width

    def text(value: str) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
        cell.data_type = "s"
        cell.number_format = "@"
        return cell

    for row in rows:
        sheet.append([text(value) for value in row])
    book.save(target)


def write_csv(target: TextIO, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as CSV (RFC 4180 but for the semicolon), one at a time."""
    writer = csv.writer(target, delimiter=DELIMITER)
    for row in rows:
        writer.writerow([inert(value) for value in row])


def inert(value: str) -> str:
    """A value of a CSV file that no spreadsheet runs."""
    value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
    return f"'{value}" if _FORMULA.match(value) else value
