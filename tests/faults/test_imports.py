"""A process that imports dies, wherever it is: as if nothing had happened."""

from __future__ import annotations

import itertools
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_q.brokers import get_broker
from wagtail.models import ModelLogEntry

from tests.factories import MemberFactory, NetworkFactory
from tests.faults.forks import KILLED, Forks
from tests.worker import eventually, group_members, running_worker
from wagtail_bin import audit
from wagtail_bin.exchange import control, jobs, tasks
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
Outcome = ImportRow.Outcome
HEADER = "Voornaam;Naam;E-mail;GSM;Straat"
# Three rows at a time, so that there are chunks of each kind.
BATCH = 3
ROWS = [
    "Old0;Maes;old0@example.org;;Plein",
    "New0;Maes;new0@example.org",
    "New1;Maes;niets",
    "Old1;Maes;old1@example.org;0473865387",
    "New2;Maes;new2@example.org;;Dorp",
    "New3;Maes;new3@example.org",
    "Old2;Maes;old2@example.org",
    "New4;Maes;new4@example.org",
    # Both about one: only at the end is it known that the first is refused too.
    "Old3;Maes;old3@example.org",
    "Old3;Maes;;0476719342;Dorp",
]
BATCHES = 4
# Six rows are written.
CHUNKS = 2
COUNTS = (
    *("created", "updated", "unchanged", "kept_out", "refused", "overtaken"),
    *("missing", "restored", "not_restored", "total", "failure", "attempts", "owner"),
)


@pytest.fixture
def processes(all_forks: Forks, settings: Any) -> Forks:
    """Processes that import, as this one does."""
    settings.WAGTAIL_BIN_IMPORT_BATCH = BATCH
    all_forks.settings = {"WAGTAIL_BIN_IMPORT_BATCH": BATCH}
    return all_forks


def make_list() -> Network:
    """A network with four members, one of whom has no address yet."""
    network = NetworkFactory()
    for n in range(4):
        MemberFactory(
            network=network, first_name=f"Old{n}", last_name="Maes",
            email="" if n == 1 else f"old{n}@example.org",
            mobile={1: "+32473865387", 3: "+32476719342"}.get(n, ""),
            consent=n != 1,
        )  # fmt: skip
    return network


def make_import(network: Network, rows: list[str] = ROWS) -> MemberImport:
    """The list uploaded, to be planned."""
    stored = store_upload(
        network=network,
        user=None,
        source="\n".join((HEADER, *rows)).encode(),
        file_name="leden.csv",
        basis="enrolment",
    )
    let_work(stored, State.PLANNING)
    return stored


def outcome_of(stored: MemberImport) -> Any:
    """All there is of an import and its list, but for numbers and moments."""
    stored.refresh_from_db()
    left_out = {"id", "network_id", "joined_at"}
    members = Member.objects.filter(network=stored.network).order_by("pk")
    consents = Consent.objects.filter(member__network=stored.network)
    names = dict(members.values_list("pk", "first_name"))
    history = MemberLogEntry.objects.filter(network=stored.network)
    return {
        "members": [
            {k: v for k, v in one.items() if k not in left_out}
            for one in members.values()
        ],
        "consents": Counter(
            consents.values_list("member__first_name", "is_given", "basis")
        ),
        "history": Counter(
            (e.action, names.get(int(e.object_id)), str(e.data["fields"]), e.deleted)
            for e in history
        ),
        "log": [
            (e.action, e.data)
            for e in ModelLogEntry.objects.filter(object_id=stored.pk).order_by("pk")
        ],
        "rows": [
            (
                *(row.line, row.kind, row.note, row.outcome, row.kept, row.fields),
                *(row.before, row.after, row.cells, row.problems),
                *(names.get(row.member_id or 0), row.consent_id is None),
            )
            for row in stored.rows.order_by("line")
        ],
        "import": {name: getattr(stored, name) for name in COUNTS},
        "state": (stored.state, stored.content is None, stored.lease_until),
    }


