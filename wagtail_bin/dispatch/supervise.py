"""Outside a django-q2 cluster: start it, watch it, end the whole of it.

A cluster can hang while its status says "Working", and when its first process
dies the others live on as orphans. So the cluster gets a process group of its
own, which is killed as a whole, and nothing that it says of itself counts: only
the heartbeat, which :func:`wagtail_bin.dispatch.worker.beat` writes after work
that was really done.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import Error, close_old_connections
from django.utils import timezone
from django_q.brokers import get_broker

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.worker import STOP_FD, WORKER
from wagtail_bin.models import WorkerHeartbeat

# The group's leader. It reads a pipe that only the supervisor can write, and
# that the kernel closes however the supervisor ends, SIGKILL included.
GUARD = "import os, sys; sys.stdin.buffer.read(); os.killpg(0, 9)"

TICK = 0.25
LONGEST_PAUSE = 30
KEEP_HEARTBEATS = timedelta(days=1)


class Cluster:
    """A running cluster: all its processes in one group, which dies with us.

    Args:
        command: what to run; its children must stay in the group.
        worker: the name that the cluster signs its heartbeats with.

    Raises:
        OSError: the command cannot be started; nothing of it is left.
    """

    def __init__(self, command: Sequence[str], *, worker: str) -> None:
        self.worker = worker
        # The guard comes first, so that there is never a cluster without one.
        self._guard = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
        stop_fd, self._stop_pipe = os.pipe()
        try:
            self._leader = subprocess.Popen(  # noqa: S603
                command,
                env=os.environ
                | {
                    WORKER: worker,
                    STOP_FD: str(stop_fd),
                    # Whichever way we were started, the cluster imports the same.
                    "PYTHONPATH": os.pathsep.join(sys.path),
                },
                stdin=subprocess.DEVNULL,
                pass_fds=[stop_fd],
                process_group=self.group,
            )
        except OSError:
            os.close(self._stop_pipe)
            self._kill_group()
            raise
        finally:
            os.close(stop_fd)

    @property
    def group(self) -> int:
        """Id of the process group."""
        return self._guard.pid

    def is_complete(self) -> bool:
        """Whether the cluster's first process and the guard are both there."""
        # In this order: while either is not reaped the group's id stays ours.
        return self._leader.poll() is None and self._guard.poll() is None

    def ask_to_stop(self) -> None:
        """Let the cluster finish what it has begun, and take nothing new."""
        os.close(self._stop_pipe)
        self._stop_pipe = -1
        self._leader.terminate()

    def kill(self) -> None:
        """End every process of the group at once."""
        if self._stop_pipe >= 0:
            os.close(self._stop_pipe)
            self._stop_pipe = -1
        self._kill_group()
        self._leader.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)
        self._guard.communicate()


class Supervisor:
    """Keeps one cluster working until it is told to stop.

    Durations come from the settings ``WORKER_RING_INTERVAL``,
    ``WORKER_HEARTBEAT_LIMIT`` and ``WORKER_STOP_LIMIT``, in seconds. They are
    measured with the monotonic clock: a heartbeat counts when it *changes*, so
    that neither our clock nor the database's can make a cluster look dead.

    Args:
        command: starts a cluster that runs
            :func:`wagtail_bin.dispatch.worker.run_cluster`.
        ring: puts one short task on the cluster's queue.
        say: takes a line of log, which names processes and nothing else.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        ring: Callable[[], object],
        say: Callable[[str], object],
    ) -> None:
        self._command = command
        self._ring = ring
        self._say = say
        self._requests_to_stop = 0

    def stop(self, *_signal: object) -> None:
        """Make :meth:`run` return; the second time without waiting. For signals."""
        self._requests_to_stop += 1

    def run(self) -> None:
        """Supervise until :meth:`stop`; then no process of a cluster is left."""
        failures = 0
        while not self._requests_to_stop:
            started = time.monotonic()
            outcome = self._run_one()
            if time.monotonic() - started > 2 * LONGEST_PAUSE:
                failures = 0
            if outcome == "exited":
                failures += 1
                self._pause(min(2 ** (failures - 1), LONGEST_PAUSE))

    def _run_one(self) -> str:
        """Run one cluster to its end; say how it ended."""
        worker = f"{socket.gethostname()[:50]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        try:
            cluster = Cluster(self._command, worker=worker)
        except OSError as error:
            self._say(f"Worker {worker} not started: {type(error).__name__}.")
            return "exited"
        self._say(f"Worker {worker} started, process group {cluster.group}.")
        try:
            outcome = self._watch(cluster)
            if outcome == "stopped":
                self._drain(cluster)
        finally:
            cluster.kill()
            self._forget(worker)
        self._say(f"Worker {worker} {outcome}.")
        return outcome

    def _watch(self, cluster: Cluster) -> str:
        """Ring and listen until the cluster must be ended; say why."""
        listener = _Listener(cluster.worker, ring=self._ring, say=self._say)
        next_round = time.monotonic()
        while not self._requests_to_stop:
            if not cluster.is_complete():
                return "exited"
            if time.monotonic() >= next_round:
                listener.round()
                next_round = time.monotonic() + conf.WORKER_RING_INTERVAL
                if listener.silence > conf.WORKER_HEARTBEAT_LIMIT:
                    return "hung"
            time.sleep(TICK)
        return "stopped"

    def _drain(self, cluster: Cluster) -> None:
        cluster.ask_to_stop()
        deadline = time.monotonic() + conf.WORKER_STOP_LIMIT
        while cluster.is_complete() and self._requests_to_stop < 2:
            if time.monotonic() > deadline:
                self._say(f"Worker {cluster.worker} does not stop, is killed.")
                return
            time.sleep(TICK)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._requests_to_stop:
            time.sleep(TICK)

    def _forget(self, worker: str) -> None:
        """Take away the worker's heartbeat, and what others left behind."""
        with contextlib.suppress(Error):
            WorkerHeartbeat.objects.filter(worker=worker).delete()
            WorkerHeartbeat.objects.filter(
                beat_at__lt=timezone.now() - KEEP_HEARTBEATS
            ).delete()


class _Listener:
    """Rings a worker's queue and hears whether the worker answers."""

    def __init__(
        self, worker: str, *, ring: Callable[[], object], say: Callable[[str], object]
    ) -> None:
        self._worker = worker
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
            if not get_broker().queue_size():
                self._ring()
        except Exception as error:  # noqa: BLE001 -- any broker's; we outlive it
            # While the database or the broker is away silence proves nothing.
            self._heard_at = time.monotonic()
            close_old_connections()
            self._say(f"Worker {self._worker} not watched: {type(error).__name__}.")
