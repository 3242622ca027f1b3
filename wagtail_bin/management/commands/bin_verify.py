"""``manage.py bin_verify``: does the database keep what we promise?"""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wagtail_bin.dispatch.verify import verify


class Command(BaseCommand):
    """Check the promises of delivery, print what breaks one; exit with 1 then.

    Reads only. For a nightly job, and after a restore.
    """

    help = "Checks the ledger against the promises of delivery; exits 1 on a mistake."

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer JSON."""
        parser.add_argument("--json", action="store_true", help="Print one JSON list.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per check: promise, number of mistakes, what, some rows."""
        findings = []
        for finding in verify():
            findings.append(finding)
            if not options["json"]:
                rows = f": {', '.join(finding.rows)}" if finding.rows else ""
                self.stdout.write(
                    f"{finding.promise:4} {finding.count:7}  {finding.what}{rows}"
                )
        if options["json"]:
            found = [dataclasses.asdict(finding) for finding in findings]
            self.stdout.write(json.dumps(found, indent=2))
        if any(finding.count for finding in findings):
            sys.exit(1)