def undisturbed(rows: list[str] = ROWS, *, is_undone: bool = False) -> Any:
    """What an import comes to that nothing disturbs."""
    stored = make_import(make_list(), rows)
    jobs.work_on(stored.pk)
    control.begin(stored, None)
    jobs.work_on(stored.pk)
    if is_undone:
        control.undo_import(member_import=stored, user=None)
        jobs.work_on(stored.pk)
    return outcome_of(stored)


def let_lease_end() -> None:
    past = timezone.now() - timezone.timedelta(seconds=1)
    MemberImport.objects.exclude(lease_until=None).update(lease_until=past)


def check_half(stored: MemberImport) -> None:
    """What holds at every moment: rows and the list say the same."""
    stored.refresh_from_db()
    written = stored.rows.filter(outcome=Outcome.WRITTEN)
    for row in written.select_related("member"):
        assert row.member is not None
        for name, value in row.after.items():
            assert getattr(row.member, name) == value
        if row.consent_id:
            assert Consent.objects.get(pk=row.consent_id).member == row.member
    born = written.filter(kind=ImportRow.Kind.NEW).count()
    members = Member.objects.filter(network=stored.network)
    assert members.filter(source=Member.Source.IMPORT).count() == born
    imported = MemberLogEntry.objects.filter(
        network=stored.network, action=audit.IMPORT_MEMBER
    )
    undone = stored.rows.filter(outcome=Outcome.UNDONE).count()
    assert imported.count() == written.count() + undone
    done = {
        State.PLANNING: stored.rows.count(),
        State.APPLYING: written.count(),
        State.UNDOING: undone,
    }
    assert stored.done == done.get(State(stored.state), stored.done)


def die(processes: Forks, at: int, scene: str, stored: MemberImport) -> int:
    """A scene whose process dies at the n-th moment before or after a commit."""
    return processes.run("dying", at=at, that=scene, member_import=str(stored.pk))


def go_on(processes: Forks, scene: str, stored: MemberImport) -> None:
    """Until the lease of the dead is over nobody touches it; then the first who comes."""
    check_half(stored)
    if stored.owner:
        assert jobs.work_on_all() == 0
        let_lease_end()
    assert processes.run(scene, member_import=str(stored.pk)) == 0, processes.log


def test_killed_before_or_after_any_commit_another_worker_makes_the_same_of_it(
    processes: Forks,
) -> None:
    whole = undisturbed()
    assert whole["state"] == (State.APPLIED, True, None)
    for at in itertools.count(1):
        stored = make_import(make_list())
        status = die(processes, at, "take_in", stored)
        if status == 0:
            break
        assert status == KILLED, processes.log
        go_on(processes, "take_in", stored)
        assert outcome_of(stored) == whole, at
    # Taken up, begun, all batches, the end of the plan; confirmed, taken up, all
    # chunks, the end.
    assert at == 1 + 2 * (1 + 1 + BATCHES + 1 + 1 + 1 + CHUNKS + 1)


def test_killed_before_or_after_any_commit_it_is_undone_all_the_same(
    processes: Forks,
) -> None:
    whole = undisturbed(is_undone=True)
    assert whole["state"] == (State.UNDONE, True, None)
    assert whole["import"]["restored"] == 6
    for at in itertools.count(1):
        stored = make_import(make_list())
        assert processes.run("take_in", member_import=str(stored.pk)) == 0
        status = die(processes, at, "take_back", stored)
        if status == 0:
            break
        assert status == KILLED, processes.log
        go_on(processes, "take_back", stored)
        assert outcome_of(stored) == whole, at
    # Asked for, taken up, all chunks, the end; and nothing more to take up.
    assert at == 1 + 2 * (1 + 1 + CHUNKS + 1 + 1)


# Each lives to take it up and to write one chunk; of an undoing it asks first.
@pytest.mark.parametrize(("scene", "life"), [("take_in", 4), ("take_back", 6)])
def test_killed_time_after_time_it_comes_to_an_end_all_the_same(
    processes: Forks, scene: str, life: int
) -> None:
    whole = undisturbed(is_undone=scene == "take_back")
    stored = make_import(make_list())
    jobs.work_on(stored.pk)
    control.begin(stored, None)
    if scene == "take_back":
        jobs.work_on(stored.pk)
        MemberImport.objects.filter(pk=stored.pk).update(
            state=State.UNDOING, done=0, position=0
        )
    for _chunk in range(CHUNKS):
        assert die(processes, life, scene, stored) == KILLED
        check_half(stored)
        let_lease_end()
    assert stored.done == 6
    assert processes.run(scene, member_import=str(stored.pk)) == 0, processes.log
    assert outcome_of(stored) == whole


