"""How fast and how large, and how safe: each in a process of its own.

    python -m benchmarks import 10000
    python -m benchmarks mail 1000 10000
    python -m benchmarks chaos --seeds 1 --recipients 200 --kills 20

On SQLite, or where ``DATABASE_URL`` points. The first prints lines of JSON: seconds,
rows per second, CPU seconds, peak memory in MB, queries; the second a table.
"""

from __future__ import annotations

import csv
import io
import sys

from benchmarks import chaos, mail
from benchmarks.surroundings import database, measured


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


def main() -> None:
    """Run one benchmark, in a database that is removed afterwards."""
    name, *arguments = sys.argv[1:]
    if name == "import":
        with database():
            bench_import(int(arguments[0]))
    else:
        {"chaos": chaos, "mail": mail}[name].main(arguments)


if __name__ == "__main__":
    main()
