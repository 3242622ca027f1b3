"""Processes that start at once: forks of one that has Django loaded already.

    python -m tests.faults.forks

reads one job per line of JSON and writes "START pid" and "END pid status" lines.
A job runs a function of :mod:`tests.faults.scenes` in a process of its own, which
may die on the way, by SIGKILL from itself or from anybody.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.db import connection

KILLED = -signal.SIGKILL
ROOT = Path(__file__).resolve().parents[2]


class Job:
    """A process that was started."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self._forks = forks
        self.pid = pid

    def wait(self, seconds: float = 60) -> int:
        """Its exit code; negative: the signal that ended it."""
        return self._forks.status_of(self.pid, seconds)

    def kill(self) -> int:
        """SIGKILL it; returns when it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()


class Forks:
    """A handle on the process that forks. Used as a context manager.

    Args:
        log: where the children's output goes.

    Attributes:
        settings: names of Django's settings to their values in every child.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self.settings: dict[str, Any] = {}
        self._statuses: dict[int, int] = {}

    def __enter__(self) -> Forks:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.forks"],
                cwd=ROOT,
                env=os.environ
                | {
                    "DJANGO_SETTINGS_MODULE": "example_site.settings.test",
                    "TEST_DATABASE": str(connection.settings_dict["NAME"]),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        status = self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        assert status == 0, self.log

    @property
    def log(self) -> str:
        """What the children have said."""
        return self._log.read_text()

    def start(self, scene: str, *, fault: str = "", **arguments: Any) -> Job:
        """Run a function of ``scenes`` in a process of its own.

        Args:
            fault: as in ``WAGTAIL_BIN_FAULT``.
        """
        job = {
            "scene": scene,
            "fault": fault,
            "arguments": arguments,
            "settings": self.settings,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        while True:
            word, pid, *_status = self._read(20)
            if word == "START":
                return Job(self, int(pid))

    def run(self, scene: str, *, fault: str = "", **arguments: Any) -> int:
        """As :meth:`start`, and wait."""
        return self.start(scene, fault=fault, **arguments).wait()

    def status_of(self, pid: int, seconds: float) -> int:
        """The exit code of a child."""
        deadline = time.monotonic() + seconds
        while pid not in self._statuses:
            self._read(deadline - time.monotonic())
        return self._statuses.pop(pid)

    def _read(self, seconds: float) -> list[str]:
        output = self._process.stdout
        assert output is not None
        ready, *_others = select.select([output], [], [], max(0, seconds))
        assert ready, f"Nothing heard. {self.log}"
        # Unbuffered, so that select sees what is left.
        words = self._line(output.fileno()).split()
        assert words, f"The process that forks is gone. {self.log}"
        if words[0] == "END":
            self._statuses[int(words[1])] = int(words[2])
        return words

    @staticmethod
    def _line(fd: int) -> str:
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(fd, 1)
            if not byte:
                break
            line += byte
        return line.decode()


def _child(job: dict[str, Any]) -> int:
    from django.conf import settings

    from wagtail_bin import faults

    if job["fault"]:
        os.environ[faults.ENVIRONMENT] = job["fault"]
        importlib.reload(faults)
    for name, value in job["settings"].items():
        setattr(settings, name, value)
    scenes = importlib.import_module("tests.faults.scenes")
    getattr(scenes, job["scene"])(**job["arguments"])
    return 0


def _serve() -> None:
    import django

    django.setup()
    importlib.import_module("tests.faults.scenes")
    children: set[int] = set()
    reading = True
    while reading or children:
        if reading and select.select([0], [], [], 0.01)[0]:
            line = Forks._line(0)
            reading = bool(line)
            if line:
                children.add(_fork(json.loads(line)))
        if not reading:
            time.sleep(0.01)
        for pid in list(children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                children.remove(pid)
                _say("END", pid, os.waitstatus_to_exitcode(status))


def _fork(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        _say("START", pid)
        return pid
    status = 1
    try:
        os.dup2(2, 1)
        status = _child(job)
    except BaseException:  # noqa: BLE001
        # The parent's loop must not go on in the child.
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _say(*words: Any) -> None:
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


if __name__ == "__main__":
    _serve()
