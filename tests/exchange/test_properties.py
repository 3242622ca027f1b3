"""What must hold of every table of rows, on every list."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import NetworkFactory
from wagtail_bin.exchange import jobs
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.exchange.control import undo_import
from wagtail_bin.exchange.preview import preview_import
from wagtail_bin.models import (
    ChannelName,
    Consent,
    ImportRow,
    Member,
    MemberImport,
    Purpose,
    Suppression,
)
from wagtail_bin.validators import address_digest

HEADER = "Voornaam;Naam;Firma;E-mail;GSM;Telefoon;Straat"
Kind = ImportRow.Kind
Outcome = ImportRow.Outcome

# Few values, so that rows and members meet in every way there is.
FIRST = st.sampled_from(["An", "Bob", "", "AN", "An Maria"])
LAST = st.sampled_from(["Maes", "De Smet", "", "Maes An", "maes"])
FIRM = st.sampled_from(["", "", "Bakkerij", "Slager"])
EMAIL = st.sampled_from(["", "a@example.org", "b@example.org", "c@example.org"])
MOBILE = st.sampled_from(["", "+32473865387", "+32476719342"])
PHONE = st.sampled_from(["", "+3214462201", "+3214462202"])
STREET = st.sampled_from(["", "Dorp", "Plein", "=1"])
ROWS = st.lists(
    st.tuples(
        FIRST, LAST, FIRM, EMAIL | st.just("fout"), MOBILE, PHONE | MOBILE, STREET
    ).map(";".join),
    max_size=8,
)


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
    state: str
    said: bool | None


PEOPLE = st.lists(
    st.builds(
        Person,
        FIRST,
        LAST,
        FIRM,
        EMAIL,
        MOBILE,
        PHONE,
        st.sampled_from(["", "Dorp"]),
        st.sampled_from(Member.State.values),
        st.sampled_from([None, True, False]),
    ).filter(
        lambda one: (
            (one.first_name or one.last_name or one.organisation)
            and (one.email or one.mobile or one.phone)
        )
    ),
    max_size=4,
)
POLICY = st.sampled_from(MemberImport.Policy.values)
BASIS = st.sampled_from(["", "enrolment"])
SIZES = st.tuples(st.sampled_from([1, 2, 3, 100]), st.sampled_from([1, 2, 100]))
SUPPRESSED = st.sampled_from([None, "erased", "bounce"])

pytestmark = pytest.mark.django_db
every_table = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@contextmanager
def a_list(people: list[Person], suppressed: str | None, sizes: Any) -> Iterator[Any]:
    """A network with these members, gone afterwards."""
    batch, chunk = sizes
    with (
        transaction.atomic(),
        override_settings(
            WAGTAIL_BIN_IMPORT_BATCH=batch, WAGTAIL_BIN_IMPORT_CHUNK=chunk
        ),
    ):
        network = NetworkFactory()
        if suppressed:
            digest = address_digest("c@example.org")
            Suppression.objects.create(digest=digest, reason=suppressed)
        for one in people:
            values = dataclasses.asdict(one)
            said = values.pop("said")
            member = Member.objects.create(network=network, **values)
            if said is not None:
                Consent.objects.create(
                    member=member,
                    purpose=Purpose.TIPS,
                    channel=ChannelName.EMAIL,
                    is_given=said,
                    basis=Consent.Basis.LINK,
                )
        yield network
        transaction.set_rollback(True)


def run(network: Any, rows: list[str], basis: str, policy: str) -> ImportResult:
    return import_members(
        network=network,
        user=None,
        source="\n".join((HEADER, *rows, "Zoë;Zomers;;zoe@example.org")).encode(),
        file_name="leden.csv",
        basis=basis,
        policy=policy,
    )


def all_columns() -> list[Any]:
    return [
        list(Member.objects.order_by("pk").values()),
        list(Consent.objects.order_by("pk").values()),
    ]


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
@given(ROWS, PEOPLE, POLICY, BASIS, SIZES, SUPPRESSED)
@example(
    # The old address goes, by which another row would have been refused.
    ["An;Maes;;b@example.org;+32473865387;;", "An;Maes;;a@example.org;;;"],
    [Person("An", "Maes", "", "a@example.org", "+32473865387", "", "", "active", None)],
    "update",
    "",
    (1, 1),
    None,
)
def test_planned_and_applied_twice_is_once(
    rows: list[str],
    people: list[Person],
    policy: str,
    basis: str,
    sizes: Any,
    suppressed: str | None,
) -> None:
    with a_list(people, suppressed, sizes) as network:
        run(network, rows, basis, policy)
        before = all_columns()
        assert run(network, rows, basis, policy).is_without_effect
        assert all_columns() == before


@every_table
@given(ROWS, PEOPLE, POLICY, BASIS, SIZES, SUPPRESSED)
def test_undone_it_is_exactly_the_list_that_it_was(
    rows: list[str],
    people: list[Person],
    policy: str,
    basis: str,
    sizes: Any,
    suppressed: str | None,
) -> None:
    with a_list(people, suppressed, sizes) as network:
        before = all_columns()
        done = run(network, rows, basis, policy).member_import
        undo_import(member_import=done, user=None)
        jobs.work_on(done.pk)
        done.refresh_from_db()
        assert done.state == MemberImport.State.UNDONE
        assert done.not_restored == 0
        assert done.restored == done.created + done.updated
        assert all_columns() == before


@every_table
@given(ROWS, PEOPLE, POLICY, BASIS, SIZES, SUPPRESSED)
def test_each_row_is_one_thing_and_the_preview_tells_which(
    rows: list[str],
    people: list[Person],
    policy: str,
    basis: str,
    sizes: Any,
    suppressed: str | None,
) -> None:
    with a_list(people, suppressed, sizes) as network:
        untouched = all_columns()
        source = "\n".join((HEADER, *rows, "Zoë;Zomers;;zoe@example.org")).encode()
        preview = preview_import(network=network, source=source, policy=policy)
        assert all_columns() == untouched
        assert not MemberImport.objects.exists()
        done = run(network, rows, basis, policy)
        assert counts(preview) == counts(done)
        stored = list(done.member_import.rows.values_list("line", "kind", "outcome"))
        # The empty ones are no rows.
        assert len(stored) == sum(1 for row in rows if row.strip(";")) + 1
        assert len({line for line, *_rest in stored}) == len(stored)
        for _line, kind, outcome in stored:
            written = outcome == Outcome.WRITTEN
            assert written == (kind in {Kind.NEW, Kind.CHANGED})
        born = {one["id"] for one in untouched[0]}
        states = {one["id"]: one["state"] for one in untouched[0]}
        for member in Member.objects.all():
            # Nobody leaves the list by an import, or comes back.
            born.discard(member.pk)
            assert states.get(member.pk, member.state) == member.state
        assert not born


@every_table
@given(ROWS, PEOPLE, POLICY, BASIS, SIZES, SIZES, SUPPRESSED)
def test_the_sizes_of_batches_and_chunks_do_not_matter(
    rows: list[str],
    people: list[Person],
    policy: str,
    basis: str,
    one: Any,
    other: Any,
    suppressed: str | None,
) -> None:
    outcomes = []
    for sizes in (one, other):
        with a_list(people, suppressed, sizes) as network:
            done = run(network, rows, basis, policy)
            outcomes.append((counts(done), without_numbers()))
    assert outcomes[0] == outcomes[1]
