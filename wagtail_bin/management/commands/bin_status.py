"""``manage.py bin_status``: is everything that should go out going out?"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error

from wagtail_bin.dispatch.health import Level, as_json, read_health


class Command(BaseCommand):
    """Print a reading as JSON; exit with 0, 1 (warning) or 2 (critical)."""

    help = (
        "Shows workers, what waits and what is unknown, as JSON. "
        "Exits with 1 when something needs a look, with 2 when it needs one now."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the reading; a database that is away is critical."""
        try:
            health = read_health()
        except Error as error:
            # Without its text, which may hold how we log in.
            reading = {
                "level": Level.CRITICAL.name.lower(),
                "problems": {"database": Level.CRITICAL.name.lower()},
                "error": type(error).__name__,
            }
            level = Level.CRITICAL
        else:
            reading, level = as_json(health), health.level
        self.stdout.write(json.dumps(reading, indent=2))
        if level:
            sys.exit(level)
