"""Work off the ledger: claim, mark, call, record.

The protocol, and what it promises:

1. *Claim* a lot of queued rows for a lease, by the database's clock.
2. *Mark* a batch as being sent, in a transaction that looks once more at
   membership, consent and suppression. Only when that is committed
3. *call* the channel, message by message, with no transaction open, and
4. *record* what is known, where the claim is still ours.

A process may die anywhere. A claimed row was never tried: it is queued again
when its lease ends. A row being sent may have gone out: it becomes unknown, is
shown, and is never sent again by itself. A late reply still counts.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Iterator, Sequence

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.registry import get_channel
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import ledger
from wagtail_bin.dispatch.compose import content_of, personalise
from wagtail_bin.dispatch.worker import stop_requested
from wagtail_bin.models import ChannelName, Delivery, DispatchMessage

logger = logging.getLogger(__name__)


def deliver_due(*, seconds: float, dispatch_id: uuid.UUID | None = None) -> int:
    """Deliver what is due until nothing is, time is up, or the worker must stop.

    Args:
        seconds: how long to go on; the batch in hand is finished.
        dispatch_id: only of this dispatch; None: of all.

    Returns:
        Number of deliveries worked on.
    """
    deadline = time.monotonic() + seconds
    done = 0
    while time.monotonic() < deadline and not stop_requested():
        with _claimed_lot(dispatch_id) as (owner, ids):
            if not ids:
                break
            done += _work_off(owner, ids, deadline)
    return done


@contextlib.contextmanager
def _claimed_lot(dispatch_id: uuid.UUID | None) -> Iterator[tuple[str, list[int]]]:
    """Claim a lot; what of it is not used goes back at once."""
    owner = str(uuid.uuid4())
    ids = ledger.claim(owner=owner, dispatch_id=dispatch_id)
    try:
        yield owner, ids
    finally:
        if ids:
            ledger.release(owner=owner)


def _work_off(owner: str, ids: Sequence[int], deadline: float) -> int:
    """Send a claimed lot, batch by batch, over one open channel."""
    messages = _Messages(ids)
    lease_ends = time.monotonic() + conf.LEASE
    done = 0
    try:
        with get_channel(ChannelName.EMAIL) as channel:
            for start in range(0, len(ids), conf.SENDING_BATCH):
                now = time.monotonic()
                is_over = now >= deadline or now + conf.CALL_TIMEOUT >= lease_ends
                if is_over or stop_requested():
                    break
                batch = ids[start : start + conf.SENDING_BATCH]
                _send_batch(owner, batch, channel, messages)
                done += len(batch)
    except ChannelUnavailable as unavailable:
        ledger.postpone(owner=owner, code=unavailable.code)
        done = len(ids)
    return done


def _send_batch(
    owner: str, ids: Sequence[int], channel: Channel, messages: _Messages
) -> None:
    marked = ledger.mark_sending(owner=owner, ids=ids)
    stop = time.monotonic() + conf.LEASE - conf.CALL_TIMEOUT
    results: list[tuple[Delivery, Receipt]] = []
    try:
        for delivery in marked:
            if time.monotonic() >= stop:
                receipt = Receipt(Outcome.RETRY, code="slow", source="worker")
            else:
                receipt = _call(delivery, channel, messages)
            results.append((delivery, receipt))
    finally:
        # Whatever stops us, what is known already is not forgotten.
        ledger.record(owner=owner, results=results)


def _call(delivery: Delivery, channel: Channel, messages: _Messages) -> Receipt:
    try:
        message = messages.outgoing(delivery)
    except Exception as error:  # noqa: BLE001 -- one bad row must not stop the rest
        # The kind of error only: its text may quote the member's data.
        logger.error("Delivery %s: %s", delivery.pk, type(error).__name__)  # noqa: TRY400
        return Receipt(Outcome.REJECTED, code="cannot_compose", source="worker")
    return channel.send(message)


class _Messages:
    """The messages of a lot's dispatches, loaded in one query.

    Args:
        ids: primary keys of the lot's deliveries.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        dispatches = Delivery.objects.filter(pk__in=ids).values("dispatch")
        self.by_language = {
            (message.dispatch_id, message.language): content_of(message)
            for message in DispatchMessage.objects.filter(dispatch__in=dispatches)
        }

    def outgoing(self, delivery: Delivery) -> OutgoingMessage:
        """The message of one delivery whose member is set."""
        assert delivery.member is not None  # noqa: S101 -- set when it was marked
        return personalise(
            content=self.by_language[delivery.dispatch_id, delivery.language],
            member=delivery.member,
            network=delivery.network,
            reference=f"{delivery.pk}.{delivery.attempt}.{delivery.dispatch_id}",
        )
