"""The command for cron: everything due, and then it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django_q.models import OrmQ

from tests.dispatch.test_tasks import ONE_BY_ONE, SlowChannel
from tests.factories import MemberFactory, NetworkFactory, UserFactory
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.worker import sweep_ages
from wagtail_bin.models import Delivery, WorkerHeartbeat

pytestmark = pytest.mark.django_db


def run(**options: Any) -> str:
    output = StringIO()
    call_command("bin_deliver", stdout=output, **options)
    return output.getvalue().strip()


def approve(tip: Any, members: int) -> None:
    network = NetworkFactory()
    MemberFactory.create_batch(members, network=network)
    approve_dispatch(
        page=tip,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=members,
    )


@pytest.fixture
def slow(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[SlowChannel]]:
    """Every message takes more than a second, and is claimed by itself."""
    settings.WAGTAIL_BIN_CHANNELS = ONE_BY_ONE
    settings.WAGTAIL_BIN_CLAIM_SIZE = 1
    monkeypatch.setattr(SlowChannel, "seconds", 1.2)
    monkeypatch.setattr(SlowChannel, "meanwhile", staticmethod(lambda: None))
    yield SlowChannel
    SlowChannel.reset()


def test_f12_delivers_what_is_due_without_a_queue(sink: Any, tip: Any) -> None:
    approve(tip, 3)
    OrmQ.objects.all().delete()
    assert run() == "Worked on: 3. Given up: 0. Became unknown: 0."
    assert len(sink.messages) == 3
    assert set(Delivery.objects.values_list("state", flat=True)) == {"accepted"}


def test_nothing_due_is_no_error(sink: Any) -> None:
    assert run() == "Worked on: 0. Given up: 0. Became unknown: 0."
    assert sink.messages == []


def test_a_slice_is_no_limit(slow: type[SlowChannel], tip: Any, settings: Any) -> None:
    settings.WAGTAIL_BIN_SLICE = 1
    approve(tip, 2)
    assert run() == "Worked on: 2. Given up: 0. Became unknown: 0."


def test_time_may_be_limited(slow: type[SlowChannel], tip: Any) -> None:
    approve(tip, 2)
    assert run(seconds=1) == "Worked on: 1. Given up: 0. Became unknown: 0."
    assert set(Delivery.objects.values_list("state", flat=True)) == {
        "accepted",
        "queued",
    }


def test_f26_sigterm_ends_it_after_the_batch(
    slow: type[SlowChannel], tip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(tip, 2)
    monkeypatch.setattr(slow, "seconds", 0)
    monkeypatch.setattr(
        slow, "meanwhile", staticmethod(lambda: os.kill(os.getpid(), signal.SIGTERM))
    )
    assert run() == "Worked on: 1. Given up: 0. Became unknown: 0."
    assert set(Delivery.objects.values_list("state", flat=True)) == {
        "accepted",
        "queued",
    }


def test_o05_it_counts_as_a_sweep(db: Any) -> None:
    WorkerHeartbeat.objects.all().delete()
    run()
    assert set(sweep_ages()) == {"default"}
