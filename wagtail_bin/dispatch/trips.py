"""The breaker of a dispatch: too many bad addresses or complaints pause it.

A sender who goes on regardless is soon taken for a spammer, and then reaches
nobody, not even with a warning of the police. Such a warning itself is never
paused: there the ones who must hear it come first.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.channels.events import EventKind
from wagtail_bin.conf import conf
from wagtail_bin.models import Delivery, DeliveryEvent, Dispatch

BOUNCES = "bounces"
COMPLAINTS = "complaints"


def check(dispatches: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Pause dispatches that bring too much trouble. Each only once.

    In transactions of its own, so that nobody who holds a dispatch's row waits
    for whoever learns of its deliveries.

    Args:
        dispatches: of which something bad was just heard.

    Returns:
        Those that tripped.
    """
    candidates = Dispatch.objects.filter(pk__in=set(dispatches), tripped_at=None)
    return [pk for pk in candidates.values_list("pk", flat=True) if _check(pk)]


def _check(pk: uuid.UUID) -> bool:
    rows = Delivery.objects.filter(dispatch=pk)
    if _has_too_many_bounces(rows):
        return _trip(pk, BOUNCES)
    return _has_too_many_complaints(rows) and _trip(pk, COMPLAINTS)


def _has_too_many_bounces(rows: QuerySet[Delivery]) -> bool:
    least, share = conf.TRIP_BOUNCES
    bounces = rows.filter(report=Delivery.Report.HARD_BOUNCE).count()
    if bounces <= least * share:
        return False
    accepted = _accepted(rows, max(least, math.ceil(bounces / share)))
    return bool(accepted >= least and bounces > share * accepted)


def _has_too_many_complaints(rows: QuerySet[Delivery]) -> bool:
    least, share = conf.TRIP_COMPLAINTS
    today = DeliveryEvent.objects.filter(
        delivery=OuterRef("pk"),
        kind=EventKind.COMPLAINT.value,
        at__gt=timezone.now() - dt.timedelta(days=1),
    )
    complaints = rows.filter(Exists(today), report=Delivery.Report.COMPLAINT).count()
    if complaints < least:
        return False
    accepted = _accepted(rows, math.floor(complaints / share) + 1)
    return bool(complaints >= share * accepted)


def _accepted(rows: QuerySet[Delivery], limit: int) -> int:
    """How many were handed over; counts no further than the answer needs."""
    return rows.filter(state=Delivery.State.ACCEPTED)[:limit].count()


def _trip(pk: uuid.UUID, code: str) -> bool:
    with transaction.atomic():
        held = Dispatch.objects.select_for_update().get(pk=pk)
        if held.tripped_at is not None:
            return False
        held.tripped_at = timezone.now()
        is_going_out = held.settled_at is None and held.cancelled_at is None
        if is_going_out and held.paused_at is None and not held.is_urgent:
            held.paused_at, held.pause_code = held.tripped_at, code
            log(instance=held, action=audit.PAUSE, data={"code": code})
        held.save(update_fields=["tripped_at", "paused_at", "pause_code"])
    return True
