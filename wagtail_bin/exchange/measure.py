"""What would exhaust memory when a workbook is parsed, measured beforehand.

calamine lays a sheet out as one dense block, from its first to its last filled
cell, and copies a shared text into every cell that refers to it. A workbook of
a few kilobytes can so ask for gigabytes. Here every part is read once, in
constant memory.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import ImportRejected

_PIECE = 1 << 16
_MANIFEST = "META-INF/manifest.xml"
_LOCAL_HEADER = struct.Struct("<26xHH")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def too_many_rows() -> ImportRejected:
    """The refusal of a list with too many rows."""
    return ImportRejected(
        _(
            "This list has more than %(limit)s rows. Split it into smaller files, or"
            " remove what stands below the list."
        )
        % {"limit": conf.IMPORT_MAX_ROWS}
    )


def too_many_columns() -> ImportRejected:
    """The refusal of a list with too many columns."""
    return ImportRejected(
        _(
            "This list has more than %(limit)s columns. Remove the columns that do"
            " not describe members."
        )
        % {"limit": conf.IMPORT_MAX_COLUMNS}
    )


def max_columns() -> int:
    """The limit, with room for the two columns of a file of refused rows."""
    return int(conf.IMPORT_MAX_COLUMNS) + 2


def broken() -> ImportRejected:
    """The refusal of a workbook that is damaged."""
    return ImportRejected(
        _(
            "This workbook is damaged and cannot be read. Open it in your spreadsheet"
            " program, save it again as .xlsx and upload that."
        )
    )


def protected() -> ImportRejected:
    """The refusal of a workbook with a password."""
    return ImportRejected(
        _("This workbook is protected with a password. Save it without one.")
    )


def too_large() -> ImportRejected:
    """The refusal of a workbook that unpacks to too much."""
    return ImportRejected(
        _(
            "This workbook holds too much to be a member list. Copy the list alone to"
            " a new workbook and upload that."
        )
    )


def measure(source: bytes, entries: list[zipfile.ZipInfo]) -> None:
    """Read all parts once, and refuse what is too large to be laid out.

    Args:
        source: the workbook.
        entries: the directory of the archive.

    Raises:
        ImportRejected: damaged, protected or too large.
    """
    budget = conf.IMPORT_MAX_UNPACKED_BYTES
    if sum(entry.file_size for entry in entries) > budget:
        raise too_large()
    text = _Text(budget)
    elsewhere: set[str] = set()
    sheets: set[str] = set()
    # The manifest first: it says whether the rest is encrypted.
    for entry in sorted(entries, key=lambda entry: entry.filename != _MANIFEST):
        is_index = entry.filename.lower() == "xl/_rels/workbook.xml.rels"
        part = _Part(text, elsewhere if is_index else set(), sheets)
        is_xml = entry.filename.endswith((".xml", ".rels"))
        for piece in _inflate(source, entry):
            budget -= len(piece)
            if budget < 0:
                raise too_large()
            if is_xml:
                part.feed(piece)
        if is_xml:
            part.close()
    # Only .xml parts were measured: no sheet may stand elsewhere.
    if sheets & elsewhere:
        raise broken()
    text.check()


def _inflate(source: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes of an entry, whatever size its directory claims."""
    try:
        name, extra = _LOCAL_HEADER.unpack_from(source, entry.header_offset)
    except struct.error as error:
        raise broken() from error
    start = entry.header_offset + _LOCAL_HEADER.size + name + extra
    packed = memoryview(source)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (
            bytes(packed[at : at + _PIECE]) for at in range(0, len(packed), _PIECE)
        )
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise broken()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), _PIECE):
            tail: Any = packed[at : at + _PIECE]
            while tail:
                yield inflater.decompress(tail, _PIECE)
                tail = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise broken() from error


