"""What runs beside the command: the mail sink, the website, the worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path


class DemoFailed(Exception):  # noqa: N818 -- reads as a sentence where it is raised
    """A part of the demo did not do what it should."""


def free_port(wanted: int) -> int:
    """The wanted port on loopback when nobody listens there, or else any other."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoFailed("There is no free port on 127.0.0.1.")


def is_listening(port: int) -> bool:
    """Whether somebody answers on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def status_of(url: str) -> int:
    """The HTTP status of a real request; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Children:
    """Processes of which none may stop before we stop them.

    Args:
        folder: the directory that Python modules are found from.
        logs: where the output of each goes, as ``<name>.log``.
    """

    def __init__(self, folder: Path, logs: Path) -> None:
        self.folder = folder
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *module_and_arguments: str) -> None:
        """Run ``python -m …`` in a session of its own, out of reach of Ctrl-C."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *module_and_arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises DemoFailed when one has stopped, with the end of what it said."""
        for name, process in self.running.items():
            if process.poll() is not None:
                said = (self.logs / f"{name}.log").read_text(errors="replace")
                raise DemoFailed(
                    f"The {name} stopped with code {process.returncode}:\n{said[-2000:]}"
                )

    def wait_until(
        self, ready: Callable[[], bool], seconds: float, what: str, pause: float = 0.2
    ) -> None:
        """Wait for something, while all processes run.

        Raises:
            DemoFailed: a process stopped, or it took longer than ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise DemoFailed(f"After {seconds:.0f} seconds: {what}.")
            time.sleep(pause)

    def stop(self) -> None:
        """Ask all to stop, last one first, and make those that will not."""
        for name, process in reversed(list(self.running.items())):
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            del self.running[name]
