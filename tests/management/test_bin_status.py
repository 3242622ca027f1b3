"""The command for monitors."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.db.models.functions import Now

from tests.test_docs import rows
from wagtail_bin.dispatch import health, worker
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.management.commands import bin_status
from wagtail_bin.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db


def run() -> tuple[int, dict[str, Any]]:
    """Exit code and reading."""
    output = StringIO()
    code = 0
    try:
        call_command("bin_status", stdout=output)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(output.getvalue())


def test_all_is_well() -> None:
    WorkerHeartbeat.objects.all().delete()
    for queue in Queue:
        worker.note_sweep(queue)
    WorkerHeartbeat.objects.create(worker="web1:7:urgent:ab", beat_at=Now())
    code, reading = run()
    assert code == 0
    (shown,) = reading["workers"]
    assert shown.pop("age") < 5
    assert shown == {"name": "web1:7:urgent:ab", "queue": "urgent", "alive": True}
    assert set(reading.pop("swept")) == {"urgent", "default"}
    assert reading == {
        "level": "ok",
        "problems": {},
        "workers": [shown],
        "halted": "",
        "urgent_waits": None,
        "other_waits": None,
        "urgent_unknown": None,
        "unknown": 0,
        "states": {},
    }


def test_the_exit_code_is_the_level() -> None:
    worker.note_sweep(Queue.DEFAULT)
    WorkerHeartbeat.objects.create(
        worker="web1:7:urgent:ab", beat_at=Now() - dt.timedelta(minutes=2)
    )
    code, reading = run()
    assert (code, reading["level"]) == (1, "warning")
    assert reading["problems"] == {"worker_dead": "warning"}
    WorkerHeartbeat.objects.all().delete()
    code, reading = run()
    assert (code, reading["level"]) == (2, "critical")


def test_a_database_that_is_away_is_critical_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise OperationalError("password x for user y")

    monkeypatch.setattr(bin_status, "read_health", fail)
    code, reading = run()
    assert code == 2
    assert reading["problems"] == {"database": "critical"}
    assert "password" not in json.dumps(reading)


def test_every_problem_is_documented() -> None:
    empty = health.Health(
        workers=[worker.WorkerState("a:1:urgent:b", "urgent", 1e9)],
        halted="paused",
        swept={},
        urgent_waits=1e9,
        other_waits=1e9,
        urgent_unknown=1e9,
        unknown=1,
        is_stuck=True,
        states={},
    )
    codes = {problem.code for problem in empty.problems}
    assert codes | {"database"} <= {row[0].strip("`") for row in rows("workers.md")}
    assert len(codes) == 7
