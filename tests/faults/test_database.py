"""The database dies, or takes nothing more, in the middle of a sending."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, connection

from tests.dispatch.doubles import Double, Script, channels
from tests.faults.conftest import Story, make_story, needs_postgresql
from tests.faults.forks import Forks
from tests.faults.provider import ACCEPTED, Provider
from tests.faults.scenes import run_elsewhere, start_elsewhere
from tests.postgres import Cluster, NoServer, copy_to, private_cluster
from tests.worker import ORM_BROKER, eventually, running_worker
from wagtail_bin.dispatch import deliver
from wagtail_bin.models import Delivery

State = Delivery.State
SETTLED = {State.ACCEPTED, State.UNKNOWN}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(private_cluster())
        except NoServer as error:
            pytest.skip(str(error))


@needs_postgresql
@pytest.mark.parametrize(
    ("away", "held", "limits"),
    [
        pytest.param(2, 0, {}, id="for seconds"),
        # The answer comes late, and is kept for as long as a call may take: until
        # after the lease.
        pytest.param(
            8,
            5,
            {"TEST_LEASE": "7", "TEST_CALL_TIMEOUT": "6"},
            id="for longer than the lease",
        ),
    ],
)
def test_f10_a_database_that_dies_during_calls_costs_nobody(
    tip: Any,
    provider: Provider,
    cluster: Cluster,
    away: float,
    held: float,
    limits: dict[str, str],
) -> None:
    """It is stopped at once, as by a power cut, and comes back.

    Args:
        away: seconds that it is away.
        held: seconds that the provider takes over one answer meanwhile.
    """
    story = make_story(tip, provider, 12)
    copy_to(cluster.url)
    elsewhere = {"DATABASE_URL": cluster.url} | limits
    scenes = [["resume", {"user": story.user.pk}], ["approve", story.arguments]]
    done = run_elsewhere("several", "", env=elsewhere, scenes=scenes)
    assert done.returncode == 0, done.stderr

    provider.delay = 0.1
    is_down = threading.Event()

    def pull_the_plug(stage: str, number: int) -> bool:
        if (stage, number) == (ACCEPTED, 5):
            cluster.stop("immediate")
            is_down.set()
            time.sleep(held)
        return False

    provider.act = pull_the_plug
    process = start_elsewhere(
        "command", "", provider.port, env=elsewhere, name="bin_deliver"
    )
    assert is_down.wait(60)
    # Another worker takes back what the first one's lease held.
    sweeper = start_elsewhere("sweep_when_back", "", env=elsewhere)
    time.sleep(away)
    cluster.start()
    _output, sweep_errors = sweeper.communicate(timeout=60)
    assert sweeper.returncode == 0, sweep_errors
    _output, errors = process.communicate(timeout=60)
    # The reply was kept until it could be written down; the rest went on.
    scenes = [["deliver_quietly", {}], ["report", {}]]
    again = run_elsewhere("several", "", provider.port, env=elsewhere, scenes=scenes)
    assert again.returncode == 0, again.stderr
    found = json.loads(again.stdout)
    assert found == {"promises": [], "states": {State.ACCEPTED: 12}}, errors
    assert set(provider.copies.values()) == {1}
    assert len(provider.mails) == 12


@needs_postgresql
def test_f10_a_database_away_for_longer_than_a_call_may_take_doubles_nothing(
    tip: Any, provider: Provider, cluster: Cluster, tmp_path: Path
) -> None:
    """So is the queue, which is in it. Workers find both again by themselves."""
    story = make_story(tip, provider, 60)
    copy_to(cluster.url)
    elsewhere = {"DATABASE_URL": cluster.url}
    lease = 3
    provider.delay = 0.05
    is_down = threading.Event()

    def pull_the_plug(stage: str, number: int) -> bool:
        if (stage, number) == (ACCEPTED, 15):
            cluster.stop("immediate")
            is_down.set()
        return False

    provider.act = pull_the_plug
    env = {"TEST_DATABASE": "", "TEST_LEASE": lease, "TEST_CALL_TIMEOUT": 1}
    with running_worker(
        provider.port, tmp_path, queue="default", **elsewhere, **env, **ORM_BROKER
    ) as worker:
        done = run_elsewhere("approve", "", env=elsewhere, **story.arguments)
        assert done.returncode == 0, done.stderr
        assert is_down.wait(60), worker.log
        time.sleep(lease + 1)
        called = len(provider.mails)
        cluster.start()
        assert eventually(lambda: cluster.states().keys() <= SETTLED, 40), worker.log
        assert len(worker.names) == 1
        reporter = start_elsewhere("report", "", env=elsewhere)
        assert worker.terminate() == 0
    assert "Not recorded yet: OperationalError" in worker.log
    states = cluster.states()
    # The batch under way, of which nobody can tell any more; no call was made since.
    assert 15 <= called <= 20
    assert 1 <= states[State.UNKNOWN] <= 10
    assert sum(states.values()) == 60
    report, errors = reporter.communicate(timeout=60)
    assert json.loads(report)["promises"] == [], errors
    assert set(provider.copies.values()) == {1}
    assert states[State.ACCEPTED] <= len(provider.mails) <= 60


@pytest.fixture
def script(settings: Any) -> Iterator[Script]:
    # All are marked at once.
    settings.WAGTAIL_BIN_CHANNELS = channels(email={"BATCH": 200, "CONNECTIONS": 1})
    Double.scripts = {"email": Script()}
    yield Double.scripts["email"]
    Double.scripts = {}


# How a database takes nothing more, and something again.
READ_ONLY = {
    "postgresql": (["SET default_transaction_read_only = on"], "RESET ALL"),
    "sqlite": (["PRAGMA query_only = 1"], "PRAGMA query_only = 0"),
}


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def test_f11_what_cannot_be_marked_is_not_sent(
    tip: Any,
    provider: Provider,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database takes nothing more between the claim and the mark."""
    story = make_story(tip, provider, 60)
    story.approve()
    close, open_again = READ_ONLY[connection.vendor]
    monkeypatch.setattr(
        "wagtail_bin.faults.point", lambda name: name == "K3" and execute(*close)
    )
    # The alarm: a task that fails, a command that ends with an error.
    with pytest.raises(Error, match="read-?only"):
        deliver.deliver_due(seconds=10)
    monkeypatch.undo()
    execute(open_again)
    assert script.tried == []
    # Where there is room for that they are given back at once.
    assert story.counts() in ({State.CLAIMED: 60}, {State.QUEUED: 60})
    story.let_leases_end()
    assert deliver.deliver_due(seconds=10) == 60
    assert story.counts() == {State.ACCEPTED: 60}
    assert len(script.accepted) == 60


@needs_postgresql
def test_f11_a_read_only_database_ends_the_command_with_an_error(
    story: Story, forks: Forks
) -> None:
    story.approve()
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        assert forks.run("command", name="bin_deliver") == 1
    finally:
        execute("SET default_transaction_read_only = off")
        execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert story.provider.mails == []
    assert story.counts() == {State.QUEUED: 3}
    story.finish(forks)
