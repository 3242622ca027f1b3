"""The way of an import: uploaded, read, planned, confirmed, stopped; one at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from django_q.brokers import get_broker

from tests.exchange.files import xlsx
from tests.factories import MandateFactory, MemberFactory, NetworkFactory
from wagtail_bin.exceptions import (
    ImportBusy,
    ImportRejected,
    NotAllowed,
    PlanOutdated,
)
from wagtail_bin.exchange import control, jobs, lease, tasks
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.exchange.columns import columns_of
from wagtail_bin.exchange.control import (
    cancel_import,
    preview_undo,
    progress_of,
    start_import,
    undo_import,
)
from wagtail_bin.exchange.preview import (
    missing_members,
    not_undone,
    plan_of,
    plan_rows,
)
from wagtail_bin.exchange.rejects import refused_file
from wagtail_bin.exchange.uploads import cancel_upload, choose_columns, store_upload
from wagtail_bin.models import (
    ColumnMapping,
    ImportRow,
    Member,
    MemberImport,
    MemberLogEntry,
    Network,
)

HEADER = "Voornaam;Naam;E-mail;GSM;Straat"
FIELDS = ("first_name", "last_name", "email", "mobile", "street")
Kind = ImportRow.Kind
State = MemberImport.State


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory()


@pytest.fixture
def user(network: Network) -> Any:
    return MandateFactory(network=network).user


def people(count: int) -> list[str]:
    return [f"An;N{n};n{n}@example.org" for n in range(count)]


def upload(network: Network, user: Any, *rows: str, source: bytes = b"") -> Any:
    return store_upload(
        network=network,
        user=user,
        source=source or "\n".join((HEADER, *rows)).encode(),
        file_name="leden.csv",
    )


def planned(network: Network, user: Any, *rows: str) -> MemberImport:
    one = upload(network, user, *rows)
    return choose_columns(
        member_import=one, user=user, fields=FIELDS, basis="enrolment"
    )


@pytest.fixture
def in_background(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[MemberImport], None]:
    """Nothing is little: all is left to workers, who do two rows at a time."""
    settings.WAGTAIL_BIN_IMPORT_BATCH = 2
    monkeypatch.setattr(control, "SMALL", -1)

    def work(one: MemberImport) -> None:
        jobs.work_on(one.pk, seconds=0)
        one.refresh_from_db()

    return work


def test_from_the_file_to_the_list_step_by_step(network: Network, user: Any) -> None:
    MemberFactory(network=network, first_name="Missing")
    old = MemberFactory(
        network=network, first_name="Bob", last_name="Maes", email="bob@example.org"
    )
    one = upload(
        network,
        user,
        "An;Peeters;an@example.org",
        "Bob;Maes;bob@example.org;0473865387",
        "Cis;Maes;niets",
    )
    assert one.state == State.UPLOADED
    columns = columns_of(member_import=one, user=user)
    assert columns.mapping.fields == FIELDS
    assert columns.mapping.columns[1].samples == ("Peeters", "Maes")
    assert (columns.sheet, columns.other_sheets) == ("", ())
    assert not columns.is_remembered

    one = choose_columns(member_import=one, user=user, fields=FIELDS, basis="transfer")
    assert one.state == State.PLANNED
    plan = plan_of(member_import=one, user=user)
    assert (plan.created, plan.updated, plan.unchanged) == (1, 1, 0)
    assert (plan.kept_out, plan.refused, plan.missing) == (0, 1, 1)
    assert plan.effect == 2
    (new,) = plan_rows(member_import=one, user=user, kind=Kind.NEW)
    assert (new.line, new.name, new.values.email) == (2, "An Peeters", "an@example.org")
    (changed,) = plan_rows(member_import=one, user=user, kind=Kind.CHANGED)
    assert (changed.name, changed.member_id) == ("Bob Maes", old.pk)
    assert changed.differences == {"mobile": ("", "+32473865387")}
    (bad,) = plan_rows(member_import=one, user=user, kind=Kind.REFUSED)
    assert (bad.cells[2], bad.problems[0]["code"]) == ("niets", "email")
    (missing,) = missing_members(member_import=one, user=user)
    assert missing.first_name == "Missing"
    assert refused_file(member_import=one, user=user).startswith(b"PK")
    assert Member.objects.count() == 2

    one = start_import(member_import=one, user=user)
    assert one.state == State.APPLIED
    assert one.content is None
    done = ImportResult.of(one)
    assert (done.created, done.updated, done.refused, done.missing) == (1, 1, 1, 1)
    assert progress_of(member_import=one, user=user).percent == 100
    assert Member.objects.count() == 3


def test_the_history_of_each_member_has_the_import_without_values(
    network: Network, user: Any
) -> None:
    old = MemberFactory(
        network=network, first_name="Bob", last_name="Maes", email="bob@example.org"
    )
    start_import(
        member_import=planned(
            network, user, "Bob;Maes;bob@example.org;;Plein", "An;Maes;an@example.org"
        ),
        user=user,
    )
    new = Member.objects.get(first_name="An")
    changed, came = (
        MemberLogEntry.objects.for_instance(one).get() for one in (old, new)
    )
    assert changed.data["fields"] == ["street"]
    assert came.data["fields"] is None
    assert changed.data["import"] == str(MemberImport.objects.get().pk)
    assert {changed.user, came.user} == {user}
    assert (changed.network, changed.label) == (network, str(old))
    assert "Plein" not in f"{changed.data}{came.data}"


def test_columns_that_a_person_chose_are_recognised_the_next_time(
    network: Network, user: Any
) -> None:
    source = b"Wie;Waar;Post\nAn Peeters;Dorp;an@example.org\n"
    one = upload(network, user, source=source)
    fields = ("full_name", "street", "email")
    choose_columns(member_import=one, user=user, fields=fields, basis="")
    known = ColumnMapping.objects.get()
    assert (known.network, known.chosen_by, tuple(known.fields)) == (
        network, user, fields,
    )  # fmt: skip
    again = upload(network, user, source=source.replace(b"Wie", b"WIE "))
    assert again.mapping["fields"] == list(fields)
    assert columns_of(member_import=again, user=user).is_remembered
    # Of this network only, and the last word counts.
    other = NetworkFactory()
    mandate = MandateFactory(network=other)
    elsewhere = upload(other, mandate.user, source=source)
    assert not columns_of(member_import=elsewhere, user=mandate.user).is_remembered
    fields = ("full_name", "", "email")
    choose_columns(member_import=again, user=user, fields=fields, basis="")
    assert tuple(ColumnMapping.objects.get().fields) == fields


def test_without_headers_nothing_is_remembered(network: Network, user: Any) -> None:
    one = upload(network, user, source=b"An Peeters;an@example.org\nBo Maes;b@x.be\n")
    fields = ("full_name", "email")
    one = choose_columns(member_import=one, user=user, fields=fields, basis="")
    assert one.created == 2
    assert not ColumnMapping.objects.exists()


def test_another_sheet_may_be_read(network: Network, user: Any) -> None:
    source = xlsx(
        ["Naam", "E-mail"],
        ["An", "an@example.org"],
        sheets={"Anderen": [["Wie", "Mail"], ["Bob", "bob@example.org"]]},
    )
    one = upload(network, user, source=source)
    columns = columns_of(member_import=one, user=user)
    assert (columns.sheet, columns.other_sheets) == ("Leden", ("Anderen",))
    columns = columns_of(member_import=one, user=user, sheet="Anderen")
    assert columns.mapping.header == ("Wie", "Mail")
    one = choose_columns(
        member_import=one,
        user=user,
        fields=("full_name", "email"),
        basis="",
        sheet="Anderen",
    )
    (row,) = plan_rows(member_import=one, user=user, kind=Kind.NEW)
    assert row.name == "Bob"


@pytest.mark.parametrize(
    "fields",
    [
        FIELDS[:2],
        ("first_name", "first_name", "email", "", ""),
        ("", "", "email", "mobile", "street"),
        ("first_name", "", "", "", "street"),
        ("first_name", "x", "email", "", ""),
    ],
)
def test_columns_with_which_nobody_could_be_imported_are_not_taken(
    network: Network, user: Any, fields: tuple[str, ...]
) -> None:
    one = upload(network, user, *people(1))
    with pytest.raises(ImportRejected):
        choose_columns(member_import=one, user=user, fields=fields, basis="")
    one.refresh_from_db()
    assert one.state == State.UPLOADED
    assert not ColumnMapping.objects.exists()


def test_a_plan_may_be_made_anew_until_it_is_confirmed(
    network: Network, user: Any
) -> None:
    one = planned(network, user, *people(2))
    fields = ("first_name", "last_name", "email", "", "")
    again = choose_columns(
        member_import=one, user=user, fields=fields, basis="", policy="skip"
    )
    assert (again.state, again.policy, again.basis) == (State.PLANNED, "skip", "")
    assert again.rows.count() == 2
    start_import(member_import=again, user=user)
    with pytest.raises(ImportRejected):
        choose_columns(member_import=one, user=user, fields=FIELDS, basis="")


def test_only_who_may_import_here_may_do_any_of_it(network: Network, user: Any) -> None:
    one = planned(network, user, *people(2))
    stranger = MandateFactory().user
    verbs: list[Callable[..., Any]] = [
        columns_of, plan_of, missing_members, not_undone, refused_file, start_import,
        progress_of, cancel_import, cancel_upload, preview_undo, undo_import,
    ]  # fmt: skip
    for verb in verbs:
        with pytest.raises(NotAllowed):
            verb(member_import=one, user=stranger)
    with pytest.raises(NotAllowed):
        plan_rows(member_import=one, user=stranger, kind=Kind.NEW)
    with pytest.raises(NotAllowed):
        choose_columns(member_import=one, user=stranger, fields=FIELDS, basis="")
    with pytest.raises(NotAllowed):
        upload(network, stranger, *people(1))
    one.refresh_from_db()
    assert one.state == State.PLANNED
    assert not Member.objects.exists()


def test_rows_come_a_page_at_a_time(network: Network, user: Any) -> None:
    for n in range(5):
        MemberFactory(network=network, first_name=f"Missing{n}")
    one = planned(network, user, *people(5))
    seen: list[int] = []
    while rows := plan_rows(
        member_import=one, user=user, kind=Kind.NEW, after=max(seen, default=0), limit=2
    ):
        seen += [row.line for row in rows]
    assert seen == [2, 3, 4, 5, 6]
    first = missing_members(member_import=one, user=user, limit=3)
    rest = missing_members(member_import=one, user=user, after=first[-1].pk)
    assert [len(first), len(rest)] == [3, 2]


@pytest.fixture
def empty_queue(db: Any) -> None:
    """Whatever the broker is, nobody rang yet."""
    get_broker().purge_queue()


@pytest.mark.usefixtures("empty_queue")
def test_it_goes_on_in_the_background_bit_by_bit(
    network: Network,
    user: Any,
    in_background: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    one = planned(network, user, *people(5))
    with django_capture_on_commit_callbacks(execute=True):
        one = start_import(member_import=one, user=user)
    assert (one.state, Member.objects.count()) == (State.APPLYING, 0)
    assert get_broker().queue_size() == 1
    steps = []
    while one.state == State.APPLYING:
        in_background(one)
        progress = progress_of(member_import=one, user=user)
        steps.append((progress.done, progress.percent, Member.objects.count()))
    assert steps == [(2, 40, 2), (4, 80, 4), (5, 100, 5), (5, 100, 5)]
    assert (one.state, one.created) == (State.APPLIED, 5)
    with django_capture_on_commit_callbacks(execute=True):
        one = undo_import(member_import=one, user=user)
    assert (one.state, get_broker().queue_size()) == (State.UNDOING, 2)
    in_background(one)
    assert (one.state, Member.objects.count()) == (State.UNDOING, 3)
    assert progress_of(member_import=one, user=user).percent == 40
    assert start_import(member_import=one, user=user).state == State.UNDOING
    tasks.work(str(one.pk))
    one.refresh_from_db()
    assert (one.state, Member.objects.count()) == (State.UNDONE, 0)


@pytest.mark.usefixtures("empty_queue")
def test_a_task_rings_again_when_its_time_is_up(
    network: Network, user: Any, in_background: Any, settings: Any
) -> None:
    settings.WAGTAIL_BIN_SLICE = 0
    one = start_import(member_import=planned(network, user, *people(3)), user=user)
    rings = 0
    while MemberImport.objects.get().state == State.APPLYING:
        tasks.work(str(one.pk))
        rings += 1
    assert rings == 3
    assert get_broker().queue_size() == 2


def test_cancelling_before_anything_is_written_erases_the_upload(
    network: Network, user: Any
) -> None:
    for one in (upload(network, user, *people(2)), planned(network, user, *people(2))):
        assert cancel_import(member_import=one, user=user).member_import is None
        for verb in (start_import, cancel_import, progress_of):
            with pytest.raises(ImportRejected):
                verb(member_import=one, user=user)
    assert not MemberImport.objects.exists()
    assert not ImportRow.objects.exists()


def test_cancelling_half_way_keeps_what_was_written_and_that_can_be_undone(
    network: Network, user: Any, in_background: Any
) -> None:
    one = start_import(member_import=planned(network, user, *people(5)), user=user)
    in_background(one)
    stopped = cancel_import(member_import=one, user=user).member_import
    assert stopped is not None
    assert (stopped.state, stopped.created) == (State.CANCELLED, 2)
    assert (stopped.cancelled_by, stopped.content) == (user, None)
    in_background(one)
    assert Member.objects.count() == 2
    # Again, and to start it again, is of no effect.
    cancel_import(member_import=one, user=user)
    assert start_import(member_import=one, user=user).state == State.CANCELLED
    undo_import(member_import=one, user=user)
    jobs.work_on(one.pk)
    one.refresh_from_db()
    assert (one.state, one.restored) == (State.UNDONE, 2)
    assert not Member.objects.exists()


def test_a_worker_whose_import_was_cancelled_writes_no_more(
    network: Network, user: Any, in_background: Any
) -> None:
    one = start_import(member_import=planned(network, user, *people(5)), user=user)
    held = lease.claim(one.pk)
    assert held is not None
    cancel_import(member_import=one, user=user)
    with pytest.raises(lease.Lost):
        held.lock()


def test_one_import_of_a_network_is_written_at_a_time(
    network: Network, user: Any, in_background: Any
) -> None:
    one, two = planned(network, user, *people(3)), planned(network, user, *people(4))
    start_import(member_import=one, user=user)
    with pytest.raises(ImportBusy):
        start_import(member_import=two, user=user)
    with pytest.raises(ImportBusy):
        import_members(
            network=network,
            user=user,
            source="\n".join((HEADER, *people(1))).encode(),
            file_name="x",
            basis="",
        )
    # Another network is not concerned.
    other = MandateFactory()
    third = planned(other.network, other.user, *people(1))
    assert start_import(member_import=third, user=other.user).state == State.APPLYING
    jobs.work_on_all()
    assert Member.objects.filter(network=network).count() == 3


def test_a_plan_that_another_import_has_overtaken_is_made_anew(
    network: Network, user: Any
) -> None:
    one, two = planned(network, user, *people(3)), planned(network, user, *people(5))
    start_import(member_import=one, user=user)
    with pytest.raises(PlanOutdated):
        start_import(member_import=two, user=user)
    two.refresh_from_db()
    assert (two.state, two.created, two.unchanged) == (State.PLANNED, 2, 3)
    start_import(member_import=two, user=user)
    assert Member.objects.count() == 5


def test_what_people_did_to_the_list_since_the_plan_is_left_alone(
    network: Network, user: Any
) -> None:
    for name in ("Bob", "Cis", "Dirk", "Else"):
        MemberFactory(
            network=network, first_name=name, last_name="Maes", street="Dorp",
            email=f"{name.lower()}@example.org",
        )  # fmt: skip
    one = planned(
        network,
        user,
        "Bob;Maes;bob@example.org;;Plein",
        "Cis;Maes;cis@example.org;;Plein",
        "Dirk;Maes;dirk@example.org;;Plein",
        "Else;Maes;else@example.org;;Plein",
        "An;Peeters;an@example.org",
        "Flor;Peeters;flor@example.org",
    )
    assert (one.created, one.updated) == (2, 4)
    Member.objects.filter(first_name="Bob").update(street="Markt")
    Member.objects.filter(first_name="Cis").update(state=Member.State.LEFT)
    Member.objects.filter(first_name="Dirk").update(phone="+3214462201")
    MemberFactory(
        network=network, first_name="Peeters", last_name="An", email="an@example.org"
    )
    # The erasure of Else takes the plan for her along.
    Member.objects.get(first_name="Else").delete()
    done = ImportResult.of(start_import(member_import=one, user=user))
    assert (done.created, done.updated, done.overtaken) == (1, 1, 3)
    streets = dict(Member.objects.values_list("first_name", "street"))
    assert streets == {
        "Bob": "Markt", "Cis": "Dorp", "Dirk": "Plein", "Peeters": "", "Flor": "",
    }  # fmt: skip


def test_a_worker_that_is_gone_is_followed_by_another_when_its_lease_is_over(
    network: Network, user: Any, in_background: Any
) -> None:
    one = start_import(member_import=planned(network, user, *people(3)), user=user)
    assert lease.claim(one.pk) is not None
    assert lease.claim(one.pk) is None
    assert jobs.work_on_all() == 0
    let_lease_end()
    assert jobs.work_on_all() == 1
    one.refresh_from_db()
    assert one.state == State.APPLIED


def test_the_sweep_rings_for_what_waits(
    network: Network, user: Any, in_background: Any
) -> None:
    start_import(member_import=planned(network, user, *people(3)), user=user)
    get_broker().purge_queue()
    tasks.ring_for_due()
    assert get_broker().queue_size() == 1
    jobs.work_on_all()
    tasks.ring_for_due()
    assert get_broker().queue_size() == 1


@pytest.mark.parametrize("state", ["planning", "applying", "undoing"])
def test_after_workers_ended_on_it_three_times_a_person_must_look(
    network: Network, user: Any, in_background: Any, state: str
) -> None:
    one = planned(network, user, *people(3))
    if state != "planning":
        start_import(member_import=one, user=user)
        in_background(one)
    if state == "undoing":
        jobs.work_on(one.pk)
        undo_import(member_import=one, user=user)
    MemberImport.objects.update(state=state, owner="", lease_until=None, attempts=0)
    for _attempt in range(3):
        assert lease.claim(one.pk) is not None
        let_lease_end()
    jobs.work_on(one.pk)
    one.refresh_from_db()
    assert (one.state, one.failure) == (State.FAILED, "worker")
    assert jobs.work_on_all() == 0
    if state == "applying":
        # What was written is there, and may be undone.
        assert one.created == Member.objects.count() == 2
        undo_import(member_import=one, user=user)
        jobs.work_on(one.pk)
        assert not Member.objects.exists()


def test_a_file_erased_before_it_was_planned_fails_with_a_word(
    network: Network, user: Any, in_background: Any
) -> None:
    one = upload(network, user, *people(1))
    MemberImport.objects.update(state=State.PLANNING, content=None)
    tasks.work(str(one.pk))
    one.refresh_from_db()
    assert (one.state, one.failure) == (State.FAILED, "erased")
    book = xlsx(["Naam", "E-mail"], ["An", "an@example.org"])
    two = upload(network, user, source=book)
    MemberImport.objects.filter(pk=two.pk).update(
        state=State.PLANNING, content=book[:-30]
    )
    assert jobs.work_on_all() == 1
    two.refresh_from_db()
    assert (two.state, two.failure) == (State.FAILED, "unreadable")


def test_progress_of_a_plan_is_a_number_of_rows(
    network: Network, user: Any, in_background: Any
) -> None:
    one = upload(network, user, *people(3))
    MemberImport.objects.update(state=State.PLANNING, done=2)
    progress = progress_of(member_import=one, user=user)
    assert (progress.done, progress.total, progress.percent) == (2, None, None)
    assert progress.is_working


def let_lease_end() -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    MemberImport.objects.exclude(lease_until=None).update(lease_until=past)
