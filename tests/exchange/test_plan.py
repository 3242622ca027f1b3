"""What a list would do to the members of a network."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.exchange import planning
from wagtail_bin.exchange.delimited import Line
from wagtail_bin.exchange.jobs import work_on
from wagtail_bin.exchange.plan import PlannedRow
from wagtail_bin.exchange.staging import stage
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
Note = ImportRow.Note
Policy = MemberImport.Policy

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


def plan(
    network: Network, *rows: str, policy: str = Policy.UPDATE
) -> dict[Kind, list[PlannedRow]]:
    """All rows by kind, as they are stored."""
    upload = store_upload(
        network=network,
        user=None,
        source="\n".join((HEADER, *rows)).encode(),
        file_name="leden.csv",
        policy=policy,
    )
    let_work(upload, MemberImport.State.PLANNING)
    work_on(upload.pk)
    found: dict[Kind, list[Any]] = {kind: [] for kind in Kind}
    for row in upload.rows.order_by("line"):
        found[Kind(row.kind)].append(row)
    return found


def shape(planned: dict[Kind, list[Any]]) -> tuple[int, ...]:
    return tuple(len(planned[kind]) for kind in Kind)


def differences(row: Any) -> dict[str, tuple[str, str]]:
    return {name: (row.before[name], row.after[name]) for name in row.fields}


def reasons(planned: dict[Kind, list[Any]]) -> list[tuple[int, str, str]]:
    return [
        (row.line, problem["code"], problem["value"])
        for row in planned[Kind.REFUSED]
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
    planned = plan(network, row)
    assert shape(planned)[0] == 0
    assert shape(planned)[4] == 0
    assert sum(shape(planned)[1:3]) == 1


def test_two_people_may_share_an_address(network: Network, an: Member) -> None:
    planned = plan(network, "Bob;De Smet;;an@example.org;0473865387")
    assert shape(planned) == (1, 0, 0, 0, 0)


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
    planned = plan(network, "An;De Smet;Bakkerij;new@example.org;0473865387;014462201;")
    (change,) = planned[Kind.CHANGED]
    assert differences(change) == {
        "organisation": ("", "Bakkerij"),
        "email": ("an@example.org", "new@example.org"),
        "phone": ("", "+3214462201"),
    }


def test_a_name_in_one_cell_does_not_undo_one_in_two(
    network: Network, an: Member
) -> None:
    planned = plan(network, ";De Smet An;;an@example.org")
    assert shape(planned) == (0, 0, 1, 0, 0)


def test_a_nameless_row_meets_whoever_has_the_address(
    network: Network, an: Member
) -> None:
    (change,) = plan(network, ";;Bakkerij;an@example.org")[Kind.CHANGED]
    assert differences(change) == {"organisation": ("", "Bakkerij")}
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
    (change,) = plan(network, "An;De Smet;;bakkerij@example.org")[Kind.CHANGED]
    assert differences(change) == {
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
    planned = plan(network, "An;De Smet;;an@example.org;;;Elders 1")
    assert shape(planned) == (0, 0, 0, 1, 0)
    MemberFactory(
        network=network, first_name="An", last_name="De Smet", email="an@example.org"
    )
    assert shape(plan(network, "An;De Smet;;an@example.org;;;Elders 1"))[1] == 1


def test_a_person_twice_in_one_file_is_refused_with_the_first_line(
    network: Network, an: Member, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 2
    planned = plan(
        network,
        "Cis;Maes;;cis@example.org",
        "Bob;Maes;;bob@example.org",
        "Cis;Maes;;;0476719342",
        "maes;cis;;CIS@example.org",
        "Cis;Maes;;x@example.org;0476719342",
        "An;De Smet;;an@example.org;;;Dorp",
        "An;De Smet;;elders@example.org",
        ";;Bakkerij;bob@example.org",
        "Dirk;Maes;;bob@example.org",
    )
    assert reasons(planned) == [
        (5, "duplicate", "2"),
        (6, "duplicate", "4"),
        (9, "duplicate", "3"),
    ]
    assert [row.line for row in planned[Kind.NEW]] == [2, 3, 4, 8, 10]


def test_a_bad_row_never_stops_a_good_one(network: Network) -> None:
    planned = plan(
        network, "An;Maes;;niets", "=1;Maes;;a@example.org", "Bob;;;b@example.org"
    )
    assert shape(planned) == (1, 0, 0, 0, 2)
    assert planned[Kind.REFUSED][0].cells == ["An", "Maes", "", "niets"]
    assert reasons(planned) == [(2, "email", ""), (3, "formula", "")]


def test_a_row_with_an_open_quotation_mark_is_refused(network: Network) -> None:
    planned = plan(network, '"An;Maes;;an@example.org', "Bob;;;b@example.org")
    assert reasons(planned) == [(2, "damaged", "")]
    assert shape(planned) == (1, 0, 0, 0, 1)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_two_rows_about_one_member_are_both_refused(
    network: Network, an: Member, settings: Any, size: int
) -> None:
    # By themselves they are two people of one name; the list knows better.
    settings.WAGTAIL_BIN_IMPORT_BATCH = size
    rows = [
        "An;De Smet;;an@example.org;;;Dorp",
        "Bob;Maes;;bob@example.org",
        "An;De Smet;;;0473865387;;Plein",
    ]
    planned = plan(network, *rows)
    assert reasons(planned) == [(2, "contradiction", "4"), (4, "contradiction", "2")]
    assert [row.cells[6] for row in planned[Kind.REFUSED]] == ["Dorp", "Plein"]
    assert [row.member for row in planned[Kind.REFUSED]] == [an, an]
    assert shape(planned) == (1, 0, 0, 0, 2)
    # The file speaks of her, so she is not missing.
    assert MemberImport.objects.get().missing == 0


def test_missing_from_the_file_are_members_of_whom_no_row_speaks(
    network: Network, an: Member
) -> None:
    for state in Member.State:
        MemberFactory(network=network, state=state)
    MemberFactory()
    plan(network, "An;De Smet;;an@example.org")
    # Active, unconfirmed and suspended ones; who left is not missed.
    assert MemberImport.objects.get().missing == 3


@pytest.mark.parametrize(
    ("policy", "changes", "note"),
    [
        (
            Policy.UPDATE,
            {"street": ("Dorp", "Plein"), "phone": ("", "+3214462201")},
            "",
        ),
        (Policy.FILL, {"phone": ("", "+3214462201")}, Note.POLICY),
        (Policy.SKIP, {}, Note.POLICY),
    ],
)
def test_the_policy_says_what_becomes_of_known_members(
    network: Network, an: Member, policy: str, changes: Any, note: str
) -> None:
    planned = plan(
        network,
        "An;De Smet;;an@example.org;;014462201;Plein",
        "Bob;Maes;;bob@example.org",
        policy=policy,
    )
    assert len(planned[Kind.NEW]) == 1
    (row,) = planned[Kind.CHANGED] + planned[Kind.SAME]
    assert (differences(row) if row.fields else {}) == changes
    assert row.note == note


def test_filling_in_never_makes_a_name_of_two_halves(network: Network) -> None:
    MemberFactory(
        network=network, first_name="", last_name="De Smet An", email="an@example.org"
    )
    planned = plan(network, "An;De Smet;Bakkerij;an@example.org", policy=Policy.FILL)
    (row,) = planned[Kind.CHANGED]
    assert differences(row) == {"organisation": ("", "Bakkerij")}


@pytest.mark.parametrize(
    ("reason", "kind", "note"),
    [
        (Suppression.Reason.ERASED, Kind.KEPT_OUT, Note.BARRED),
        (Suppression.Reason.COMPLAINT, Kind.KEPT_OUT, Note.BARRED),
        (Suppression.Reason.MANUAL, Kind.KEPT_OUT, Note.BARRED),
        (Suppression.Reason.BOUNCE, Kind.NEW, Note.SUPPRESSED),
        (Suppression.Reason.SOFT_BOUNCES, Kind.NEW, Note.SUPPRESSED),
    ],
)
def test_whose_address_is_suppressed_is_shown_or_not_put_on_the_list(
    network: Network, reason: str, kind: Kind, note: str
) -> None:
    Suppression.objects.create(digest=address_digest("an@example.org"), reason=reason)
    (row,) = plan(network, "An;De Smet;;an@example.org;0473865387")[kind]
    assert row.note == note
    assert (row.cells is None) == (kind == Kind.NEW)


def test_a_number_shared_with_somebody_erased_keeps_nobody_out(
    network: Network,
) -> None:
    for number in ("+32473865387", "+3214462201"):
        Suppression.objects.create(
            digest=address_digest(number), reason=Suppression.Reason.ERASED
        )
    planned = plan(
        network,
        "An;De Smet;;an@example.org;0473865387",
        "Bob;Maes;;;0473865387;014462202",
        "Cis;Maes;;;0473865387;014462201",
    )
    assert [row.line for row in planned[Kind.NEW]] == [2, 3]
    assert [row.line for row in planned[Kind.KEPT_OUT]] == [4]


def test_who_withdrew_is_shown_as_such_and_still_updated(
    network: Network, an: Member
) -> None:
    Consent.objects.create(
        member=an,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        is_given=False,
        basis=Consent.Basis.LINK,
    )
    (row,) = plan(network, "An;De Smet;;an@example.org;;;Plein")[Kind.CHANGED]
    assert row.note == Note.WITHDREW


def test_cells_come_back_as_they_stand_whatever_they_hold(network: Network) -> None:
    cells = ["\\N", "\\.", "\\t\\\\", '"a"', "é\u2028", "x" * 50, "niets"]
    row = ";".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells)
    (refused,) = plan(network, row)[Kind.REFUSED]
    assert refused.cells == cells
    assert plan(network, "\\N;\\.\\;;an@example.org")[Kind.NEW][0].after["last_name"]


def test_the_number_of_queries_per_batch_is_constant(
    network: Network, an: Member, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 10

    def queries(batches: int) -> int:
        rows = [f"An;N{n};;n{n}@example.org;047386{n:04d}" for n in range(10 * batches)]
        with CaptureQueriesContext(connection) as captured:
            plan(network, *rows)
        return len(captured)

    two, four, six = queries(2), queries(4), queries(6)
    assert six - four == four - two
    # Members, suppressed addresses, the lease, the rows.
    assert (four - two) / 2 <= 8


def test_i2_rows_of_earlier_batches_are_not_kept(
    network: Network, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 10
    held: list[int] = []

    def look(*arguments: Any) -> None:
        stage(*arguments)
        held.append(sum(type(one) is Line for one in gc.get_objects()))

    monkeypatch.setattr(planning, "stage", look)
    # Each is refused by an exception, whose traceback knows the batch.
    plan(network, *(f"An;{n};;lid{n}@;;" for n in range(50)))
    assert len(held) == 5
    assert max(held) < 30
