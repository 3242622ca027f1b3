"""A django-q2 cluster as a group of processes, which ends as a whole.

When a cluster's first process dies the others live on as orphans and go on
working. So the cluster gets a process group of its own. Its leader is a guard
that reads a pipe from us; however we end, the kernel closes the pipe, and the
guard kills the group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from wagtail_bin.dispatch.worker import STOP_FD, WORKER

# The group's leader. It reads a pipe that only the supervisor can write, and
# that the kernel closes however the supervisor ends, SIGKILL included.
GUARD = "import os, sys; sys.stdin.buffer.read(); os.killpg(0, 9)"

# django-q2 reads it when it is imported, and looks in ALT_CLUSTERS then.
CLUSTER_NAME = "Q_CLUSTER_NAME"


class Cluster:
    """A running cluster: all its processes in one group, which dies with us.

    Args:
        command: what to run; its children must stay in the group.
        worker: the name that the cluster signs its heartbeats with.
        name: its entry in ``ALT_CLUSTERS``; None: it is the default one.

    Raises:
        OSError: the command cannot be started; nothing of it is left.
    """

    def __init__(
        self, command: Sequence[str], *, worker: str, name: str | None = None
    ) -> None:
        self.worker = worker
        # The guard comes first, so that there is never a cluster without one.
        self._guard = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
        stop_fd, self._stop_pipe = os.pipe()
        env = {key: os.environ[key] for key in os.environ if key != CLUSTER_NAME}
        env |= {
            WORKER: worker,
            STOP_FD: str(stop_fd),
            # Whichever way we were started, the cluster imports the same.
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        if name:
            env[CLUSTER_NAME] = name
        try:
            self._leader = subprocess.Popen(  # noqa: S603
                command,
                env=env,
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
