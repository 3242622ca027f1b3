"""``manage.py bin_worker``: django-q2 clusters that do not stay hung."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wagtail_bin.conf import conf
from wagtail_bin.dispatch import tasks
from wagtail_bin.dispatch.queues import Queue, configured_queues
from wagtail_bin.dispatch.supervise import Supervisor
from wagtail_bin.dispatch.worker import run_cluster


class Command(BaseCommand):
    """Run and watch clusters until SIGTERM or SIGINT; then exit with 0."""

    help = (
        "Starts a django-q2 cluster for urgent messages and one for everything, "
        "rings them, and replaces one that hangs. Stops on SIGTERM or Ctrl-C; "
        "a second one does not wait for running tasks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the queue, and the switch that tells the child from the parent."""
        parser.add_argument(
            "--queue",
            choices=[queue.value for queue in Queue],
            help="Run the cluster of this queue only; both when left out.",
        )
        parser.add_argument("--cluster", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Be the supervisor or, below it, a cluster."""
        if options["cluster"]:
            run_cluster()
            return
        supervisor = Supervisor(
            _queues(options["queue"]),
            command=[
                sys.executable,
                *("-m", "django", "bin_worker", "--cluster", "--skip-checks"),
            ],
            ring=tasks.ring,
            say=self._say,
        )
        signal.signal(signal.SIGTERM, supervisor.stop)
        signal.signal(signal.SIGINT, supervisor.stop)
        supervisor.run()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _queues(wanted: str | None) -> list[Queue]:
    queues = configured_queues()
    if wanted is None:
        return queues
    queue = Queue(wanted)
    if queue not in queues:
        raise CommandError(
            "Q_CLUSTER['ALT_CLUSTERS'] has no "
            f"{conf.urgent_cluster!r}; see docs/workers.md."
        )
    return [queue]
