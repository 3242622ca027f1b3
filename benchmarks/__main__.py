"""How fast and how large, and how safe: each in a process of its own.

    python -m benchmarks import 10000
    python -m benchmarks mail 10000
    python -m benchmarks chaos --seeds 1 --recipients 200 --kills 20

On SQLite, or where ``DATABASE_URL`` points. The first two print lines of JSON:
seconds, rows or messages per second, CPU seconds, peak memory in MB, queries.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from pathlib import Path

from benchmarks import chaos
from benchmarks.surroundings import (
    approve,
    database,
    make_members,
    make_page,
    measured,
    running_sink,
)


def member_list(count: int) -> bytes:
    """A semicolon list as Excel writes it in Belgium."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(
        ["Voornaam", "Naam", "E-mailadres", "GSM", "Straat", "Nr", "Postcode", "Taal"]
    )
    for n in range(count):
        writer.writerow(
            [
                f"Voornaam{n}",
                f"Familienaam{n % 997}",
                f"lid{n}@example.org",
                f"0473/{n // 1000:03d}.{n % 1000:03d}",
                "Dorpsstraat",
                n % 200 + 1,
                "2920",
                "NL",
            ]
        )
    return text.getvalue().encode("cp1252")


def bench_import(count: int) -> None:
    """Import a list; then the same list again."""
    from tests.factories import NetworkFactory
    from wagtail_bin.exchange.apply import import_members

    network = NetworkFactory()
    source = member_list(count)
    for _again in range(2):
        with measured("rows", count):
            import_members(
                network=network,
                user=None,
                source=source,
                file_name="list.csv",
                basis="enrolment",
            )


def bench_mail(count: int) -> None:
    """Approve a tip to so many members, and deliver it to a sink on loopback."""
    from django.conf import settings

    from wagtail_bin.dispatch.deliver import deliver_due
    from wagtail_bin.dispatch.progress import progress_of

    network = make_members(count)
    page = make_page()
    with (
        tempfile.TemporaryDirectory() as directory,
        running_sink(Path(directory)) as port,
    ):
        settings.EMAIL_PORT = port
        with measured("approved", count):
            dispatch = approve(page, network, count)
        with measured("messages", count):
            deliver_due(seconds=3600)
    states = progress_of(dispatch).states
    if states != {"accepted": count}:
        sys.exit(f"Not all were accepted: {states}")


def main() -> None:
    """Make a database, run one benchmark in it, remove it."""
    name, *arguments = sys.argv[1:]
    if name == "chaos":
        chaos.main(arguments)
        return
    with database():
        {"import": bench_import, "mail": bench_mail}[name](int(arguments[0]))


if __name__ == "__main__":
    main()
