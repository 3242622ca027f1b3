"""The queue's way in. Tasks carry ids only, and doing one twice is harmless.

The queue is a doorbell: what must be done stands in the ledger.
"""

from __future__ import annotations

import logging
import uuid

from django_q.tasks import async_task

from wagtail_bin.conf import conf
from wagtail_bin.dispatch import deliver, notices, receipts
from wagtail_bin.dispatch import sweep as sweeping
from wagtail_bin.membership import retention

logger = logging.getLogger(__name__)


def ring_for(dispatch_id: str, *, times: int = 1) -> None:
    """Ask workers to deliver a dispatch. A lost ring is made good by the sweep.

    Args:
        dispatch_id: the dispatch's UUID, as text.
        times: how many workers to ask.
    """
    try:
        for _worker in range(times):
            async_task("wagtail_bin.dispatch.tasks.drain", dispatch_id)
    except Exception:  # the broker may be down: the ledger has it all
        logger.exception("The queue could not be rung for dispatch %s", dispatch_id)


def ring_all_for(dispatch_id: str) -> None:
    """Ask as many workers as a cluster has, for a dispatch just approved."""
    ring_for(dispatch_id, times=conf.q_cluster.get("workers", 1))


def ring() -> None:
    """Ask a worker to sweep."""
    async_task("wagtail_bin.dispatch.tasks.sweep")


def drain(dispatch_id: str) -> int:
    """Deliver what is due of one dispatch, for one slice of time.

    Returns:
        Number of deliveries worked on.
    """
    dispatch = uuid.UUID(dispatch_id)
    done = deliver.deliver_due(dispatch_id=dispatch, seconds=conf.SLICE)
    if done:
        ring_for(dispatch_id)
    return done


def sweep() -> int:
    """Settle what workers left behind and deliver whatever is due.

    It is also the canary: a cluster that sweeps is not hanging.

    Returns:
        Number of deliveries worked on.
    """
    sweeping.settle()
    retention.forget_lists()
    done = deliver.deliver_due(seconds=conf.SLICE)
    # Last, so that nothing that fails here holds up what must be delivered.
    receipts.match_held()
    notices.tell()
    return done
