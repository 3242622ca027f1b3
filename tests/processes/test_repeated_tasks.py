"""Tasks that django-q2 runs twice, ends in the middle, or loses."""

from __future__ import annotations

import os
import signal

import pytest
from django_q.brokers import get_broker
from django_q.models import Schedule
from django_q.scheduler import scheduler

from tests.conftest import MailSink
from tests.processes.conftest import (
    BATCH,
    WORKERS,
    SendTo,
    StartWorker,
    assert_nobody_twice,
    count_of,
    empty_broker,
    is_settled,
    needs_processes,
    ring_orm,
)
from tests.worker import ORM_BROKER, eventually
from wagtail_bin.dispatch.schedule import install_sweeps

pytestmark = [*needs_processes, pytest.mark.any_database]

SHORT_LEASE = {"TEST_LEASE": 6, "TEST_CALL_TIMEOUT": 2}
# So little that all processes find something to do.
SMALL_CLAIMS = {"TEST_CLAIM_SIZE": 20}


@pytest.mark.parametrize("slow_sink", [0.1], indirect=True)
def test_tasks_run_twice_by_settings_as_documented_double_nothing(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    """Though retry > timeout > task: tasks wait in the cluster, and that counts."""
    dispatch = send_to(200)
    ring_orm(dispatch, times=8)
    worker = start_worker(
        q_cluster={"timeout": 5, "retry": 6, "queue_limit": WORKERS**2},
        TEST_SLICE=3,
        **SMALL_CLAIMS,
        **SHORT_LEASE,
        **ORM_BROKER,
    )
    assert eventually(lambda: is_settled(dispatch), 60), worker.log
    assert eventually(lambda: max(worker.runs.values(), default=0) >= 2, 20), worker.log
    assert_nobody_twice(slow_sink, dispatch)


@pytest.mark.parametrize("slow_sink", [0.1], indirect=True)
def test_f13_two_copies_of_one_task_at_the_same_time_double_nothing(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    """Retry < slice, which the system check refuses: E001."""
    dispatch = send_to(120)
    ring_orm(dispatch, times=1)
    worker = start_worker(
        "plain",
        q_cluster={"timeout": 30, "retry": 2},
        TEST_SLICE=20,
        **SMALL_CLAIMS,
        **ORM_BROKER,
    )
    assert eventually(lambda: is_settled(dispatch), 40), worker.log
    # Handed out again while it runs; whether to the other process is chance.
    assert worker.runs.most_common()[0][1] >= 2, worker.log
    assert assert_nobody_twice(slow_sink, dispatch) == 0


@pytest.mark.parametrize("slow_sink", [0.6], indirect=True)
def test_f13_a_task_that_times_out_in_a_batch_doubles_nothing(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    dispatch = send_to(12)
    worker = start_worker(
        q_cluster={"timeout": 3, "retry": 20}, TEST_SLICE=2, **SHORT_LEASE
    )
    assert eventually(lambda: is_settled(dispatch), 60), worker.log
    assert "exceeded maximum timeout value" in worker.log
    assert 0 < assert_nobody_twice(slow_sink, dispatch) <= BATCH * WORKERS


def test_f13_a_task_whose_process_is_killed_doubles_nothing(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    """As the kernel does when memory runs out."""
    worker = start_worker(
        q_cluster={"timeout": 3, "retry": 4},
        TEST_SLICE=2,
        **SMALL_CLAIMS,
        **SHORT_LEASE,
        **ORM_BROKER,
    ).wait_until_working()
    dispatch = send_to(200)
    ring_orm(dispatch, times=2)
    assert eventually(lambda: count_of(slow_sink) >= 30), worker.log
    os.kill(worker.busy(), signal.SIGKILL)
    assert eventually(lambda: is_settled(dispatch), 60), worker.log
    assert "after death" in worker.log
    assert assert_nobody_twice(slow_sink, dispatch) <= BATCH * WORKERS


def test_f12_a_broker_emptied_in_the_middle_delays_and_loses_nobody(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    worker = start_worker(**SHORT_LEASE).wait_until_working()
    dispatch = send_to(200)
    assert eventually(lambda: count_of(slow_sink) >= 30), worker.log
    # With the workers, so that none of them rings again.
    worker.kill()
    empty_broker()
    assert get_broker().queue_size() == 0
    assert not is_settled(dispatch)
    worker = start_worker(TEST_WORKER_RING_INTERVAL=10, **SHORT_LEASE)
    assert eventually(lambda: is_settled(dispatch), 120), worker.log
    assert worker.runs.total() == 0
    assert_nobody_twice(slow_sink, dispatch)


def test_f12_without_a_supervisor_the_schedule_sweeps(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    dispatch = send_to(20)
    empty_broker()
    Schedule.objects.all().delete()
    install_sweeps(using="default")
    worker = start_worker("plain")
    assert eventually(lambda: "running" in worker.log, 20), worker.log
    # What the cluster itself does every 30 seconds.
    scheduler()
    assert eventually(lambda: is_settled(dispatch), 30), worker.log
    assert assert_nobody_twice(slow_sink, dispatch) == 0
