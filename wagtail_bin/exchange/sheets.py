"""Sheets of workbooks (.xlsx, .ods) as rows of text."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import zipfile
from collections.abc import Iterator

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.measure import broken, measure, protected


def check_workbook(source: bytes) -> list[str]:
    """Names of the visible sheets of a workbook that is safe to parse.

    Raises:
        ImportRejected: broken, protected, of another type, or too large once
            unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise broken() from error
    names = {entry.filename for entry in entries}
    if "EncryptedPackage" in names or any(entry.flag_bits & 1 for entry in entries):
        raise protected()
    if "xl/workbook.xml" not in names and "content.xml" not in names:
        raise ImportRejected(
            _(
                "This file is a ZIP archive or a document, not a list. Upload a CSV,"
                " Excel (.xlsx) or OpenDocument (.ods) file."
            )
        )
    measure(source, entries)
    with _opened(source) as book:
        return [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible
        ]


def read_sheet(source: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Row number (from 1) and text cells of each row of a checked workbook.

    Whole numbers have no decimals, dates are dd/mm/yyyy, of a formula its
    result counts.

    Raises:
        ImportRejected: the sheet cannot be read.
    """
    with _opened(source) as book:
        sheet = book.get_sheet_by_name(name)
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [cell if type(cell) is str else _as_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            yield number, cells


@contextlib.contextmanager
def _opened(source: bytes) -> Iterator[CalamineWorkbook]:
    """The workbook; whatever its parser stumbles over makes it a damaged one."""
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(source)) as book:
            yield book
    except (CalamineError, ValueError, OverflowError) as error:
        raise broken() from error
    except BaseException as error:
        # A panic of the parser is no Exception, and its class has no address.
        if type(error).__name__ != "PanicException":
            raise
        raise broken() from error


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
