"""What benchmarks and chaos stand on: a database, members, a mail server."""

from __future__ import annotations

import contextlib
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

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings.test")


@contextmanager
def database() -> Iterator[None]:
    """Django, set up on an empty database of its own.

    On SQLite, or where ``DATABASE_URL`` points.
    """
    with tempfile.TemporaryDirectory() as directory:
        if "DATABASE_URL" not in os.environ:
            os.environ["TEST_DATABASE"] = str(Path(directory) / "bench.sqlite3")
        import django

        django.setup()
        from django.db import connection

        original = connection.settings_dict["NAME"]
        connection.creation.create_test_db(
            verbosity=0, autoclobber=True, serialize=False
        )
        try:
            yield
        finally:
            connection.creation.destroy_test_db(original, verbosity=0)


@contextmanager
def a_copy() -> Iterator[str]:
    """The name of a copy of the database that :func:`database` has made."""
    from django.db import connection

    creation = connection.creation
    creation.clone_test_db("copy", verbosity=0, autoclobber=True)
    try:
        yield str(creation.get_test_db_clone_settings("copy")["NAME"])
    finally:
        creation.destroy_test_db(suffix="copy", verbosity=0)


def peak_of(pid: int | str = "self") -> int:
    """The most memory that a process has held so far, in MB; 0: it is gone.

    Not what ``getrusage`` says, which begins with what its parent held.
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return round(int(line.split()[1]) / 1024)
    return 0


@contextmanager
def measured(unit: str, number: int) -> Iterator[dict[str, Any]]:
    """Print what the block took, as one line of JSON; gives it to the caller too."""
    from django.db import connection

    queries = 0

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*args)

    figures: dict[str, Any] = {unit: number}
    held = peak_of()
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    with connection.execute_wrapper(count):
        yield figures
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures |= {
        "seconds": round(seconds, 2),
        "per_second": round(number / seconds),
        "cpu_seconds": round(cpu, 2),
        "peak_mb": peak_of(),
        "before_mb": held,
        "queries": queries,
    }
    print(json.dumps(figures))


@contextmanager
def running_sink(directory: Path, delay: float = 0) -> Iterator[int]:
    """A mail server in a process of its own; its port.

    Args:
        directory: where it keeps what it takes.
        delay: seconds before it answers.
    """
    from example_site.mail_sink import free_port

    port = free_port()
    sink = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "example_site.mail_sink",
            directory,
            str(port),
            str(delay),
        ]
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


def make_members(count: int) -> Any:
    """A network of so many members who agreed to tips by e-mail."""
    from tests.factories import NetworkFactory
    from wagtail_bin.models import ChannelName, Consent, Member, Purpose

    network = NetworkFactory()
    for start in range(0, count, 10_000):
        members = [
            Member(
                network=network,
                first_name="Zoë",
                last_name=f"Vandenbroucke {number}",
                email=f"lid{number}.{network.pk}@d{number % 40}.example",
                language="nl",
                state=Member.State.ACTIVE,
            )
            for number in range(start, min(start + 10_000, count))
        ]
        for member in members:
            member.compute_keys()
        Consent.objects.bulk_create(
            Consent(
                member=member,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                is_given=True,
                basis=Consent.Basis.ENROLMENT,
            )
            for member in Member.objects.bulk_create(members)
        )
    return network


def make_page() -> Any:
    """A tip on a small site."""
    from tests.content import make_home, make_tip, make_tip_index

    return make_tip(make_tip_index(make_home()))


def approve(page: Any, network: Any, count: int) -> Any:
    """A dispatch of the page, as it is now, to all members of a network."""
    from tests.factories import UserFactory
    from wagtail_bin.dispatch.approve import approve_dispatch, newest_dispatch

    page.refresh_from_db()
    page.save_revision()
    newest = newest_dispatch(page)
    return approve_dispatch(
        page=page,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=count,
        seen_dispatch=newest and newest.pk,
    ).dispatch
