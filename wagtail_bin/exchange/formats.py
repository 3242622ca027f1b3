"""Uploaded bytes to lines of text cells, checked before anything is parsed.

What a file is follows from its bytes, never from its name.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import sheets
from wagtail_bin.exchange.delimited import DELIMITERS, Line, csv_lines, encoding_of
from wagtail_bin.exchange.guess import HEADER_WITHIN, find_columns
from wagtail_bin.exchange.mapping import Grounds, Mapping
from wagtail_bin.exchange.measure import (
    max_columns,
    too_many_columns,
    too_many_rows,
)

__all__ = ["Line", "MemberList", "check_size", "inspect_list", "open_list"]

# Among so many sheets, the first ones, the members are looked for.
SHEETS = 20
# By so many rows below the header are columns judged.
JUDGED_BY = 50

_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"Rar!", b"7z\xbc\xaf")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTROL = bytes({*range(32)} - set(b"\t\n\r\x0b\x0c"))
_TOTAL = re.compile(
    r"\W*(?:(?:algemeen|sub|sous|general|grand)\W*)?"
    r"(?:totaal|total|totaux|aantal|nombre|gesamt|gesamtzahl|summe|anzahl)(?![^\W\d_])",
    re.IGNORECASE,
)
_REACH = re.compile(r"@|\d(?:[\s./()-]*\d){7}")


@dataclass(frozen=True)
class MemberList:
    """A file that can be read. Reading it again starts from the top."""

    source: bytes
    mapping: Mapping
    encoding: str
    delimiter: str
    other_sheets: tuple[str, ...] = ()
    sheet: str = ""
    has_rows: bool = True

    def check_rows(self) -> None:
        """Refuse a list with nobody on it.

        Raises:
            ImportRejected: only a header was found.
        """
        if not self.has_rows:
            raise ImportRejected(
                _(
                    "This list has a header, and nobody below it. Add the members and"
                    " upload the file again."
                )
            )

    def lines(self, skipped: Counter[str] | None = None) -> Iterator[Line]:
        """The rows below the header that may be about somebody.

        Args:
            skipped: counts those left out: ``empty`` ones, a ``total`` that names
                nobody, a ``header`` that is repeated on each page.
        """
        left_out: Counter[str] = Counter() if skipped is None else skipped
        first, header = self.mapping.line, list(self.mapping.header)
        for line in self._all_lines():
            if line.number <= first:
                continue
            text = " ".join(line.cells)
            if not text or text.isspace():
                left_out["empty"] += 1
            elif _TOTAL.match(text) and not _REACH.search(text):
                left_out["total"] += 1
            elif line.cells == header:
                left_out["header"] += 1
            else:
                yield line

    def _all_lines(self) -> Iterator[Line]:
        if self.sheet:
            return itertools.starmap(Line, sheets.read_sheet(self.source, self.sheet))
        return csv_lines(self.source, self.encoding, self.delimiter)


def open_list(
    source: bytes, fields: Sequence[str] | None = None, sheet: str | None = None
) -> MemberList:
    """Check an uploaded file, and find its header and what its columns hold.

    Args:
        source: the file, at most ``IMPORT_MAX_BYTES``.
        fields: what each column is read as, when somebody chose that
            (:meth:`~.mapping.Mapping.choose`).
        sheet: which sheet of a workbook; the first one with members by default.

    Raises:
        ImportRejected: empty, too large, not a list, nobody on it, or without
            columns that name people and how to reach them. The message says
            which and what to do.
    """
    members = inspect_list(source, sheet)
    if fields is None:
        members.mapping.check()
    else:
        members = replace(members, mapping=members.mapping.choose(fields))
    members.check_rows()
    return members


def inspect_list(source: bytes, sheet: str | None = None) -> MemberList:
    """As :func:`open_list`, also when the columns do not tell enough.

    For whoever then asks a person what they hold.

    Raises:
        ImportRejected: empty, too large, or not a list.
    """
    check_size(len(source))
    if source.startswith(b"PK\x03\x04"):
        return _inspect_workbook(source, sheet)
    if source.startswith(_OLE):
        raise ImportRejected(
            _(
                "This file is protected with a password, or is of the old Excel type"
                " .xls. Save it as .xlsx without a password and upload that."
            )
        )
    return _inspect_csv(source)


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


def _inspect_workbook(source: bytes, sheet: str | None) -> MemberList:
    names = sheets.check_workbook(source)
    if sheet is not None and sheet not in names:
        raise ImportRejected(
            _("This workbook has no visible sheet of the name “%(name)s”.")
            % {"name": sheet}
        )
    best: MemberList | None = None
    for name in names[:SHEETS] if sheet is None else [sheet]:
        others = tuple(other for other in names if other != name)
        rows = sheets.read_sheet(source, name)
        mapping, has_rows = _columns(itertools.starmap(Line, rows))
        found = MemberList(source, mapping, "", "", others, name, has_rows)
        if best is None or _promise(found) > _promise(best):
            best = found
        if _promise(best) == _BEST:
            break
    if best is None:
        raise ImportRejected(_("This workbook has no visible sheet with rows."))
    return best


_BEST = (True, True, True)


def _promise(members: MemberList) -> tuple[bool, bool, bool]:
    """Whether a sheet is the one with the members; the first of equals is."""
    mapping = members.mapping
    has_header = any(column.grounds == Grounds.HEADER for column in mapping.columns)
    return mapping.is_complete, members.has_rows, has_header


def _inspect_csv(source: bytes) -> MemberList:
    encoding = encoding_of(source)
    _refuse_binary(source, encoding)

    def promise(candidate: MemberList) -> tuple[int, int, int]:
        columns = candidate.mapping.columns
        grounds = Counter(column.grounds for column in columns)
        return grounds[Grounds.HEADER], grounds[Grounds.VALUES], len(columns)

    candidates = []
    for delimiter in DELIMITERS:
        mapping, has_rows = _columns(csv_lines(source, encoding, delimiter))
        found = MemberList(source, mapping, encoding, delimiter, has_rows=has_rows)
        candidates.append(found)
    best = max(candidates, key=promise)
    _check_extent(csv_lines(source, encoding, best.delimiter))
    return best


def _columns(lines: Iterator[Line]) -> tuple[Mapping, bool]:
    """What the columns hold, and whether anything stands below the header."""
    head = list(itertools.islice(lines, HEADER_WITHIN + JUDGED_BY))
    width = max_columns()
    mapping = find_columns([(line.number, line.cells[:width]) for line in head])
    below = (line for line in head if line.number > mapping.line)
    return mapping, any("".join(line.cells).strip() for line in below)


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
