"""Reads a workbook as a program of its own, which may not grow or last.

    python reader.py BYTES SECONDS [SHEET] < book.xlsx

Without a sheet, the names of the visible ones; with one, its rows. Imports nothing of
this package, and nothing of Django. Each line of the output is JSON, the last one
``null``: what ends otherwise was not read to its end. It ends with ``EX_OSERR``, or is
killed, when it wants more than it may have.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import os
import resource
import sys
from collections.abc import Iterator

from python_calamine import CalamineWorkbook, SheetVisibleEnum

ROWS = 500


def main(memory: str, seconds: str, *sheet: str) -> None:
    """Read standard input, write standard output.

    Args:
        memory: of the address space, in bytes.
        seconds: of the processor's time.
        sheet: its name.
    """
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source = io.BytesIO(sys.stdin.buffer.read())
    with CalamineWorkbook.from_filelike(source) as book:
        if sheet:
            rows = _rows(book, sheet[0])
            while lot := list(itertools.islice(rows, ROWS)):
                _write(lot)
        else:
            _write(
                [
                    sheet.name
                    for sheet in book.sheets_metadata
                    if sheet.visible == SheetVisibleEnum.Visible
                ]
            )
    _write(None)


def _rows(book: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
        cells = [cell if type(cell) is str else _as_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


def _as_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.strftime("%d/%m/%Y %H:%M")
    if isinstance(cell, dt.date):
        return cell.strftime("%d/%m/%Y")
    return str(cell)


def _write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except MemoryError:
        sys.exit(os.EX_OSERR)
