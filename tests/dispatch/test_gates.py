"""Rate, rest and pace stand in the database, by its clock."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.dispatch.conftest import Send, states
from tests.dispatch.doubles import Script, channels
from wagtail_bin.dispatch import deliver, gates
from wagtail_bin.models import ChannelState

pytestmark = pytest.mark.django_db


def test_a_rate_gives_a_second_worth_of_messages_at_a_time(db: Any) -> None:
    assert gates.reserve("email", rate=10, wanted=100) == (10, 0)
    allowed, wait = gates.reserve("email", rate=10, wanted=100)
    assert allowed == 0
    assert 0.5 < wait <= 1
    # Another channel has a rate of its own.
    assert gates.reserve("sms", rate=10, wanted=4) == (4, 0)
    assert 0 < gates.reserve("sms", rate=10, wanted=4)[1] <= 0.4


def test_a_rate_below_one_gives_one_message_and_a_longer_wait(db: Any) -> None:
    assert gates.reserve("voice", rate=0.2, wanted=10) == (1, 0)
    assert 4 < gates.reserve("voice", rate=0.2, wanted=10)[1] <= 5


def test_what_was_reserved_and_not_used_is_there_for_others(db: Any) -> None:
    gates.reserve("email", rate=10, wanted=10)
    gates.give_back("email", rate=10, unused=10)
    assert gates.reserve("email", rate=10, wanted=1)[0] == 1


def test_no_rate_asks_the_database_nothing(
    db: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert gates.reserve("email", rate=0, wanted=100) == (100, 0)
        gates.give_back("email", rate=0, unused=10)


def test_a_worker_waits_for_the_rate_instead_of_leaving(
    scripts: dict[str, Script], send: Send, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CHANNELS = channels(email={"RATE": 4})
    moments: list[float] = []
    scripts["email"].answer = lambda message: moments.append(time.monotonic())
    send(10)
    assert deliver.deliver_due(seconds=20) == 10
    assert states() == {"accepted": 10}
    for start in moments:
        assert sum(start <= moment < start + 0.9 for moment in moments) <= 4


def test_a_rate_does_not_make_a_worker_wait_for_nothing(
    scripts: dict[str, Script], send: Send, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CHANNELS = channels(email={"RATE": 1})
    send(1)
    start = time.monotonic()
    assert deliver.deliver_due(seconds=20) == 1
    assert time.monotonic() - start < 5


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("rate", [5])
def test_two_workers_share_a_rate(
    scripts: dict[str, Script], send: Send, settings: Any, rate: int
) -> None:
    settings.WAGTAIL_BIN_CHANNELS = channels(email={"RATE": rate})
    moments: list[float] = []
    scripts["email"].answer = lambda message: moments.append(time.monotonic())
    send(15)
    worked_on: list[int] = []

    def work() -> None:
        worked_on.append(deliver.deliver_due(seconds=20))
        connection.close()

    threads = [threading.Thread(target=work) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(worked_on) == 15
    assert states() == {"accepted": 15}
    for start in moments:
        assert sum(start <= moment < start + 0.9 for moment in moments) <= rate


@pytest.mark.parametrize("hours", [-1, 1])
def test_f22_a_worker_whose_clock_is_wrong_holds_up_nobody(
    db: Any, time_machine: Any, hours: int
) -> None:
    right = timezone.now()
    time_machine.move_to(right + dt.timedelta(hours=hours))
    gates.reserve("email", rate=10, wanted=10)
    gates.note_failures("email", count=9, code="x")
    time_machine.move_to(right)
    state = ChannelState.objects.get()
    assert abs(state.free_at - right) < dt.timedelta(seconds=60)
    assert abs(state.failing_since - right) < dt.timedelta(seconds=60)
    assert abs(state.open_until - right) < dt.timedelta(seconds=120)


def test_f21_failures_of_calls_under_way_do_not_lengthen_the_rest(db: Any) -> None:
    for _worker in range(5):
        gates.note_failures("email", count=20, code="down")
    state = ChannelState.objects.get()
    assert state.failures == 5
    assert (state.open_until - timezone.now()).total_seconds() < 40


def test_f14_a_longer_wait_that_a_provider_asks_for_counts(db: Any) -> None:
    gates.note_failures("email", count=9, code="down")
    gates.note_failures("email", count=1, code="429", wait=500)
    until = ChannelState.objects.get().open_until
    assert (until - timezone.now()).total_seconds() > 400
    gates.note_failures("email", count=1, code="429", wait=10)
    assert ChannelState.objects.get().open_until == until
