"""The ways in which a django-q2 cluster hangs, and what becomes of the mail.

An upgrade of django-q2 that cures one of them shows here, too.
"""

from __future__ import annotations

import os
import signal

import pytest
from django_q.models import OrmQ, Schedule

from tests.conftest import MailSink
from tests.processes.conftest import (
    WORKERS,
    SendTo,
    StartWorker,
    assert_nobody_twice,
    count_of,
    is_settled,
    needs_processes,
    ring_orm,
)
from tests.worker import ORM_BROKER, eventually, group_members
from wagtail_bin.models import Delivery

pytestmark = [*needs_processes, pytest.mark.any_database]


@pytest.mark.parametrize("victim", ["idle_reader", "monitor"])
def test_a_cluster_hung_by_the_death_of_one_process_is_replaced(
    start_worker: StartWorker, send_to: SendTo, victim: str
) -> None:
    # The ring is the canary; it needs no schedule.
    Schedule.objects.all().delete()
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
    states = set(dispatch.deliveries.values_list("state", flat=True))
    assert states == {Delivery.State.ACCEPTED}


@pytest.mark.parametrize("victim", ["leader", "sentinel"])
def test_a_cluster_without_its_head_leaves_no_orphans_and_is_replaced(
    start_worker: StartWorker, victim: str
) -> None:
    worker = start_worker().wait_until_working()
    # Guard, leader, sentinel, monitor and pusher besides those that deliver.
    assert len(worker.cluster) == WORKERS + 5
    guard, leader, sentinel = worker.cluster[:3]
    os.kill(leader if victim == "leader" else sentinel, signal.SIGKILL)
    assert eventually(lambda: len(worker.groups) == 2, 20), worker.log
    assert eventually(lambda: not group_members(guard))
    worker.wait_until_working()


def test_a_killed_supervisor_takes_its_clusters_along(
    start_worker: StartWorker,
) -> None:
    worker = start_worker(None).wait_until_working()
    assert len(worker.groups) == 2
    worker.process.kill()
    assert eventually(lambda: not worker.leftovers(), 5)


def test_f08_a_job_that_is_run_again_for_ever_sends_nothing_again(
    start_worker: StartWorker, send_to: SendTo, slow_sink: MailSink
) -> None:
    """With a deaf monitor no task is ever acknowledged."""
    worker = start_worker(
        q_cluster={"timeout": 2, "retry": 3},
        TEST_SLICE=1,
        TEST_WORKER_HEARTBEAT_LIMIT=18,
        **ORM_BROKER,
    ).wait_until_working()
    os.kill(worker.monitor, signal.SIGKILL)
    assert eventually(lambda: worker.log.count("monitoring at") == 2), worker.log
    dispatch = send_to(20)
    ring_orm(dispatch, times=1)
    first = worker.names[-1]
    assert eventually(lambda: is_settled(dispatch), 20), worker.log
    assert eventually(lambda: max(worker.runs.values(), default=0) >= 3, 20), worker.log
    assert count_of(slow_sink) == 20

    # Nobody but the supervisor notices.
    assert f"{first} hung" not in worker.log
    assert eventually(lambda: f"Worker {first} hung." in worker.log, 30), worker.log
    worker.wait_until_working()
    assert eventually(lambda: not OrmQ.objects.exists(), 20)
    assert assert_nobody_twice(slow_sink, dispatch) == 0
