"""Alarms: when something is broken, and not when much is going on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models.functions import Now

from tests.factories import MemberFactory, NetworkFactory, UserFactory
from wagtail_bin.dispatch import gates, worker
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.health import Level, read_health
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.models import (
    ChannelName,
    ChannelState,
    Delivery,
    Dispatch,
    Purpose,
    WorkerHeartbeat,
)

pytestmark = pytest.mark.django_db
State = Delivery.State


def ago(*, minutes: float) -> Any:
    return Now() - dt.timedelta(minutes=minutes)


def problems() -> dict[str, str]:
    return {problem.code: problem.level.name for problem in read_health().problems}


@pytest.fixture(autouse=True)
def swept(db: Any) -> None:
    WorkerHeartbeat.objects.all().delete()
    worker.note_sweep(Queue.DEFAULT)


@pytest.fixture(params=["tips", Purpose.ALERTS])
def purpose(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def dispatch(tip: Any, purpose: str) -> Dispatch:
    """Two deliveries, approved ten minutes ago and due since then."""
    network = NetworkFactory()
    MemberFactory.create_batch(2, network=network)
    dispatch = approve_dispatch(
        page=tip,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=2,
    ).dispatch
    Dispatch.objects.update(purpose=purpose, approved_at=ago(minutes=10))
    dispatch.deliveries.update(due_at=ago(minutes=10))
    return dispatch


def succeed(dispatch: Dispatch, *, minutes: float) -> None:
    """One of the two was accepted so long ago."""
    first = dispatch.deliveries.order_by("pk")[:1]
    Delivery.objects.filter(pk__in=first.values("pk")).update(
        state=State.ACCEPTED, settled_at=ago(minutes=minutes)
    )


def test_nothing_to_do_is_fine() -> None:
    health = read_health()
    assert (health.level, health.problems) == (Level.OK, [])
    assert (health.urgent_waits, health.other_waits, health.unknown) == (None, None, 0)


@pytest.mark.parametrize(
    ("purpose", "minutes", "level"),
    [
        (Purpose.ALERTS, 1.9, None),
        (Purpose.ALERTS, 2.1, "WARNING"),
        (Purpose.ALERTS, 4.9, "WARNING"),
        (Purpose.ALERTS, 5.1, "CRITICAL"),
        ("tips", 59, None),
        ("tips", 61, "WARNING"),
        ("tips", 359, "WARNING"),
        ("tips", 361, "CRITICAL"),
    ],
)
def test_o03_what_is_due_waits_too_long(
    dispatch: Dispatch, purpose: str, minutes: float, level: str | None
) -> None:
    succeed(dispatch, minutes=1)
    dispatch.deliveries.filter(state=State.QUEUED).update(due_at=ago(minutes=minutes))
    code = "urgent_waits" if purpose == Purpose.ALERTS else "other_waits"
    assert problems() == ({code: level} if level else {})
    assert getattr(read_health(), code) == pytest.approx(minutes * 60, abs=5)


def test_o03_what_is_to_go_out_later_does_not_wait(dispatch: Dispatch) -> None:
    dispatch.deliveries.update(due_at=ago(minutes=-60))
    assert problems() == {}
    assert read_health().states == {"queued": 2}


def test_o03_what_has_expired_does_not_wait(dispatch: Dispatch) -> None:
    Dispatch.objects.update(expires_at=ago(minutes=1))
    assert problems() == {}


@pytest.mark.parametrize(("minutes", "is_stuck"), [(4, False), (6, True)])
def test_o04_work_and_no_success(
    dispatch: Dispatch, minutes: float, *, is_stuck: bool
) -> None:
    succeed(dispatch, minutes=minutes)
    assert read_health().is_stuck is is_stuck
    assert (problems().get("no_success") == "CRITICAL") is is_stuck


def test_o04_a_provider_that_cannot_be_reached_is_noticed_between_attempts(
    dispatch: Dispatch,
) -> None:
    dispatch.deliveries.update(due_at=ago(minutes=-4), code="unavailable")
    gates.note_failures("email", count=1, code="unavailable")
    # Only just: too early for an alarm.
    assert problems() == {}
    ChannelState.objects.update(failing_since=ago(minutes=6))
    assert problems() == {"no_success": "CRITICAL"}
    gates.note_success("email")
    assert problems() == {}


def test_nothing_waits_for_us_that_waits_for_a_person(dispatch: Dispatch) -> None:
    assert read_health().is_stuck
    dispatch.deliveries.update(channel=ChannelName.HANDOVER)
    assert problems() == {}
    dispatch.deliveries.update(channel=ChannelName.EMAIL)
    Dispatch.objects.update(paused_at=Now())
    assert problems() == {}


@pytest.mark.parametrize("why", [gates.PAUSED, gates.COPIED])
def test_a_halt_is_pointed_out_and_nothing_waits(dispatch: Dispatch, why: str) -> None:
    state = gates.switch()
    state.is_paused = why == gates.PAUSED
    if why == gates.COPIED:
        state.fingerprint = "another database"
    state.save()
    assert problems() == {"halted": "WARNING"}
    assert read_health().halted == why


def test_o04_one_recipient_who_is_put_off_is_no_alarm(dispatch: Dispatch) -> None:
    succeed(dispatch, minutes=9)
    dispatch.deliveries.filter(state=State.QUEUED).update(
        due_at=ago(minutes=-4), code="450", attempt=1
    )
    assert problems() == {}


@pytest.mark.parametrize("minutes", [14, 16])
def test_o05_unknown_for_long(dispatch: Dispatch, purpose: str, minutes: float) -> None:
    dispatch.deliveries.update(state=State.UNKNOWN, settled_at=ago(minutes=minutes))
    is_alarm = purpose == Purpose.ALERTS and minutes > 15
    assert problems() == ({"urgent_unknown": "CRITICAL"} if is_alarm else {})
    assert read_health().unknown == 2


def test_o05_nobody_sweeps() -> None:
    sweeps = WorkerHeartbeat.objects.filter(worker="sweep:default")
    sweeps.update(beat_at=ago(minutes=4.9))
    assert problems() == {}
    sweeps.update(beat_at=ago(minutes=5.1))
    assert problems() == {"not_swept": "CRITICAL"}
    sweeps.delete()
    assert problems() == {"not_swept": "CRITICAL"}


def test_o02_a_silent_worker_is_pointed_out() -> None:
    WorkerHeartbeat.objects.create(worker="web1:7:urgent:a", beat_at=ago(minutes=1))
    assert problems() == {"worker_dead": "WARNING"}


def test_the_worst_comes_first() -> None:
    WorkerHeartbeat.objects.all().delete()
    WorkerHeartbeat.objects.create(worker="web1:7:urgent:a", beat_at=ago(minutes=1))
    health = read_health()
    assert [problem.code for problem in health.problems] == ["not_swept", "worker_dead"]
    assert health.level is Level.CRITICAL


def test_a_reading_takes_few_queries(
    dispatch: Dispatch, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(14):
        assert read_health().level is Level.CRITICAL
