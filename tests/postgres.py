"""A private PostgreSQL server that may be stopped as by a power cut."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from example_site.mail_sink import free_port


class NoServer(Exception):  # noqa: N818
    """PostgreSQL's server programs are not installed."""


class Cluster:
    """A PostgreSQL server of its own, under an ordinary user."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self._programs = programs
        self._data = directory / "data"
        self.port = free_port()

    @property
    def url(self) -> str:
        """Its database, as ``DATABASE_URL``."""
        return self._url("postgres")

    def _url(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def make_database_on(self, disk: Path) -> str:
        """An empty database whose tables, and nothing else, are on this disk.

        Returns:
            Its address, as ``DATABASE_URL``.
        """
        place = disk / "tables"
        place.mkdir()
        shutil.chown(place, "postgres")
        for sql in (
            f"CREATE TABLESPACE elsewhere LOCATION '{place}'",
            "CREATE DATABASE elsewhere TABLESPACE elsewhere",
        ):
            self._sql(sql)
        return self._url("elsewhere")

    def states(self) -> dict[str, int]:
        """State to number of the deliveries in its database."""
        sql = "SELECT state, count(*) FROM wagtail_bin_delivery GROUP BY state"
        rows = [line.split("|") for line in self._sql(sql).splitlines()]
        return {state: int(number) for state, number in rows}

    def _sql(self, sql: str) -> str:
        command = ["psql", "-qAt", "-c", sql, self.url]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout

    def program(self, name: str, *arguments: str, **more: Any) -> Any:
        command = [str(self._programs / name), *arguments]
        if os.geteuid() == 0:
            # The server refuses to run as root.
            command = ["runuser", "-u", "postgres", "--", *command]
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return subprocess.run(
            command,
            env=env,
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            **more,
        )

    def make(self) -> None:
        self.program("initdb", "-A", "trust", "-U", "postgres", "-N", str(self._data))
        self.start()

    def start(self) -> None:
        # The machine stays up: what is written is there without a flush.
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off"
        self.program("pg_ctl", "-w", "-D", str(self._data), "-o", options, "start")

    def stop(self, mode: str) -> None:
        self.program("pg_ctl", "-w", "-D", str(self._data), "-m", mode, "stop")


def copy_to(url: str) -> None:
    """Copy the database of this test, a PostgreSQL one, to an empty one."""
    settings = connection.settings_dict
    where = {
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"]),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
    }
    dump = subprocess.run(
        ["pg_dump", "--no-owner", "--no-tablespaces", settings["NAME"]],
        env=os.environ | {name: value for name, value in where.items() if value},
        check=True,
        capture_output=True,
    ).stdout
    subprocess.run(["psql", "-q", url], input=dump, check=True, capture_output=True)


@contextlib.contextmanager
def private_cluster() -> Iterator[Cluster]:
    """A running server, whose data are gone afterwards.

    Raises:
        NoServer: there are no programs to run.
    """
    programs = _programs()
    if programs is None or (os.geteuid() == 0 and not shutil.which("runuser")):
        raise NoServer("PostgreSQL's server programs are not installed")
    directory = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres")
    cluster = Cluster(directory, programs)
    try:
        cluster.make()
        yield cluster
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            cluster.stop("immediate")
        shutil.rmtree(directory)


def _programs() -> Path | None:
    """Where the server's programs are, newest first."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    places = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((place.parent for place in places), default=None)
