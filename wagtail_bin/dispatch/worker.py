"""What the processes of a cluster tell the rest of us, and are told.

A supervised cluster learns from its environment who it is and where to listen;
a process without that environment (a web server, a plain ``qcluster``) neither
beats nor is ever asked to stop.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import os
import select
import signal
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.db import Error, close_old_connections
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now
from django_q.signals import post_execute

from wagtail_bin.conf import conf
from wagtail_bin.models import WorkerHeartbeat

logger = logging.getLogger(__name__)

WORKER = "WAGTAIL_BIN_CLUSTER"
STOP_FD = "WAGTAIL_BIN_CLUSTER_STOP_FD"

# Instead of a worker's name: that somebody swept, supervised or not.
SWEEP = "sweep:"

KEEP_HEARTBEATS = dt.timedelta(days=1)


def run_cluster() -> None:
    """Run a django-q2 cluster that beats, until it is stopped."""
    post_execute.connect(beat, dispatch_uid="wagtail_bin.dispatch.worker")
    call_command("qcluster")


def beat(**kwargs: Any) -> None:
    """Write that this cluster just finished a task, by the database's clock.

    django-q2 calls it in its monitor process, after acknowledging the task. So
    a beat proves every link: taken from the queue, executed and acknowledged;
    a cluster with a hung worker queue or a deaf monitor falls silent.
    """
    worker = os.environ.get(WORKER)
    if not worker:
        return
    close_old_connections()
    try:
        _write(worker)
    except Error as error:
        # An error would end the monitor, and with it the cluster.
        logger.warning("Worker %s: no heartbeat (%s)", worker, type(error).__name__)


def note_sweep(queue: str) -> None:
    """Write that a queue was swept just now, whoever did it."""
    _write(f"{SWEEP}{queue}")


def forget(worker: str) -> None:
    """Take away an ended worker's heartbeat, and what others left behind."""
    WorkerHeartbeat.objects.filter(worker=worker).delete()
    _with_age().filter(age__gt=KEEP_HEARTBEATS).exclude(
        worker__startswith=SWEEP
    ).delete()


@dataclasses.dataclass(frozen=True)
class WorkerState:
    """A supervised cluster, as its heartbeat shows it.

    Attributes:
        name: ``<host>:<supervisor's process id>:<queue>:<random part>``.
        queue: ``urgent`` or ``default``.
        age: seconds since its last heartbeat, by the database's clock.
    """

    name: str
    queue: str
    age: float

    @property
    def is_alive(self) -> bool:
        """Whether it was heard within ``WORKER_DEAD_AFTER`` seconds."""
        limit: float = conf.WORKER_DEAD_AFTER
        return self.age <= limit


def workers_seen() -> list[WorkerState]:
    """All workers that did not end in good order, of the last day, by name.

    One that was just started has no heartbeat yet. One that is dead stays in
    the list for a day, or until its supervisor replaces it.
    """
    return [
        WorkerState(name, _queue_of(name), age.total_seconds())
        for name, age in _with_age()
        .exclude(worker__startswith=SWEEP)
        .order_by("worker")
        .values_list("worker", "age")
    ]


def workers_alive() -> list[WorkerState]:
    """The workers that were heard within ``WORKER_DEAD_AFTER`` seconds."""
    return [worker for worker in workers_seen() if worker.is_alive]


def sweep_ages() -> dict[str, float]:
    """Queue to seconds since it was last swept, by the database's clock."""
    return {
        name.removeprefix(SWEEP): age.total_seconds()
        for name, age in _with_age()
        .filter(worker__startswith=SWEEP)
        .values_list("worker", "age")
    }


def stop_requested() -> bool:
    """Whether the supervisor wants this cluster to end.

    Asked between two batches, so that a long slice does not have to be killed
    in the middle of a call. Costs one system call.
    """
    stop_fd = os.environ.get(STOP_FD)
    if not stop_fd:
        return False
    # The supervisor's end is closed when it wants us gone, or is gone itself.
    return bool(select.select([int(stop_fd)], [], [], 0)[0])


@contextlib.contextmanager
def stopping_on(*signals: signal.Signals) -> Iterator[None]:
    """Let the first of these signals end deliveries between two batches.

    The next one does what it does otherwise. For the main thread of a process
    that no supervisor watches.
    """
    before = {number: signal.getsignal(number) for number in signals}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    with contextlib.ExitStack() as writer:
        stop_fd, write_fd = os.pipe()
        writer.callback(os.close, write_fd)

        def stop(*_signal: object) -> None:
            writer.close()
            restore()

        for number in signals:
            signal.signal(number, stop)
        os.environ[STOP_FD] = str(stop_fd)
        try:
            yield
        finally:
            restore()
            del os.environ[STOP_FD]
            os.close(stop_fd)


def _write(worker: str) -> None:
    WorkerHeartbeat.objects.bulk_create(
        [WorkerHeartbeat(worker=worker, beat_at=Now())],
        update_conflicts=True,
        unique_fields=["worker"],
        update_fields=["beat_at"],
    )


def _queue_of(name: str) -> str:
    *_, queue, _random = ["", *name.split(":")]
    return queue


def _with_age() -> QuerySet[Any]:
    return WorkerHeartbeat.objects.annotate(
        age=ExpressionWrapper(Now() - F("beat_at"), DurationField())
    )
