"""What a list would do to the members of a network."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.exchange.formats import open_list
from wagtail_bin.exchange.plan import Batch, plan_batches
from wagtail_bin.models import Member, Network

HEADER = "Voornaam;Naam;Firma;E-mail;GSM;Telefoon;Straat"


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory()


@pytest.fixture
def an(network: Network) -> Member:
    return MemberFactory(
        network=network,
        first_name="An",
        last_name="De Smet",
        email="an@example.org",
        mobile="+32473865387",
        street="Dorp",
    )


def plan(network: Network, *rows: str) -> Batch:
    """All batches as one."""
    members = open_list("\n".join((HEADER, *rows)).encode())
    whole = Batch()
    for batch in plan_batches(members=members, network=network):
        for name in ("new", "changed", "same", "kept_out", "refused"):
            getattr(whole, name).extend(getattr(batch, name))
    return whole


def shape(batch: Batch) -> tuple[int, int, int, int, int]:
    return (
        len(batch.new),
        len(batch.changed),
        len(batch.same),
        len(batch.kept_out),
        len(batch.refused),
    )


def reasons(batch: Batch) -> list[tuple[int, str, str]]:
    return [
        (row.line, problem.code, problem.value)
        for row in batch.refused
        for problem in row.problems
    ]


@pytest.mark.parametrize(
    "row",
    [
        "An;De Smet;;an@example.org",
        "AN;DE SMET;;AN@EXAMPLE.ORG;;;",
        "De Smet;An;;an@example.org",
        ";De Smet An;;an@example.org",
        "An;De Smet;;;0473/86.53.87",
        "An;De Smet;;;;0473 86 53 87;Dorp",
    ],
)
def test_a_member_is_met_again_by_name_and_address_or_number(
    network: Network, an: Member, row: str
) -> None:
    batch = plan(network, row)
    assert shape(batch)[0] == 0
    assert shape(batch)[4] == 0
    assert len(batch.same) + len(batch.changed) == 1


def test_two_people_may_share_an_address(network: Network, an: Member) -> None:
    batch = plan(network, "Bob;De Smet;;an@example.org;0473865387")
    assert shape(batch) == (1, 0, 0, 0, 0)


def test_the_same_name_elsewhere_is_somebody_else(network: Network, an: Member) -> None:
    assert shape(plan(network, "An;De Smet;;other@example.org")) == (1, 0, 0, 0, 0)


def test_a_member_of_another_network_is_not_met(network: Network, an: Member) -> None:
    assert shape(plan(NetworkFactory(), "An;De Smet;;an@example.org")) == (
        1,
        0,
        0,
        0,
        0,
    )


def test_a_change_shows_old_and_new_and_an_empty_cell_erases_nothing(
    network: Network, an: Member
) -> None:
    batch = plan(network, "An;De Smet;Bakkerij;new@example.org;0473865387;014462201;")
    (change,) = batch.changed
    assert change.differences == {
        "organisation": ("", "Bakkerij"),
        "email": ("an@example.org", "new@example.org"),
        "phone": ("", "+3214462201"),
    }


def test_a_name_in_one_cell_does_not_undo_one_in_two(
    network: Network, an: Member
) -> None:
    batch = plan(network, ";De Smet An;;an@example.org")
    assert shape(batch) == (0, 0, 1, 0, 0)


def test_a_nameless_row_meets_whoever_has_the_address(
    network: Network, an: Member
) -> None:
    (change,) = plan(network, ";;Bakkerij;an@example.org").changed
    assert change.differences == {"organisation": ("", "Bakkerij")}
    assert shape(plan(network, ";;Bakkerij;;0473865387")) == (1, 0, 0, 0, 0)


def test_a_nameless_row_does_not_choose_among_several(
    network: Network, an: Member
) -> None:
    MemberFactory(network=network, first_name="Bob", email="an@example.org")
    assert shape(plan(network, ";;Bakkerij;an@example.org")) == (1, 0, 0, 0, 0)


def test_an_organisation_gets_the_name_of_its_contact(network: Network) -> None:
    MemberFactory(
        network=network, first_name="", last_name="", organisation="Bakkerij",
        email="bakkerij@example.org",
    )  # fmt: skip
    (change,) = plan(network, "An;De Smet;;bakkerij@example.org").changed
    assert change.differences == {
        "first_name": ("", "An"),
        "last_name": ("", "De Smet"),
    }
    assert shape(plan(network, ";;BAKKERIJ;bakkerij@example.org"))[1:3] == (1, 0)


@pytest.mark.parametrize("state", [Member.State.LEFT, Member.State.EXCLUDED])
def test_who_left_or_was_excluded_is_never_brought_back(
    network: Network, an: Member, state: str
) -> None:
    an.state = state
    an.save()
    batch = plan(network, "An;De Smet;;an@example.org;;;Elders 1")
    assert shape(batch) == (0, 0, 0, 1, 0)
    MemberFactory(
        network=network, first_name="An", last_name="De Smet", email="an@example.org"
    )
    assert shape(plan(network, "An;De Smet;;an@example.org;;;Elders 1"))[1] == 1


def test_a_person_twice_in_one_file_is_refused_with_the_first_line(
    network: Network, an: Member, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 2
    batch = plan(
        network,
        "Cis;Maes;;cis@example.org",
        "Bob;Maes;;bob@example.org",
        "Cis;Maes;;;0476719342",
        "maes;cis;;CIS@example.org",
        "Cis;Maes;;x@example.org;0476719342",
        "An;De Smet;;an@example.org",
        "An;De Smet;;;0473865387",
        ";;Bakkerij;bob@example.org",
        "Dirk;Maes;;bob@example.org",
    )
    assert reasons(batch) == [
        (5, "duplicate", "2"),
        (6, "duplicate", "4"),
        (8, "duplicate", "7"),
        (9, "duplicate", "3"),
    ]
    assert [row.line for row in batch.new] == [2, 3, 4, 10]


def test_a_bad_row_never_stops_a_good_one(network: Network) -> None:
    batch = plan(
        network, "An;Maes;;niets", "=1;Maes;;a@example.org", "Bob;;;b@example.org"
    )
    assert shape(batch) == (1, 0, 0, 0, 2)
    assert batch.refused[0].cells == ["An", "Maes", "", "niets"]
    assert reasons(batch) == [(2, "email", ""), (3, "formula", "")]


def test_a_row_with_an_open_quotation_mark_is_refused(network: Network) -> None:
    batch = plan(network, '"An;Maes;;an@example.org', "Bob;;;b@example.org")
    assert reasons(batch) == [(2, "damaged", "")]
    assert shape(batch) == (1, 0, 0, 0, 1)


def test_one_query_per_batch_whatever_the_rows_hold(
    network: Network, an: Member, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 10
    for batches in (2, 4):
        rows = [f"An;N{n};;n{n}@example.org;047386{n:04d}" for n in range(10 * batches)]
        with django_assert_num_queries(batches):
            plan(network, *rows)
