"""Real worker processes, really killed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conftest import MailSink
from tests.processes.conftest import (
    BATCH,
    WORKERS,
    SendTo,
    StartWorker,
    assert_nobody_twice,
    count_of,
    is_settled,
    needs_processes,
)
from tests.worker import eventually
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.worker import workers_seen
from wagtail_bin.models import Delivery

pytestmark = needs_processes
State = Delivery.State


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

    unknown = assert_nobody_twice(slow_sink, dispatch)
    assert unknown <= BATCH * WORKERS


@pytest.mark.parametrize("queue", ["default", None])
def test_f26_sigterm_finishes_the_batch_and_leaves_nothing_behind(
    start_worker: StartWorker,
    send_to: SendTo,
    slow_sink: MailSink,
    queue: str | None,
) -> None:
    worker = start_worker(queue).wait_until_working()
    dispatch = send_to(500)
    assert eventually(lambda: count_of(slow_sink) >= 50, 60), worker.log
    assert worker.terminate(conf.WORKER_STOP_LIMIT) == 0
    assert worker.leftovers() == []
    assert "does not stop" not in worker.log
    states = Counter(dispatch.deliveries.values_list("state", flat=True))
    assert set(states) == {State.ACCEPTED, State.QUEUED}
    assert states[State.ACCEPTED] == count_of(slow_sink)
    assert workers_seen() == []