class _Text:
    """How much text the cells hold once shared texts are copied into them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.shared: array[int] = array("L")
        self.references: array[int] = array("L")
        self.repeated = 0

    def check(self) -> None:
        """Refuse when the copies exceed the limit."""
        total, known = self.repeated, len(self.shared)
        for index in self.references:
            total += self.shared[index] if index < known else 0
        if total > self.limit:
            raise too_large()


class _Part:
    """One XML part of a workbook, measured while it streams by."""

    def __init__(self, text: _Text, elsewhere: set[str], sheets: set[str]) -> None:
        self.text = text
        self.elsewhere = elsewhere
        self.sheets = sheets
        self.row = self.column = 0
        self.row_repeat = self.column_repeat = 1
        self.rows, self.columns = conf.IMPORT_MAX_ROWS, max_columns()
        self.is_shared = False
        self.length = 0
        self.value = ""
        self.starts = {
            "row": self._row,
            "c": self._cell,
            "v": self._value,
            "is": self._filled,
            "f": self._filled,
            "si": self._shared_text,
            "table-row": self._ods_row,
            "table-cell": self._ods_cell,
            "covered-table-cell": self._ods_cell,
            "table": self._ods_table,
            "p": self._ods_text,
            "Relationship": self._relationship,
            "sheet": self._sheet,
            "encryption-data": self._encrypted,
        }
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.ends = {
            "v": self._end_value,
            "si": self._end_shared_text,
            "p": self._end_ods_text,
        }
        self.parser.EndElementHandler = self._end

    def feed(self, piece: bytes) -> None:
        """Measure the next bytes."""
        try:
            self.parser.Parse(piece)
        except (expat.ExpatError, ValueError) as error:
            raise broken() from error

    def close(self) -> None:
        """The part is over; what is left open is damage."""
        try:
            self.parser.Parse(b"", True)  # noqa: FBT003 -- takes no keyword
        except expat.ExpatError as error:
            raise broken() from error

    def _doctype(self, *_args: object) -> None:
        # Entities have no place in a workbook: they are how XML attacks.
        raise broken()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        handler = self.starts.get(name.rpartition(":")[2])
        if handler:
            handler(attributes)

    def _end(self, name: str) -> None:
        handler = self.ends.get(name.rpartition(":")[2])
        if handler:
            handler()

    # Excel

    def _row(self, attributes: dict[str, str]) -> None:
        position = attributes.get("r", "")
        self.row = int(position) if position.isdigit() else self.row + 1
        self.column = 0

    def _cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            self.column += 1
        else:
            found = _REFERENCE.fullmatch(reference)
            if not found:
                raise broken()
            self.row = int(found[2])
            self.column = 0
            for letter in found[1]:
                self.column = self.column * 26 + ord(letter) - 64
        self.is_shared = attributes.get("t") == "s"

    def _filled(self, _attributes: dict[str, str]) -> None:
        # An empty cell that only has a style takes no room.
        if self.row > self.rows + 1:
            raise too_many_rows()
        if self.column > self.columns:
            raise too_many_columns()

    def _value(self, attributes: dict[str, str]) -> None:
        self._filled(attributes)
        if self.is_shared:
            self.value = ""
            self.parser.CharacterDataHandler = self._add_value

    def _add_value(self, data: str) -> None:
        self.value += data[:20]

    def _end_value(self) -> None:
        self.parser.CharacterDataHandler = None
        if self.is_shared and self.value.strip().isdecimal():
            self.text.references.append(min(int(self.value), 0xFFFFFFFF))

    def _shared_text(self, _attributes: dict[str, str]) -> None:
        self.length = 0
        self.parser.CharacterDataHandler = self._add_length

    def _add_length(self, data: str) -> None:
        self.length += len(data)

    def _end_shared_text(self) -> None:
        self.parser.CharacterDataHandler = None
        self.text.shared.append(self.length)

    def _relationship(self, attributes: dict[str, str]) -> None:
        if not attributes.get("Target", "").endswith(".xml"):
            self.elsewhere.add(attributes.get("Id", ""))

    def _sheet(self, attributes: dict[str, str]) -> None:
        self.sheets.update(
            value for name, value in attributes.items() if name.endswith(":id")
        )

    # OpenDocument

    def _encrypted(self, _attributes: dict[str, str]) -> None:
        raise protected()

    def _ods_table(self, _attributes: dict[str, str]) -> None:
        self.row, self.row_repeat = 0, 1

    def _ods_row(self, attributes: dict[str, str]) -> None:
        self.row += self.row_repeat if self.row else 1
        self.row_repeat = _repeat(attributes, "table:number-rows-repeated")
        self.column, self.column_repeat = 0, 1

    def _ods_cell(self, attributes: dict[str, str]) -> None:
        self.column += self.column_repeat if self.column else 1
        self.column_repeat = _repeat(attributes, "table:number-columns-repeated")
        if any(name.startswith("office:") for name in attributes):
            self._ods_filled()

    def _ods_filled(self) -> None:
        if self.row + self.row_repeat - 1 > self.rows + 1:
            raise too_many_rows()
        if self.column + self.column_repeat - 1 > self.columns:
            raise too_many_columns()

    def _ods_text(self, _attributes: dict[str, str]) -> None:
        if self.column:
            self._ods_filled()
            self.length = 0
            self.parser.CharacterDataHandler = self._add_length

    def _end_ods_text(self) -> None:
        if self.column:
            self.parser.CharacterDataHandler = None
            self.text.repeated += self.length * self.row_repeat * self.column_repeat


def _repeat(attributes: dict[str, str], name: str) -> int:
    value = attributes.get(name, "1")
    return int(value) if value.isdecimal() and len(value) < 10 else 1 << 30
