"""Two queues, and django-q2's ways of telling clusters apart."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from wagtail_bin.conf import safe_q_cluster
from wagtail_bin.dispatch.queues import (
    Queue,
    alternative,
    cluster_of,
    configured_queues,
    queue_here,
    settings_of,
    workers_of,
)


@pytest.fixture(autouse=True)
def q_cluster(settings: Any) -> None:
    settings.Q_CLUSTER = safe_q_cluster("site", workers=3, urgent_workers=4)


def test_each_queue_has_its_cluster_and_settings() -> None:
    assert configured_queues() == [Queue.URGENT, Queue.DEFAULT]
    assert (cluster_of(Queue.URGENT), cluster_of(Queue.DEFAULT)) == (
        "site-urgent",
        "site",
    )
    assert (workers_of(Queue.URGENT), workers_of(Queue.DEFAULT)) == (4, 3)
    assert settings_of(Queue.URGENT)["timeout"] == settings_of(Queue.DEFAULT)["timeout"]
    assert alternative(Queue.DEFAULT) is None


def test_a_site_may_have_one_cluster(settings: Any) -> None:
    settings.Q_CLUSTER = {"name": "site", "workers": None}
    assert configured_queues() == [Queue.DEFAULT]
    # As django-q2 does.
    assert workers_of(Queue.DEFAULT) == os.cpu_count()


@pytest.mark.parametrize("queue", list(Queue))
def test_django_q2_reads_each_cluster_as_we_do(queue: Queue) -> None:
    """In a process of its own, for django-q2 reads it when it is imported."""
    script = (
        "import django; django.setup()\n"
        "from django_q.conf import Conf\n"
        "from wagtail_bin.dispatch.queues import *\n"
        "here = queue_here(); mine = settings_of(here)\n"
        "assert Conf.CLUSTER_NAME == cluster_of(here)\n"
        "assert Conf.WORKERS == workers_of(here)\n"
        "assert (Conf.RETRY, Conf.TIMEOUT) == (mine['retry'], mine['timeout'])\n"
        # The salt of signatures: tasks for one cluster can be read by the other.
        "print(here, Conf.PREFIX)\n"
    )
    env = dict(os.environ)
    if queue is Queue.URGENT:
        env["Q_CLUSTER_NAME"] = "example_site-urgent"
    said = subprocess.check_output([sys.executable, "-c", script], env=env, text=True)
    assert said.split() == [queue.value, "example_site"]


def test_outside_a_cluster_the_queue_is_the_default_one() -> None:
    assert queue_here() is Queue.DEFAULT
