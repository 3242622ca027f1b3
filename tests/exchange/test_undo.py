"""Undoing an import: all that nobody has touched since, and a reason for the rest."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from wagtail.models import ModelLogEntry

from tests.content import make_home, make_tip, make_tip_index
from tests.factories import MandateFactory, MemberFactory, NetworkFactory
from wagtail_bin import audit
from wagtail_bin.exceptions import ImportRejected, NotAllowed
from wagtail_bin.exchange.apply import import_members
from wagtail_bin.exchange.control import preview_undo, undo_import
from wagtail_bin.exchange.preview import not_undone
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Dispatch,
    ImportRow,
    Member,
    MemberImport,
    MemberLogEntry,
    Network,
    Purpose,
)

HEADER = "Voornaam;Naam;Firma;E-mail;GSM;Telefoon;Straat"
Kept = ImportRow.Kept
State = MemberImport.State


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory()


@pytest.fixture
def user(network: Network) -> Any:
    return MandateFactory(network=network).user


@pytest.fixture
def an(network: Network) -> Member:
    return MemberFactory(
        network=network,
        first_name="An",
        last_name="De Smet",
        email="",
        mobile="+32473865387",
        street="Dorp",
        consent=False,
    )


def run(network: Network, user: Any, *rows: str, basis: str = "enrolment") -> Any:
    return import_members(
        network=network,
        user=user,
        source="\n".join((HEADER, *rows)).encode(),
        file_name="leden.csv",
        basis=basis,
    ).member_import


def undo(done: MemberImport, user: Any) -> Any:
    """Undone, after a look at what that would do."""
    seen = preview_undo(member_import=done, user=user)
    undone = undo_import(member_import=done, user=user)
    assert undone.state == State.UNDONE
    assert seen.removed + seen.restored == undone.restored
    assert sum(seen.kept.values()) == undone.not_restored
    return seen


def kept(done: MemberImport, user: Any) -> list[tuple[int, str, list[str]]]:
    return [
        (row.line, row.kept, list(row.differences))
        for row in not_undone(member_import=done, user=user)
    ]


def send_to(member: Member) -> None:
    page = make_tip(make_tip_index(make_home()))
    dispatch = Dispatch.objects.create(
        page=page, revision=page.save_revision(), expires_at=timezone.now()
    )
    Delivery.objects.create(
        dispatch=dispatch,
        member=member,
        network=member.network,
        channel=ChannelName.EMAIL,
        language="nl",
        due_at=timezone.now(),
    )


def test_who_came_goes_and_what_changed_is_as_it_was(
    network: Network, user: Any, an: Member
) -> None:
    before = Member.objects.values().get()
    done = run(
        network,
        user,
        "An;De Smet;;an@example.org;0473865387;;Plein",
        "Bob;Maes;;bob@example.org",
        "Cis;Maes;;niets",
    )
    assert (Member.objects.count(), Consent.objects.count()) == (2, 2)
    seen = undo(done, user)
    assert (seen.removed, seen.restored, seen.kept) == (1, 1, {})
    assert Member.objects.values().get() == before
    assert not Consent.objects.exists()
    done.refresh_from_db()
    assert (done.undone_by, done.restored, done.not_restored) == (user, 2, 0)
    assert done.undone_at is not None
    # Of people who are gone nothing is kept, and refused rows stay to be read.
    rows = done.rows.values_list("line", "outcome", "before", "after", "member")
    assert list(rows) == [
        (2, "undone", None, None, an.pk),
        (3, "undone", None, None, None),
        (4, "", None, None, None),
    ]


def test_once_undone_the_list_can_be_imported_again(
    network: Network, user: Any, an: Member
) -> None:
    rows = ("An;De Smet;;an@example.org;0473865387", "Bob;Maes;;bob@example.org")
    undo(run(network, user, *rows), user)
    done = run(network, user, *rows)
    assert (done.created, done.updated) == (1, 1)
    assert Consent.objects.filter(is_given=True).count() == 2


def test_a_field_changed_since_stays_and_the_others_are_restored(
    network: Network, user: Any, an: Member
) -> None:
    done = run(network, user, "An;De Smet;Bakkerij;an@example.org;0473865387;;Plein")
    an.refresh_from_db()
    an.street = "Markt"
    an.save()
    seen = undo(done, user)
    assert seen.kept == {Kept.EDITED: 1}
    an.refresh_from_db()
    assert (an.organisation, an.email, an.street) == ("", "", "Markt")
    assert (an.name_key, an.email_digest) == ("an de smet", "")
    assert kept(done, user) == [(2, Kept.EDITED, ["street"])]


def test_nothing_is_restored_that_would_leave_nothing_to_reach_the_member_by(
    network: Network, user: Any, an: Member
) -> None:
    done = run(network, user, "An;De Smet;;an@example.org;0473865387;;Plein")
    Member.objects.update(mobile="")
    undo(done, user)
    an.refresh_from_db()
    assert (an.email, an.street) == ("an@example.org", "Plein")
    assert kept(done, user) == [(2, Kept.EDITED, ["email", "street"])]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"street": "Markt"}, Kept.EDITED),
        ({"state": Member.State.LEFT}, Kept.EDITED),
        ({"quiet_from": dt.time(22)}, Kept.EDITED),
        ({"suspended_until": dt.date(2030, 1, 1)}, Kept.EDITED),
    ],
)
def test_a_new_member_who_was_changed_since_stays(
    network: Network, user: Any, change: dict[str, Any], reason: Kept
) -> None:
    done = run(network, user, "Bob;Maes;;bob@example.org", "Cis;Maes;;cis@example.org")
    Member.objects.filter(first_name="Bob").update(**change)
    assert undo(done, user).kept == {reason: 1}
    assert Member.objects.get().first_name == "Bob"
    assert Consent.objects.count() == 1


def test_a_new_member_who_moved_to_another_network_stays(
    network: Network, user: Any
) -> None:
    done = run(network, user, "Bob;Maes;;bob@example.org")
    Member.objects.update(network=NetworkFactory())
    assert undo(done, user).kept == {Kept.GONE: 1}
    assert Member.objects.exists()


def test_a_new_member_who_said_something_since_stays(
    network: Network, user: Any
) -> None:
    done = run(network, user, "Bob;Maes;;bob@example.org")
    Consent.objects.create(
        member=Member.objects.get(),
        purpose=Purpose.ALERTS,
        channel=ChannelName.SMS,
        is_given=False,
        basis=Consent.Basis.OFFICE,
    )
    assert undo(done, user).kept == {Kept.CONSENT: 1}
    assert Consent.objects.count() == 2


def test_a_new_member_who_got_messages_stays(network: Network, user: Any) -> None:
    done = run(network, user, "Bob;Maes;;bob@example.org")
    send_to(Member.objects.get())
    assert undo(done, user).kept == {Kept.MESSAGES: 1}
    assert Consent.objects.get().is_given


def test_a_member_erased_since_takes_the_row_along(network: Network, user: Any) -> None:
    done = run(network, user, "Bob;Maes;;bob@example.org", "Cis;Maes;;cis@example.org")
    Member.objects.get(first_name="Bob").delete()
    assert [row.line for row in done.rows.all()] == [3]
    assert undo(done, user).removed == 1
    assert not Member.objects.exists()


def test_a_consent_that_was_used_is_withdrawn_and_not_erased(
    network: Network, user: Any, an: Member
) -> None:
    done = run(network, user, "An;De Smet;;an@example.org;0473865387")
    send_to(an)
    undo(done, user)
    given, taken_back = Consent.objects.order_by("pk")
    assert given.is_given
    assert (taken_back.is_given, taken_back.basis) == (False, Consent.Basis.UNDONE)
    # That was not the member's no: another list may bring the consent again.
    again = run(network, user, "An;De Smet;;an@example.org;0473865387")
    assert not again.rows.exclude(note="").exists()
    assert Consent.objects.latest("pk").is_given


def test_what_the_member_said_since_counts(
    network: Network, user: Any, an: Member
) -> None:
    done = run(network, user, "An;De Smet;;an@example.org;0473865387")
    Consent.objects.create(
        member=an,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        is_given=True,
        basis=Consent.Basis.LINK,
    )
    undo(done, user)
    assert Consent.objects.count() == 2
    assert Consent.objects.latest("pk").is_given


def test_another_list_that_found_the_member_does_not_hold_it(
    network: Network, user: Any
) -> None:
    first = run(network, user, "Bob;Maes;;bob@example.org")
    second = run(network, user, "Bob;Maes;;bob@example.org", "Cis;Maes;;c@example.org")
    assert second.unchanged == 1
    undo(first, user)
    assert [member.first_name for member in Member.objects.all()] == ["Cis"]
    undo(second, user)
    assert not Member.objects.exists()


def test_it_is_done_once_and_by_whom_it_may(network: Network, user: Any) -> None:
    done = run(network, user, "Bob;Maes;;bob@example.org")
    stranger = MandateFactory().user
    for verb in (preview_undo, undo_import, not_undone):
        with pytest.raises(NotAllowed):
            verb(member_import=done, user=stranger)
    assert Member.objects.exists()
    undo(done, user)
    run(network, user, "Bob;Maes;;bob@example.org")
    assert undo_import(member_import=done, user=user).state == State.UNDONE
    assert Member.objects.exists()


def test_it_cannot_be_undone_before_it_was_written_or_too_late(
    network: Network, user: Any, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_UNDO_DAYS = 10
    upload = MemberImport.objects.create(network=network, file_name="x")
    done = run(network, user, "Bob;Maes;;bob@example.org")
    ended = timezone.now() - dt.timedelta(days=11)
    MemberImport.objects.filter(pk=done.pk).update(applied_at=ended)
    done.refresh_from_db()
    for one in (upload, done):
        with pytest.raises(ImportRejected):
            preview_undo(member_import=one, user=user)
        with pytest.raises(ImportRejected):
            undo_import(member_import=one, user=user)
    assert Member.objects.exists()


def test_the_log_knows_who_undid_what_without_personal_data(
    network: Network, user: Any, an: Member
) -> None:
    done = run(
        network, None, "An;De Smet;;an@example.org;473865387", "Bob;Maes;;b@example.org"
    )
    undo(done, user)
    entry = ModelLogEntry.objects.get(action=audit.UNDO_IMPORT)
    assert (entry.user, entry.data) == (user, {"restored": 2, "not_restored": 0})
    entries = MemberLogEntry.objects.filter(action=audit.IMPORT_UNDONE).order_by("pk")
    assert [(e.data["fields"], e.deleted, e.user) for e in entries] == [
        (["email"], False, user),
        (None, True, user),
    ]
    history = MemberLogEntry.objects.for_instance(an).values_list("action", flat=True)
    assert list(history) == [audit.IMPORT_UNDONE, audit.IMPORT_MEMBER]
    for entry in MemberLogEntry.objects.all():
        assert "example" not in f"{entry.label}{entry.data}"
        assert "Maes" not in f"{entry.label}{entry.data}"


def test_the_log_says_in_words_what_was_imported_and_undone(
    network: Network, user: Any, an: Member
) -> None:
    rows = ("An;De Smet;;an@example.org;0473865387", "Bob;Maes;;b@example.org")
    done = run(network, user, *rows)
    Member.objects.filter(first_name="Bob").update(street="Markt")
    undo(done, user)
    again = run(network, user, *rows)
    undo(again, user)
    undo(run(network, user, "Cis;Maes;;cis@example.org"), user)
    with translation.override("en"):
        said = [
            str(entry.message)
            for log in (ModelLogEntry, MemberLogEntry)
            for entry in log.objects.order_by("pk")
        ]
    assert said == [
        "Imported a list. New members: 1, changed: 1",
        "Undid the import of a list. Undone: 1, left as they are: 1",
        "Imported a list. New members: 0, changed: 1",
        "Undid the import of a list",
        "Imported a list. New members: 1, changed: 0",
        "Undid the import of a list",
        "Changed by an import: e-mail",
        "Put on the list by an import",
        "As before an import that was undone: e-mail",
        "Changed by an import: e-mail",
        "As before an import that was undone: e-mail",
        "Put on the list by an import",
        "Taken off the list again: the import was undone",
    ]


def test_the_number_of_queries_per_chunk_is_constant(
    network: Network, user: Any, settings: Any
) -> None:
    def queries(rows: int, size: int) -> int:
        settings.WAGTAIL_BIN_IMPORT_BATCH = size
        for n in range(rows):
            MemberFactory(
                network=network, first_name="An", last_name=f"N{n}-{rows}", email="",
                mobile=f"+3247386{n:04d}", consent=False,
            )  # fmt: skip
        pairs = [
            (
                f"An;N{n}-{rows};;n{n}@example.org;047386{n:04d}",
                f"New;M{n}-{rows};;m{n}-{rows}@example.org",
            )
            for n in range(rows)
        ]
        done = run(network, user, *itertools.chain(*pairs))
        assert (done.created, done.updated) == (rows, rows)
        with CaptureQueriesContext(connection) as captured:
            undo_import(member_import=done, user=user)
        Member.objects.all().delete()
        return len(captured)

    one, two, three = queries(10, 20), queries(20, 20), queries(30, 20)
    assert three - two == two - one
    assert two - one <= 35
    assert queries(15, 30) == one
