"""What the queue rings for, and what those who answer do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from tests.factories import MemberFactory, NetworkFactory, UserFactory
from wagtail_bin.channels.base import OutgoingMessage, Receipt
from wagtail_bin.channels.memory import MemoryChannel
from wagtail_bin.dispatch import tasks, worker
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.clock import after
from wagtail_bin.dispatch.queues import Queue, cluster_of, workers_of
from wagtail_bin.models import ChannelName, Consent, Delivery, Dispatch, Purpose

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def brokers() -> Iterator[None]:
    def empty() -> None:
        for queue in Queue:
            get_broker(cluster_of(queue)).purge_queue()

    empty()
    yield
    empty()


class SlowChannel(MemoryChannel):
    """A channel that takes its time, and during which something may happen."""

    seconds: ClassVar[float] = 0
    meanwhile: ClassVar[Callable[[], object]] = staticmethod(lambda: None)

    def deliver(self, message: OutgoingMessage) -> Receipt:
        time.sleep(self.seconds)
        type(self).meanwhile()
        return super().deliver(message)


ONE_BY_ONE = {
    "email": {
        "BACKEND": f"{__name__}.SlowChannel",
        "CONNECTIONS": 1,
        "BATCH": 1,
    }
}


@pytest.fixture
def memory(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[SlowChannel]]:
    settings.WAGTAIL_BIN_CHANNELS = ONE_BY_ONE
    settings.WAGTAIL_BIN_CLAIM_SIZE = 1
    # Put back when the test ends.
    monkeypatch.setattr(SlowChannel, "seconds", 0)
    monkeypatch.setattr(SlowChannel, "meanwhile", staticmethod(lambda: None))
    SlowChannel.reset()
    yield SlowChannel
    SlowChannel.reset()


def approve(page: Any, members: int, purpose: str = "tips") -> Dispatch:
    network = NetworkFactory()
    for member in MemberFactory.create_batch(members, network=network):
        Consent.objects.create(
            member=member,
            purpose=Purpose.ALERTS,
            channel=ChannelName.EMAIL,
            is_given=True,
            basis=Consent.Basis.ENROLMENT,
        )
    previous = Dispatch.objects.filter(page=page).first()
    dispatch = approve_dispatch(
        page=page,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=members,
        seen_dispatch=previous and previous.pk,
    ).dispatch
    Dispatch.objects.filter(pk=dispatch.pk).update(purpose=purpose)
    return dispatch


def waiting(queue: Queue) -> list[tuple[str, tuple[str, ...]]]:
    """Function and arguments of the tasks on a queue, which is emptied."""
    broker = get_broker(cluster_of(queue))
    found = []
    for _number in range(broker.queue_size()):
        for _id, package in broker.dequeue():
            task = SignedPackage.loads(package)
            found.append((task["func"].rpartition(".")[2], task["args"]))
    return found


def test_tips_ring_the_default_cluster_only(tip: Any) -> None:
    dispatch = approve(tip, 1)
    tasks.ring_all_for(str(dispatch.pk))
    ring = ("drain", (str(dispatch.pk),))
    assert waiting(Queue.DEFAULT) == [ring] * workers_of(Queue.DEFAULT)
    assert waiting(Queue.URGENT) == []


def test_what_is_urgent_rings_whoever_may_run(tip: Any) -> None:
    dispatch = approve(tip, 1, Purpose.ALERTS)
    tasks.ring_all_for(str(dispatch.pk))
    ring = ("drain", (str(dispatch.pk),))
    assert waiting(Queue.URGENT) == [ring] * workers_of(Queue.URGENT)
    assert waiting(Queue.DEFAULT) == [ring] * workers_of(Queue.DEFAULT)


def test_without_an_urgent_cluster_nothing_waits_on_its_queue(
    tip: Any, settings: Any
) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"ALT_CLUSTERS": {}}
    dispatch = approve(tip, 1, Purpose.ALERTS)
    tasks.ring_all_for(str(dispatch.pk))
    assert len(waiting(Queue.DEFAULT)) == workers_of(Queue.DEFAULT)
    assert waiting(Queue.URGENT) == []


def test_a_canary_goes_to_the_queue_that_it_is_for() -> None:
    for queue in Queue:
        tasks.ring(queue)
        assert waiting(queue) == [("sweep", (queue.value,))]


def test_a_broker_that_is_down_does_not_stop_an_approval(
    tip: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks, "async_task", fail)
    dispatch = approve(tip, 1)
    tasks.ring_all_for(str(dispatch.pk))
    assert f"could not be rung for dispatch {dispatch.pk}" in caplog.text


def test_f08_a_drain_that_is_run_again_does_nothing(
    tip: Any, memory: type[SlowChannel]
) -> None:
    dispatch = approve(tip, 3)
    assert tasks.drain(str(dispatch.pk)) == 3
    assert waiting(Queue.DEFAULT) == [("drain", (str(dispatch.pk),))]
    assert tasks.drain(str(dispatch.pk)) == 0
    assert waiting(Queue.DEFAULT) == []
    assert len(memory.outbox) == 3


def test_a_drain_that_has_no_more_time_rings_again(
    tip: Any, memory: type[SlowChannel], settings: Any
) -> None:
    memory.seconds = 1.2
    settings.WAGTAIL_BIN_SLICE = 1
    dispatch = approve(tip, 2)
    assert tasks.drain(str(dispatch.pk)) == 1
    assert waiting(Queue.DEFAULT) == [("drain", (str(dispatch.pk),))]


def test_the_urgent_cluster_sweeps_nothing_else(
    tip: Any, memory: type[SlowChannel]
) -> None:
    tips = approve(tip, 2)
    alert = approve(tip, 1, Purpose.ALERTS)
    assert tasks.sweep(Queue.URGENT) == 1
    assert set(alert.deliveries.values_list("state", flat=True)) == {"accepted"}
    assert set(tips.deliveries.values_list("state", flat=True)) == {"queued"}
    assert set(worker.sweep_ages()) == {"urgent"}
    assert tasks.sweep() == 2
    assert set(worker.sweep_ages()) == {"urgent", "default"}


def test_what_is_urgent_goes_first(tip: Any, memory: type[SlowChannel]) -> None:
    tips = approve(tip, 2)
    alert = approve(tip, 1, Purpose.ALERTS)
    assert tasks.drain(str(tips.pk)) == 3
    assert order_of(memory) == [alert, tips, tips]


def test_what_becomes_urgent_in_the_middle_of_tips_waits_for_one_turn(
    tip: Any,
    memory: type[SlowChannel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "TURN", 0.5)
    memory.seconds = 0.3
    tips = approve(tip, 6)
    alert = approve(tip, 1, Purpose.ALERTS)
    alert.deliveries.update(due_at=after(0.4))
    assert tasks.drain(str(tips.pk)) == 7
    assert order_of(memory).index(alert) <= 3


def order_of(channel: type[SlowChannel]) -> list[Dispatch]:
    """Whose messages went out, in that order."""
    return [
        Delivery.objects.get(address=message.to).dispatch for message in channel.outbox
    ]
