"""The disk of the database is full: nothing is sent that cannot be written down."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.disks import Disk, NoDisk, small_disk
from tests.faults.conftest import Story, make_story
from tests.faults.provider import Provider
from tests.faults.scenes import run_elsewhere
from tests.postgres import NoServer, copy_to, private_cluster
from tests.worker import eventually, running_worker
from wagtail_bin.models import Delivery

State = Delivery.State

# What is said of a full disk: PostgreSQL; SQLite, which has its log there or not.
WORDS = ("No space left on device", "database or disk is full", "disk I/O error")
# So many rows that marking them takes room in any case.
MEMBERS = 200


@dataclasses.dataclass
class Cramped:
    """This test's database on a small disk, with a tip approved for all."""

    disk: Disk
    story: Story
    env: dict[str, str]

    def run(self, scene: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
        """Run a scene there."""
        port = self.story.provider.port
        return run_elsewhere(scene, "", port, env=self.env, **arguments)

    def several(self, *scenes: tuple[str, dict[str, Any]]) -> str:
        """Run scenes that all end well; what they said."""
        done = self.run("several", scenes=scenes)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def report(self, *before: str) -> dict[str, int]:
        """State to number of rows, after some scenes; all promises are kept."""
        said = self.several(*((scene, {}) for scene in [*before, "report"]))
        found = json.loads(said)
        assert found["promises"] == []
        assert set(self.story.provider.copies.values()) <= {1}
        return dict(found["states"])


@pytest.fixture
def cramped(tip: Any, provider: Provider) -> Iterator[Cramped]:
    with contextlib.ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(megabytes=64))
            story = make_story(tip, provider, MEMBERS)
            env = stack.enter_context(moved_to(disk.path))
        except (NoDisk, NoServer) as error:
            pytest.skip(str(error))
        found = Cramped(disk, story, env)
        found.several(("resume", {"user": story.user.pk}), ("approve", story.arguments))
        yield found


@contextlib.contextmanager
def moved_to(disk: Path) -> Iterator[dict[str, str]]:
    """This test's database on a disk; the environment of who works there."""
    if connection.vendor == "sqlite":
        copy = str(disk / "copy.sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [copy])
        yield {"TEST_DATABASE": copy}
        return
    with private_cluster() as cluster:
        url = cluster.make_database_on(disk)
        copy_to(url)
        yield {"DATABASE_URL": url}


def test_f11_on_a_full_disk_a_worker_says_so_and_sends_when_there_is_room(
    cramped: Cramped, tmp_path: Path
) -> None:
    provider = cramped.story.provider
    cramped.disk.fill()
    env = {"TEST_DATABASE": ""} | cramped.env
    with running_worker(provider.port, tmp_path, queue="default", **env) as worker:
        assert eventually(lambda: any(word in worker.log for word in WORDS), 20)
        status = cramped.run("command", name="bin_status")
        assert status.returncode == 2
        problems = json.loads(status.stdout)["problems"]
        # Without room for its log SQLite cannot even be read.
        assert {"not_swept", "database"} & set(problems)
        assert provider.mails == []
        cramped.disk.make_room()
        # Neither was it given up, nor must anybody start it again.
        assert eventually(lambda: len(provider.mails) == MEMBERS, 40), worker.log
        assert worker.terminate() == 0
    assert cramped.report() == {State.ACCEPTED: MEMBERS}


def test_f11_a_disk_that_fills_after_the_claim_stops_all_calls(
    cramped: Cramped,
) -> None:
    provider = cramped.story.provider
    there = {"disk": str(cramped.disk.path)}
    ended = cramped.run("fill_and_deliver", place="K3", **there)
    # The alarm: a command that ends with an error, for cron to mail.
    assert ended.returncode == 1
    assert any(word in ended.stderr for word in WORDS)
    assert provider.mails == []
    # No row is half-written: claimed with a lease, or waiting without.
    assert set(cramped.report()) <= {State.CLAIMED, State.QUEUED}
    cramped.disk.make_room()
    states = cramped.report("let_leases_end", "deliver_quietly")
    assert states == {State.ACCEPTED: MEMBERS}
    assert len(provider.mails) == MEMBERS


def test_f11_a_disk_that_fills_during_calls_leaves_these_unknown_and_no_more(
    cramped: Cramped,
) -> None:
    provider = cramped.story.provider
    cramped.env |= {"TEST_CALL_TIMEOUT": "1", "TEST_CONNECTIONS": "1"}
    there = {"disk": str(cramped.disk.path)}
    ended = cramped.run("fill_and_deliver", place="K7", **there)
    assert ended.returncode == 1
    assert "Not recorded yet" in ended.stderr
    called = len(provider.mails)
    # Two parts of half a batch.
    assert 0 < called <= 10
    assert cramped.report()[State.SENDING] == called
    cramped.disk.make_room()
    states = cramped.report("let_leases_end", "deliver_quietly")
    assert states == {State.UNKNOWN: called, State.ACCEPTED: MEMBERS - called}
    assert len(provider.mails) == MEMBERS
