"""What must hold of every table of rows, on every list."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import NetworkFactory
from wagtail_bin.exchange import control, jobs
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.exchange.preview import preview_import
from wagtail_bin.exchange.rows import Values
from wagtail_bin.exchange.uploads import let_work, store_upload
from wagtail_bin.models import (
    ChannelName,
    Consent,
    ImportRow,
    Member,
    MemberImport,
    Network,
    Purpose,
    Suppression,
)
from wagtail_bin.validators import address_digest

Kind = ImportRow.Kind
Outcome = ImportRow.Outcome
Policy = MemberImport.Policy
State = Member.State
GONE = {State.LEFT, State.EXCLUDED}

# Few values, so that rows and members meet in every way there is.
FIRST = (*("An", "Bob", "Cis", "Dirk", "Eva") * 2, "AN", "An Maria", "")
LAST = ("Maes", "Maes", "De Smet", "De Smet", "Maes An", "maes", "")
FIRM = ("",) * 5 + ("Bakkerij", "Slager")
EMAIL = ("", "a@example.org", *(f"{c}@example.org" for c in "abcdef"))
MOBILE = ("", "", "+32473865387", "+32476719342", "+32473865388")
PHONE = ("", "", "+3214462201", "+3214462202")
STREET = ("", "Dorp", "Plein")
NUMBER = ("", "1", "2")
COLUMNS = (FIRST, LAST, FIRM, EMAIL, MOBILE, PHONE, STREET, NUMBER)
# What else may stand in a cell, by column; some of it refuses the row.
OTHERS = (
    *(FIRST, LAST, FIRM, (*EMAIL, "A@Example.org", "fout")),
    *((*MOBILE, "0473 86 53 87"), (*PHONE, *MOBILE)),
    *((*STREET, "Dorp 1 bus 2", "=1"), NUMBER, ("ja", "ja", "nee")),
)
SAID = (
    *((), ()),
    ((True, "link"),),
    ((False, "one_click"),),
    ((True, "enrolment"), (False, "undone")),
    ((False, "office"), (True, "link")),
)
REST = "Firma;E-mail;GSM;Telefoon;Straat;Nr;Akkoord"
HEADERS = {True: f"Naam en voornaam;{REST}", False: f"Voornaam;Naam;{REST}"}
ALSO = {True: "Zomers, Zoë;;zoe@example.org", False: "Zoë;Zomers;;zoe@example.org"}


@dataclasses.dataclass(frozen=True)
class Table:
    """A file: its rows of cells, with the name in one cell or in two."""

    rows: list[tuple[str, ...]]
    in_one_cell: bool

    @property
    def lines(self) -> list[str]:
        """The rows as they stand in the file."""
        return [self._line(*row) for row in self.rows]

    def _line(self, first: str, last: str, *rest: str) -> str:
        names = [first, last]
        if self.in_one_cell:
            names = [", ".join(filter(None, (last, first)))]
        return ";".join((*names, *rest))

    @property
    def source(self) -> bytes:
        """The file. One row more, so that there is always somebody on it."""
        lines = (HEADERS[self.in_one_cell], *self.lines, ALSO[self.in_one_cell])
        return "\n".join(lines).encode()


@dataclasses.dataclass(frozen=True)
class Person:
    """A member who is on the list beforehand."""

    first_name: str
    last_name: str
    organisation: str
    email: str
    mobile: str
    phone: str
    street: str
    number: str
    state: str
    # What was said of tips by e-mail, one after the other: whether given, and why.
    said: tuple[tuple[bool, str], ...] = ()
    is_elsewhere: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """A row that says nothing new of this person."""
        return (*dataclasses.astuple(self)[:8], "")


def a_person(seed: int) -> Person:
    """Any member, for a seed of a die."""
    dice = random.Random(seed)
    while True:
        values = [dice.choice(choices) for choices in COLUMNS]
        if any(values[:3]) and any(values[3:6]):
            break
    # Mostly such as a list may change.
    state = dice.choice([State.ACTIVE] * 5 + State.values)
    return Person(*values, state, dice.choice(SAID), dice.random() < 0.15)


def a_row(
    seed: int, people: list[Person], rows: list[tuple[str, ...]]
) -> tuple[str, ...]:
    """A row about a member, about somebody on an earlier row, or about anybody."""
    dice = random.Random(f"row {seed}")
    kind = dice.random()
    if kind < 0.7:
        row = [*people[len(rows) % len(people)].cells]
    elif kind < 0.8 and rows:
        row = [*dice.choice(rows)]
    else:
        row = [*a_person(seed).cells]
    if dice.random() < 0.3:
        # One way only to reach the person; another row may have another one.
        for column in dice.sample([3, 4, 5], 2):
            row[column] = ""
    if dice.random() < 0.3:
        row[3] = row[3] or dice.choice(EMAIL)
    for _change in range(dice.choice([0, 1, 1, 2])):
        # Mostly of what does not make somebody else of the person.
        column = dice.choice([*range(len(row)), 2, 5, 6, 6, 7, 7])
        row[column] = dice.choice(OTHERS[column])
    return tuple(row)


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[Person], Table]:
    """Members, and a file of which most rows are about one of them, more or less."""
    # Of Hypothesis's own choices many are alike: of a hundred rows two changed a
    # member. A die does better; fewer members or rows are those before the others.
    seed = 100 * draw(st.integers(0, 2**48))
    people = [a_person(seed + n) for n in range(draw(st.integers(1, 5)))]
    rows: list[tuple[str, ...]] = []
    for n in range(draw(st.integers(1, 7))):
        rows.append(a_row(seed + n, people, rows))
    return people, Table(rows, draw(st.booleans()))


LISTS = lists()
POLICY = st.sampled_from([Policy.UPDATE, *Policy.values])
BASIS = st.sampled_from(["", "enrolment"])
SIZE = st.sampled_from([1, 2, 3, 100])
SUPPRESSED = st.dictionaries(
    st.sampled_from(["c@example.org", "b@example.org", "+32473865387"]),
    st.sampled_from(Suppression.Reason.values),
    max_size=2,
)
# Somebody changes a member by hand, the n-th of them; only what is said is changed.
EDITS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(
            [
                ("street", "Markt"),
                ("street", "Dorp"),
                ("organisation", "Winkel"),
                ("first_name", "Dirk"),
                ("email", "new@example.org"),
                ("phone", "+3214462203"),
                ("state", State.LEFT.value),
                ("state", State.EXCLUDED.value),
            ]
        ),
    ),
    max_size=3,
)

pytestmark = pytest.mark.django_db
every_table = settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@contextmanager
def a_list(
    people: list[Person], suppressed: dict[str, str], size: int
) -> Iterator[Network]:
    """A network with these members, gone afterwards."""
    with (
        transaction.atomic(),
        override_settings(WAGTAIL_BIN_IMPORT_BATCH=size),
    ):
        network, elsewhere = NetworkFactory(), NetworkFactory()
        Suppression.objects.bulk_create(
            Suppression(digest=address_digest(address), reason=reason)
            for address, reason in suppressed.items()
        )
        for one in people:
            values = dataclasses.asdict(one)
            said, is_elsewhere = values.pop("said"), values.pop("is_elsewhere")
            where = elsewhere if is_elsewhere else network
            member = Member.objects.create(network=where, **values)
            for is_given, basis in said:
                Consent.objects.create(
                    member=member,
                    purpose=Purpose.TIPS,
                    channel=ChannelName.EMAIL,
                    is_given=is_given,
                    basis=basis,
                )
        yield network
        transaction.set_rollback(True)


def run(network: Network, table: Table, basis: str, policy: str) -> ImportResult:
    return import_members(
        network=network,
        user=None,
        source=table.source,
        file_name="leden.csv",
        basis=basis,
        policy=policy,
    )


def all_columns() -> list[Any]:
    return [
        list(Member.objects.order_by("pk").values()),
        list(Consent.objects.order_by("pk").values()),
    ]


def members_now() -> dict[int, dict[str, Any]]:
    return {one["id"]: one for one in Member.objects.values()}


def without_numbers() -> list[Any]:
    """The list, whatever numbers and moments its rows have got."""
    left_out = {"id", "joined_at", "network_id"}
    return sorted(
        sorted((k, str(v)) for k, v in one.items() if k not in left_out)
        + [list(Consent.objects.filter(member=one["id"]).values_list("is_given"))]
        for one in Member.objects.values()
    )


def counts(done: Any) -> tuple[int, ...]:
    names = ("created", "updated", "unchanged", "kept_out", "refused", "missing")
    return tuple(getattr(done, name) for name in names)


@every_table
@given(LISTS, POLICY, BASIS, SIZE, SUPPRESSED)
@example(
    # The old address goes, by which another row would have been refused.
    (
        [
            Person(
                "An",
                "Maes",
                "",
                "a@example.org",
                "+32473865387",
                *["", "", "", "active"],
            )
        ],
        Table(
            [
                ("An", "Maes", "", "b@example.org", "+32473865387"),
                ("An", "Maes", "", "a@example.org"),
            ],
            in_one_cell=False,
        ),
    ),
    "update",
    "",
    1,
    {},
)
def test_planned_and_applied_twice_is_once(
    people_and_table: tuple[list[Person], Table],
    policy: str,
    basis: str,
    size: int,
    suppressed: dict[str, str],
) -> None:
    people, table = people_and_table
    with a_list(people, suppressed, size) as network:
        run(network, table, basis, policy)
        before = all_columns()
        assert run(network, table, basis, policy).is_without_effect
        assert all_columns() == before


@every_table
@given(LISTS, POLICY, BASIS, SIZE, SIZE, SUPPRESSED)
def test_undone_it_is_exactly_the_list_that_it_was(
    people_and_table: tuple[list[Person], Table],
    policy: str,
    basis: str,
    size: int,
    size_of_undo: int,
    suppressed: dict[str, str],
) -> None:
    people, table = people_and_table
    with a_list(people, suppressed, size) as network:
        before = all_columns()
        done = run(network, table, basis, policy).member_import
        with override_settings(WAGTAIL_BIN_IMPORT_BATCH=size_of_undo):
            undone = undo(done)
        assert undone.not_restored == 0
        assert undone.restored == undone.created + undone.updated
        assert all_columns() == before
        # And it can be imported anew, as if it never had been.
        again = run(network, table, basis, policy)
        assert (again.created, again.updated) == (done.created, done.updated)


def undo(done: MemberImport) -> MemberImport:
    control.undo_import(member_import=done, user=None)
    jobs.work_on(done.pk)
    done.refresh_from_db()
    assert done.state == MemberImport.State.UNDONE
    return done


@every_table
@given(LISTS, POLICY, BASIS, SIZE, SUPPRESSED)
def test_each_row_is_one_thing_and_the_preview_tells_which(
    people_and_table: tuple[list[Person], Table],
    policy: str,
    basis: str,
    size: int,
    suppressed: dict[str, str],
) -> None:
    people, table = people_and_table
    with a_list(people, suppressed, size) as network:
        untouched = all_columns()
        preview = preview_import(network=network, source=table.source, policy=policy)
        assert all_columns() == untouched
        assert not MemberImport.objects.exists()
        done = run(network, table, basis, policy)
        assert counts(preview) == counts(done)
        stored = list(done.member_import.rows.values_list("line", "kind", "outcome"))
        # The empty ones are no rows.
        expected = sum(1 for line in table.lines if line.strip(";")) + 1
        assert len(stored) == expected
        assert len({line for line, *_rest in stored}) == len(stored)
        for _line, kind, outcome in stored:
            written = outcome == Outcome.WRITTEN
            assert written == (kind in {Kind.NEW, Kind.CHANGED})


@every_table
@given(LISTS, POLICY, BASIS, SIZE, SUPPRESSED)
def test_nothing_is_written_but_what_a_row_says_and_may_say(
    people_and_table: tuple[list[Person], Table],
    policy: str,
    basis: str,
    size: int,
    suppressed: dict[str, str],
) -> None:
    people, table = people_and_table
    with a_list(people, suppressed, size) as network:
        before = members_now()
        said = set(Consent.objects.values_list("pk", flat=True))
        rows = list(run(network, table, basis, policy).member_import.rows.all())
        after = members_now()
        written = [row for row in rows if row.outcome == Outcome.WRITTEN]
        by_member = {row.member_id: row for row in written}
        # A member is written by one row, and nobody leaves the list by an import.
        assert len(by_member) == len(written)
        assert set(after) == set(before) | set(by_member)
        for pk, member in after.items():
            row = by_member.get(pk)
            if pk in before:
                check_known(before[pk], member, row, policy)
            else:
                check_new(member, row, basis, suppressed)
        for consent in Consent.objects.exclude(pk__in=said):
            check_consent(consent, said, basis)
        spoken_of = [row.member_id for row in rows if row.member_id]
        by_row = [row for row in rows if row.kind not in {Kind.REFUSED, Kind.KEPT_OUT}]
        # Two rows about one member are both refused.
        assert len({row.member_id for row in by_row}) == len(by_row)
        assert all(after[pk]["network_id"] == network.pk for pk in spoken_of)


def check_known(
    before: dict[str, Any], now: dict[str, Any], row: ImportRow | None, policy: str
) -> None:
    changed = {name for name in Values._fields if now[name] != before[name]}
    assert changed == (set(row.fields) if row else set())
    if row is None:
        assert now == before
        return
    assert policy != Policy.SKIP
    assert now["state"] == before["state"] not in GONE
    member = Member.objects.get(pk=now["id"])
    # The computed columns are true.
    member.compute_keys()
    assert {name: getattr(member, name) for name in now} == now
    for name in changed:
        assert now[name]
        assert not (before[name] and policy == Policy.FILL)


def check_new(
    now: dict[str, Any],
    row: ImportRow | None,
    basis: str,
    suppressed: dict[str, str],
) -> None:
    assert row is not None
    assert row.kind == Kind.NEW
    assert now["state"] == (State.ACTIVE if basis else State.UNCONFIRMED)
    member = Member.objects.get(pk=now["id"])
    member.compute_keys()
    assert {name: getattr(member, name) for name in now} == now
    reaches = [now["email"]] if now["email"] else [now["mobile"], now["phone"]]
    bars = {"complaint", "erased", "manual"}
    # Who asked never to be written to again is not put on a list again.
    assert not all(suppressed.get(one) in bars for one in filter(None, reaches))


def check_consent(consent: Consent, said: set[int], basis: str) -> None:
    """Nobody who ever said yes or no is spoken for."""
    assert basis
    assert consent.is_given
    assert consent.basis == basis
    assert consent.member.email
    assert consent.member.state not in GONE
    earlier = Consent.objects.filter(member=consent.member, pk__in=said)
    newest = earlier.order_by("pk").last()
    assert newest is None or newest.basis == Consent.Basis.UNDONE


@every_table
@given(LISTS, POLICY, BASIS, SIZE, SIZE, SUPPRESSED)
def test_the_sizes_of_batches_do_not_matter(
    people_and_table: tuple[list[Person], Table],
    policy: str,
    basis: str,
    one: int,
    other: int,
    suppressed: dict[str, str],
) -> None:
    people, table = people_and_table
    outcomes = []
    for size in (one, other):
        with a_list(people, suppressed, size) as network:
            done = run(network, table, basis, policy)
            outcomes.append((counts(done), without_numbers()))
    assert outcomes[0] == outcomes[1]


@every_table
@given(LISTS, BASIS, SIZE, EDITS, EDITS)
def test_what_people_change_meanwhile_stays_as_they_made_it(
    people_and_table: tuple[list[Person], Table],
    basis: str,
    size: int,
    while_planned: list[Any],
    since: list[Any],
) -> None:
    people, table = people_and_table
    with a_list(people, {}, size) as network:
        stored = store_upload(
            network=network,
            user=None,
            source=table.source,
            file_name="leden.csv",
            basis=basis,
        )
        let_work(stored, MemberImport.State.PLANNING)
        jobs.work_on(stored.pk)
        made = edit(network, while_planned)
        stored.refresh_from_db()
        control.start_import(member_import=stored, user=None)
        imported = members_now()
        assert_kept(made, imported)
        made |= edit(network, since)
        stored.refresh_from_db()
        undone = undo(stored)
        assert_kept(made, members_now())
        assert undone.restored + undone.not_restored == undone.created + undone.updated
        for member in members_now().values():
            assert member["id"] in imported


def edit(network: Network, edits: list[Any]) -> dict[tuple[int, str], str]:
    """Change members by hand; returns what each field says since."""
    members = list(Member.objects.filter(network=network).order_by("pk"))
    made: dict[tuple[int, str], str] = {}
    for number, (name, value) in edits:
        if number < len(members) and getattr(members[number], name) != value:
            setattr(members[number], name, value)
            members[number].save()
            made[members[number].pk, name] = value
    return made


def assert_kept(made: dict[tuple[int, str], str], now: dict[int, Any]) -> None:
    """What was changed by hand is as it was left."""
    for (pk, name), value in made.items():
        assert now[pk][name] == value
