"""A new version is installed in the middle of a sending: both work at once.

The other version is the last release before this commit, or the commit before while
there is none; ``WAGTAIL_BIN_PREVIOUS`` names another one to git.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from example_site.mail_sink import ENVELOPE_TO
from tests.conftest import MailSink
from tests.factories import UserFactory
from tests.faults.scenes import run_elsewhere
from tests.processes.conftest import (
    SendTo,
    StartWorker,
    count_of,
    make_network,
    needs_processes,
    running_sink,
)
from tests.worker import ROOT, eventually
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.models import Delivery

pytestmark = needs_processes

PREVIOUS = "WAGTAIL_BIN_PREVIOUS"
MIGRATIONS = "wagtail_bin/migrations"
# To whom each of the two versions sends.
HALF = 120
# Seconds that a message takes.
DELAY = 0.06


def git(*arguments: str) -> bytes:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def name_of_previous() -> str:
    """The version before this one, as git calls it."""
    if name := os.environ.get(PREVIOUS):
        return name
    git("rev-parse", "--verify", "HEAD^")
    try:
        return git("describe", "--tags", "--abbrev=0", "HEAD^").decode().strip()
    except subprocess.CalledProcessError:
        return "HEAD^"


def migrations(root: Path) -> dict[str, list[str]]:
    """Name to the lines of each migration, without the date that it was made on."""
    return {
        path.name: [
            line
            for line in path.read_text().splitlines()
            if line and not line.startswith("#")
        ]
        for path in (root / MIGRATIONS).glob("*.py")
    }


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the version before this one, in a folder of its own."""
    try:
        name = name_of_previous()
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("git knows no version before this one: a shallow checkout, or none")
    root = tmp_path_factory.mktemp("previous")
    subprocess.run(["tar", "-x", "-C", root], input=git("archive", name), check=True)
    newer = migrations(ROOT)
    changed = [
        file for file, lines in migrations(root).items() if newer.get(file) != lines
    ]
    if changed:
        refuse = pytest.skip if name == "HEAD^" else pytest.fail
        refuse(
            f"{name} has another schema: {', '.join(changed)} changed since. Two "
            "versions share a database only where the newer one adds migrations."
        )
    return root


def test_processes_of_the_other_version_import_its_code(previous: Path) -> None:
    command = [sys.executable, "-c", "import wagtail_bin; print(wagtail_bin.__file__)"]
    env = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    found = subprocess.run(
        command, cwd=previous, env=env, check=True, capture_output=True, text=True
    ).stdout
    assert Path(found).is_relative_to(previous)


@pytest.mark.parametrize("slow_sink", [DELAY], indirect=True)
@pytest.mark.parametrize("leaving", ["previous", "present"])
def test_f26_two_versions_deliver_together_and_either_leaves_in_good_order(
    start_worker: StartWorker,
    send_to: SendTo,
    slow_sink: MailSink,
    previous: Path,
    tip: Any,
    tmp_path: Path,
    leaving: str,
) -> None:
    """The previous one leaves when a version is installed, the present when it is
    taken back."""
    with running_sink(tmp_path / "previous", DELAY) as sink_of_previous:
        sinks = {"present": slow_sink, "previous": sink_of_previous}
        roots = {"present": ROOT, "previous": previous}
        workers = {
            version: start_worker(
                root=roots[version],
                TEST_SMTP_PORT=sinks[version].port,
                TEST_CLAIM_SIZE=20,
            )
            for version in roots
        }
        for worker in workers.values():
            worker.wait_until_working()
        # One is approved by the web processes of the previous version.
        approval = run_elsewhere(
            "approve",
            str(connection.settings_dict["NAME"]),
            root=previous,
            page=tip.pk,
            network=make_network(HALF).pk,
            user=UserFactory(is_superuser=True).pk,
            members=HALF,
        )
        assert approval.returncode == 0, approval.stderr
        send_to(HALF)
        assert eventually(
            lambda: all(count_of(sink) >= 20 for sink in sinks.values()), 30
        ), {version: count_of(sink) for version, sink in sinks.items()}
        rows = Delivery.objects.all()
        assert rows.filter(state=Delivery.State.QUEUED).exists()
        gone = workers.pop(leaving)
        # In time, or it raises.
        assert gone.terminate(conf.WORKER_STOP_LIMIT) == 0
        assert "does not stop" not in gone.log
        sent = count_of(sinks[leaving])
        (other,) = workers.values()
        open_rows = rows.filter(state__in=Delivery.OPEN_STATES)
        assert eventually(lambda: not open_rows.exists(), 60), other.log
    assert count_of(sinks[leaving]) == sent
    received = Counter(
        message[ENVELOPE_TO] for sink in sinks.values() for message in sink.messages
    )
    assert received == Counter(rows.values_list("address", flat=True))
    assert set(received.values()) == {1}
    assert rows.filter(state=Delivery.State.ACCEPTED).count() == 2 * HALF
    assert [finding for finding in verify() if finding.count] == []
