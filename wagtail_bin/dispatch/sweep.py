"""What time does to the ledger: leases end, messages expire, dispatches finish."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.dispatch.gates import RESTORED
from wagtail_bin.membership.retention import forget_handovers
from wagtail_bin.models import Delivery, DeliveryEvent, Dispatch

State = Delivery.State

# Rows settled in one transaction: less than a second's work, so that nobody waits
# long for their dispatch.
AT_ONCE = 10_000
# Seconds after which a sweep leaves the rest of them to the next one.
LONGEST = 5


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
    with transaction.atomic():
        _take(over.filter(state=State.CLAIMED)).update(
            state=State.QUEUED, claimed_by="", lease_until=None
        )
        return _take(over.filter(state=State.SENDING)).update(
            state=State.UNKNOWN, code="worker_lost", lease_until=None, settled_at=Now()
        )


def release_pages() -> None:
    """Let go what waited for its page to go live."""
    Dispatch.objects.open().filter(awaits_page=True, page__live=True).update(
        awaits_page=False
    )


def cancel_leftovers() -> None:
    """Cancel what its dispatch had too much of, or a worker gave back since."""
    cancelled = Dispatch.objects.open().exclude(cancelled_at=None)
    _settle_waiting(cancelled, State.CANCELLED)


def give_up_expired() -> int:
    """Give up what waits longer than its dispatch is worth sending.

    Returns:
        Number of rows given up.
    """
    expired = Dispatch.objects.open().filter(expires_at__lte=Now())
    return _settle_waiting(expired, State.EXPIRED)


def _settle_waiting(dispatches: QuerySet[Dispatch], state: State) -> int:
    total = 0
    deadline = time.monotonic() + LONGEST
    while count := _with_each(dispatches, partial(settle_some, state=state)):
        total += count
        if time.monotonic() >= deadline:
            break
    return total


def settle_some(dispatch: Dispatch, *, state: State) -> int:
    """Settle up to :data:`AT_ONCE` rows that wait, in the caller's transaction.

    Args:
        dispatch: of which nothing is sent any more; locked.
        state: what becomes of them.

    Returns:
        Number of rows.
    """
    waiting = dispatch.deliveries.filter(state=State.QUEUED).order_by()
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True)
    return Delivery.objects.filter(pk__in=waiting.values("pk")[:AT_ONCE]).update(
        state=state, settled_at=Now()
    )


def repeat_urgent() -> int:
    """Send a warning of the police once more if nothing was heard of it.

    Only once, and only while it is worth sending: better twice than not at all.
    What had been sent by way of a broadcast, or posted, stays unknown; so does
    what another database may have sent, until a person has looked.

    Returns:
        Number of rows queued again.
    """
    urgent = Dispatch.objects.urgent()
    return _with_each(
        urgent.filter(expires_at__gt=Now(), cancelled_at=None), _repeat_silent
    )


def _repeat_silent(dispatch: Dispatch) -> int:
    silent = _take(
        dispatch.deliveries.filter(
            state=State.UNKNOWN,
            repeats=0,
            member__isnull=False,
            settled_at__lt=after(-conf.REPEAT_ALERT_AFTER),
        ).exclude(code=RESTORED)
    )
    rows = list(silent.values_list("pk", "attempt"))
    if not rows:
        return 0
    silent.update(
        state=State.QUEUED,
        claimed_by="",
        repeats=F("repeats") + 1,
        due_at=Now(),
        settled_at=None,
        code="repeat",
    )
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(delivery_id=pk, kind="repeat", source="policy", attempt=attempt)
        for pk, attempt in rows
    )
    dispatch.settled_at = None
    dispatch.save(update_fields=["settled_at"])
    return len(rows)


def close_finished() -> None:
    """Note of dispatches whose rows are all settled that nothing more will happen."""
    waiting = Delivery.objects.filter(
        dispatch=OuterRef("pk"), state__in=Delivery.OPEN_STATES
    )
    unfinished = Dispatch.objects.open()
    unfinished.filter(~Exists(waiting), awaits_page=False).update(settled_at=Now())
    # Rows that a person queued again at that very moment.
    Dispatch.objects.filter(Exists(waiting), settled_at__gt=after(-3600)).update(
        settled_at=None
    )


def _take(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Lock rows; those that somebody is at just now are left to the next sweep."""
    found = rows.order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        found = found.select_for_update(skip_locked=True, of=("self",))
    return Delivery.objects.filter(pk__in=list(found.values_list("pk", flat=True)))


def _with_each(dispatches: QuerySet[Dispatch], act: Callable[[Dispatch], int]) -> int:
    """Do something with each dispatch, while no verb and no other sweep does.

    Args:
        act: gets the dispatch, locked in a transaction of its own.

    Returns:
        The sum of what ``act`` returned.
    """
    total = 0
    for pk in list(dispatches.values_list("pk", flat=True)):
        with transaction.atomic():
            locked = dispatches.filter(pk=pk)
            if connection.features.has_select_for_update_skip_locked:
                locked = locked.select_for_update(skip_locked=True, of=("self",))
            for held in locked:
                total += act(held)
    return total
