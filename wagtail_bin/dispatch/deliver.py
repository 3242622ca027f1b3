"""Work off the ledger: claim, mark, call, record.

The protocol, and what it promises:

1. *Claim* a lot of queued rows for a lease, by the database's clock.
2. *Mark* a batch as being sent, in a transaction that looks once more at
   membership, consent and suppression. Only when that is committed
3. *call* the channel, message by message, with no transaction open, and
4. *record* what is known, guarded by the attempt's number.

A process may die anywhere. A claimed row was never tried: it is queued again
when its lease ends. A row being sent may have gone out: it becomes unknown, is
shown, and is never sent again by itself. A late reply still counts.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
import uuid
from collections.abc import Iterator, Sequence

from django.db import connection, transaction
from django.db.models import (
    DateTimeField,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.registry import get_channel
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.compose import personalise
from wagtail_bin.dispatch.worker import stop_requested
from wagtail_bin.membership.reach import with_reach
from wagtail_bin.models import (
    ChannelName,
    Delivery,
    DeliveryEvent,
    DispatchMessage,
    Member,
)

logger = logging.getLogger(__name__)

State = Delivery.State

OUTCOMES = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.REJECTED: State.REJECTED,
    Outcome.RETRY: State.QUEUED,
    Outcome.UNKNOWN: State.UNKNOWN,
}


RECORDED = [
    "state",
    "provider_id",
    "code",
    "claimed_by",
    "lease_until",
    "settled_at",
    "due_at",
]


def _in(seconds: float) -> Combinable:
    """A moment from now, by the database's clock."""
    return ExpressionWrapper(
        Now() + Value(dt.timedelta(seconds=seconds)), output_field=DateTimeField()
    )


def _due(dispatch_id: uuid.UUID | None) -> QuerySet[Delivery]:
    due = Delivery.objects.filter(state=State.QUEUED, due_at__lte=Now())
    return due.filter(dispatch=dispatch_id) if dispatch_id else due


def is_due(*, dispatch_id: uuid.UUID | None = None) -> bool:
    """Whether anything waits to be sent now, of one dispatch or of all."""
    return _due(dispatch_id).exists()


def settle_leases() -> int:
    """Take back what a worker left: untried rows are queued, tried ones unknown.

    Returns:
        Number of rows that became unknown.
    """
    over = Delivery.objects.filter(lease_until__lt=Now())
    over.filter(state=State.CLAIMED).update(
        state=State.QUEUED, claimed_by="", lease_until=None
    )
    return over.filter(state=State.SENDING).update(
        state=State.UNKNOWN, code="worker_lost", lease_until=None, settled_at=Now()
    )


def give_up_expired() -> int:
    """Give up what waits longer than its dispatch is worth sending.

    Returns:
        Number of rows given up.
    """
    return Delivery.objects.filter(
        state=State.QUEUED, dispatch__expires_at__lte=Now()
    ).update(state=State.EXPIRED, settled_at=Now())


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
def _claimed_lot(
    dispatch_id: uuid.UUID | None,
) -> Iterator[tuple[str, list[int]]]:
    """Claim a lot; what of it is not used goes back at once."""
    owner = str(uuid.uuid4())
    ids = _claim(owner, dispatch_id)
    try:
        yield owner, ids
    finally:
        if ids:
            Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED).update(
                state=State.QUEUED, claimed_by="", lease_until=None
            )


