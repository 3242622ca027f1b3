"""CSV files: how they are encoded, and their lines, whatever the quotation marks."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

# A quoted cell that is still open after so many lines was never closed.
LINES_PER_CELL = 20
DELIMITERS = ";,\t"

# Excel also saves as «CSV (MS-DOS)» and «CSV (Macintosh)», of which nothing in the
# file tells; these letters do. On a tie, Windows.
_EIGHT_BITS = ("cp1252", "cp850", "mac_roman")
_LETTERS = "éèêëàâäáçîïíôöóùûüúñßÉ\u2019"


class Line(NamedTuple):
    """One row of a file. ``number`` is the line or row where it starts, from 1.

    ``is_damaged``: a quotation mark is never closed, so cells are a guess.
    """

    number: int
    cells: list[str]
    is_damaged: bool = False


def encoding_of(source: bytes) -> str:
    """The name of the encoding: UTF-8, UTF-16 with a BOM, or one of eight bits."""
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        for _chunk in codecs.iterdecode(_chunks(source), "utf-8-sig"):
            pass
    except UnicodeDecodeError:
        return max(_EIGHT_BITS, key=lambda encoding: _letters(source, encoding))
    return "utf-8-sig"


def _chunks(source: bytes) -> Iterator[bytes]:
    for start in range(0, len(source), 1 << 16):
        yield source[start : start + (1 << 16)]


def _letters(source: bytes, encoding: str) -> int:
    letters = _LETTERS.encode(encoding, "ignore")
    return len(source) - len(source.translate(None, letters))


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


def csv_lines(source: bytes, encoding: str, delimiter: str) -> Iterator[Line]:
    """Rows of a CSV file, without Excel's ``sep=`` line.

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
