"""What a cluster's processes tell the supervisor, and are told by it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import OperationalError

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
