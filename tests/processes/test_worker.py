"""Real worker processes, really killed."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest

from example_site.mail_sink import ENVELOPE_TO
from tests.conftest import MailSink
from tests.processes.conftest import SendTo, StartWorker
from tests.worker import eventually, group_members
from wagtail_bin.conf import conf
from wagtail_bin.models import Delivery, Dispatch, WorkerHeartbeat

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc"),
]

State = Delivery.State
WORKERS = conf.q_cluster["workers"]


def count_of(sink: MailSink) -> int:
    return len(os.listdir(sink.directory / "new"))


def is_settled(dispatch: Dispatch) -> bool:
    return not dispatch.deliveries.filter(state__in=Delivery.OPEN_STATES).exists()


def test_n1_a_killed_worker_loses_nobody_and_doubles_nothing(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    short = {"TEST_LEASE": 6, "TEST_CALL_TIMEOUT": 2}
    worker = start_worker(**short).wait_until_working()
    dispatch = send_to(500)
    assert eventually(lambda: count_of(slow_sink) >= 150, 60), worker.log
    worker.kill()
    assert eventually(lambda: not worker.leftovers())
    assert count_of(slow_sink) < 450
    assert not is_settled(dispatch)

    second = start_worker(**short)
    assert eventually(lambda: is_settled(dispatch), 90), second.log
    assert second.terminate() == 0

    states = Counter(dispatch.deliveries.values_list("state", flat=True))
    assert states[State.ACCEPTED] + states[State.UNKNOWN] == 500
    assert states[State.UNKNOWN] <= conf.SENDING_BATCH * WORKERS
    received = Counter(message[ENVELOPE_TO] for message in slow_sink.messages)
    assert set(received.values()) == {1}
    address = dict(dispatch.deliveries.values_list("address", "state"))
    accepted = {a for a, state in address.items() if state == State.ACCEPTED}
    unknown = {a for a, state in address.items() if state == State.UNKNOWN}
    assert len(address) == 500
    assert accepted <= set(received) <= accepted | unknown


@pytest.mark.parametrize("victim", ["idle_reader", "monitor"])
def test_a_cluster_hung_by_the_death_of_one_process_is_replaced(
    start_worker: StartWorker, send_to: SendTo, victim: str
) -> None:
    worker = start_worker(TEST_WORKER_HEARTBEAT_LIMIT=10, TEST_WORKER_RING_INTERVAL=2)
    worker.wait_until_working()
    pid = worker.monitor if victim == "monitor" else worker.idle_reader()
    victims_group, victims_name = os.getpgid(pid), worker.names[-1]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: worker.groups[-1] != victims_group, 60), worker.log
    assert f"Worker {victims_name} hung." in worker.log
    assert eventually(lambda: not group_members(victims_group))

    dispatch = send_to(5)
    assert eventually(lambda: is_settled(dispatch), 60), worker.log
    assert set(dispatch.deliveries.values_list("state", flat=True)) == {State.ACCEPTED}


def test_f26_sigterm_finishes_the_batch_and_leaves_nothing_behind(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    worker = start_worker().wait_until_working()
    dispatch = send_to(500)
    assert eventually(lambda: count_of(slow_sink) >= 50, 60), worker.log
    assert worker.terminate(conf.WORKER_STOP_LIMIT) == 0
    assert worker.leftovers() == []
    assert "does not stop" not in worker.log
    states = Counter(dispatch.deliveries.values_list("state", flat=True))
    assert set(states) == {State.ACCEPTED, State.QUEUED}
    assert states[State.ACCEPTED] == count_of(slow_sink)
    assert not WorkerHeartbeat.objects.exists()


def test_no_process_of_a_broken_cluster_is_left(start_worker: StartWorker) -> None:
    worker = start_worker().wait_until_working()
    # Guard, cluster, sentinel, monitor and pusher besides the workers.
    assert len(worker.cluster) == WORKERS + 5
    guard, _cluster, sentinel = worker.cluster[:3]
    os.kill(sentinel, signal.SIGKILL)
    assert eventually(lambda: len(worker.groups) == 2, 20), worker.log
    assert eventually(lambda: not group_members(guard))
    worker.wait_until_working()

    worker.process.kill()
    assert eventually(lambda: not worker.leftovers(), 5)
