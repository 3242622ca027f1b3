"""Importing: all of it or nothing, twice the same as once, at a constant price."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry

from tests.factories import MandateFactory, MemberFactory, NetworkFactory
from wagtail_bin import audit
from wagtail_bin.exceptions import ImportRejected, NotAllowed
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.exchange.preview import preview_import
from wagtail_bin.models import (
    ChannelName,
    Consent,
    ImportRow,
    Member,
    MemberImport,
    Network,
    Purpose,
)

HEADER = "Voornaam;Naam;Firma;E-mail;GSM;Telefoon;Straat"


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory()


def run(
    network: Network, *rows: str, basis: str = "enrolment", **kwargs: Any
) -> ImportResult:
    return import_members(
        network=network,
        user=kwargs.pop("user", None),
        source="\n".join((HEADER, *rows)).encode(),
        file_name="leden.csv",
        basis=basis,
        **kwargs,
    )


def counts(done: Any) -> tuple[int, int, int, int, int]:
    return (done.created, done.updated, done.unchanged, done.kept_out, done.refused)


def snapshot() -> list[Any]:
    return [
        list(Member.objects.order_by("pk").values()),
        list(Consent.objects.order_by("pk").values()),
    ]


@pytest.mark.parametrize("basis", ["enrolment", "transfer"])
def test_new_members_with_a_basis_are_active_and_consent_by_email(
    network: Network, basis: str
) -> None:
    run(network, "An;Maes;;an@example.org", "Bob;Maes;;;0473865387", basis=basis)
    an, bob = Member.objects.order_by("pk")
    assert an.state == bob.state == Member.State.ACTIVE
    assert an.source == Member.Source.IMPORT
    assert an.name_key == "an maes"
    assert len(an.email_digest) == 64
    (consent,) = Consent.objects.all()
    assert (consent.member, consent.basis, consent.is_given) == (an, basis, True)
    assert (consent.purpose, consent.channel) == (Purpose.TIPS, ChannelName.EMAIL)


def test_p02_without_a_basis_nobody_becomes_active(network: Network) -> None:
    run(network, "An;Maes;;an@example.org", basis="")
    assert Member.objects.get().state == Member.State.UNCONFIRMED
    assert not Consent.objects.exists()


@pytest.mark.parametrize("basis", ["link", "office", "none", "x"])
def test_p02_no_other_basis_makes_a_consent(network: Network, basis: str) -> None:
    with pytest.raises(ValueError, match=basis):
        run(network, "An;Maes;;an@example.org", basis=basis)
    assert not Member.objects.exists()


def test_the_same_list_twice_changes_nothing_and_says_so(network: Network) -> None:
    rows = (
        "An;Maes;;an@example.org;0473865387;014462201;Dorp",
        ";;Bakkerij;;;014462202",
        "Bob;Maes;;niets",
    )
    first = run(network, *rows)
    before = snapshot()
    second = run(network, *rows)
    assert counts(first) == (2, 0, 0, 0, 1)
    assert counts(second) == (0, 0, 2, 0, 1)
    assert not first.is_without_effect
    assert second.is_without_effect
    assert snapshot() == before


def test_changes_are_written_and_the_state_is_left_alone(network: Network) -> None:
    one = MemberFactory(
        network=network,
        first_name="An",
        last_name="Maes",
        email="an@example.org",
        state=Member.State.SUSPENDED,
        street="Oud",
    )
    run(network, "An;Maes;;an@example.org;0473865387;;Nieuw")
    one.refresh_from_db()
    assert (one.mobile, one.street) == ("+32473865387", "Nieuw")
    assert one.state == Member.State.SUSPENDED
    digest = one.email_digest
    run(network, "An;Maes;;new@example.org;0473865387")
    one.refresh_from_db()
    assert one.email == "new@example.org"
    assert one.email_digest != digest
    assert one.consents.count() == 1


def test_a_first_email_address_brings_the_consent_of_the_list(network: Network) -> None:
    silent = MemberFactory(
        network=network, first_name="An", last_name="Maes", email="",
        mobile="+32473865387", consent=False,
    )  # fmt: skip
    withdrawn = MemberFactory(
        network=network, first_name="Bob", last_name="Maes", email="",
        mobile="+32476719342", consent=False,
    )  # fmt: skip
    Consent.objects.create(
        member=withdrawn, purpose=Purpose.TIPS, channel=ChannelName.EMAIL,
        is_given=False, basis=Consent.Basis.LINK,
    )  # fmt: skip
    rows = ("An;Maes;;an@example.org;473865387", "Bob;Maes;;bob@example.org;476719342")
    assert counts(run(network, *rows))[1] == 2
    assert silent.consents.get().is_given
    assert not withdrawn.consents.get().is_given


def test_who_left_stays_away(network: Network) -> None:
    one = MemberFactory(
        network=network, first_name="An", last_name="Maes", email="an@example.org",
        state=Member.State.LEFT, street="Oud",
    )  # fmt: skip
    done = run(network, "An;Maes;;an@example.org;;;Nieuw")
    assert counts(done) == (0, 0, 0, 1, 0)
    assert done.is_without_effect
    one.refresh_from_db()
    assert (one.state, one.street) == (Member.State.LEFT, "Oud")
    stored = MemberImport.objects.get()
    assert counts(ImportResult.of(stored)) == (0, 0, 0, 1, 0)


def test_refused_rows_are_kept_with_codes(network: Network) -> None:
    run(network, "An;Maes;;c@d.be\0;;", '"Bob\nB";Maes;;"c@d.be\r\nBcc: evil@x.be"')
    first, second = ImportRow.objects.all()
    assert first.line == 2
    assert first.problems == [{"field": "email", "code": "control", "value": ""}]
    assert first.cells == ["An", "Maes", "", "c@d.be\ufffd"]
    assert second.problems[0]["code"] == "email_control"
    assert not Member.objects.exists()


def test_the_user_needs_a_mandate_for_the_network(network: Network) -> None:
    stranger = MandateFactory().user
    with pytest.raises(NotAllowed):
        run(network, "An;Maes;;an@example.org", user=stranger)
    assert not Member.objects.exists()
    assert not MemberImport.objects.exists()
    own = MandateFactory(network=network).user
    assert counts(run(network, "An;Maes;;an@example.org", user=own))[0] == 1


def test_the_log_has_one_entry_without_personal_data(network: Network) -> None:
    user = MandateFactory(network=network).user
    run(network, "An;Maes;;an@example.org", user=user)
    entry = ModelLogEntry.objects.get(action=audit.IMPORT)
    assert entry.user == user
    assert "Maes" not in f"{entry.label}{entry.data}"
    assert "leden.csv" not in f"{entry.label}{entry.data}"


def test_a_file_that_cannot_be_read_writes_nothing(network: Network) -> None:
    with pytest.raises(ImportRejected):
        import_members(network=network, user=None, source=b"", file_name="x", basis="")
    assert not MemberImport.objects.exists()


def test_an_upload_is_imported_once_and_not_after_it_was_cancelled(
    network: Network,
) -> None:
    upload = MemberImport.objects.create(network=network, file_name="x")
    first = run(network, "An;Maes;;an@example.org", member_import=upload)
    again = run(network, "Bob;Maes;;bob@example.org", member_import=upload)
    assert counts(first) == counts(again) == (1, 0, 0, 0, 0)
    assert Member.objects.count() == 1
    MemberImport.objects.all().delete()
    with pytest.raises(ImportRejected):
        run(network, "Bob;Maes;;bob@example.org", member_import=upload)
    other = MemberImport.objects.create(network=NetworkFactory(), file_name="x")
    with pytest.raises(ImportRejected):
        run(network, "Bob;Maes;;bob@example.org", member_import=other)
    assert Member.objects.count() == 1


def test_the_number_of_queries_per_batch_is_constant(
    network: Network, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 20

    def queries(name: str, size: int, batches: int) -> int:
        settings.WAGTAIL_BIN_IMPORT_BATCH = size
        # Every batch has new, changed, same and refused rows.
        for n in range(batches):
            MemberFactory(
                network=network, first_name="Old", last_name=f"{name}{n}",
                email=f"{name}{n}@example.org", consent=False,
            )  # fmt: skip
        rows = []
        for n in range(batches):
            rows += [f"Old;{name}{n};;{name}{n}@example.org;;;Straat", "An;Maes;;niets"]
            rows += [
                f"New;{name}{n}-{m};;{name}{n}-{m}@example.org" for m in range(size - 2)
            ]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            done = run(network, *rows)
        assert counts(done) == (batches * (size - 2), batches, 0, 0, batches)
        return len(captured)

    one = queries("a", 20, 1)
    two = queries("b", 20, 2)
    four = queries("c", 20, 4)
    # Planning: the lease, members, suppressed addresses, rows. Writing: lease, rows,
    # members, consents, history; two more where members change.
    most = 18
    assert two - one <= most
    assert four - two <= 2 * most
    # However many rows a batch has.
    assert queries("d", 60, 2) - queries("e", 60, 1) == two - one


def test_preview_and_import_agree_and_a_second_import_changes_nothing(
    network: Network, settings: Any
) -> None:
    dice = random.Random(11)
    repeated = 0
    firsts = ["An", "Bob", "", "An Maria"]
    lasts = ["Maes", "De Smet", "", "Maes An"]
    firms = ["", "", "", "Bakkerij", "Slager"]
    emails = ["", "a@example.org", "b@example.org", "c@example.org", "fout"]
    mobiles = ["", "0473865387", "0476719342", "014462201"]
    phones = ["", "014462202", "0473865387"]
    streets = ["", "Dorp", "Plein"]
    for _round in range(40):
        settings.WAGTAIL_BIN_IMPORT_BATCH = dice.choice([1, 2, 3, 100])
        rows = [
            ";".join(
                dice.choice(choices)
                for choices in (firsts, lasts, firms, emails, mobiles, phones, streets)
            )
            for _row in range(dice.randint(1, 12))
        ]
        if dice.random() < 0.3:
            Member.objects.filter(network=network, pk__gt=0).update(
                state=dice.choice(Member.State.values)
            )
        source = "\n".join((HEADER, *rows)).encode()
        preview = preview_import(network=network, source=source)
        done = run(network, *rows)
        assert counts(preview) == counts(done), rows
        assert sum(counts(preview)) == sum(1 for row in rows if row.strip(";"))
        if "'duplicate'" in str(list(done.member_import.rows.values())):
            # Rows that contradict each other may be taken in turns.
            continue
        before = snapshot()
        assert run(network, *rows).is_without_effect, rows
        assert snapshot() == before
        repeated += 1
        if dice.random() < 0.2:
            network = NetworkFactory()
    assert repeated > 5
