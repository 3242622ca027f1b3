"""The queue's way in. Tasks carry ids only, and doing one twice is harmless."""

from __future__ import annotations

import contextlib
import logging
import uuid

from django_q.tasks import async_task

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import jobs
from wagtail_bin.exchange.lease import due

logger = logging.getLogger(__name__)


def ring_for(import_id: uuid.UUID) -> None:
    """Ask a worker to go on with an import. A lost ring is made good by the sweep."""
    try:
        async_task(
            "wagtail_bin.exchange.tasks.work",
            str(import_id),
            cluster=conf.default_cluster,
        )
    except Exception:  # the broker may be down: the table has it all
        logger.exception("The queue could not be rung for import %s", import_id)


def ring_for_due() -> None:
    """Ask for what waits: a ring was lost, or a worker."""
    for pk in list(due().values_list("pk", flat=True)):
        ring_for(pk)


def work(import_id: str) -> None:
    """Go on with an import for one slice.

    Args:
        import_id: the import's UUID, as text.
    """
    pk = uuid.UUID(import_id)
    with contextlib.suppress(ImportRejected):
        if jobs.work_on(pk, seconds=conf.SLICE):
            ring_for(pk)
