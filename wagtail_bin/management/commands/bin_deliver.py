"""``manage.py bin_deliver``: deliver what is due without a queue, for cron."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from wagtail_bin.conf import conf
from wagtail_bin.dispatch import deliver, notices, receipts, sweep


class Command(BaseCommand):
    """Deliver until nothing is due, then exit with 0.

    Several may run at once, and beside workers: each row is claimed by one.
    """

    help = "Delivers everything that is due, without a worker, and exits."

    def handle(self, *args: Any, **options: Any) -> None:
        """Settle what was left behind, deliver, and print the numbers."""
        swept = sweep.settle()
        delivered = 0
        while done := deliver.deliver_due(seconds=conf.SLICE):
            delivered += done
        receipts.match_held()
        notices.tell()
        self.stdout.write(
            f"Worked on: {delivered}. Given up: {swept.expired}. "
            f"Became unknown: {swept.unknown}."
        )