def _claim(owner: str, dispatch_id: uuid.UUID | None) -> list[int]:
    with transaction.atomic():
        due = _due(dispatch_id).order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[: conf.CLAIM_SIZE])
        if not ids:
            return []
        # Compare and set: without row locks somebody else may have been here.
        Delivery.objects.filter(pk__in=ids, state=State.QUEUED).update(
            state=State.CLAIMED, claimed_by=owner, lease_until=_in(conf.LEASE)
        )
    return list(
        Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


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
        _postpone(owner, unavailable.code)
        done = len(ids)
    return done


def _send_batch(
    owner: str, ids: Sequence[int], channel: Channel, messages: _Messages
) -> None:
    marked = _mark_sending(owner, ids)
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
        _record(owner, results)


def _mark_sending(owner: str, ids: Sequence[int]) -> list[Delivery]:
    """Commit the intention to send, for those who may still be written to."""
    with transaction.atomic():
        deliveries = list(
            Delivery.objects.filter(
                pk__in=ids, claimed_by=owner, state=State.CLAIMED
            ).select_related("network__police_zone", "network__municipality__site")
        )
        # The lock makes an unsubscribe that commits first win, and one that
        # comes later wait until this is committed.
        members = {
            member.pk: member
            for member in with_reach(
                Member.objects.filter(
                    pk__in=[d.member_id for d in deliveries if d.member_id]
                ).select_for_update(of=("self",))
            )
        }
        wanted, withheld = [], []
        for delivery in deliveries:
            member = members.get(delivery.member_id or 0)
            if member is None or member.unreachable:
                withheld.append(delivery)
                continue
            delivery.member = member
            delivery.attempt += 1
            wanted.append(delivery)
        own = Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED)
        if withheld:
            own.filter(pk__in=[d.pk for d in withheld]).update(
                state=State.SUPPRESSED,
                code="no_longer_wanted",
                lease_until=None,
                settled_at=Now(),
            )
        updated = own.filter(pk__in=[d.pk for d in wanted]).update(
            state=State.SENDING,
            attempt=F("attempt") + 1,
            lease_until=_in(conf.LEASE),
            address=Subquery(
                Member.objects.filter(pk=OuterRef("member")).values("email")
            ),
        )
    if updated == len(wanted):
        return wanted
    # Some leases ran out in between: keep to what is really ours.
    ours = set(
        Delivery.objects.filter(claimed_by=owner, state=State.SENDING).values_list(
            "pk", flat=True
        )
    )
    return [delivery for delivery in wanted if delivery.pk in ours]


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
            (message.dispatch_id, message.language): message
            for message in DispatchMessage.objects.filter(dispatch__in=dispatches)
        }

    def outgoing(self, delivery: Delivery) -> OutgoingMessage:
        """The message of one delivery whose member is set."""
        assert delivery.member is not None  # noqa: S101 -- set when it was marked
        return personalise(
            message=self.by_language[delivery.dispatch_id, delivery.language],
            member=delivery.member,
            network=delivery.network,
            reference=f"{delivery.pk}.{delivery.attempt}.{delivery.dispatch_id}",
        )


def _record(owner: str, results: Sequence[tuple[Delivery, Receipt]]) -> None:
    """Write down what is known. A row settled as unknown meanwhile learns it too."""
    if not results:
        return
    now = timezone.now()
    for delivery, receipt in results:
        delivery.state = OUTCOMES[receipt.outcome]
        delivery.provider_id = receipt.provider_id
        delivery.code = receipt.code[:40]
        delivery.lease_until = None
        delivery.claimed_by = ""
        delivery.settled_at = now
        if receipt.outcome is Outcome.RETRY:
            delivery.settled_at = None
            delivery.due_at = _in(_pause(delivery.attempt))
    with transaction.atomic():
        # This owner made this attempt: nobody else can have the same pair.
        ours = Delivery.objects.filter(
            claimed_by=owner, state__in=[State.SENDING, State.UNKNOWN]
        )
        ours.bulk_update([delivery for delivery, _ in results], RECORDED)
        DeliveryEvent.objects.bulk_create(
            DeliveryEvent(
                delivery=delivery,
                kind=receipt.outcome.value,
                source=receipt.source[:40],
                code=receipt.code[:40],
                attempt=delivery.attempt,
            )
            for delivery, receipt in results
        )


def _pause(attempt: int) -> float:
    """Seconds until the next attempt: doubling, up to a limit."""
    return float(min(conf.RETRY_FIRST * 2 ** (attempt - 1), conf.RETRY_LONGEST))


def _postpone(owner: str, code: str) -> None:
    """Nothing could be sent at all: everything claimed waits for a while."""
    Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED).update(
        state=State.QUEUED,
        claimed_by="",
        lease_until=None,
        code=code[:40],
        due_at=_in(conf.RETRY_FIRST),
    )


__all__ = ["deliver_due", "give_up_expired", "is_due", "settle_leases"]
