"""A real ``bin_worker`` with its real clusters, for tests.

A test that uses it needs ``django_db(transaction=True, serialized_rollback=True)``:
the worker sees only what is committed.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from wagtail_bin.models import WorkerHeartbeat

ROOT = Path(__file__).resolve().parents[1]

# For workers that use the ORM broker, whatever the suite uses: it alone hands a
# task out again.
ORM_BROKER = {"TEST_REDIS_URL": ""}


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def group_members(group: int) -> list[int]:
    """Ids of the live processes of a process group, in the order of their start."""
    members = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(ProcessLookupError):
            if (
                entry.name.isdigit()
                and os.getpgid(int(entry.name)) == group
                and is_running(int(entry.name))
            ):
                members.append(int(entry.name))
    return sorted(members)


def eventually(condition: Callable[[], object], seconds: float = 10) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())


class Worker:
    """A handle on a running ``bin_worker``, or on a plain ``qcluster``.

    What it says of *the* cluster is for one that runs a single queue.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, *, is_plain: bool = False
    ) -> None:
        self.process = process
        self._log = log
        self._is_plain = is_plain

    @property
    def log(self) -> str:
        """What supervisor and clusters have said so far."""
        return self._log.read_text()

    @property
    def groups(self) -> list[int]:
        """Process groups of the clusters started so far, oldest first."""
        if self._is_plain:
            return [self.process.pid]
        return [int(pgid) for pgid in re.findall(r"process group (\d+)", self.log)]

    @property
    def cluster(self) -> list[int]:
        """Ids of the newest cluster's live processes, its guard first."""
        return group_members(self.groups[-1]) if self.groups else []

    @property
    def names(self) -> list[str]:
        """Names of the clusters started so far, oldest first."""
        return re.findall(r"Worker (\S+) started", self.log)

    @property
    def monitor(self) -> int:
        """Id of the newest cluster's process that acknowledges tasks."""
        return int(re.findall(r"monitoring at (\d+)", self.log)[-1])

    @property
    def runs(self) -> Counter[str]:
        """Name of a drain, which is one ring's own, to how often it was begun."""
        return Counter(re.findall(r"processing (\S+) '[\w.]+\.drain'", self.log))

    def idle_reader(self) -> int:
        """Id of the idle process that holds the lock of the cluster's queue.

        The one that has been idle longest: when a process takes a task, the
        next in line takes the lock, and keeps it while it waits for a task.
        With two processes that is the one which did not do the last task.
        """
        done = self.log.count("Processed '")
        assert eventually(lambda: self.log.count("Processed '") > done, 20), self.log
        last = re.findall(r"(Process-\w+) processing", self.log)[-1]
        (other,) = (pid for name, pid in self._ready().items() if name != last)
        return other

    def busy(self) -> int:
        """Id of a process that is at a drain."""
        begun = re.findall(r"(Process-\w+) processing (\S+) '[\w.]+\.drain'", self.log)
        done = re.findall(r"Processed '[\w.]+\.drain' \((\S+)\)", self.log)
        return next(self._ready()[name] for name, run in begun if run not in done)

    def _ready(self) -> dict[str, int]:
        """Name to id of the live processes that deliver."""
        ready = re.findall(r"(Process-\w+) ready for work at (\d+)", self.log)
        return {name: int(pid) for name, pid in ready if int(pid) in self.cluster}

    def wait_until_working(self, seconds: float = 40) -> Worker:
        """Wait until the newest cluster of each queue has finished a task."""
        works = eventually(lambda: self.names and self._newest_beat(), seconds)
        assert works, self.log
        return self

    def _newest_beat(self) -> bool:
        newest = {name.split(":")[-2]: name for name in self.names}.values()
        beats = WorkerHeartbeat.objects.filter(worker__in=newest)
        return beats.count() == len(newest)

    def kill(self) -> None:
        """SIGKILL to everything at once, as when the machine dies."""
        self.process.kill()
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait()

    def terminate(self, seconds: float = 40) -> int:
        """SIGTERM to the first process; its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def leftovers(self) -> list[int]:
        """Ids of live processes of any of its clusters."""
        return [pid for group in self.groups for pid in group_members(group)]


@contextlib.contextmanager
def running_worker(
    port: int,
    directory: Path,
    *,
    queue: str | None = None,
    root: Path = ROOT,
    **env: Any,
) -> Iterator[Worker]:
    """Run ``bin_worker`` on this test's database and mail sink.

    Args:
        port: of the SMTP sink.
        directory: where its log is kept.
        queue: the only one that it runs; None: both, ``plain``: no
            ``bin_worker`` at all, but django-q2's own ``qcluster``.
        root: the checkout whose code it runs.
        env: more of its environment; ``TEST_LEASE=5`` and the like.
    """
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "example_site.settings.test",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "TEST_SMTP_PORT": str(port),
        "TEST_WORKER_RING_INTERVAL": "1",
        # One at a time: the tests count on how long a dispatch takes.
        "TEST_CONNECTIONS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    command = ["bin_worker", *(["--queue", queue] if queue else [])]
    if queue == "plain":
        # Without checks: it must also run as nobody should run it.
        command = ["qcluster", "--skip-checks"]
    log = directory / f"worker-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, root / "example_site/manage.py", *command],
            # Its clusters import what is here.
            cwd=root,
            env=environment | {name: str(value) for name, value in env.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0 if queue == "plain" else None,
        )
    worker = Worker(process, log, is_plain=queue == "plain")
    try:
        yield worker
    finally:
        if process.poll() is None:
            worker.kill()
        # Nothing may write to a database that the next test uses.
        assert eventually(lambda: not worker.leftovers())
