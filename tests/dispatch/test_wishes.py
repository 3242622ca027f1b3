"""Quiet hours, absences, and clocks that are wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.dispatch.conftest import Send, states
from tests.dispatch.doubles import Script
from tests.factories import MemberFactory
from wagtail_bin.dispatch import clock, deliver, ledger, sweep
from wagtail_bin.models import Delivery, Dispatch, Member, Purpose

pytestmark = pytest.mark.django_db
State = Delivery.State
Scripts = dict[str, Script]
HOUR = dt.timedelta(hours=1)


def around_now(hours: float) -> dict[str, dt.time]:
    """Quiet hours that began an hour ago and end after so many hours."""
    now = timezone.localtime()
    end = now + dt.timedelta(hours=hours)
    return {
        "quiet_from": (now - HOUR).time().replace(microsecond=0),
        "quiet_until": end.time().replace(microsecond=0),
    }


def test_what_can_wait_does_not_come_in_quiet_hours(
    scripts: Scripts, send: Send, network: Any
) -> None:
    awake = MemberFactory(network=network)
    asleep = MemberFactory(network=network, **around_now(2))
    send([awake, asleep])
    deliver.deliver_due(seconds=10)
    assert [message.to for message in scripts["email"].accepted] == [awake.email]
    row = Delivery.objects.get(member=asleep)
    assert (row.state, row.code, row.attempt) == ("queued", "later", 0)
    wait = row.due_at - clock.now()
    assert dt.timedelta(hours=1.9) < wait <= dt.timedelta(hours=2)
    # Nothing spins meanwhile.
    assert deliver.deliver_due(seconds=10) == 0

    Member.objects.update(quiet_from=None, quiet_until=None)
    Delivery.objects.update(due_at=clock.now())
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 2}


def test_what_is_urgent_comes_at_any_hour_and_to_who_is_away(
    scripts: Scripts, send: Send, network: Any
) -> None:
    today = timezone.localdate()
    asleep = MemberFactory(network=network, **around_now(2))
    away = MemberFactory(network=network, away_from=today, away_until=today)
    gone = MemberFactory(network=network, away_from=today)
    send([asleep, away, gone], purpose=Purpose.ALERTS)
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 3}


def test_who_is_back_before_it_is_stale_gets_it_then(
    scripts: Scripts, send: Send, network: Any
) -> None:
    today = timezone.localdate()
    tomorrow = today + dt.timedelta(days=1)
    back_soon = MemberFactory(network=network, away_from=today, away_until=tomorrow)
    send([back_soon, MemberFactory(network=network)])
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 1, "queued": 1}
    row = Delivery.objects.get(member=back_soon)
    assert timezone.localdate(row.due_at) == tomorrow + dt.timedelta(days=1)
    assert timezone.localtime(row.due_at).time() == dt.time()


def test_who_goes_away_after_the_approval_for_longer_gets_nothing(
    scripts: Scripts, send: Send, network: Any
) -> None:
    member = MemberFactory(network=network)
    send([member])
    today = timezone.localdate()
    Member.objects.update(away_from=today, away_until=today + dt.timedelta(days=30))
    deliver.deliver_due(seconds=10)
    assert states() == {"suppressed": 1}


@pytest.mark.parametrize("hours", [-1, 1])
def test_f22_a_worker_whose_clock_is_wrong_sends_when_it_is_time(
    scripts: Scripts, send: Send, time_machine: Any, hours: int
) -> None:
    dispatch = send(3)
    past, soon, held = Delivery.objects.order_by("pk")
    right = clock.now()
    half_an_hour = dt.timedelta(minutes=30)
    Delivery.objects.filter(pk=soon.pk).update(due_at=right + half_an_hour)
    Delivery.objects.filter(pk=held.pk).update(
        state=State.SENDING,
        attempt=1,
        claimed_by="x",
        lease_until=right + dt.timedelta(minutes=1),
    )
    time_machine.move_to(right + dt.timedelta(hours=hours))
    sweep.settle()
    assert deliver.deliver_due(seconds=10) == 1
    sweep.settle()
    assert Delivery.objects.get(pk=past.pk).state == State.ACCEPTED
    assert Delivery.objects.get(pk=soon.pk).state == State.QUEUED
    assert Delivery.objects.get(pk=held.pk).state == State.SENDING
    # What it writes has the time of the database, too.
    row = Delivery.objects.get(pk=past.pk)
    assert abs(row.tried_at - right) < half_an_hour
    assert abs(row.settled_at - right) < half_an_hour
    dispatch.refresh_from_db()
    assert dispatch.settled_at is None


@pytest.mark.parametrize("hours", [-1, 1])
def test_f22_a_claim_of_a_worker_whose_clock_is_wrong_holds_and_ends(
    scripts: Scripts, send: Send, time_machine: Any, hours: int, settings: Any
) -> None:
    dispatch = send(1)
    right = clock.now()
    time_machine.move_to(right + dt.timedelta(hours=hours))
    ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=1)
    time_machine.move_to(right)
    lease = Delivery.objects.get().lease_until - right
    assert dt.timedelta(seconds=80) < lease < dt.timedelta(seconds=150)


@pytest.mark.parametrize("hours", [-1, 1])
def test_f22_a_web_server_whose_clock_is_wrong_approves_for_now(
    scripts: Scripts, send: Send, time_machine: Any, hours: int
) -> None:
    right = clock.now()
    time_machine.move_to(right + dt.timedelta(hours=hours))
    dispatch = send(1, purpose=Purpose.ALERTS)
    time_machine.move_to(right)
    assert abs(dispatch.not_before - right) < dt.timedelta(minutes=5)
    assert deliver.deliver_due(seconds=5) == 1
    assert states() == {"accepted": 1}


def test_f22_quiet_hours_are_those_of_the_database(
    scripts: Scripts, send: Send, network: Any, time_machine: Any
) -> None:
    asleep = MemberFactory(network=network, **around_now(0.5))
    send([asleep])
    time_machine.move_to(clock.now() + HOUR)
    deliver.deliver_due(seconds=5)
    assert scripts["email"].accepted == []
    assert states() == {"queued": 1}


def test_f22_nothing_expires_before_its_time(
    scripts: Scripts, send: Send, time_machine: Any
) -> None:
    dispatch = send(1, purpose=Purpose.ALERTS)
    time_machine.move_to(dispatch.expires_at + HOUR)
    assert sweep.settle().expired == 0
    time_machine.move_to(dispatch.not_before - HOUR)
    Dispatch.objects.update(expires_at=clock.now())
    assert sweep.settle().expired == 1
