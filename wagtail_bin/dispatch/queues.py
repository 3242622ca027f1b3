"""The two queues, and the django-q2 clusters that work them off.

Warm messages have a cluster of their own, so that they never wait for tips. A
cluster's name is also the name of its queue; both clusters are of one
``Q_CLUSTER``, whose ``name`` signs all tasks: with another one a cluster would
take the tasks of the first for forged and delete them.
"""

from __future__ import annotations

import enum
import os
from typing import Any

from django_q.conf import Conf

from wagtail_bin.conf import conf


class Queue(enum.StrEnum):
    """What a cluster works on."""

    URGENT = "urgent"
    DEFAULT = "default"


def configured_queues() -> list[Queue]:
    """The queues that have a cluster in the project's settings.

    Without a cluster of its own what is urgent goes through the default one.
    """
    has_urgent = conf.urgent_cluster in conf.q_cluster.get("ALT_CLUSTERS", {})
    return [Queue.URGENT, Queue.DEFAULT] if has_urgent else [Queue.DEFAULT]


def cluster_of(queue: Queue) -> str:
    """django-q2's name of the queue's cluster."""
    return conf.urgent_cluster if queue is Queue.URGENT else conf.default_cluster


def alternative(queue: Queue) -> str | None:
    """The name of the queue's cluster in ``ALT_CLUSTERS``; None: the default one."""
    return None if queue is Queue.DEFAULT else cluster_of(queue)


def queue_here() -> Queue:
    """The queue that this process works on; outside a cluster the default one."""
    is_urgent = conf.urgent_cluster == Conf.CLUSTER_NAME
    return Queue.URGENT if is_urgent else Queue.DEFAULT


def settings_of(queue: Queue) -> dict[str, Any]:
    """The queue's ``Q_CLUSTER``, as its cluster reads it."""
    settings = {k: v for k, v in conf.q_cluster.items() if k != "ALT_CLUSTERS"}
    if name := alternative(queue):
        settings |= conf.q_cluster["ALT_CLUSTERS"][name]
    return settings


def workers_of(queue: Queue) -> int:
    """How many processes of the queue's cluster deliver."""
    return int(settings_of(queue).get("workers") or os.cpu_count() or 4)
