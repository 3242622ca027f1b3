"""``manage.py bin_deliver``: deliver what is due without a queue, for cron."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wagtail_bin.dispatch import tasks, worker
from wagtail_bin.dispatch.deliver import deliver_due
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.exchange.jobs import work_on_all


class Command(BaseCommand):
    """Deliver until nothing is due, then exit with 0.

    Several may run at once, and beside workers: each row is claimed by one.
    SIGTERM and Ctrl-C end it between two batches; a second one at once.
    """

    help = (
        "Delivers everything that is due, urgent first, without a worker, and goes on"
        " with imports; exits."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the time limit."""
        parser.add_argument(
            "--seconds",
            type=float,
            default=float("inf"),
            help="Stop after so many seconds, even when more is due.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Settle what was left behind, deliver, import, and print a line of numbers."""
        with worker.stopping_on(signal.SIGTERM, signal.SIGINT):
            swept = tasks.settle(Queue.DEFAULT)
            delivered = deliver_due(seconds=options["seconds"])
            tasks.follow_up()
            work_on_all(seconds=options["seconds"])
        self.stdout.write(
            f"Worked on: {delivered}. Given up: {swept.expired}. "
            f"Became unknown: {swept.unknown}."
        )
