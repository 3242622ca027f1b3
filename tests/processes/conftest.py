"""A distant mail server, workers, and a dispatch worth interrupting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django_q.brokers import get_broker

from example_site import mail_sink
from tests.conftest import MailSink
from tests.factories import NetworkFactory, UserFactory
from tests.worker import Worker, running_worker
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Dispatch,
    Member,
    Purpose,
    WorkerHeartbeat,
)

StartWorker = Callable[..., Worker]
SendTo = Callable[[int], Dispatch]


@pytest.fixture
def slow_sink(tmp_path: Path) -> Iterator[MailSink]:
    """An SMTP server that takes its time, so that a kill falls mid-way."""
    directory = tmp_path / "mail"
    controller = mail_sink.start(directory, delay=0.03)
    yield MailSink(directory, mail_sink.port_of(controller))
    controller.stop()


@pytest.fixture
def start_worker(slow_sink: MailSink, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers that are gone when the test ends."""
    get_broker().purge_queue()
    WorkerHeartbeat.objects.all().delete()
    with contextlib.ExitStack() as stack:

        def start(**env: Any) -> Worker:
            return stack.enter_context(running_worker(slow_sink.port, tmp_path, **env))

        yield start


@pytest.fixture
def send_to(tip: Any) -> SendTo:
    """Approve a dispatch of the tip to so many new members."""

    def send(count: int) -> Dispatch:
        network = NetworkFactory()
        members = [
            Member(
                network=network,
                first_name="Lid",
                last_name=str(number),
                email=f"member{number}.{network.pk}@example.org",
                language="nl",
                state=Member.State.ACTIVE,
            )
            for number in range(count)
        ]
        for member in members:
            member.compute_keys()
        Consent.objects.bulk_create(
            Consent(
                member=member,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                is_given=True,
                basis=Consent.Basis.ENROLMENT,
            )
            for member in Member.objects.bulk_create(members)
        )
        tip.refresh_from_db()
        tip.save_revision()
        previous = Dispatch.objects.filter(page=tip).first()
        return approve_dispatch(
            page=tip,
            networks=[network],
            user=UserFactory(is_superuser=True),
            expected_recipients=count,
            seen_dispatch=previous and previous.pk,
        ).dispatch

    return send
