"""What time does to the ledger: leases end, messages expire, dispatches finish."""

from __future__ import annotations

import dataclasses

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.membership.retention import forget_handovers
from wagtail_bin.models import Delivery, DeliveryEvent, Dispatch, Purpose

State = Delivery.State


@dataclasses.dataclass(frozen=True)
class Swept:
    """How many rows a sweep moved.

    Attributes:
        unknown: being sent by a worker that is gone.
        expired: not worth sending any more.
        repeated: urgent and unknown for long, to be sent once more.
    """

    unknown: int
    expired: int
    repeated: int


def settle() -> Swept:
    """Do all that falls due. May run at any time, in any number."""
    unknown = settle_leases()
    release_pages()
    cancel_leftovers()
    expired = give_up_expired()
    repeated = repeat_urgent()
    close_finished()
    forget_handovers()
    return Swept(unknown=unknown, expired=expired, repeated=repeated)


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


def release_pages() -> None:
    """Let go what waited for its page to go live."""
    Dispatch.objects.open().filter(awaits_page=True, page__live=True).update(
        awaits_page=False
    )


def cancel_leftovers() -> None:
    """Cancel what a worker gave back after its dispatch was cancelled."""
    Delivery.objects.filter(
        state=State.QUEUED, dispatch__in=_open().exclude(cancelled_at=None)
    ).update(state=State.CANCELLED, settled_at=Now())


def give_up_expired() -> int:
    """Give up what waits longer than its dispatch is worth sending.

    Returns:
        Number of rows given up.
    """
    return Delivery.objects.filter(
        state=State.QUEUED, dispatch__in=_open().filter(expires_at__lte=Now())
    ).update(state=State.EXPIRED, settled_at=Now())


def repeat_urgent() -> int:
    """Send a warning of the police once more if nothing was heard of it.

    Only once, and only while it is worth sending: better twice than not at all.
    What had been sent by way of a broadcast, or posted, stays unknown.

    Returns:
        Number of rows queued again.
    """
    with transaction.atomic():
        silent = Delivery.objects.select_for_update(of=("self",)).filter(
            state=State.UNKNOWN,
            repeats=0,
            member__isnull=False,
            settled_at__lt=after(-conf.REPEAT_ALERT_AFTER),
            dispatch__in=Dispatch.objects.filter(
                purpose=Purpose.ALERTS, expires_at__gt=Now(), cancelled_at=None
            ),
        )
        rows = list(silent.values_list("pk", "attempt"))
        if not rows:
            return 0
        ids = [pk for pk, _attempt in rows]
        Delivery.objects.filter(pk__in=ids, state=State.UNKNOWN).update(
            state=State.QUEUED,
            claimed_by="",
            repeats=F("repeats") + 1,
            due_at=Now(),
            settled_at=None,
            code="repeat",
        )
        DeliveryEvent.objects.bulk_create(
            DeliveryEvent(delivery_id=pk, kind="repeat", source="policy", attempt=n)
            for pk, n in rows
        )
        Dispatch.objects.filter(deliveries__in=ids).update(settled_at=None)
    return len(rows)


def close_finished() -> None:
    """Note of dispatches whose rows are all settled that nothing more will happen."""
    waiting = Delivery.objects.filter(
        dispatch=OuterRef("pk"), state__in=Delivery.OPEN_STATES
    )
    _open().filter(~Exists(waiting), awaits_page=False).update(settled_at=Now())
    # Rows that a person queued again at that very moment.
    Dispatch.objects.filter(Exists(waiting), settled_at__gt=after(-3600)).update(
        settled_at=None
    )


def _open() -> QuerySet[Dispatch]:
    return Dispatch.objects.open()
