"""Several clusters over one database."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from tests.conftest import MailSink
from tests.processes.conftest import (
    SendTo,
    StartWorker,
    assert_nobody_twice,
    count_of,
    is_settled,
    needs_processes,
)
from tests.worker import ORM_BROKER, eventually
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.dispatch.tasks import TURN
from wagtail_bin.dispatch.worker import sweep_ages, workers_alive
from wagtail_bin.models import Delivery, Purpose

pytestmark = needs_processes


@pytest.mark.parametrize("broker", ["orm", "redis"])
def test_f09_two_clusters_at_once_claim_each_row_once(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink, broker: str
) -> None:
    if broker == "redis" and not os.environ.get("REDIS_URL"):
        pytest.skip("REDIS_URL is not set")
    env = ORM_BROKER if broker == "orm" else {}
    workers = [start_worker(TEST_CLAIM_SIZE=20, **env) for _number in range(2)]
    for worker in workers:
        worker.wait_until_working()
    dispatch = send_to(300)
    assert eventually(lambda: is_settled(dispatch), 60), workers[0].log
    states = Counter(dispatch.deliveries.values_list("state", "attempt"))
    assert states == {(Delivery.State.ACCEPTED, 1): 300}
    assert assert_nobody_twice(slow_sink, dispatch) == 0
    for worker in workers:
        assert "processing" in worker.log
        worker.process.terminate()
    assert [worker.process.wait(40) for worker in workers] == [0, 0]


def test_what_is_urgent_has_a_cluster_of_its_own_and_passes_tips(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    worker = start_worker(None, TEST_WORKER_RING_INTERVAL=10).wait_until_working()
    assert {one.queue for one in workers_alive()} == set(Queue)
    assert set(sweep_ages()) == set(Queue)
    tips = send_to(600)
    assert eventually(lambda: count_of(slow_sink) >= 20), worker.log
    alert = send_to(5, purpose=Purpose.ALERTS)
    started = time.monotonic()
    assert eventually(lambda: is_settled(alert), 30), worker.log
    assert time.monotonic() - started < TURN
    assert not is_settled(tips)


@pytest.mark.parametrize("slow_sink", [0.1], indirect=True)
def test_what_is_urgent_goes_out_though_only_the_default_cluster_runs(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    worker = start_worker(TEST_WORKER_RING_INTERVAL=10).wait_until_working()
    tips = send_to(600)
    assert eventually(lambda: count_of(slow_sink) >= 20), worker.log
    alert = send_to(5, purpose=Purpose.ALERTS)
    # Both of its processes are at the tips, for a turn and a batch at most.
    assert eventually(lambda: is_settled(alert), TURN + 8), worker.log
    assert not is_settled(tips)


def test_the_urgent_cluster_leaves_tips_alone(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    worker = start_worker("urgent").wait_until_working()
    tips = send_to(3)
    alert = send_to(2, purpose=Purpose.ALERTS)
    assert eventually(lambda: is_settled(alert), 20), worker.log
    sweeps = worker.log.count("Processed")
    assert eventually(lambda: worker.log.count("Processed") >= sweeps + 3), worker.log
    assert set(tips.deliveries.values_list("state", flat=True)) == {"queued"}
    assert count_of(slow_sink) == 2
