"""Inside a supervised django-q2 cluster: what its processes tell and are told.

The cluster learns from its environment who it is and where to listen; a
process without that environment (a web server, a plain ``qcluster``) neither
beats nor is ever asked to stop.
"""

from __future__ import annotations

import logging
import os
import select
from typing import Any

from django.core.management import call_command
from django.db import Error, close_old_connections
from django.db.models.functions import Now
from django_q.signals import post_execute

from wagtail_bin.models import WorkerHeartbeat

logger = logging.getLogger(__name__)

WORKER = "WAGTAIL_BIN_CLUSTER"
STOP_FD = "WAGTAIL_BIN_CLUSTER_STOP_FD"


def run_cluster() -> None:
    """Run a django-q2 cluster that beats, until it is stopped."""
    post_execute.connect(beat, dispatch_uid="wagtail_bin.dispatch.worker")
    call_command("qcluster")


def beat(**kwargs: Any) -> None:
    """Write that this cluster just finished a task, by the database's clock.

    django-q2 calls it in its monitor process, after acknowledging the task. So
    a beat proves every link: taken from the queue, executed and acknowledged;
    a cluster with a hung worker queue or a deaf monitor falls silent.
    """
    worker = os.environ.get(WORKER)
    if not worker:
        return
    close_old_connections()
    try:
        WorkerHeartbeat.objects.bulk_create(
            [WorkerHeartbeat(worker=worker, beat_at=Now())],
            update_conflicts=True,
            unique_fields=["worker"],
            update_fields=["beat_at"],
        )
    except Error as error:
        # An error would end the monitor, and with it the cluster.
        logger.warning("Worker %s: no heartbeat (%s)", worker, type(error).__name__)


def stop_requested() -> bool:
    """Whether the supervisor wants this cluster to end.

    Asked between two batches, so that a long slice does not have to be killed
    in the middle of a call. Costs one system call.
    """
    stop_fd = os.environ.get(STOP_FD)
    if not stop_fd:
        return False
    # The supervisor's end is closed when it wants us gone, or is gone itself.
    return bool(select.select([int(stop_fd)], [], [], 0)[0])
