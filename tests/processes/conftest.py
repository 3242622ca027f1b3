"""A distant mail server, workers, and a dispatch worth interrupting."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.tasks import async_task

from example_site import mail_sink
from example_site.mail_sink import ENVELOPE_TO
from tests.conftest import MailSink
from tests.factories import NetworkFactory, UserFactory
from tests.worker import Worker, running_worker
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Dispatch,
    Member,
    Network,
    Purpose,
    WorkerHeartbeat,
)

needs_processes = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc"),
]

WORKERS = conf.q_cluster["workers"]
# As example_site.settings.test has it for workers.
BATCH = 10

StartWorker = Callable[..., Worker]
SendTo = Callable[..., Dispatch]


def count_of(sink: MailSink) -> int:
    """How many messages have arrived."""
    return len(os.listdir(sink.directory / "new"))


def is_settled(dispatch: Dispatch) -> bool:
    """Whether nothing of a dispatch is still to be sent."""
    return not dispatch.deliveries.filter(state__in=Delivery.OPEN_STATES).exists()


def assert_nobody_twice(sink: MailSink, *dispatches: Dispatch) -> int:
    """Everybody once, or known as unknown; return the number of the latter."""
    rows = Delivery.objects.filter(dispatch__in=dispatches)
    state = dict(rows.values_list("address", "state"))
    accepted = {a for a, s in state.items() if s == Delivery.State.ACCEPTED}
    unknown = {a for a, s in state.items() if s == Delivery.State.UNKNOWN}
    assert len(state) == rows.count() == len(accepted) + len(unknown)
    received = Counter(message[ENVELOPE_TO] for message in sink.messages)
    assert set(received.values()) == {1}
    assert accepted <= set(received) <= accepted | unknown
    return len(unknown)


@pytest.fixture
def slow_sink(tmp_path: Path, request: Any) -> Iterator[MailSink]:
    """An SMTP server that takes its time, so that a kill falls mid-way.

    Its parameter is how many seconds each message takes.
    """
    with running_sink(tmp_path / "mail", getattr(request, "param", 0.03)) as sink:
        yield sink


@contextlib.contextmanager
def running_sink(directory: Path, delay: float) -> Iterator[MailSink]:
    """An SMTP server that takes so many seconds for a message."""
    controller = mail_sink.start(directory, delay=delay)
    yield MailSink(directory, mail_sink.port_of(controller))
    controller.stop()


@pytest.fixture
def start_worker(slow_sink: MailSink, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers that are gone when the test ends."""
    empty_broker()
    OrmQ.objects.all().delete()
    WorkerHeartbeat.objects.all().delete()
    with contextlib.ExitStack() as stack:

        def start(
            queue: str | None = "default",
            q_cluster: Mapping[str, object] | None = None,
            **env: Any,
        ) -> Worker:
            if q_cluster:
                env["TEST_Q_CLUSTER"] = json.dumps(q_cluster)
            worker = running_worker(slow_sink.port, tmp_path, queue=queue, **env)
            return stack.enter_context(worker)

        yield start


def empty_broker() -> None:
    """Lose everything that is in the queues, as F12 has it."""
    broker = get_broker()
    if "Redis" in type(broker).__name__:
        broker.connection.flushdb()
    else:
        OrmQ.objects.all().delete()


def ring_orm(dispatch: Dispatch, *, times: int) -> None:
    """Ring a cluster on the ORM broker, whichever one the suite uses."""
    broker = ORM(list_key=conf.default_cluster)
    for _time in range(times):
        async_task("wagtail_bin.dispatch.tasks.drain", str(dispatch.pk), broker=broker)


@pytest.fixture
def send_to(tip: Any) -> SendTo:
    """Approve a dispatch of the tip to so many new members; its purpose is settable."""

    def send(count: int, *, purpose: str = Purpose.TIPS) -> Dispatch:
        network = make_network(count)
        tip.refresh_from_db()
        tip.save_revision()
        previous = Dispatch.objects.filter(page=tip).first()
        with transaction.atomic():
            dispatch = approve_dispatch(
                page=tip,
                networks=[network],
                user=UserFactory(is_superuser=True),
                expected_recipients=count,
                seen_dispatch=previous and previous.pk,
            ).dispatch
            Dispatch.objects.filter(pk=dispatch.pk).update(purpose=purpose)
        return dispatch

    return send


def make_network(count: int) -> Network:
    """A network of so many new members, who agreed to everything by e-mail."""
    network: Network = NetworkFactory()
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
            purpose=wanted,
            channel=ChannelName.EMAIL,
            is_given=True,
            basis=Consent.Basis.ENROLMENT,
        )
        for member in Member.objects.bulk_create(members)
        for wanted in Purpose
    )
    return network
