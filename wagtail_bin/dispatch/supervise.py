"""Outside the django-q2 clusters: start them, watch them, end the whole of them.

A cluster can hang while its status says "Working". So nothing that it says of
itself counts: only the heartbeat, which :func:`wagtail_bin.dispatch.worker.beat`
writes after work that was really done.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import Error, close_old_connections
from django_q.brokers import get_broker

from wagtail_bin.conf import conf
from wagtail_bin.dispatch import worker
from wagtail_bin.dispatch.cluster import Cluster
from wagtail_bin.dispatch.queues import Queue, alternative, cluster_of
from wagtail_bin.models import WorkerHeartbeat

TICK = 0.25
LONGEST_PAUSE = 30

Ring = Callable[[Queue], object]
Say = Callable[[str], object]


class Supervisor:
    """Keeps a cluster for each queue working until it is told to stop.

    Durations come from the settings ``WORKER_RING_INTERVAL``,
    ``WORKER_HEARTBEAT_LIMIT`` and ``WORKER_STOP_LIMIT``, in seconds. They are
    measured with the monotonic clock: a heartbeat counts when it *changes*, so
    that neither our clock nor the database's can make a cluster look dead.

    Args:
        queues: a cluster is run for each.
        command: starts a cluster that runs
            :func:`wagtail_bin.dispatch.worker.run_cluster`.
        ring: puts one short task on a queue.
        say: takes a line of log, which names processes and nothing else.
    """

    def __init__(
        self, queues: Sequence[Queue], *, command: Sequence[str], ring: Ring, say: Say
    ) -> None:
        self._queues = queues
        self._command = command
        self._ring = ring
        self._say = say
        self._requests_to_stop = 0

    def stop(self, *_signal: object) -> None:
        """Make :meth:`run` return; the second time without waiting. For signals."""
        self._requests_to_stop += 1

    def run(self) -> None:
        """Supervise until :meth:`stop`; then no process of a cluster is left."""
        watches = [
            _Watch(queue, command=self._command, ring=self._ring, say=self._say)
            for queue in self._queues
        ]
        try:
            while not self._requests_to_stop:
                for watch in watches:
                    watch.look()
                time.sleep(TICK)
            self._drain(watches)
        finally:
            for watch in watches:
                watch.end("stopped")

    def _drain(self, watches: Sequence[_Watch]) -> None:
        """Let all clusters finish what they have begun, at the same time."""
        for watch in watches:
            watch.ask_to_stop()
        deadline = time.monotonic() + conf.WORKER_STOP_LIMIT
        while self._requests_to_stop < 2:
            late = [watch for watch in watches if watch.is_running]
            if not late:
                return
            if time.monotonic() > deadline:
                for watch in late:
                    self._say(f"Worker {watch.worker} does not stop, is killed.")
                return
            time.sleep(TICK)


class _Watch:
    """Runs one cluster after another for one queue."""

    def __init__(
        self, queue: Queue, *, command: Sequence[str], ring: Ring, say: Say
    ) -> None:
        self.worker = ""
        self._queue = queue
        self._command = command
        self._ring = ring
        self._say = say
        self._cluster: Cluster | None = None
        self._listener: _Listener
        self._failures = 0
        self._started = 0.0
        self._next_start = 0.0
        self._next_round = 0.0

    @property
    def is_running(self) -> bool:
        """Whether there is a cluster, with all that it needs."""
        return self._cluster is not None and self._cluster.is_complete()

    def look(self) -> None:
        """Start the cluster, ring it, listen to it, or replace it."""
        now = time.monotonic()
        if self._cluster is None:
            if now >= self._next_start:
                self._start()
        elif not self._cluster.is_complete():
            self._fail("exited")
        elif now >= self._next_round:
            self._listener.round()
            self._next_round = time.monotonic() + conf.WORKER_RING_INTERVAL
            if self._listener.silence > conf.WORKER_HEARTBEAT_LIMIT:
                self.end("hung")

    def ask_to_stop(self) -> None:
        """Let the cluster finish what it has begun, and take nothing new."""
        if self._cluster:
            self._cluster.ask_to_stop()

    def end(self, outcome: str) -> None:
        """End every process of the cluster, and say why."""
        if self._cluster:
            self._cluster.kill()
            self._cluster = None
            with contextlib.suppress(Error):
                worker.forget(self.worker)
            self._say(f"Worker {self.worker} {outcome}.")

    def _start(self) -> None:
        self.worker = ":".join(
            [
                *(socket.gethostname()[:50], str(os.getpid())),
                *(self._queue, uuid.uuid4().hex[:12]),
            ]
        )
        self._started = time.monotonic()
        self._listener = _Listener(self.worker, self._queue, self._ring, self._say)
        try:
            self._cluster = Cluster(
                self._command, worker=self.worker, name=alternative(self._queue)
            )
        except OSError as error:
            self._say(f"Worker {self.worker} not started: {type(error).__name__}.")
            self._pause()
            return
        group = self._cluster.group
        self._say(f"Worker {self.worker} started, process group {group}.")

    def _fail(self, outcome: str) -> None:
        self.end(outcome)
        self._pause()

    def _pause(self) -> None:
        """Wait longer after each failure in a row: 1, 2, 4 … seconds."""
        now = time.monotonic()
        if now - self._started > 2 * LONGEST_PAUSE:
            self._failures = 0
        self._next_start = now + min(2**self._failures, LONGEST_PAUSE)
        self._failures += 1


class _Listener:
    """Rings a worker's queue and hears whether the worker answers."""

    def __init__(self, worker: str, queue: Queue, ring: Ring, say: Say) -> None:
        self._worker = worker
        self._queue = queue
        self._ring = ring
        self._say = say
        self._heard_at = time.monotonic()
        self._heard: datetime | None = None

    @property
    def silence(self) -> float:
        """Seconds since the worker was last heard, or was started."""
        return time.monotonic() - self._heard_at

    def round(self) -> None:
        """Listen, and ring unless something waits on the queue already.

        So rings do not pile up before a hung cluster, while one that got lost
        (on Redis, with a killed cluster) leaves an empty queue and is repeated.
        """
        try:
            own = WorkerHeartbeat.objects.filter(worker=self._worker)
            heard = own.values_list("beat_at", flat=True).first()
            if heard != self._heard:
                self._heard = heard
                self._heard_at = time.monotonic()
            if not get_broker(cluster_of(self._queue)).queue_size():
                self._ring(self._queue)
        except Exception as error:  # noqa: BLE001 -- any broker's; we outlive it
            # While the database or the broker is away silence proves nothing.
            self._heard_at = time.monotonic()
            close_old_connections()
            self._say(f"Worker {self._worker} not watched: {type(error).__name__}.")
