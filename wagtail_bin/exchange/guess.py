"""What the columns of a list hold, from their headers and from their values.

A header is believed, unless what stands below it is plainly something else. A
column whose header says nothing is judged by its values, and then gets only a
field that no header claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

from wagtail_bin.exchange import kinds
from wagtail_bin.exchange.headers import recognise
from wagtail_bin.exchange.mapping import (
    LONGEST_HEADER,
    NAMES,
    REACHES,
    Column,
    Grounds,
    Mapping,
    is_own,
)
from wagtail_bin.exchange.words import is_answer, says_none
from wagtail_bin.validators import clean_text

HEADER_WITHIN = 10
SAMPLES = 2
LONGEST_SAMPLE = 80

_STREETS = frozenset({"street", "address"})
# One kind of column: what has one of these fields leaves none for another.
_RIVALS = {
    "email": frozenset({"email"}),
    "mobile": frozenset({"mobile", "phone"}),
    "phone": frozenset({"mobile", "phone"}),
    "address": _STREETS,
    "street": _STREETS,
}
# What can be told by its neighbour only: the neighbour, and where it stands.
_BESIDE: tuple[tuple[str, str, int, Callable[[kinds.Cells], bool]], ...] = (
    ("number", "street", 1, kinds.are_house_numbers),
    ("locality", "postcode", 1, kinds.are_words),
    ("locality", "postcode", -1, kinds.are_words),
)

Lines = Sequence[tuple[int, Sequence[str]]]


def guess_columns(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[Column, ...]:
    """What each column of a list seems to hold, and why.

    Args:
        header: the cells of the header; shorter or empty where there is none.
        rows: some of the rows below it, as read.
    """
    return _Guess(header, rows).columns()


def find_columns(lines: Lines) -> Mapping:
    """Where the header of a list is, and what its columns seem to hold.

    Args:
        lines: line number and cells of the first lines of a file; titles and
            empty lines may stand above the header.

    Returns:
        A mapping that may be incomplete (:meth:`~.mapping.Mapping.check`).
    """
    filled = [
        (number, short)
        for number, cells in lines
        if any(map(str.strip, short := _short(cells)))
    ]
    at = _header_at(filled)
    if at is None:
        # A title has a line for itself; what has two cells is a row already.
        first = next((i for i, line in enumerate(filled) if _width(line[1]) > 1), 0)
        line = filled[first - 1][0] if first else 0
        header: Sequence[str] = ()
        rows = filled[first:]
    else:
        line, header = filled[at]
        rows = filled[at + 1 :]
    return Mapping(line, guess_columns(header, [cells for _number, cells in rows]))


def _short(cells: Sequence[str]) -> list[str]:
    """Cells cut off where they cannot tell more: patterns are tried on them."""
    return [cell[:LONGEST_HEADER] for cell in cells]


def _width(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _header_at(lines: Lines) -> int | None:
    """The line, among the first, that names most columns."""
    best, most = None, 1
    for index, (_number, cells) in enumerate(lines[:HEADER_WITHIN]):
        if any(map(is_own, cells)):
            return index
        known = len({*recognise(cells)} - {""})
        if known > max(most, sum(map(kinds.is_reach, cells))):
            best, most = index, known
    return _words_above(lines) if best is None else best


def _words_above(lines: Lines) -> int | None:
    """A header that names too little: the first line with more than a title, when
    it has words above the first address or number."""
    for index, ((_above, words), (_number, cells)) in enumerate(
        pairwise(lines[: HEADER_WITHIN + 1])
    ):
        if any(map(kinds.is_reach, words)):
            return None
        if _width(words) > 1:
            above = [
                words[i] if i < len(words) else ""
                for i, cell in enumerate(cells)
                if kinds.is_reach(cell)
            ]
            is_header = above and all(map(str.strip, above))
            return index if is_header and not any(map(says_none, above)) else None
    return None


class _Guess:
    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        rows = list(map(_short, rows))
        width = max(map(len, [header, *rows]), default=0)
        padded = [*_short(header), *[""] * (width - len(header))]
        self.names = list(map(clean_text, padded))
        self.named = recognise(self.names)
        self.cells = [
            [row[i] for row in rows if i < len(row) and row[i].strip()]
            for i in range(width)
        ]
        self.kinds = [
            "" if is_own(name) else kinds.kind_of(cells)
            for name, cells in zip(self.names, self.cells, strict=True)
        ]
        self.fields = [""] * width
        self.grounds = [Grounds.NONE] * width

    def columns(self) -> tuple[Column, ...]:
        self._from_headers()
        self._from_values()
        return tuple(
            Column(name, field, grounds, tuple(map(_sample, cells[:SAMPLES])))
            for name, field, grounds, cells in zip(
                self.names, self.fields, self.grounds, self.cells, strict=True
            )
        )

    def _take(self, column: int, field: str, grounds: Grounds) -> None:
        """Give a column a field, unless it has one, or another column that field."""
        if not self.fields[column] and field not in self.fields:
            self.fields[column] = field
            self.grounds[column] = grounds

    def _has(self, fields: frozenset[str]) -> bool:
        return not fields.isdisjoint(self.fields)

    # Headers

    def _from_headers(self) -> None:
        claims: defaultdict[str, list[int]] = defaultdict(list)
        for column, field in enumerate(self.named):
            if field and self._is_believed(column, field):
                claims[field].append(column)
        for field, columns in claims.items():
            # Of two columns the one that holds something, and then the first.
            columns.sort(key=lambda column: not self.cells[column])
            if field == "number":
                columns.sort(key=lambda column: not self._is_after_street(column))
            self._take(columns[0], field, Grounds.HEADER)
        for field, other in (("mobile", "phone"), ("phone", "mobile")):
            # A second column of numbers; each number goes where it belongs.
            for column in claims[field][1:]:
                self._take(column, other, Grounds.HEADER)

    def _is_believed(self, column: int, field: str) -> bool:
        """Whether what stands in a column does not belie its header."""
        cells = self.cells[column]
        rivals = _RIVALS.get(self.kinds[column], frozenset())
        if rivals & REACHES and field not in REACHES:
            return not rivals.isdisjoint(self.named)
        if field in REACHES | {"full_name", "organisation", "address"}:
            return not kinds.are(is_answer, cells)
        if field == "number":
            return self._is_after_street(column) or not kinds.count_rows(cells)
        return True

    def _is_after_street(self, column: int) -> bool:
        return column > 0 and self.named[column - 1] in _STREETS

    # Values

    def _is_free(self, column: int) -> bool:
        """Whether nothing says yet what a column holds, its header neither."""
        return not self.names[column] and not self.fields[column]

    def _from_values(self) -> None:
        for column, kind in enumerate(self.kinds):
            rivals = _RIVALS.get(kind, frozenset({kind}))
            # Under a header an address may be anything: of the firm, of a parent.
            is_meant = kind not in _STREETS or self._is_free(column)
            if kind and is_meant and not self._has(rivals):
                self._take(column, kind, Grounds.VALUES)
        for column, kind in enumerate(self.kinds):
            # Without header a second column of numbers counts too.
            if self._is_free(column) and kind in {"mobile", "phone"}:
                self._take(column, "phone", Grounds.VALUES)
                self._take(column, "mobile", Grounds.VALUES)
        for field, neighbour, step, look_so in _BESIDE:
            for column in self._beside(neighbour, step):
                if look_so(self.cells[column]):
                    self._take(column, field, Grounds.VALUES)
        if self._has(REACHES) and not self._has(NAMES):
            self._people()

    def _beside(self, neighbour: str, step: int) -> list[int]:
        """The free column beside the one of a field, if there is one."""
        return [
            column
            for column in range(len(self.fields))
            if self._is_free(column)
            and 0 <= column - step < len(self.fields)
            and self.fields[column - step] == neighbour
        ]

    def _people(self) -> None:
        """Names: the first columns, without header, of nothing but words."""
        columns = [
            column
            for column, cells in enumerate(self.cells)
            if self._is_free(column) and kinds.are_words(cells)
        ][:2]
        if not columns:
            return
        if len(columns) == 2 and columns[1] == columns[0] + 1:
            last, first = columns
            if self._first_names(last) > self._first_names(first):
                last, first = first, last
            if self._first_names(first) or not kinds.are_pairs(self.cells[last]):
                self._take(first, "first_name", Grounds.VALUES)
                self._take(last, "last_name", Grounds.VALUES)
                return
        self._take(columns[0], "full_name", Grounds.VALUES)

    def _first_names(self, column: int) -> int:
        return kinds.first_names(self.cells[column])


def _sample(cell: str) -> str:
    text = clean_text(cell)
    return text if len(text) <= LONGEST_SAMPLE else text[: LONGEST_SAMPLE - 1] + "…"
