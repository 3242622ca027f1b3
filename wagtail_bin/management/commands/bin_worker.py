"""``manage.py bin_worker``: a django-q2 cluster that does not stay hung."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wagtail_bin.dispatch import tasks
from wagtail_bin.dispatch.supervise import Supervisor
from wagtail_bin.dispatch.worker import run_cluster


class Command(BaseCommand):
    """Run and watch a cluster until SIGTERM or SIGINT; then exit with 0."""

    help = (
        "Starts a django-q2 cluster, rings it, and replaces it when it hangs. "
        "Stops on SIGTERM or Ctrl-C; a second one does not wait for running tasks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the switch that tells the child from the parent."""
        parser.add_argument("--cluster", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Be the supervisor or, below it, the cluster."""
        if options["cluster"]:
            run_cluster()
            return
        supervisor = Supervisor(
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
