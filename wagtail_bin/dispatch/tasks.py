"""The queue's way in. Tasks carry ids only, and doing one twice is harmless.

The queue is a doorbell: what must be done stands in the ledger. Whoever answers
delivers what is urgent first, and looks for it again every few seconds.
"""

from __future__ import annotations

import logging
import time
import uuid

from django_q.tasks import async_task

from wagtail_bin.conf import conf
from wagtail_bin.dispatch import notices, receipts, worker
from wagtail_bin.dispatch import sweep as sweeping
from wagtail_bin.dispatch.deliver import deliver_due
from wagtail_bin.dispatch.queues import (
    Queue,
    cluster_of,
    configured_queues,
    queue_here,
    workers_of,
)
from wagtail_bin.exchange import tasks as imports
from wagtail_bin.mandates.groups import sync_groups_daily
from wagtail_bin.membership import retention, sanctions
from wagtail_bin.models import Dispatch

logger = logging.getLogger(__name__)

# Seconds for which whoever delivers one dispatch does not look for urgent ones.
TURN = 10


def ring_for(dispatch_id: str, *, times: int = 1, queue: Queue = Queue.DEFAULT) -> None:
    """Ask workers to deliver a dispatch. A lost ring is made good by the sweep.

    Args:
        dispatch_id: the dispatch's UUID, as text.
        times: how many workers to ask.
        queue: whose workers.
    """
    try:
        for _worker in range(times):
            async_task(
                "wagtail_bin.dispatch.tasks.drain",
                dispatch_id,
                cluster=cluster_of(queue),
            )
    except Exception:  # the broker may be down: the ledger has it all
        logger.exception("The queue could not be rung for dispatch %s", dispatch_id)


def ring_all_for(dispatch_id: str) -> None:
    """Ask all workers that there are, for a dispatch just approved or resumed.

    For what is urgent those of the default cluster too: nobody knows here which
    clusters run, and a ring that finds nothing to do costs nothing.
    """
    is_urgent = Dispatch.objects.urgent().filter(pk=dispatch_id).exists()
    for queue in configured_queues() if is_urgent else [Queue.DEFAULT]:
        ring_for(dispatch_id, queue=queue, times=workers_of(queue))


def ring(queue: Queue = Queue.DEFAULT) -> None:
    """Ask one of a queue's workers to sweep."""
    async_task(
        "wagtail_bin.dispatch.tasks.sweep", queue.value, cluster=cluster_of(queue)
    )


def drain(dispatch_id: str) -> int:
    """Deliver what is due of one dispatch, and all that is urgent, for one slice.

    Returns:
        Number of deliveries worked on.
    """
    dispatch = uuid.UUID(dispatch_id)
    deadline = time.monotonic() + conf.SLICE
    done = 0
    while (left := deadline - time.monotonic()) > 0:
        worked_on = deliver_due(seconds=left, urgent=True)
        turn = min(TURN, deadline - time.monotonic())
        worked_on += deliver_due(seconds=turn, dispatch_id=dispatch)
        if not worked_on:
            break
        done += worked_on
    if done:
        ring_for(dispatch_id, queue=queue_here())
    return done


def sweep(queue: str = Queue.DEFAULT) -> int:
    """Settle what workers left behind and deliver whatever is due.

    It is also the canary: a cluster that sweeps is not hanging.

    Args:
        queue: on ``urgent`` only what is urgent is delivered.

    Returns:
        Number of deliveries worked on.
    """
    settle(queue)
    if queue == Queue.DEFAULT:
        imports.ring_for_due()
    only_urgent = True if queue == Queue.URGENT else None
    done = deliver_due(seconds=conf.SLICE, urgent=only_urgent)
    follow_up()
    return done


def settle(queue: str) -> sweeping.Swept:
    """Do all that falls due, and note that somebody did.

    Args:
        queue: for which it was done.
    """
    swept = sweeping.settle()
    sanctions.end_suspensions()
    retention.forget_lists()
    retention.forget_sanctions()
    retention.forget_events()
    worker.note_sweep(queue)
    return swept


def follow_up() -> None:
    """Hear late reports, tell people what they should know, see to the groups.

    Apart from the rest, so that nothing that fails here holds up a delivery.
    """
    receipts.match_held()
    notices.tell()
    sync_groups_daily()
