"""What an import will do: a value, batch by batch. Nothing is written here.

The preview and the import read the same plan, so that what an officer confirms
is what happens.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q

from wagtail_bin.conf import conf
from wagtail_bin.exchange.formats import Line, MemberList
from wagtail_bin.exchange.problems import Problem
from wagtail_bin.exchange.rows import Values, parse_row
from wagtail_bin.models import Member, Network
from wagtail_bin.validators import name_key

KEPT_OUT = frozenset({Member.State.LEFT, Member.State.EXCLUDED})


class New(NamedTuple):
    """A row of somebody who is not on the list yet."""

    line: int
    values: Values


class Changed(NamedTuple):
    """A row that says something new of a member: field to (old, new)."""

    line: int
    member: Member
    differences: dict[str, tuple[str, str]]


class Refused(NamedTuple):
    """A row that cannot be imported, as it stands in the file, and why."""

    line: int
    cells: list[str]
    problems: list[Problem]


@dataclass
class Batch:
    """What is to be done with some consecutive rows.

    ``same`` and ``kept_out`` hold line numbers: of members already as the row
    says, and of people who left or were excluded, whom a list never revives.
    """

    new: list[New] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    kept_out: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Identity(NamedTuple):
    """What makes two rows one person: a name, and an address or a number.

    Two people may share an address. Of two rows with the same address, one of
    them without a name, both are about the same person.
    """

    person: str
    organisation: str
    email: str
    numbers: frozenset[str]

    @classmethod
    def of(cls, source: Values | Member) -> Identity:
        """The identity of a row or of a member."""
        numbers = {source.mobile, source.phone} - {""}
        return cls(
            name_key(source.first_name, source.last_name),
            name_key(source.organisation) if source.organisation else "",
            source.email.lower(),
            frozenset(numbers),
        )

    @property
    def name(self) -> str:
        """The person, or else the organisation, told apart by a prefix."""
        return self.person or f"\0{self.organisation}"

    def reaches(self) -> Iterator[str]:
        """The address and the numbers."""
        if self.email:
            yield self.email
        yield from self.numbers

    def marks(self) -> Iterator[tuple[str, ...]]:
        """What a later row of the same file must not have in common."""
        for reach in self.reaches():
            yield self.name, reach
        if self.email:
            yield "named" if self.person else "nameless", self.email, ""

    def clashes(self) -> Iterator[tuple[str, ...]]:
        """The marks of earlier rows that make this one a duplicate."""
        for reach in self.reaches():
            yield self.name, reach
        if self.email:
            yield "nameless" if self.person else "named", self.email, ""


class Seen:
    """Rows met so far, as small hashes: an import holds no file in memory."""

    def __init__(self) -> None:
        self._line_of_mark: dict[int, int] = {}
        self._line_of_member: dict[int, int] = {}

    def line_of(self, identity: Identity) -> int:
        """Where this person stands already; 0: nowhere yet."""
        for mark in identity.clashes():
            if line := self._line_of_mark.get(hash(mark)):
                return line
        return 0

    def line_of_member(self, member: Member) -> int:
        """The row that this member was matched with; 0: none yet."""
        return self._line_of_member.get(member.pk, 0)

    def add(self, line: int, identity: Identity) -> None:
        """Remember a row, or the member it was matched with as that one was."""
        for mark in identity.marks():
            self._line_of_mark.setdefault(hash(mark), line)

    def add_member(self, line: int, member: Member, identity: Identity) -> None:
        """Remember a matched member, also by what the row is about to change."""
        self._line_of_member[member.pk] = line
        self.add(line, identity)


def plan_batches(*, members: MemberList, network: Network) -> Iterator[Batch]:
    """What importing a list into a network does, ``IMPORT_BATCH`` rows at a time.

    One query per batch, whatever the rows hold. The next batch is planned when
    it is asked for, so an import may apply one before it sees the next.

    Raises:
        ImportRejected: the file turns out to be unreadable half-way.
    """
    seen = Seen()
    lines = members.lines()
    fields = members.mapping.fields
    while chunk := list(itertools.islice(lines, conf.IMPORT_BATCH)):
        yield _plan(chunk, fields, network, seen)


def _plan(
    chunk: list[Line], fields: tuple[str, ...], network: Network, seen: Seen
) -> Batch:
    batch = Batch()
    good: list[tuple[Line, Values, Identity]] = []
    for line in chunk:
        values, problems = parse_row(line.cells, fields)
        if line.is_damaged:
            problems = [Problem("", "damaged")]
        if problems:
            batch.refused.append(Refused(line.number, line.cells, problems))
        else:
            good.append((line, values, Identity.of(values)))
    existing = _Existing(network, [identity for _line, _values, identity in good])
    for line, values, identity in good:
        earlier = seen.line_of(identity)
        member = None if earlier else existing.find(identity, values)
        if member is not None:
            earlier = seen.line_of_member(member)
        if earlier:
            problem = Problem("", "duplicate", str(earlier))
            batch.refused.append(Refused(line.number, line.cells, [problem]))
            continue
        seen.add(line.number, identity)
        if member is None:
            batch.new.append(New(line.number, values))
            continue
        seen.add_member(line.number, member, existing.identity_of(member))
        _classify(batch, line.number, values, member)
    batch.refused.sort(key=lambda refused: refused.line)
    return batch


def _classify(batch: Batch, line: int, values: Values, member: Member) -> None:
    if member.state in KEPT_OUT:
        batch.kept_out.append(line)
        return
    differences = _differences(values, member)
    if differences:
        batch.changed.append(Changed(line, member, differences))
    else:
        batch.same.append(line)


def _differences(values: Values, member: Member) -> dict[str, tuple[str, str]]:
    """What the row changes. An empty cell never erases what is known."""
    found = {
        name: (old, new)
        for name, new in zip(values._fields, values, strict=True)
        if new and new != (old := getattr(member, name))
    }
    if member.first_name and not values.first_name:
        # The row has the whole name in one cell, the list has it in two.
        found.pop("last_name", None)
    return found


class _Existing:
    """Members of a network who share an address or a number with a batch."""

    def __init__(self, network: Network, identities: Iterable[Identity]) -> None:
        emails: set[str] = set()
        numbers: set[str] = set()
        for identity in identities:
            emails.add(identity.email)
            numbers |= identity.numbers
        emails.discard("")
        self._members: dict[int, tuple[Identity, Member]] = {}
        self._by_name: dict[tuple[str, str], list[Member]] = defaultdict(list)
        self._by_email: dict[tuple[str, bool], list[Member]] = defaultdict(list)
        if not emails and not numbers:
            return
        members = (
            Member.objects.filter(network=network)
            .filter(Q(email__in=emails) | Q(mobile__in=numbers) | Q(phone__in=numbers))
            .only("state", "network", *Values._fields)
            .order_by("pk")
        )
        for member in members:
            identity = Identity.of(member)
            self._members[member.pk] = (identity, member)
            for reach in identity.reaches():
                self._by_name[identity.name, reach].append(member)
            if identity.email:
                self._by_email[identity.email, bool(identity.person)].append(member)

    def identity_of(self, member: Member) -> Identity:
        """The identity of a member who was found."""
        return self._members[member.pk][0]

    def find(self, identity: Identity, values: Values) -> Member | None:
        """The member that a row is about.

        Somebody of that name with a common address or number; or else the only
        one with the address, when either of the two has no name. Who is still
        there goes before who left, and then one of whom the row says nothing
        new: a second import of the same file does not move on to somebody else.
        """
        found = [
            member
            for reach in identity.reaches()
            for member in self._by_name.get((identity.name, reach), ())
        ]
        if not found:
            other_kind = (identity.email, not identity.person)
            alone = self._by_email.get(other_kind, [])
            return alone[0] if len(alone) == 1 else None
        return min(
            found,
            key=lambda member: (
                member.state in KEPT_OUT,
                bool(_differences(values, member)),
                member.pk,
            ),
        )
