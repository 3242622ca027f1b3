"""How the programs of an office write a list."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl.styles import Font

Rows = Sequence[Sequence[Any]]
# What changes with each saving, and what stands there instead.
_TIME = re.compile(rb"20\d\d-\d\d-\d\dT[\d:.]+")
_MOMENT = b"2024-03-01T09:00:00"


def text(
    rows: str | Rows,
    encoding: str = "cp1252",
    delimiter: str = ";",
    newline: str = "\r\n",
) -> bytes:
    """A CSV file; rows given as text are written as they stand."""
    if isinstance(rows, str):
        return rows.strip("\n").replace("\n", newline).encode(encoding)
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return target.getvalue().encode(encoding)


def table(rows: str) -> Rows:
    """Rows of which the cells are divided by bars."""
    return [
        [cell.strip() for cell in line.split("|")] for line in rows.strip().split("\n")
    ]


def typed(rows: str) -> Rows:
    """As :func:`table`; a whole number is one, and an empty cell holds nothing."""
    return [
        [
            int(cell) if cell.isdecimal() and cell[0] != "0" else cell or None
            for cell in row
        ]
        if any(row)
        else []
        for row in table(rows)
    ]


def workbook(**sheets: Rows) -> openpyxl.Workbook:
    """An Excel workbook with these sheets, the first row of each in bold."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for cell in sheet[1] if sheet.max_row > 1 else ():
            cell.font = Font(bold=True)
    return book


def xlsx(book: openpyxl.Workbook, **results: str) -> bytes:
    """The bytes of a workbook, the same each time.

    Args:
        book: the workbook.
        results: what the formula in a cell results in; Excel keeps that beside it.
    """
    saved = io.BytesIO()
    book.save(saved)
    return _timeless(saved, results)


def ods(**sheets: Rows) -> bytes:
    """A workbook as LibreOffice saves it, padded with a million empty rows."""
    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        sheet = Table(name=name)
        for cells in rows:
            row = TableRow()
            for cell in cells:
                if isinstance(cell, int):
                    element = TableCell(valuetype="float", value=cell)
                else:
                    element = TableCell(valuetype="string")
                element.addElement(P(text=str(cell)))
                row.addElement(element)
            row.addElement(TableCell(numbercolumnsrepeated=16384 - len(cells)))
            sheet.addElement(row)
        rest = TableRow(numberrowsrepeated=1048576 - len(rows))
        rest.addElement(TableCell(numbercolumnsrepeated=16384))
        sheet.addElement(rest)
        document.spreadsheet.addElement(sheet)
    saved = io.BytesIO()
    document.write(saved)
    return _timeless(saved)


def _timeless(saved: io.BytesIO, results: Mapping[str, str] | None = None) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(saved) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            content = _TIME.sub(_MOMENT, old.read(entry))
            for cell, result in (results or {}).items():
                found = rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)<v ?/>'.encode()
                content = re.sub(found, rf"\1<v>{result}</v>".encode(), content)
            new.writestr(zipfile.ZipInfo(entry.filename), content)
    return target.getvalue()
