"""Uploaded bytes to lines of text cells, checked before anything is parsed.

What a file is follows from its bytes, never from its name.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import sheets
from wagtail_bin.exchange.mapping import (
    LONGEST_HEADER,
    Mapping,
    find_header,
    recognise,
)
from wagtail_bin.exchange.measure import (
    max_columns,
    too_many_columns,
    too_many_rows,
)

HEADER_WITHIN = 10
# A quoted cell that is still open after so many lines was never closed.
LINES_PER_CELL = 20
DELIMITERS = ";,\t"

_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"Rar!", b"7z\xbc\xaf")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTROL = bytes({*range(32)} - set(b"\t\n\r\x0b\x0c"))


class Line(NamedTuple):
    """One row of a file. ``number`` is the line or row where it starts, from 1.

    ``is_damaged``: a quotation mark is never closed, so cells are a guess.
    """

    number: int
    cells: list[str]
    is_damaged: bool = False


@dataclass(frozen=True)
class MemberList:
    """A file that can be imported. Reading it again starts from the top."""

    source: bytes
    mapping: Mapping
    encoding: str
    delimiter: str
    other_sheets: tuple[str, ...] = ()
    sheet: str = ""

    def lines(self) -> Iterator[Line]:
        """The rows below the header; empty ones are left out."""
        for line in self._all_lines():
            if line.number > self.mapping.line and any(line.cells):
                yield line

    def _all_lines(self) -> Iterator[Line]:
        if self.sheet:
            return itertools.starmap(Line, sheets.read_sheet(self.source, self.sheet))
        return _csv_lines(self.source, self.encoding, self.delimiter)


def open_list(source: bytes) -> MemberList:
    """Check an uploaded file, and find its header.

    Args:
        source: the file, at most ``IMPORT_MAX_BYTES``.

    Raises:
        ImportRejected: empty, too large, not a list, or without a usable
            header. The message says which and what to do.
    """
    check_size(len(source))
    if source.startswith(b"PK\x03\x04"):
        return _open_workbook(source)
    if source.startswith(_OLE):
        raise ImportRejected(
            _(
                "This file is protected with a password, or is of the old Excel type"
                " .xls. Save it as .xlsx without a password and upload that."
            )
        )
    return _open_csv(source)


def check_size(size: int) -> None:
    """Refuse an empty or too large upload; ``size`` in bytes.

    Raises:
        ImportRejected: with the size and the limit.
    """
    if not size:
        raise ImportRejected(
            _("This file is empty. Choose the file that holds the member list.")
        )
    if size > conf.IMPORT_MAX_BYTES:
        raise ImportRejected(
            _(
                "This file is %(size)s; at most %(limit)s can be imported. Split the"
                " list into smaller files."
            )
            % {
                "size": filesizeformat(size),
                "limit": filesizeformat(conf.IMPORT_MAX_BYTES),
            }
        )


def _open_workbook(source: bytes) -> MemberList:
    names = sheets.check_workbook(source)
    refusal: ImportRejected | None = None
    for name in names:
        rows = itertools.islice(sheets.read_sheet(source, name), HEADER_WITHIN)
        try:
            mapping = find_header(list(rows))
        except ImportRejected as error:
            refusal = refusal or error
            continue
        others = tuple(other for other in names if other != name)
        return MemberList(source, mapping, "", "", others, name)
    raise refusal or ImportRejected(_("This workbook has no visible sheet with rows."))


def _open_csv(source: bytes) -> MemberList:
    encoding = _encoding(source)
    _refuse_binary(source, encoding)
    best: list[Line] = []
    best_score = (-1, -1)
    delimiter = ";"
    for candidate in DELIMITERS:
        head = list(
            itertools.islice(_csv_lines(source, encoding, candidate), HEADER_WITHIN)
        )
        score = (
            max(
                (
                    sum(
                        map(
                            bool,
                            recognise([cell[:LONGEST_HEADER] for cell in line.cells]),
                        )
                    )
                    for line in head
                ),
                default=0,
            ),
            max((len(line.cells) for line in head), default=0),
        )
        if score > best_score:
            best, best_score, delimiter = head, score, candidate
    _check_extent(_csv_lines(source, encoding, delimiter))
    mapping = find_header([(line.number, line.cells) for line in best])
    return MemberList(source, mapping, encoding, delimiter)


def _encoding(source: bytes) -> str:
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        for _chunk in codecs.iterdecode(_chunks(source), "utf-8-sig"):
            pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _chunks(source: bytes) -> Iterator[bytes]:
    for start in range(0, len(source), 1 << 16):
        yield source[start : start + (1 << 16)]


def _refuse_binary(source: bytes, encoding: str) -> None:
    head = source[:8192]
    text = head
    if encoding == "utf-16":
        text = head.decode("utf-16", "replace").encode("utf-8", "replace")
    control = len(text) - len(text.translate(None, _CONTROL))
    if head.startswith(_MAGIC) and encoding != "utf-8-sig" or control * 50 > len(text):
        raise ImportRejected(
            _(
                "This file is not a list but a picture, a document or a program."
                " Upload a CSV, Excel (.xlsx) or OpenDocument (.ods) file."
            )
        )


def _check_extent(lines: Iterator[Line]) -> None:
    rows, columns = conf.IMPORT_MAX_ROWS, max_columns()
    for count, line in enumerate(lines):
        if count > rows:
            raise too_many_rows()
        if len(line.cells) > columns:
            raise too_many_columns()


class _Unclosed(Exception):  # noqa: N818 -- never leaves this module
    """A quoted cell runs on to the end of the file, or for too long."""


class _Feed:
    """Physical lines for a csv reader, which can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.returned: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) == LINES_PER_CELL:
            raise _Unclosed
        line = self.returned.popleft() if self.returned else next(self.lines, "")
        if not line:
            if self.taken:
                raise _Unclosed
            raise StopIteration
        self.taken.append(line)
        return line


def _csv_lines(source: bytes, encoding: str, delimiter: str) -> Iterator[Line]:
    """Rows of a CSV file.

    A quotation mark that is never closed costs the row where it stands, not
    the rows below it.
    """
    # cp1252 leaves five bytes undefined; rows that hold one are refused later.
    text = io.TextIOWrapper(
        io.BytesIO(source), encoding=encoding, errors="replace", newline=""
    )
    feed = _Feed(iter(text))
    reader = csv.reader(feed, delimiter=delimiter)
    number = 1
    while True:
        is_damaged = False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_Unclosed, csv.Error):
            first, *rest = feed.taken
            feed.returned.extendleft(reversed(rest))
            del feed.taken[1:]
            cells = [cell.strip('"\r\n') for cell in first.split(delimiter)]
            is_damaged = True
            reader = csv.reader(feed, delimiter=delimiter)
        while cells and not cells[-1]:
            cells.pop()
        if not (number == 1 and re.fullmatch(r"sep=.?", "".join(cells), re.I)):
            yield Line(number, cells, is_damaged)
        number += len(feed.taken)
        feed.taken.clear()
