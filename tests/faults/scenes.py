"""What a process under test does. Runs in children of ``forks``, or as a program:

python -m tests.faults.scenes SCENE '{"name": "value"}'
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WRITES = ("INSERT", "UPDATE", "DELETE")


def command(*, name: str, arguments: list[str] | None = None) -> None:
    """A management command."""
    from django.core.management import call_command

    call_command(name, *(arguments or []))


def approve(*, page: int, network: int, user: int, members: int) -> None:
    """Somebody confirms."""
    from django.contrib.auth import get_user_model

    from wagtail_bin.dispatch.approve import approve_dispatch
    from wagtail_bin.models import Network, TipPage

    approve_dispatch(
        page=TipPage.objects.get(pk=page),
        networks=list(Network.objects.filter(pk=network)),
        user=get_user_model().objects.get(pk=user),
        expected_recipients=members,
    )


def take_in(*, member_import: str) -> None:
    """A worker goes on with an import, and somebody confirms the plan."""
    import uuid

    from wagtail_bin.exchange import control, jobs
    from wagtail_bin.models import MemberImport

    pk = uuid.UUID(member_import)
    jobs.work_on(pk)
    stored = MemberImport.objects.get(pk=pk)
    if stored.state == MemberImport.State.PLANNED:
        control.begin(stored, None)
        jobs.work_on(pk)


def take_back(*, member_import: str) -> None:
    """Somebody undoes an import, or a worker goes on with that."""
    import uuid

    from wagtail_bin.exchange import control, jobs
    from wagtail_bin.models import MemberImport

    pk = uuid.UUID(member_import)
    control.undo_import(member_import=MemberImport.objects.get(pk=pk), user=None)
    jobs.work_on(pk)


def dying(*, at: int, that: str, **arguments: Any) -> None:
    """Another scene, and SIGKILL at the n-th moment right before or after a commit."""
    from django.db import connection

    moments = itertools.count(1)
    commit = connection._commit

    def moment() -> None:
        if next(moments) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit_or_die() -> None:
        moment()
        commit()
        moment()

    def execute_or_die(execute: Any, sql: str, *arguments: Any) -> Any:
        # Outside of a transaction, what writes is a commit.
        is_one = not connection.in_atomic_block and sql.lstrip()[:6] in WRITES
        if is_one:
            moment()
        result = execute(sql, *arguments)
        if is_one:
            moment()
        return result

    connection._commit = commit_or_die
    with connection.execute_wrapper(execute_or_die):
        globals()[that](**arguments)


def drain(*, dispatch: str) -> None:
    """A worker answers a ring."""
    from wagtail_bin.dispatch import tasks

    tasks.drain(dispatch)


def sweep() -> None:
    """A worker sweeps."""
    from wagtail_bin.dispatch import tasks

    tasks.sweep()


def sweep_only() -> None:
    """What a sweep does before it delivers."""
    from wagtail_bin.dispatch import sweep as sweeping

    sweeping.settle()


def resume(*, user: int) -> None:
    """Somebody lets sending go on."""
    from django.contrib.auth import get_user_model

    from wagtail_bin.dispatch import control

    control.resume_all(user=get_user_model().objects.get(pk=user))


def claim_all(*, dispatch: str, directory: str, number: int) -> None:
    """Claim rows together with others, until there are none; note which."""
    import uuid

    from wagtail_bin.dispatch import ledger

    wait_for(Path(directory) / "go")
    claimed: list[int] = []
    while ids := ledger.claim(
        owner=str(uuid.uuid4()),
        dispatch_id=uuid.UUID(dispatch),
        channel="email",
        limit=3,
    ):
        claimed += ids
        # SQLite lets whoever is at it go on, unless it pauses.
        time.sleep(0.01)
    (Path(directory) / str(number)).write_text(json.dumps(claimed))


def deliver_together(*, directory: str) -> None:
    """Sweep and deliver together with others."""
    from wagtail_bin.dispatch import deliver
    from wagtail_bin.dispatch import sweep as sweeping

    wait_for(Path(directory) / "go")
    sweeping.settle()
    deliver.deliver_due(seconds=60)
    sweeping.settle()


def wait_for(path: Path) -> None:
    """Until the file is there."""
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.001)


def several(*, scenes: list[tuple[str, dict[str, Any]]]) -> None:
    """One scene after the other."""
    for name, arguments in scenes:
        globals()[name](**arguments)


def after_restore(*, user: int) -> None:
    """Deliver from a copy, let somebody resume it, deliver again; report each time."""
    deliver_quietly()
    report()
    resume(user=user)
    report()
    deliver_quietly()
    report()


def let_leases_end() -> None:
    """As if the time of a lease had passed."""
    from django.utils import timezone

    from wagtail_bin.models import Delivery

    past = timezone.now() - timezone.timedelta(seconds=1)
    Delivery.objects.exclude(lease_until=None).update(lease_until=past)


def fill_and_deliver(*, disk: str, place: str) -> None:
    """The command; the disk is full when it comes to a place of this name.

    Args:
        disk: where it is mounted.
    """
    from tests.disks import Disk
    from wagtail_bin import faults

    def fill(name: str) -> None:
        if name == place:
            Disk(Path(disk)).fill()

    faults.point = fill
    command(name="bin_deliver")


def sweep_when_back() -> None:
    """Sweep at the very moment when the database is back."""
    from django.db import Error, connection

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(Error):
            sweep_only()
            break
        connection.close()
        time.sleep(0.01)


def deliver_quietly() -> None:
    """The command, with its output among the errors."""
    with contextlib.redirect_stdout(sys.stderr):
        command(name="bin_deliver")


def report() -> None:
    """The promises that are broken, and the states with their numbers, as JSON."""
    from wagtail_bin.dispatch.verify import verify
    from wagtail_bin.models import Delivery

    states = Delivery.objects.values_list("state", flat=True)
    broken = [finding.promise for finding in verify() if finding.count]
    found = {"promises": broken, "states": dict(Counter(states))}
    sys.stdout.write(json.dumps(found) + "\n")


def start_elsewhere(
    scene: str,
    database: str,
    port: int = 1,
    *,
    env: dict[str, str] | None = None,
    root: Path = ROOT,
    **arguments: Any,
) -> subprocess.Popen[str]:
    """Run a scene as a program on another database than this test's.

    Args:
        database: its name; empty: the one of ``DATABASE_URL``.
        port: of the mail server.
        env: more of its environment.
        root: the checkout whose code it runs, scenes included.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.scenes", scene, json.dumps(arguments)],
        cwd=root,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "example_site.settings.test",
            "TEST_DATABASE": database,
            "TEST_SMTP_PORT": str(port),
        }
        | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_elsewhere(
    scene: str, *where: Any, **arguments: Any
) -> subprocess.CompletedProcess[str]:
    """As :func:`start_elsewhere`, and wait."""
    process = start_elsewhere(scene, *where, **arguments)
    output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def main(scene: str, arguments: dict[str, Any]) -> None:
    """Run one scene in this process."""
    import django

    django.setup()
    globals()[scene](**arguments)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
