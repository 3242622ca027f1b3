"""Who is who: rows of a file among themselves, and rows and members of a network."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import connection

from wagtail_bin.exchange.rows import Values
from wagtail_bin.models import (
    Consent,
    Member,
    MemberImport,
    Network,
)
from wagtail_bin.validators import name_key

KEPT_OUT = frozenset({Member.State.LEFT, Member.State.EXCLUDED})
Policy = MemberImport.Policy
NAMES = ("first_name", "last_name")

# Field to (old, new).
Differences = dict[str, tuple[str, str]]


class Known(NamedTuple):
    """A member, as far as a list may say something of one.

    Attributes:
        agreed: the newest statement about tips by e-mail; None: there is none.
    """

    pk: int
    state: str
    agreed: bool | None
    values: Values


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
    def of(cls, values: Values) -> Identity:
        """The identity that a row or a member has."""
        first, last, organisation, email, mobile, phone, *_rest = values
        return cls(
            name_key(first, last),
            name_key(organisation) if organisation else "",
            email.lower(),
            frozenset(filter(None, (mobile, phone))),
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


class Seen:
    """Rows met so far, as small hashes: an import holds no file in memory.

    Whether a row is a duplicate follows from the file alone, never from the list:
    imported a second time, the same rows are refused.
    """

    def __init__(self) -> None:
        self._line_of_mark: dict[int, int] = {}

    def add(self, line: int, identity: Identity) -> int:
        """Remember a row, unless its person stands on an earlier one.

        Returns:
            The earlier line; 0: there is none.
        """
        lines, name, email = self._line_of_mark, identity.name, identity.email
        marks = [hash((name, reach)) for reach in identity.reaches()]
        for mark in marks:
            if earlier := lines.get(mark):
                return earlier
        if email:
            is_named = bool(identity.person)
            # A row without a name is about whoever has the address.
            if earlier := lines.get(hash((not is_named, email))):
                return earlier
            marks.append(hash((is_named, email)))
        for mark in marks:
            lines.setdefault(mark, line)
        return 0


class Existing:
    """Members of a network who share an address or a number with some rows."""

    def __init__(self, network: Network, identities: Iterable[Identity]) -> None:
        emails: set[str] = set()
        numbers: set[str] = set()
        for identity in identities:
            emails.add(identity.email)
            numbers |= identity.numbers
        emails.discard("")
        self._by_name: dict[tuple[str, str], list[Known]] = defaultdict(list)
        self._by_email: dict[tuple[str, bool], list[Known]] = defaultdict(list)
        if not emails and not numbers:
            return
        for member in _members_with(network, emails, numbers):
            identity = Identity.of(member.values)
            for reach in identity.reaches():
                self._by_name[identity.name, reach].append(member)
            if identity.email:
                self._by_email[identity.email, bool(identity.person)].append(member)

    def candidates(self, identity: Identity) -> tuple[list[Known], list[Known]]:
        """The members that a row may be about.

        Returns:
            Those of that name with a common address or number; and the only one
            with the address, when either of the two has no name.
        """
        if not self._by_name:
            return [], []
        name = identity.name
        found = {
            member.pk: member
            for reach in identity.reaches()
            for member in self._by_name.get((name, reach), ())
        }
        alone = self._by_email.get((identity.email, not identity.person), [])
        return list(found.values()), alone if len(alone) == 1 else []


# Values as one parameter: a thousand of them take long to put into a query.
AMONG = {
    "postgresql": "= ANY(string_to_array(%s, chr(10)))",
    "sqlite": "IN (SELECT value FROM json_each(%s))",
}
# A number is said to be one, for the partial indexes hold nothing empty.
FIND = """
    SELECT member.id, member.state, (
            SELECT CASE WHEN said.basis = 'undone' THEN NULL ELSE said.is_given END
            FROM {consent} AS said
            WHERE said.member_id = member.id
                AND said.purpose = 'tips' AND said.channel = 'email'
            ORDER BY said.id DESC LIMIT 1
        ), {columns}
    FROM {member} AS member
    WHERE member.network_id = %s AND (
        member.email {among}
        OR (NOT (member.mobile = '') AND member.mobile {among})
        OR (NOT (member.phone = '') AND member.phone {among})
    )
    ORDER BY member.id
"""


def _members_with(
    network: Network, emails: set[str], numbers: set[str]
) -> Iterator[Known]:
    """Members of a network by address, the oldest first. One query."""
    sql = FIND.format(
        member=Member._meta.db_table,
        consent=Consent._meta.db_table,
        columns=", ".join(f"member.{name}" for name in Values._fields),
        among=AMONG[connection.vendor],
    )
    found = [as_parameter(values) for values in (emails, numbers, numbers)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [network.pk, *found])
        for pk, state, agreed, *values in cursor.fetchall():
            is_agreed = None if agreed is None else bool(agreed)
            yield Known(pk, state, is_agreed, Values(*values))


def as_parameter(values: Iterable[str]) -> str:
    """Values as :data:`AMONG` takes them; none has a line break."""
    if connection.vendor == "postgresql":
        return "\n".join(values)
    return json.dumps(list(values))


def differences(values: Values, known: Values, policy: str) -> Differences:
    """What a row changes of a member. An empty cell never erases what is known."""
    if policy == Policy.SKIP or values == known:
        return {}
    found = {
        name: (old, new)
        for name, old, new in zip(Values._fields, known, values, strict=True)
        if new and new != old
    }
    if known.first_name and not values.first_name:
        # The row has the whole name in one cell, the list has it in two.
        found.pop("last_name", None)
    if policy == Policy.FILL:
        is_named = any(getattr(known, name) for name in NAMES)
        for name, (old, _new) in list(found.items()):
            # Half a name is none: it is filled as a whole or not at all.
            if old or (is_named and name in NAMES):
                del found[name]
    return found


def choose(
    candidates: Iterable[Known], values: Values, policy: str
) -> tuple[Known, Differences]:
    """The one of several members that a row is about, and what it changes.

    Who is still there goes before who left, and then one of whom the row says
    nothing new: a second import of the same file does not move on to somebody
    else.
    """
    _kept, _new, _pk, member, found = min(
        (
            known.state in KEPT_OUT,
            bool(found := differences(values, known.values, policy)),
            known.pk,
            known,
            found,
        )
        for known in candidates
    )
    return member, found
