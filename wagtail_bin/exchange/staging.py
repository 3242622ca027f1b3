"""The plan in the database: written in bulk, read a page at a time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet

from wagtail_bin.conf import conf
from wagtail_bin.exchange.match import KEPT_OUT
from wagtail_bin.exchange.plan import PlannedRow
from wagtail_bin.models import ImportRow, Member, MemberImport

Kind = ImportRow.Kind
# Rows that are sent at once.
PIECE = 250
# Excel's cells hold no more.
LONGEST_KEPT = 32_767
COLUMNS = (
    "member_import_id",
    "line",
    "kind",
    "note",
    "outcome",
    "kept",
    "member_id",
    "fields",
    "before",
    "after",
    "cells",
    "problems",
)
# Kinds in the words of the counts that MemberImport keeps.
COUNTS = {
    Kind.NEW: "created",
    Kind.CHANGED: "updated",
    Kind.SAME: "unchanged",
    Kind.KEPT_OUT: "kept_out",
    Kind.REFUSED: "refused",
}


def stage(member_import: MemberImport, rows: Sequence[PlannedRow]) -> None:
    """Write planned rows, in the caller's transaction: COPY where there is one."""
    table = ImportRow._meta.db_table
    columns = ", ".join(COLUMNS)
    pk = MemberImport._meta.pk.get_db_prep_value(member_import.pk, connection)
    records = (_record(pk, row) for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                # Piece by piece: the database takes one in while the next is made.
                while piece := "".join(map(_copied, itertools.islice(records, PIECE))):
                    copy.write(piece)
        else:
            marks = ", ".join(["%s"] * len(COLUMNS))
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
                list(records),
            )


def _record(pk: Any, row: PlannedRow) -> tuple[Any, ...]:
    kind, note, member, fields, before, after, cells, problems = row[1:]
    return (
        pk,
        row.line,
        kind.value,
        str(note),
        "",
        "",
        member,
        '["{}"]'.format('", "'.join(fields)) if fields else None,
        _json(before),
        _json(after),
        None if cells is None else _json(storable(cells)),
        None if problems is None else _json([one.as_json() for one in problems]),
    )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _copied(record: tuple[Any, ...]) -> str:
    """A line of COPY's text format; JSON has left nothing to escape but backslashes."""
    cells = [
        r"\N" if value is None else str(value).replace("\\", r"\\") for value in record
    ]
    return "\t".join(cells) + "\n"


def storable(cells: Iterable[str]) -> list[str]:
    """Cells as JSON keeps them: PostgreSQL's holds no NUL, and Excel's so much."""
    return [cell[:LONGEST_KEPT].replace("\0", "\ufffd") for cell in cells]


def look_over(member_import: MemberImport) -> None:
    """Let PostgreSQL see what was loaded, which it would take for next to nothing."""
    if connection.vendor == "postgresql" and member_import.done >= conf.IMPORT_BATCH:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {ImportRow._meta.db_table}")


def counted(member_import: MemberImport) -> dict[str, int]:
    """How many rows of each kind there are, in the words of :data:`COUNTS`."""
    found = member_import.rows.order_by().values_list("kind").annotate(Count("pk"))
    numbers = dict(found)
    return {name: numbers.get(kind.value, 0) for kind, name in COUNTS.items()}


def missing_from(member_import: MemberImport) -> QuerySet[Member]:
    """Members of whom no row of the file speaks; who left is not missed."""
    spoken_of = ImportRow.objects.filter(
        member_import=member_import, member=OuterRef("pk")
    )
    members = Member.objects.filter(network=member_import.network_id)
    return members.exclude(state__in=KEPT_OUT).filter(~Exists(spoken_of))


def refused_rows(
    member_import: MemberImport,
) -> Iterator[tuple[int, Sequence[str], Sequence[dict[str, str]]]]:
    """Line, cells and problems of what cannot be imported, one after the other."""
    rows = member_import.rows.filter(kind=Kind.REFUSED).order_by("line")
    for row in rows.only("line", "cells", "problems").iterator():
        yield row.line, row.cells, row.problems
