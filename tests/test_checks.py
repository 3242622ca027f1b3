"""System checks, each with its id."""

from __future__ import annotations

from typing import Any

import pytest

from wagtail_bin.checks import check_heartbeat, check_lease, check_queue


def test_the_settings_of_the_example_are_safe() -> None:
    assert check_queue() == []
    assert check_lease() == []
    assert check_heartbeat() == []


@pytest.mark.parametrize(
    "queue",
    [
        {},
        {"timeout": 90, "retry": 90},
        {"timeout": 90, "retry": 60},
        {"timeout": 40, "retry": 300},
    ],
)
def test_e001_a_queue_that_would_run_tasks_twice_is_refused(
    settings: Any, queue: dict[str, Any]
) -> None:
    settings.Q_CLUSTER = queue
    (problem,) = check_queue()
    assert problem.id == "wagtail_bin.E001"


def test_e002_a_lease_shorter_than_a_call_is_refused(settings: Any) -> None:
    settings.WAGTAIL_BIN_LEASE = 30
    (problem,) = check_lease()
    assert problem.id == "wagtail_bin.E002"


def test_w001_a_limit_that_kills_busy_workers_is_pointed_out(settings: Any) -> None:
    settings.WAGTAIL_BIN_WORKER_HEARTBEAT_LIMIT = 90
    (problem,) = check_heartbeat()
    assert problem.id == "wagtail_bin.W001"
