"""A process that imports dies, wherever it is: as if nothing had happened."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import MemberFactory, NetworkFactory
from tests.faults.forks import KILLED, Forks
from wagtail_bin import audit
from wagtail_bin.exchange import control, jobs
from wagtail_bin.exchange.uploads import let_work, store_upload
from wagtail_bin.models import (
    Consent,
    ImportRow,
    Member,
    MemberImport,
    MemberLogEntry,
    Network,
)

State = MemberImport.State
HEADER = "Voornaam;Naam;E-mail;GSM;Straat"
# Three rows at a time, so that there are chunks of each kind.
BATCH = {"WAGTAIL_BIN_IMPORT_BATCH": 3}
ROWS = [
    "Old0;Maes;old0@example.org;;Plein",
    "New0;Maes;new0@example.org",
    "New1;Maes;niets",
    "Old1;Maes;old1@example.org;0473865387",
    "New2;Maes;new2@example.org;;Dorp",
    "New3;Maes;new3@example.org",
    "Old2;Maes;old2@example.org",
    "New4;Maes;new4@example.org",
]


@pytest.fixture
def processes(all_forks: Forks, settings: Any) -> Forks:
    """Processes that import, as this one does."""
    settings.WAGTAIL_BIN_IMPORT_BATCH = 3
    all_forks.settings = dict(BATCH)
    return all_forks


def make_list() -> Network:
    """A network with three members, one of whom has no address yet."""
    network = NetworkFactory()
    for n in range(3):
        MemberFactory(
            network=network, first_name=f"Old{n}", last_name="Maes",
            email=f"old{n}@example.org",
        )  # fmt: skip
    return network


def make_import(network: Network) -> MemberImport:
    """The list uploaded, to be planned."""
    stored = store_upload(
        network=network,
        user=None,
        source="\n".join((HEADER, *ROWS)).encode(),
        file_name="leden.csv",
        basis="enrolment",
    )
    let_work(stored, State.PLANNING)
    return stored


def list_of(network: Network) -> Any:
    """All there is of a network's members, but for numbers and moments."""
    left_out = {"id", "network_id", "joined_at"}
    members = Member.objects.filter(network=network).order_by("pk")
    consents = Consent.objects.filter(member__network=network)
    history = MemberLogEntry.objects.filter(network=network)
    return (
        [
            {k: v for k, v in one.items() if k not in left_out}
            for one in members.values()
        ],
        Counter(consents.values_list("member__email", "is_given", "basis")),
        Counter(history.values_list("action", flat=True)),
    )


def expected(*, undone: bool = False) -> Any:
    """What an import comes to that nothing disturbs."""
    network = make_list()
    stored = make_import(network)
    jobs.work_on(stored.pk)
    control.begin(stored, None)
    jobs.work_on(stored.pk)
    if undone:
        control.undo_import(member_import=stored, user=None)
    return list_of(network)


def let_lease_end() -> None:
    past = timezone.now() - timezone.timedelta(seconds=1)
    MemberImport.objects.exclude(lease_until=None).update(lease_until=past)


def check_half(stored: MemberImport) -> None:
    """What holds at every moment: rows and the list say the same."""
    stored.refresh_from_db()
    written = stored.rows.filter(outcome=ImportRow.Outcome.WRITTEN)
    for row in written.select_related("member"):
        assert row.member is not None
        for name, value in row.after.items():
            assert getattr(row.member, name) == value
    imported = MemberLogEntry.objects.filter(
        network=stored.network, action=audit.IMPORT_MEMBER
    )
    undone = stored.rows.filter(outcome=ImportRow.Outcome.UNDONE).count()
    assert imported.count() == written.count() + undone
    if stored.state in {State.APPLYING, State.UNDOING}:
        done = written.count() if stored.state == State.APPLYING else undone
        assert stored.done == done


def each_place() -> Iterator[int]:
    return itertools.count(1)


def test_killed_at_each_place_another_worker_makes_the_same_list_of_it(
    processes: Forks,
) -> None:
    whole = expected()
    for place in each_place():
        network = make_list()
        stored = make_import(network)
        status = processes.run(
            "take_in", fault=f"*:{place}", member_import=str(stored.pk)
        )
        if status == 0:
            break
        assert status == KILLED, processes.log
        check_half(stored)
        # Until its lease is over nobody touches it; then the first who comes.
        assert jobs.work_on_all() == 0
        let_lease_end()
        assert processes.run("take_in", member_import=str(stored.pk)) == 0
        stored.refresh_from_db()
        assert stored.state == State.APPLIED
        assert list_of(network) == whole, place
    # Three batches of the plan, two chunks with a place before and after each.
    assert place == 1 + 3 + 2 * 2


def test_killed_time_after_time_it_comes_to_an_end_all_the_same(
    processes: Forks,
) -> None:
    whole = expected()
    network = make_list()
    stored = make_import(network)
    jobs.work_on(stored.pk)
    control.begin(stored, None)
    kills = 0
    while True:
        status = processes.run("take_in", fault="K12", member_import=str(stored.pk))
        check_half(stored)
        if status == 0:
            break
        kills += 1
        let_lease_end()
    assert kills == 2
    assert list_of(network) == whole
    assert stored.state == State.APPLIED


def test_killed_while_it_is_undone_the_list_is_as_it_was(processes: Forks) -> None:
    whole = expected(undone=True)
    for place in each_place():
        network = make_list()
        stored = make_import(network)
        assert processes.run("take_in", member_import=str(stored.pk)) == 0
        MemberImport.objects.filter(pk=stored.pk).update(
            state=State.UNDOING, done=0, position=0
        )
        status = processes.run(
            "take_in", fault=f"*:{place}", member_import=str(stored.pk)
        )
        if status == 0:
            break
        assert status == KILLED, processes.log
        check_half(stored)
        let_lease_end()
        assert processes.run("take_in", member_import=str(stored.pk)) == 0
        stored.refresh_from_db()
        assert (stored.state, stored.restored) == (State.UNDONE, 6)
        assert list_of(network) == whole, place
    assert place == 1 + 2 * 2


def test_two_workers_at_once_do_not_disturb_each_other(processes: Forks) -> None:
    whole = expected()
    network = make_list()
    stored = make_import(network)
    both = [processes.start("take_in", member_import=str(stored.pk)) for _ in range(2)]
    assert {job.wait() for job in both} <= {0, 1}
    processes.run("take_in", member_import=str(stored.pk))
    stored.refresh_from_db()
    assert stored.state == State.APPLIED
    assert list_of(network) == whole
