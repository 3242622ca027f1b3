"""How fast and how large: an import and a dispatch, each in a process of its own.

    python -m benchmarks import 10000
    python -m benchmarks mail 10000

On SQLite, or where ``DATABASE_URL`` points. Prints one line of JSON: seconds,
rows or messages per second, CPU seconds, peak memory in MB, and queries.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "example_site.settings.test"


@contextmanager
def measured(unit: str, number: int) -> Iterator[None]:
    """Print what the block took."""
    from django.db import connection

    queries = 0

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*args)

    before = resource.getrusage(resource.RUSAGE_SELF)
    base = before.ru_maxrss
    start = time.perf_counter()
    with connection.execute_wrapper(count):
        yield
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                unit: number,
                "seconds": round(seconds, 2),
                "per_second": round(number / seconds),
                "cpu_seconds": round(cpu, 2),
                "peak_mb": round(after.ru_maxrss / 1024),
                "before_mb": round(base / 1024),
                "queries": queries,
            }
        )
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


@contextmanager
def running_sink() -> Iterator[int]:
    """A mail sink in a process of its own; its port."""
    from example_site.mail_sink import free_port

    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        sink = subprocess.Popen(
            [sys.executable, "-m", "example_site.mail_sink", directory, str(port)]
        )
        try:
            while True:
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", port), 1),
                ):
                    break
                time.sleep(0.1)
            yield port
        finally:
            sink.terminate()
            sink.wait()


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

    from tests.content import make_home, make_tip, make_tip_index
    from tests.factories import NetworkFactory, UserFactory
    from wagtail_bin.dispatch.approve import approve_dispatch
    from wagtail_bin.dispatch.deliver import deliver_due
    from wagtail_bin.dispatch.progress import progress_of
    from wagtail_bin.exchange.apply import import_members

    network = NetworkFactory()
    import_members(
        network=network,
        user=None,
        source=member_list(count),
        file_name="list.csv",
        basis="enrolment",
    )
    page = make_tip(make_tip_index(make_home()))
    user = UserFactory(is_superuser=True)
    with running_sink() as port:
        settings.EMAIL_PORT = port
        with measured("approved", count):
            dispatch = approve_dispatch(
                page=page, networks=[network], user=user, expected_recipients=count
            ).dispatch
        with measured("messages", count):
            deliver_due(seconds=3600)
    states = progress_of(dispatch).states
    if states != {"accepted": count}:
        sys.exit(f"Not all were accepted: {states}")


def main() -> None:
    """Make a database, run one benchmark in it, remove it."""
    name, count = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        if "DATABASE_URL" not in os.environ:
            os.environ["TEST_DATABASE"] = str(Path(directory) / "bench.sqlite3")
        import django

        django.setup()
        from django.db import connection

        original = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            {"import": bench_import, "mail": bench_mail}[name](count)
        finally:
            connection.creation.destroy_test_db(original, verbosity=0)


if __name__ == "__main__":
    main()
