"""The supervisor, over small programs that stand where a cluster would.

The real cluster under the real command is in tests/processes.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from tests.worker import eventually, group_members, is_running
from wagtail_bin.dispatch.cluster import Cluster
from wagtail_bin.dispatch.queues import Queue, cluster_of
from wagtail_bin.dispatch.supervise import Supervisor
from wagtail_bin.models import WorkerHeartbeat

Shell = Callable[..., list[str]]


class Scene:
    """A supervisor whose every ring is an occasion for the test to act."""

    def __init__(
        self,
        command: list[str],
        on_ring: Callable[[Scene], object],
        *,
        queues: tuple[Queue, ...] = (Queue.DEFAULT,),
    ) -> None:
        self.lines: list[str] = []
        self.rings: list[float] = []
        self._on_ring = on_ring
        self.supervisor = Supervisor(
            queues, command=command, ring=self._ring, say=self.lines.append
        )

    def _ring(self, queue: Queue) -> None:
        self.rings.append(time.monotonic())
        self._on_ring(self)
        assert len(self.rings) < 1000, self.lines

    @property
    def workers(self) -> list[str]:
        """Names of the workers started, oldest first."""
        found = (re.match(r"Worker (\S+) started", line) for line in self.lines)
        return [match[1] for match in found if match]

    def workers_of(self, queue: Queue) -> list[str]:
        """The same, of one queue."""
        return [name for name in self.workers if f":{queue}:" in name]

    def answer(self, worker: str | None = None) -> None:
        """Beat as the cluster would."""
        WorkerHeartbeat.objects.update_or_create(
            worker=worker or self.workers[-1], defaults={"beat_at": timezone.now()}
        )

    def _too_long(self, *_signal: object) -> None:
        raise TimeoutError(self.lines)

    def run(self) -> Scene:
        signal.signal(signal.SIGALRM, self._too_long)
        # Again and again: the supervisor outlives errors in a ring.
        signal.setitimer(signal.ITIMER_REAL, 60, 1)
        try:
            self.supervisor.run()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return self


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Shell]:
    """Make a command of a shell script; its processes are listed in ``pids``."""

    def make(script: str, *, before: str = ":") -> list[str]:
        pids = shlex.quote(str(tmp_path / "pids"))
        return ["/bin/sh", "-c", f"{before}\necho $$ >> {pids}\n{script}"]

    yield make
    for pid in pids_in(tmp_path):
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)


def pids_in(directory: Path) -> list[int]:
    pids = directory / "pids"
    # The first process may not have written it yet.
    return [int(pid) for pid in pids.read_text().split()] if pids.exists() else []


@pytest.fixture(autouse=True)
def quick(settings: Any, db: Any) -> None:
    for queue in Queue:
        get_broker(cluster_of(queue)).purge_queue()
    settings.WAGTAIL_BIN_WORKER_RING_INTERVAL = 0
    settings.WAGTAIL_BIN_WORKER_HEARTBEAT_LIMIT = 1.5
    settings.WAGTAIL_BIN_WORKER_STOP_LIMIT = 10


def test_a_silent_cluster_is_killed_with_all_its_children_and_replaced(
    program: Shell, tmp_path: Path
) -> None:
    command = program(f"sleep 300 & echo $! >> {tmp_path}/pids\nwait")

    def on_ring(scene: Scene) -> None:
        if len(scene.workers) == 2:
            scene.supervisor.stop()

    scene = Scene(command, on_ring).run()
    first, second = scene.workers
    assert first != second
    assert scene.lines[1] == f"Worker {first} hung."
    assert scene.lines[-1] == f"Worker {second} stopped."
    assert len(pids_in(tmp_path)) >= 3
    assert eventually(lambda: not any(map(is_running, pids_in(tmp_path))))


def test_a_cluster_that_answers_is_left_alone(program: Shell) -> None:
    started = time.monotonic()

    def on_ring(scene: Scene) -> None:
        scene.answer()
        if time.monotonic() - started > 4:
            scene.supervisor.stop()

    scene = Scene(program("exec sleep 300"), on_ring).run()
    assert len(scene.workers) == 1


def test_each_queue_has_a_cluster_with_a_life_of_its_own(
    program: Shell, tmp_path: Path
) -> None:
    """The urgent one is replaced again and again; the other one never."""

    def on_ring(scene: Scene) -> None:
        if scene.workers_of(Queue.DEFAULT):
            scene.answer(scene.workers_of(Queue.DEFAULT)[-1])
        if len(scene.workers_of(Queue.URGENT)) == 3:
            scene.supervisor.stop()

    told = tmp_path / "told"
    command = program(f"echo ${{Q_CLUSTER_NAME-none}} >> {told}\nexec sleep 300")
    scene = Scene(command, on_ring, queues=(Queue.URGENT, Queue.DEFAULT)).run()
    first, second, _third = scene.workers_of(Queue.URGENT)
    (default,) = scene.workers_of(Queue.DEFAULT)
    assert f"Worker {first} hung." in scene.lines
    assert f"Worker {second} hung." in scene.lines
    assert f"Worker {default} stopped." in scene.lines
    assert eventually(lambda: not any(map(is_running, pids_in(tmp_path))))
    # As django-q2 looks itself up in ALT_CLUSTERS.
    assert sorted(set(told.read_text().split())) == [cluster_of(Queue.URGENT), "none"]


def test_each_queue_is_rung_when_it_is_empty(program: Shell) -> None:
    rung: list[Queue] = []
    get_broker(cluster_of(Queue.URGENT)).enqueue("something waits")

    def ring(queue: Queue) -> None:
        rung.append(queue)
        if len(rung) == 3:
            scene.supervisor.stop()

    scene = Scene(
        program("exec sleep 300"), lambda scene: None, queues=tuple(reversed(Queue))
    )
    scene.supervisor._ring = ring
    scene.run()
    assert set(rung) == {Queue.DEFAULT}


def test_nobody_elses_heartbeat_saves_a_hung_cluster(program: Shell) -> None:
    def on_ring(scene: Scene) -> None:
        scene.answer("other-machine")
        if len(scene.workers) == 2:
            scene.supervisor.stop()

    scene = Scene(program("exec sleep 300"), on_ring).run()
    assert f"Worker {scene.workers[0]} hung." in scene.lines


@pytest.mark.parametrize("hours", [-1, 1])
def test_f22_a_wrong_clock_neither_kills_nor_spares(program: Shell, hours: int) -> None:
    started = time.monotonic()
    odd = timezone.now() + dt.timedelta(hours=hours)

    def on_ring(scene: Scene) -> None:
        if len(scene.workers) == 2:
            scene.supervisor.stop()
        elif time.monotonic() - started < 3:
            WorkerHeartbeat.objects.update_or_create(
                worker=scene.workers[-1],
                defaults={"beat_at": odd + dt.timedelta(seconds=len(scene.rings))},
            )

    scene = Scene(program("exec sleep 300"), on_ring).run()
    assert f"Worker {scene.workers[0]} hung." in scene.lines
    assert 4 < time.monotonic() - started < 15


def test_rings_do_not_pile_up_and_a_lost_one_is_repeated(
    program: Shell, settings: Any
) -> None:
    settings.WAGTAIL_BIN_WORKER_HEARTBEAT_LIMIT = 3
    taken = 2

    def on_ring(scene: Scene) -> None:
        async_task("math.floor", 1.5)
        if len(scene.rings) <= taken:
            get_broker().purge_queue()

    def on_say(line: str) -> None:
        scene.lines.append(line)
        if line.endswith("hung."):
            scene.supervisor.stop()

    scene = Scene(program("exec sleep 300"), on_ring)
    scene.supervisor._say = on_say
    scene.run()
    # Some ten rounds went by; each could have rung.
    assert len(scene.rings) == taken + 1
    assert get_broker().queue_size() == 1


def test_a_cluster_that_exits_is_started_again_after_a_growing_pause(
    program: Shell,
) -> None:
    starts: dict[str, float] = {}

    def on_ring(scene: Scene) -> None:
        starts.setdefault(scene.workers[-1], time.monotonic())
        if len(starts) == 3:
            scene.supervisor.stop()

    scene = Scene(program("exec sleep 0.3"), on_ring).run()
    assert f"Worker {scene.workers[0]} exited." in scene.lines
    first, second, third = starts.values()
    assert second - first >= 1
    assert third - second >= 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("error", [OperationalError("gone"), ConnectionError("gone")])
def test_f10_an_outage_of_database_or_broker_ends_neither_supervisor_nor_cluster(
    program: Shell, error: Exception
) -> None:
    started = time.monotonic()

    def on_ring(scene: Scene) -> None:
        if time.monotonic() - started > 4:
            scene.supervisor.stop()
        raise error

    scene = Scene(program("exec sleep 300"), on_ring).run()
    assert len(scene.workers) == 1
    assert f"not watched: {type(error).__name__}." in scene.lines[1]
    assert "gone" not in "".join(scene.lines)


def test_f26_stopping_lets_the_cluster_finish(tmp_path: Path) -> None:
    done = tmp_path / "done"
    script = (
        "import pathlib, signal, time\n"
        "from wagtail_bin.dispatch.worker import stop_requested\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch()\n"
        "while not stop_requested(): time.sleep(0.05)\n"
        "time.sleep(0.5)\n"
        f"pathlib.Path({str(done)!r}).touch()\n"
    )
    prelude = "import django; django.setup()\n"

    def on_ring(scene: Scene) -> None:
        scene.answer()
        if (tmp_path / "ready").exists():
            scene.supervisor.stop()

    scene = Scene([sys.executable, "-c", prelude + script], on_ring).run()
    assert done.exists()
    assert scene.lines[-1].endswith("stopped.")


def test_a_cluster_that_does_not_stop_is_killed(
    program: Shell, settings: Any, tmp_path: Path
) -> None:
    settings.WAGTAIL_BIN_WORKER_STOP_LIMIT = 1
    scene = Scene(
        program("while :; do sleep 0.2; done", before="trap '' TERM"),
        lambda scene: pids_in(tmp_path) and scene.supervisor.stop(),
    )
    scene.run()
    assert "does not stop, is killed." in scene.lines[-2]
    assert eventually(lambda: not any(map(is_running, pids_in(tmp_path))))


def test_f26_all_clusters_stop_within_one_limit(
    program: Shell, settings: Any, tmp_path: Path
) -> None:
    settings.WAGTAIL_BIN_WORKER_STOP_LIMIT = 2
    stopped: list[float] = []

    def on_ring(scene: Scene) -> None:
        if len(pids_in(tmp_path)) == 2 and not stopped:
            stopped.append(time.monotonic())
            scene.supervisor.stop()

    scene = Scene(
        program("while :; do sleep 0.2; done", before="trap '' TERM"),
        on_ring,
        queues=(Queue.URGENT, Queue.DEFAULT),
    ).run()
    assert time.monotonic() - stopped[0] < 4
    assert sum("does not stop, is killed." in line for line in scene.lines) == 2
    assert eventually(lambda: not any(map(is_running, pids_in(tmp_path))))


def test_the_second_signal_does_not_wait(program: Shell) -> None:
    def on_ring(scene: Scene) -> None:
        scene.supervisor.stop()
        scene.supervisor.stop()

    started = time.monotonic()
    Scene(program("while :; do sleep 0.2; done", before="trap '' TERM"), on_ring).run()
    assert time.monotonic() - started < 5


def test_heartbeats_are_taken_away_at_the_end(program: Shell) -> None:
    now = timezone.now()
    old = now - dt.timedelta(days=2)
    WorkerHeartbeat.objects.create(worker="long-gone", beat_at=old)
    WorkerHeartbeat.objects.create(worker="other-machine", beat_at=now)
    WorkerHeartbeat.objects.create(worker="sweep:default", beat_at=old)

    def on_ring(scene: Scene) -> None:
        scene.answer()
        scene.supervisor.stop()

    Scene(program("exec sleep 300"), on_ring).run()
    left = WorkerHeartbeat.objects.values_list("worker", flat=True)
    assert set(left) == {"other-machine", "sweep:default"}


def test_a_command_that_cannot_start_leaves_nothing_and_is_tried_again() -> None:
    scene = Scene(["/nonexistent/python"], lambda scene: None)
    tries: list[str] = []

    def say(line: str) -> None:
        tries.append(line)
        if len(tries) == 2:
            scene.supervisor.stop()

    scene.supervisor._say = say
    scene.run()
    assert all(line.endswith("not started: FileNotFoundError.") for line in tries)


def test_the_group_dies_with_a_killed_supervisor(tmp_path: Path) -> None:
    script = (
        "import django; django.setup()\n"
        "import sys, time\n"
        "from wagtail_bin.dispatch.cluster import Cluster\n"
        "cluster = Cluster(['/bin/sh', '-c', 'sleep 300 & sleep 300 & wait'], worker='w')\n"
        "print(cluster.group, flush=True)\n"
        "time.sleep(300)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        group = int(supervisor.stdout.readline())
        assert eventually(lambda: len(group_members(group)) == 4)
        supervisor.kill()
    assert eventually(lambda: group_members(group) == [])


def test_a_group_without_its_guard_is_not_complete() -> None:
    cluster = Cluster(["/bin/sleep", "300"], worker="w")
    try:
        assert cluster.is_complete()
        os.kill(cluster.group, signal.SIGKILL)
        assert eventually(lambda: not cluster.is_complete())
    finally:
        cluster.kill()
    assert eventually(lambda: group_members(cluster.group) == [])
