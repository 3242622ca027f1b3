"""A process dies at each place there is: nobody lost, nobody twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

from django.db import connection
from django_q.brokers import get_broker

from tests.faults.conftest import Story, make_story, settings_for
from tests.faults.forks import KILLED, ROOT, Forks, Job
from tests.faults.provider import ACCEPTED, HALF, Provider
from wagtail_bin.models import Delivery, Dispatch, TipPage

State = Delivery.State


def test_f01_killed_before_the_approval_commits_nothing_has_happened(
    story: Story, forks: Forks
) -> None:
    assert forks.run("approve", fault="K1", **story.arguments) == KILLED
    assert not Dispatch.objects.exists()
    assert not Delivery.objects.exists()
    assert not TipPage.objects.get(pk=story.page.pk).live
    assert get_broker().queue_size() == 0
    assert forks.run("command", name="bin_deliver") == 0
    assert story.provider.mails == []
    # And it can be approved as if nothing had been.
    assert forks.run("approve", **story.arguments) == 0, forks.log
    story.finish(forks)


def test_f02_killed_before_the_ring_a_sweep_delivers_it(
    story: Story, forks: Forks
) -> None:
    assert forks.run("approve", fault="K2", **story.arguments) == KILLED
    assert TipPage.objects.get(pk=story.page.pk).live
    assert story.counts() == {State.QUEUED: 3}
    assert get_broker().queue_size() == 0
    story.check()
    assert forks.run("sweep") == 0
    assert story.counts() == {State.ACCEPTED: 3}
    story.finish(forks)


def test_f03_killed_after_the_claim_all_are_sent_once(
    story: Story, forks: Forks
) -> None:
    story.approve()
    assert forks.run("command", fault="K3", name="bin_deliver") == KILLED
    assert story.counts() == {State.CLAIMED: 3}
    story.check()
    # As long as the lease holds nobody touches them.
    assert forks.run("command", name="bin_deliver") == 0
    assert story.counts() == {State.CLAIMED: 3}
    story.let_leases_end()
    assert story.counts() == {State.QUEUED: 3}
    story.finish(forks)
    assert not Delivery.objects.exclude(attempt=1).exists()


def test_f04_killed_between_marking_and_the_call_one_is_unknown(
    story: Story, forks: Forks
) -> None:
    story.approve()
    assert forks.run("command", fault="K4:2", name="bin_deliver") == KILLED
    story.check()
    assert len(story.provider.mails) == 1
    story.let_leases_end()
    assert len(story.states()[State.UNKNOWN]) == 1
    assert story.states()[State.UNKNOWN][0] not in story.provider.copies
    story.finish(forks)


def kill_at(provider: Provider, stage: str, nth: int) -> list[Job]:
    """Kill the job put into the list when the provider is so far with the nth mail."""
    jobs: list[Job] = []

    def act(at: str, number: int) -> bool:
        if (at, number) != (stage, nth):
            return False
        os.kill(jobs[0].pid, signal.SIGKILL)
        return True

    provider.act = act
    return jobs


def test_f05_killed_while_the_message_is_written_one_is_unknown(
    story: Story, forks: Forks
) -> None:
    story.approve()
    jobs = kill_at(story.provider, HALF, 2)
    jobs.append(forks.start("command", name="bin_deliver"))
    assert jobs[0].wait() == KILLED
    story.check()
    assert story.counts() == {State.ACCEPTED: 1, State.SENDING: 1, State.CLAIMED: 1}
    assert len(story.provider.mails) == 1
    story.let_leases_end()
    assert story.counts() == {State.ACCEPTED: 1, State.UNKNOWN: 1, State.QUEUED: 1}
    story.finish(forks)


def test_f06_killed_before_the_reply_is_read_one_copy(
    story: Story, forks: Forks
) -> None:
    story.approve()
    jobs = kill_at(story.provider, ACCEPTED, 2)
    jobs.append(forks.start("command", name="bin_deliver"))
    assert jobs[0].wait() == KILLED
    story.check()
    assert len(story.provider.mails) == 2
    story.let_leases_end()
    (doubtful,) = story.states()[State.UNKNOWN]
    assert doubtful == story.provider.mails[1].to
    story.hear()
    assert story.counts() == {State.ACCEPTED: 2, State.QUEUED: 1}
    story.finish(forks)


def test_f07_killed_before_the_reply_is_recorded_one_copy(
    story: Story, forks: Forks
) -> None:
    story.approve()
    assert forks.run("command", fault="K7:2", name="bin_deliver") == KILLED
    story.check()
    assert len(story.provider.mails) == 2
    story.let_leases_end()
    (doubtful,) = story.states()[State.UNKNOWN]
    assert doubtful == story.provider.mails[1].to
    story.finish(forks)


def test_f08_killed_after_recording_the_job_does_nothing_when_run_again(
    story: Story, forks: Forks
) -> None:
    dispatch = str(story.approve().pk)
    assert forks.run("drain", fault="K8:3", dispatch=dispatch) == KILLED
    story.check()
    assert story.counts() == {State.ACCEPTED: 3}
    assert forks.run("drain", dispatch=dispatch) == 0
    assert len(story.provider.mails) == 3
    story.finish(forks)


def test_n3_killed_with_several_calls_under_way_no_more_are_unknown(
    tip: Any, provider: Provider, forks: Forks
) -> None:
    story = make_story(tip, provider, 30)
    story.approve()
    provider.delay = 0.02
    forks.settings = settings_for(provider, CONNECTIONS=3, BATCH=4)
    jobs = kill_at(provider, ACCEPTED, 14)
    jobs.append(forks.start("command", name="bin_deliver"))
    assert jobs[0].wait() == KILLED
    story.check()
    story.let_leases_end()
    # A batch for each connection.
    assert 1 <= len(story.states()[State.UNKNOWN]) <= 12
    story.finish(forks)


def test_every_place_killed_at_the_first_the_second_and_so_on(
    tip: Any, provider: Provider, forks: Forks
) -> None:
    """Like SQLite's loops: until a run completes untouched."""
    forks.settings = settings_for(provider, CONNECTIONS=2, BATCH=2)
    places = 0
    while True:
        Delivery.objects.all().delete()
        Dispatch.objects.all().delete()
        provider.mails.clear()
        story = make_story(tip, provider, 5)
        story.approve()
        status = forks.run("command", fault=f"*:{places + 1}", name="bin_deliver")
        story.check()
        if status == 0:
            break
        assert status == KILLED, forks.log
        places += 1
        before = story.counts()
        story.let_leases_end()
        after = story.counts()
        # Unknown is what was being sent, and nothing else.
        assert after.get(State.UNKNOWN, 0) == before.get(State.SENDING, 0) <= 4
        assert State.CLAIMED not in after
        story.finish(forks)
    # One claim, and three parts of two, each marked, called and recorded.
    assert places == 1 + 3 * 3
    assert story.counts() == {State.ACCEPTED: 5}


def test_the_command_itself_dies_where_the_environment_says(
    story: Story,
) -> None:
    story.approve()
    process = subprocess.run(
        [sys.executable, ROOT / "example_site/manage.py", "bin_deliver"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "example_site.settings.test",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "TEST_SMTP_PORT": str(story.provider.port),
            "WAGTAIL_BIN_FAULT": "K7",
        },
        timeout=60,
        check=False,
    )
    assert process.returncode == KILLED
    story.check()
    assert story.counts() == {State.SENDING: 3}
    assert len(story.provider.mails) == 3
