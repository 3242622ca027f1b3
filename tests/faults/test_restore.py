"""A restored or copied database sends nothing until a person resumes it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.faults.conftest import Story, needs_postgresql
from tests.faults.scenes import run_elsewhere
from wagtail_bin.dispatch import gates
from wagtail_bin.models import Delivery, Dispatch

State = Delivery.State


def postgres(*command: str, **arguments: Any) -> subprocess.CompletedProcess[bytes]:
    """Run one of PostgreSQL's own programs on the server of this test."""
    settings = connection.settings_dict
    where = {
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"]),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
    }
    env = os.environ | {name: value for name, value in where.items() if value}
    return subprocess.run(
        command, env=env, check=True, capture_output=True, timeout=60, **arguments
    )


@contextlib.contextmanager
def copied(how: str, directory: Path) -> Iterator[str]:
    """A copy of this test's database; its name."""
    original = str(connection.settings_dict["NAME"])
    if how == "file":
        copy = str(directory / "copy.sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [copy])
        yield copy
        return
    copy = f"{original}_copy"
    connection.close()
    postgres("dropdb", "--if-exists", copy)
    dump = postgres("pg_dump", "-Fc", original).stdout
    postgres("createdb", copy)
    postgres("pg_restore", "--no-owner", "-d", copy, input=dump)
    try:
        yield copy
    finally:
        postgres("dropdb", "--force", copy)


WAYS = [
    pytest.param("dump", marks=needs_postgresql),
    pytest.param(
        "file",
        marks=pytest.mark.skipif(
            connection.vendor != "sqlite", reason="is about SQLite"
        ),
    ),
]


@pytest.mark.parametrize("how", WAYS)
def test_f31_i12_a_copy_sends_nothing_and_then_asks_a_person(
    story: Story, tmp_path: Path, how: str
) -> None:
    if how == "dump" and not shutil.which("pg_restore"):
        pytest.skip("pg_restore is not installed")
    gates.switch()
    later = story.approve(not_before=timezone.now() + dt.timedelta(days=1))
    now = story.approve()
    claimed, sending, queued = now.deliveries.order_by("pk")
    lease = timezone.now() + dt.timedelta(seconds=60)
    held = {"claimed_by": "x", "lease_until": lease}
    Delivery.objects.filter(pk=claimed.pk).update(state=State.CLAIMED, **held)
    Delivery.objects.filter(pk=sending.pk).update(
        state=State.SENDING, attempt=1, tried_at=timezone.now(), **held
    )
    before = story.counts()
    assert set(before) == {State.QUEUED, State.CLAIMED, State.SENDING}
    provider = story.provider
    with copied(how, tmp_path) as copy:
        told = run_elsewhere("after_restore", copy, provider.port, user=story.user.pk)
        assert told.returncode == 0, told.stderr
    assert provider.mails == []
    at_first, resumed, at_last = map(json.loads, told.stdout.splitlines())
    assert at_first == {"promises": ["I12"], "states": before}
    # What was due may have been sent by the other one; what comes later not.
    in_doubt = {State.UNKNOWN: 3, State.QUEUED: 3}
    assert resumed == at_last == {"promises": [], "states": in_doubt}
    # The database itself goes on as ever.
    assert gates.halted() == ""
    assert Dispatch.objects.get(pk=later.pk).deliveries.count() == 3
    assert queued.state == State.QUEUED


def test_i12_a_database_is_known_again_by_every_process(
    story: Story, forks: Any
) -> None:
    """Restarts, reconnections and other processes do not hold it back."""
    own = gates.fingerprint()
    connection.close()
    assert gates.fingerprint() == own
    story.approve()
    gates.switch()
    story.finish(forks)
