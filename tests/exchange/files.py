"""Member lists as municipalities have them, and as attackers make them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

HEADER = ["Voornaam", "Naam", "E-mailadres", "GSM-nummer"]
ROW = ["An", "Peeters", "an@example.org", "0473865387"]


def xlsx(*rows: Sequence[Any], sheets: dict[str, Sequence[Any]] | None = None) -> bytes:
    """A workbook as Excel saves it."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in ({"Leden": rows} | (sheets or {})).items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def ods(*rows: Sequence[str], trailing: bool = True) -> bytes:
    """A workbook as LibreOffice saves it, padded with a million empty rows."""
    document = OpenDocumentSpreadsheet()
    table = Table(name="Leden")
    for cells in rows:
        row = TableRow()
        for cell in cells:
            element = TableCell(valuetype="string")
            element.addElement(P(text=cell))
            row.addElement(element)
        if trailing:
            row.addElement(TableCell(numbercolumnsrepeated=16384 - len(cells)))
        table.addElement(row)
    if trailing:
        row = TableRow(numberrowsrepeated=1048576 - len(rows))
        row.addElement(TableCell(numbercolumnsrepeated=16384))
        table.addElement(row)
    document.spreadsheet.addElement(table)
    target = io.BytesIO()
    document.write(target)
    return target.getvalue()


def rewrite(
    source: bytes, changes: dict[str, bytes], added: dict[str, bytes] | None = None
) -> bytes:
    """The same archive with some parts replaced or added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(source)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, changes.get(entry.filename, old.read(entry)))
        for name, content in (added or {}).items():
            new.writestr(name, content)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet_xml(rows: str) -> bytes:
    """The XML of a worksheet with these rows."""
    return (
        '<?xml version="1.0"?><worksheet xmlns='
        '"http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    ).encode()


def with_shared_strings(rows: str, texts: Sequence[str]) -> bytes:
    """A workbook whose cells refer to a table of texts, as Excel writes them."""
    source = xlsx(HEADER)
    index, types = "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        relations, kinds = archive.read(index), archive.read(types)
    relation = (
        b'<Relationship Id="rId99" Target="sharedStrings.xml" Type="http://schemas.'
        b'openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/>'
    )
    kind = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.'
        b'openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
    )
    table = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return rewrite(
        source,
        {
            SHEET: sheet_xml(rows),
            index: relations.replace(
                b"</Relationships>", relation + b"</Relationships>"
            ),
            types: kinds.replace(b"</Types>", kind + b"</Types>"),
        },
        {
            "xl/sharedStrings.xml": (
                '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                f"{table}</sst>"
            ).encode()
        },
    )
