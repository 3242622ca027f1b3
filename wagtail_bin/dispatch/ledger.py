"""Every move of a delivery from one state to the next, as set-based SQL.

A claim has an owner, which is nobody else's, and a lease by the database's
clock. All moves compare before they set: a row that is no longer its owner's
stays as it is.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

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

from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.conf import conf
from wagtail_bin.membership.reach import with_reach
from wagtail_bin.models import Delivery, DeliveryEvent, Member

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


def due(dispatch_id: uuid.UUID | None = None) -> QuerySet[Delivery]:
    """What waits to be sent now, of one dispatch or of all."""
    waiting = Delivery.objects.filter(
        state=State.QUEUED, due_at__lte=Now(), dispatch__expires_at__gt=Now()
    )
    return waiting.filter(dispatch=dispatch_id) if dispatch_id else waiting


def claim(*, owner: str, dispatch_id: uuid.UUID | None = None) -> list[int]:
    """Take up to ``CLAIM_SIZE`` due rows for the length of a lease.

    Args:
        owner: a fresh UUID.
        dispatch_id: only of this dispatch; None: of all.

    Returns:
        Primary keys, in ascending order.
    """
    with transaction.atomic():
        waiting = due(dispatch_id).order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True, of=("self",))
        ids = list(waiting.values_list("pk", flat=True)[: conf.CLAIM_SIZE])
        if not ids:
            return []
        # Compare and set: without row locks somebody else may have been here.
        Delivery.objects.filter(pk__in=ids, state=State.QUEUED).update(
            state=State.CLAIMED, claimed_by=owner, lease_until=_in(conf.LEASE)
        )
    return list(_claimed(owner).order_by("pk").values_list("pk", flat=True))


def release(*, owner: str) -> None:
    """Give back what was claimed and not tried."""
    _claimed(owner).update(state=State.QUEUED, claimed_by="", lease_until=None)


def postpone(*, owner: str, code: str) -> None:
    """Nothing can be sent at all: what was claimed waits for a while.

    Args:
        code: the kind of failure.
    """
    _claimed(owner).update(
        state=State.QUEUED,
        claimed_by="",
        lease_until=None,
        code=code[:40],
        due_at=_in(conf.RETRY_FIRST),
    )


def mark_sending(*, owner: str, ids: Sequence[int]) -> list[Delivery]:
    """Commit the intention to send, for those who may still be written to.

    Returns:
        The deliveries marked, with their member as just read and locked, and
        their network with its police zone, municipality and site.
    """
    with transaction.atomic():
        deliveries = list(
            _claimed(owner)
            .filter(pk__in=ids)
            .select_related("network__police_zone", "network__municipality__site")
        )
        # The lock makes an unsubscribe that commits first win, and one that
        # comes later wait until this is committed. Consent is read by a second
        # statement: one that had to wait would see it as it was before.
        found = Member.objects.filter(
            pk__in=[d.member_id for d in deliveries if d.member_id]
        )
        list(found.order_by("pk").select_for_update().values_list("pk"))
        members = {member.pk: member for member in with_reach(found)}
        wanted, withheld = [], []
        for delivery in deliveries:
            member = members.get(delivery.member_id or 0)
            if member is None or member.unreachable:
                withheld.append(delivery.pk)
                continue
            delivery.member = member
            delivery.attempt += 1
            wanted.append(delivery)
        if withheld:
            _claimed(owner).filter(pk__in=withheld).update(
                state=State.SUPPRESSED,
                code="no_longer_wanted",
                claimed_by="",
                lease_until=None,
                settled_at=Now(),
            )
        own = _claimed(owner).filter(pk__in=[d.pk for d in wanted])
        updated = own.update(
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


def record(*, owner: str, results: Sequence[tuple[Delivery, Receipt]]) -> None:
    """Write down what is known. A row settled as unknown meanwhile learns it too.

    Args:
        results: deliveries that :func:`mark_sending` gave, with what became of
            them.
    """
    if not results:
        return
    now = timezone.now()
    for delivery, receipt in results:
        delivery.state = OUTCOMES[receipt.outcome]
        delivery.provider_id = receipt.provider_id[:255]
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


def _claimed(owner: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED)


def _in(seconds: float) -> Combinable:
    """A moment from now, by the database's clock."""
    return ExpressionWrapper(
        Now() + Value(dt.timedelta(seconds=seconds)), output_field=DateTimeField()
    )


def _pause(attempt: int) -> float:
    """Seconds until the next attempt: doubling, up to a limit."""
    return float(min(conf.RETRY_FIRST * 2 ** (attempt - 1), conf.RETRY_LONGEST))