def test_two_workers_at_once_do_not_disturb_each_other(processes: Forks) -> None:
    whole = undisturbed()
    stored = make_import(make_list())
    both = [processes.start("take_in", member_import=str(stored.pk)) for _ in range(2)]
    assert {job.wait() for job in both} <= {0, 1}
    processes.run("take_in", member_import=str(stored.pk))
    assert outcome_of(stored) == whole


def test_without_a_queue_bin_deliver_goes_on_where_it_was_killed(
    processes: Forks,
) -> None:
    whole, undone = undisturbed(), undisturbed(is_undone=True)
    # What it commits besides comes before it turns to imports.
    before = moments_of_bin_deliver(processes)
    stored = make_import(make_list())

    def deliver_twice(at: int) -> None:
        """Killed on the way, it is called again, as cron does."""
        dying = {"that": "command", "name": "bin_deliver"}
        assert processes.run("dying", at=at, **dying) == KILLED, processes.log
        check_half(stored)
        assert stored.owner
        assert stored.done == (2 if stored.state == State.PLANNING else 1) * BATCH
        let_lease_end()
        assert processes.run("command", name="bin_deliver") == 0, processes.log

    # Taken up, begun, two batches.
    deliver_twice(before + 8)
    assert stored.rows.count() == len(ROWS)
    control.begin(stored, None)
    # Taken up, one chunk.
    deliver_twice(before + 4)
    assert outcome_of(stored) == whole
    MemberImport.objects.filter(pk=stored.pk).update(
        state=State.UNDOING, done=0, position=0
    )
    deliver_twice(before + 4)
    assert outcome_of(stored) == undone


def test_a_killed_cluster_is_replaced_and_the_new_one_goes_on(
    tmp_path: Path,
) -> None:
    many = [f"New{n};Maes;new{n}@example.org" for n in range(1500)]
    many += [f"Old{n};Maes;old{n}@example.org;;Plein" for n in range(4)]
    whole, undone = undisturbed(many), undisturbed(many, is_undone=True)
    get_broker().purge_queue()
    stored = make_import(make_list(), many)
    # So small that there is time to kill somebody half-way.
    with running_worker(
        1, tmp_path, queue="default", TEST_LEASE=3, TEST_IMPORT_BATCH=10
    ) as worker:

        def kill_on_the_way(state: State, then: State) -> None:
            """SIGKILL to all of the cluster, and none to its supervisor."""
            tasks.ring_for(stored.pk)
            assert eventually(lambda: is_at(state, 200), 60), worker.log
            killed = worker.groups[-1]
            os.killpg(killed, signal.SIGKILL)
            assert eventually(lambda: not group_members(killed))
            check_half(stored)
            assert stored.state == state
            assert eventually(lambda: is_at(then), 60), worker.log
            assert worker.groups[-1] != killed

        def is_at(state: State, done: int = 0) -> bool:
            stored.refresh_from_db()
            return stored.state == state and stored.done >= done

        worker.wait_until_working()
        kill_on_the_way(State.PLANNING, State.PLANNED)
        control.begin(stored, None)
        kill_on_the_way(State.APPLYING, State.APPLIED)
        assert outcome_of(stored) == whole
        control.undo_import(member_import=stored, user=None)
        kill_on_the_way(State.UNDOING, State.UNDONE)
        assert worker.terminate() == 0
    assert outcome_of(stored) == undone


def moments_of_bin_deliver(processes: Forks) -> int:
    """How many moments to die at it has when there is nothing to do."""
    for at in itertools.count(1):
        dying = {"that": "command", "name": "bin_deliver"}
        if processes.run("dying", at=at, **dying) == 0:
            return at - 1
    raise AssertionError
