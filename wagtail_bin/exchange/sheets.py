"""Sheets of workbooks (.xlsx, .ods) as rows of text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from django.utils.translation import gettext as _

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import child
from wagtail_bin.exchange.measure import broken, measure, protected, too_large

# Each part of an archive takes its time; a workbook has a few dozen.
MOST_PARTS = 5000


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
    if len(entries) > MOST_PARTS:
        raise too_large()
    measure(source, entries)
    return child.sheet_names(source)


def read_sheet(source: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Row number (from 1) and text cells of each row of a checked workbook.

    Whole numbers have no decimals, dates are dd/mm/yyyy, of a formula its
    result counts.

    Raises:
        ImportRejected: the sheet cannot be read.
    """
    return child.sheet_rows(source, name)
