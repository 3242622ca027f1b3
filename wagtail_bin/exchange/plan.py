"""What an import will do, row by row: a value. Nothing is written here.

The plan is stored as :class:`~wagtail_bin.models.ImportRow`, shown from there and
applied from there, so that what an officer confirms is what happens.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import connection

from wagtail_bin.conf import conf
from wagtail_bin.exchange.delimited import Line
from wagtail_bin.exchange.match import (
    AMONG,
    KEPT_OUT,
    Existing,
    Identity,
    Known,
    Policy,
    Seen,
    as_parameter,
    choose,
    differences,
)
from wagtail_bin.exchange.problems import Problem
from wagtail_bin.exchange.rows import Values, parse_row
from wagtail_bin.models import ImportRow, Member, Network, Suppression
from wagtail_bin.validators import address_digester, household_key, name_key

Kind = ImportRow.Kind
Note = ImportRow.Note
# Whose address is suppressed for one of these is not put on a list again.
BARS = frozenset(
    {
        Suppression.Reason.COMPLAINT,
        Suppression.Reason.ERASED,
        Suppression.Reason.MANUAL,
    }
)

PERSON = frozenset({"first_name", "last_name", "organisation"})
PLACE = frozenset({"street", "number", "box"})
ADDRESSES = ("email", "mobile", "phone")
SUPPRESSED = "SELECT digest, reason FROM {suppression} WHERE digest {among}"


class PlannedRow(NamedTuple):
    """One row and what is to be done with it.

    Attributes:
        member: primary key of the member it is about.
        fields: names of the fields that change.
        before: what they say now; of a name, what all of it says.
        after: what they will say, with the computed columns. Of a new member all
            that is not empty.
        cells: as they stand in the file, where nothing is written.
    """

    line: int
    kind: Kind
    note: Note | str = ""
    member: int | None = None
    fields: tuple[str, ...] = ()
    before: dict[str, str] | None = None
    after: dict[str, str] | None = None
    cells: list[str] | None = None
    problems: list[Problem] | None = None


class Planner:
    """Plans the rows of one file, a batch at a time, against a network's list.

    Constant queries per batch. Between batches it keeps a hash or two per row.

    Args:
        network: whose list.
        policy: what becomes of members who are on it (:class:`Policy`).
    """

    def __init__(self, network: Network, policy: str = Policy.UPDATE) -> None:
        self._network = network
        self._policy = policy
        self._digest = address_digester()
        self._seen = Seen()
        self._line_of_member: dict[int, int] = {}
        self._contradictions: dict[int, int] = {}

    def batches(
        self, lines: Iterator[Line], fields: Sequence[str]
    ) -> Iterator[list[PlannedRow]]:
        """The rows of a list, ``IMPORT_BATCH`` at a time, in their order.

        Args:
            lines: of the list.
            fields: what each column is read as.

        Raises:
            ImportRejected: the file turns out to be unreadable half-way.
        """
        while chunk := list(itertools.islice(lines, conf.IMPORT_BATCH)):
            yield self._plan(chunk, fields)

    @property
    def contradictions(self) -> dict[int, int]:
        """Once all is planned: lines about a member of whom another line speaks too.

        They are refused, both: which one is right no program can tell. Were the
        first one taken, a second import might take the other.
        """
        return self._contradictions

    def _plan(self, chunk: list[Line], fields: Sequence[str]) -> list[PlannedRow]:
        planned: list[PlannedRow] = []
        good: list[tuple[Line, Values, Identity]] = []
        for line in chunk:
            values, problems = parse_row(line.cells, fields)
            if line.is_damaged:
                problems = [Problem("", "damaged")]
            if not problems:
                identity = Identity.of(values)
                earlier = self._seen.add(line.number, identity)
                if not earlier:
                    good.append((line, values, identity))
                    continue
                problems = [Problem("", "duplicate", str(earlier))]
            planned.append(refused(line, problems))
        existing = Existing(self._network, [identity for *_line, identity in good])
        digests = [self._digests(values) for _line, values, _identity in good]
        suppressed = _suppressed({one for own in digests for one in own.values()})
        for (line, values, identity), own in zip(good, digests, strict=True):
            named, alone = existing.candidates(identity)
            self._remember(line.number, named, alone)
            reasons = [suppressed[one] for one in own.values() if one in suppressed]
            if named or alone:
                row = self._known(line, values, named or alone, reasons)
            else:
                row = self._unknown(line, values, identity, own, reasons)
            planned.append(row)
        planned.sort(key=lambda row: row.line)
        return planned

    def _remember(self, line: int, named: list[Known], alone: list[Known]) -> None:
        """Note who else may be meant by a row; also those who were not chosen."""
        for member in (*named, *alone):
            if member.state not in KEPT_OUT:
                first = self._line_of_member.setdefault(member.pk, line)
                if first != line:
                    self._contradictions[line] = first
                    self._contradictions.setdefault(first, line)

    def _known(
        self,
        line: Line,
        values: Values,
        candidates: list[Known],
        reasons: list[str],
    ) -> PlannedRow:
        known, found = choose(candidates, values, self._policy)
        if known.state in KEPT_OUT:
            gone = Note.LEFT if known.state == Member.State.LEFT else Note.EXCLUDED
            return PlannedRow(line.number, Kind.KEPT_OUT, gone, known.pk)
        note: Note | str = ""
        if known.agreed is False:
            note = Note.WITHDREW
        elif reasons:
            note = Note.SUPPRESSED
        elif self._policy != Policy.UPDATE and found != differences(
            values, known.values, Policy.UPDATE
        ):
            note = Note.POLICY
        if not found:
            return PlannedRow(line.number, Kind.SAME, note, known.pk)
        before = {name: old for name, (old, _new) in found.items()}
        after = {name: new for name, (_old, new) in found.items()}
        if not PERSON.isdisjoint(found):
            whole = known.values._asdict() | after
            before |= {name: getattr(known.values, name) for name in PERSON}
            after["name_key"] = name_key(
                whole["first_name"], whole["last_name"], whole["organisation"]
            )
        if not PLACE.isdisjoint(found):
            whole = known.values._asdict() | after
            before |= {name: getattr(known.values, name) for name in PLACE}
            after["household_key"] = household_key(
                whole["street"], whole["number"], whole["box"]
            )
        for name in ADDRESSES:
            if name in found:
                after[f"{name}_digest"] = self._digest(after[name])
        return PlannedRow(
            line.number, Kind.CHANGED, note, known.pk, tuple(found), before, after
        )

    def _digests(self, values: Values) -> dict[str, str]:
        """Of what a row is judged by: its e-mail address, or else its numbers."""
        if values.email:
            return {"email": self._digest(values.email)}
        numbers = {"mobile": values.mobile, "phone": values.phone}
        return {name: self._digest(one) for name, one in numbers.items() if one}

    def _unknown(
        self,
        line: Line,
        values: Values,
        identity: Identity,
        own: dict[str, str],
        reasons: list[str],
    ) -> PlannedRow:
        """The plan for somebody who is not on the list."""
        if reasons and BARS.issuperset(reasons) and len(reasons) == len(own):
            return PlannedRow(line.number, Kind.KEPT_OUT, Note.BARRED, cells=line.cells)
        after = {
            name: value
            for name, value in zip(Values._fields, values, strict=True)
            if value
        }
        # Most names are one person's, whose key is made already.
        after["name_key"] = (
            name_key(values.first_name, values.last_name, values.organisation)
            if values.organisation
            else identity.person
        )
        after["household_key"] = household_key(values.street, values.number, values.box)
        for name in ADDRESSES:
            if name in after:
                after[f"{name}_digest"] = own.get(name) or self._digest(after[name])
        note = Note.SUPPRESSED if reasons else ""
        return PlannedRow(line.number, Kind.NEW, note, after=after)


def refused(line: Line, problems: list[Problem]) -> PlannedRow:
    """The plan for a row that cannot be imported."""
    return PlannedRow(line.number, Kind.REFUSED, cells=line.cells, problems=problems)


def contradicting(line: Line, other: int, member: int | None) -> PlannedRow:
    """The plan for a row about whose member another line speaks too."""
    row = refused(line, [Problem("", "contradiction", str(other))])
    return row._replace(member=member)


def _suppressed(digests: set[str]) -> dict[str, str]:
    """Those of the addresses that are suppressed, and why."""
    if not digests:
        return {}
    sql = SUPPRESSED.format(
        suppression=Suppression._meta.db_table, among=AMONG[connection.vendor]
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [as_parameter(digests)])
        return dict(cursor.fetchall())
