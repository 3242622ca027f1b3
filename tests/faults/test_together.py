"""Several at once: workers, sweeps, and people who stop them."""

from __future__ import annotations

import itertools
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from tests.faults.conftest import make_story, settings_for
from tests.faults.forks import Forks
from tests.faults.provider import ACCEPTED, Provider
from wagtail_bin.dispatch import control
from wagtail_bin.models import Delivery, Network

State = Delivery.State


def test_f09_eight_processes_claim_each_row_once(
    tip: Any, provider: Provider, forks: Forks, tmp_path: Path
) -> None:
    story = make_story(tip, provider, 90)
    dispatch = story.approve()
    jobs = [
        forks.start(
            "claim_all", dispatch=str(dispatch.pk), directory=str(tmp_path), number=n
        )
        for n in range(8)
    ]
    (tmp_path / "go").touch()
    assert [job.wait() for job in jobs] == [0] * 8, forks.log
    claimed = [json.loads((tmp_path / str(n)).read_text()) for n in range(8)]
    everything = list(itertools.chain.from_iterable(claimed))
    assert len(everything) == 90
    assert set(everything) == set(Delivery.objects.values_list("pk", flat=True))
    # They did get in each other's way.
    assert sum(bool(rows) for rows in claimed) > 1
    assert Delivery.objects.filter(state=State.CLAIMED).count() == 90


def test_f09_two_sweepers_and_a_job_presented_again_send_each_once(
    tip: Any, provider: Provider, forks: Forks, tmp_path: Path
) -> None:
    story = make_story(tip, provider, 60)
    dispatch = story.approve()
    forks.settings |= {"WAGTAIL_BIN_CLAIM_SIZE": 5}
    jobs = [forks.start("deliver_together", directory=str(tmp_path)) for _n in range(2)]
    jobs += [forks.start("drain", dispatch=str(dispatch.pk)) for _n in range(2)]
    (tmp_path / "go").touch()
    assert [job.wait() for job in jobs] == [0] * 4, forks.log
    story.check()
    assert story.counts() == {State.ACCEPTED: 60}
    assert not Delivery.objects.exclude(attempt=1).exists()


def test_f19_a_slow_provider_costs_no_lease_and_locks_nobody_out(
    tip: Any, provider: Provider, forks: Forks, tmp_path: Path
) -> None:
    """A call takes longer than is left of the lease; others sweep all the time."""
    story = make_story(tip, provider, 12)
    story.approve()
    provider.delay = 0.7
    forks.settings |= {"WAGTAIL_BIN_LEASE": 4, "WAGTAIL_BIN_CALL_TIMEOUT": 2}
    held: list[str] = []
    locked_out: list[float] = []

    def look(stage: str, number: int) -> bool:
        if stage == ACCEPTED:
            held.extend(idle_in_transaction())
            start = time.monotonic()
            with transaction.atomic():
                Network.objects.filter(pk=story.network.pk).update(contact_name="x")
            locked_out.append(time.monotonic() - start)
            connection.close()
        return False

    provider.act = look
    jobs = [forks.start("deliver_together", directory=str(tmp_path)) for _n in range(2)]
    (tmp_path / "go").touch()
    while any(not is_over(job.pid) for job in jobs):
        assert forks.run("sweep_only") == 0
        time.sleep(0.2)
    assert [job.wait() for job in jobs] == [0, 0], forks.log
    story.check()
    assert story.counts() == {State.ACCEPTED: 12}
    # No transaction is open while a provider thinks, no writer waits for one.
    assert held == []
    assert max(locked_out) < 2


def idle_in_transaction() -> list[str]:
    """Connections to this database that hold a transaction open."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
        )
        return [query for (query,) in cursor.fetchall()]


def is_over(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


@pytest.mark.parametrize("how", ["cancel", "pause", "pause_all"])
def test_f29_what_a_person_stops_is_stopped_within_seconds(
    tip: Any, provider: Provider, forks: Forks, how: str
) -> None:
    story = make_story(tip, provider, 100)
    dispatch = story.approve()
    provider.delay = 0.05
    forks.settings = settings_for(provider, CONNECTIONS=2, BATCH=4)
    is_under_way = threading.Event()

    def look(stage: str, number: int) -> bool:
        if number == 20:
            is_under_way.set()
        return False

    provider.act = look
    job = forks.start("command", name="bin_deliver")
    assert is_under_way.wait(30), forks.log
    if how == "cancel":
        control.cancel_dispatch(dispatch=dispatch, user=story.user)
    elif how == "pause":
        control.pause_dispatch(dispatch=dispatch, user=story.user)
    else:
        control.pause_all(user=story.user, reason="Wrong text.")
    stopped_at = time.time()
    assert job.wait() == 0, forks.log
    assert provider.mails[-1].at - stopped_at < 5
    sent = len(provider.mails)
    assert 20 <= sent < 90
    assert forks.run("command", name="bin_deliver") == 0
    story.check()
    assert len(provider.mails) == sent
    # What was under way is known; the rest waits, or never will.
    rest = State.CANCELLED if how == "cancel" else State.QUEUED
    assert story.counts() == {State.ACCEPTED: sent, rest: 100 - sent}
    if how == "pause":
        control.resume_dispatch(dispatch=dispatch, user=story.user)
    elif how == "pause_all":
        control.resume_all(user=story.user)
    else:
        return
    story.finish(forks)
