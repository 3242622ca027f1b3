"""What a cluster's processes tell the supervisor, and are told by it."""

from __future__ import annotations

import datetime as dt
import os
import signal
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from wagtail_bin.dispatch import worker
from wagtail_bin.models import WorkerHeartbeat

# Without serialized_rollback the pages that migrations made would be gone for
# the tests that follow.
committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_a_process_outside_a_supervised_cluster_does_not_beat(db: Any) -> None:
    worker.beat()
    assert not WorkerHeartbeat.objects.exists()


@committed
def test_f22_a_beat_has_the_time_of_the_database(
    monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    time_machine.move_to("2020-01-01 12:00:00+00:00")
    monkeypatch.setenv(worker.WORKER, "host:1:a")
    worker.beat()
    first = WorkerHeartbeat.objects.get(worker="host:1:a").beat_at
    worker.beat()
    second = WorkerHeartbeat.objects.get(worker="host:1:a").beat_at
    assert first.year > 2020
    assert second >= first


@committed
def test_f10_a_beat_that_cannot_be_written_does_not_end_the_monitor(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("password for user x")

    monkeypatch.setenv(worker.WORKER, "host:1:a")
    monkeypatch.setattr(WorkerHeartbeat.objects, "bulk_create", fail)
    worker.beat()
    assert "host:1:a: no heartbeat (OperationalError)" in caplog.text
    assert "password" not in caplog.text


def test_a_process_outside_a_supervised_cluster_is_never_asked_to_stop() -> None:
    assert not worker.stop_requested()


def test_closing_the_pipe_asks_every_reader_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setenv(worker.STOP_FD, str(reader))
    try:
        assert not worker.stop_requested()
        os.close(writer)
        assert worker.stop_requested()
        assert worker.stop_requested()
    finally:
        os.close(reader)


def test_f22_ages_are_by_the_clock_of_the_database(db: Any, time_machine: Any) -> None:
    for name, seconds in {"a:1:urgent:x": 29, "a:1:default:y": 31, "odd": 1}.items():
        WorkerHeartbeat.objects.create(
            worker=name, beat_at=Now() - dt.timedelta(seconds=seconds)
        )
    worker.note_sweep("default")
    time_machine.move_to("2020-01-01 12:00:00+00:00")
    seen = worker.workers_seen()
    assert [(one.name, one.queue, one.is_alive) for one in seen] == [
        ("a:1:default:y", "default", False),
        ("a:1:urgent:x", "urgent", True),
        ("odd", "", True),
    ]
    assert [one.age for one in seen] == pytest.approx([31, 29, 1], abs=2)
    assert [one.name for one in worker.workers_alive()] == ["a:1:urgent:x", "odd"]
    assert worker.sweep_ages() == {"default": pytest.approx(0, abs=2)}


def test_o02_after_how_long_a_worker_counts_as_dead_is_a_setting(
    db: Any, settings: Any
) -> None:
    WorkerHeartbeat.objects.create(
        worker="a:1:urgent:x", beat_at=Now() - dt.timedelta(seconds=31)
    )
    settings.WAGTAIL_BIN_WORKER_DEAD_AFTER = 60
    assert len(worker.workers_alive()) == 1


def test_the_first_signal_asks_to_stop_and_the_next_does_what_it_did() -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: got.append(number))
    try:
        with worker.stopping_on(signal.SIGUSR1):
            assert not worker.stop_requested()
            os.kill(os.getpid(), signal.SIGUSR1)
            assert worker.stop_requested()
            assert got == []
            os.kill(os.getpid(), signal.SIGUSR1)
            assert got == [signal.SIGUSR1]
        assert not worker.stop_requested()
        with worker.stopping_on(signal.SIGUSR1):
            pass
        os.kill(os.getpid(), signal.SIGUSR1)
        assert len(got) == 2
    finally:
        signal.signal(signal.SIGUSR1, before)
