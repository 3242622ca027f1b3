"""What all that is known of a delivery comes to: a function of the set of events.

It looks at all events of a delivery, each time anew, so that the order in which
they came in cannot matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection
from django.utils import timezone

from wagtail_bin.channels.events import EventKind
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import SQL_NOW
from wagtail_bin.dispatch.ledger_write import REJECTED_FOR_GOOD
from wagtail_bin.models import Delivery, DeliveryEvent

State = Delivery.State
Report = Delivery.Report

# From weak to strong. That a provider took a message is refuted by its own
# refusal; the refusal, by whatever can only happen to a message that was sent.
EVIDENCE = (
    EventKind.ACCEPTED.value,
    EventKind.REJECTED.value,
    REJECTED_FOR_GOOD,
    EventKind.DEFERRED.value,
    EventKind.DELIVERED.value,
    EventKind.SOFT_BOUNCE.value,
    EventKind.HARD_BOUNCE.value,
    EventKind.COMPLAINT.value,
)
RANKS = {kind: rank for rank, kind in enumerate(EVIDENCE)}
REFUSALS = {EventKind.REJECTED.value, REJECTED_FOR_GOOD}
REPORTS = {report.value: rank for rank, report in enumerate(Report)}
# What waits, since a person or the policy had it queued again, is not refused by
# what was said of it before; but what was sent after all need not be sent twice.
MAY_BE_REFUSED = {State.SENDING, State.UNKNOWN, State.ACCEPTED, State.REJECTED}

LEARN = """
    WITH known (id, state, report, provider_id, code) AS (VALUES {rows})
    UPDATE wagtail_bin_delivery AS delivery
    SET state = known.state,
        report = known.report,
        provider_id = known.provider_id,
        code = known.code,
        claimed_by = CASE WHEN delivery.state = known.state
            THEN delivery.claimed_by ELSE '' END,
        lease_until = CASE WHEN delivery.state = known.state
            THEN delivery.lease_until END,
        settled_at = CASE WHEN delivery.state = known.state
            THEN delivery.settled_at ELSE {now} END
    FROM known
    WHERE delivery.id = known.id
"""


def learn(deliveries: Collection[int]) -> None:
    """Bring deliveries in line with their events. Three queries; locks the rows.

    Args:
        deliveries: primary keys.
    """
    rows = (
        Delivery.objects.filter(pk__in=deliveries)
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list(
            "pk", "state", "report", "provider_id", "code", "attempt", "settled_at"
        )
    )
    known = {row[0]: row for row in rows}
    # Read by a statement of its own: one that had to wait for the lock would not
    # see what the other one wrote.
    events: dict[int, list[DeliveryEvent]] = {pk: [] for pk in known}
    for event in DeliveryEvent.objects.filter(delivery__in=deliveries):
        events[event.delivery_id or 0].append(event)
    # A day before the proof may be erased: a provider's clock may be late.
    over = timezone.now() - dt.timedelta(days=conf.EVENT_KEEP_DAYS - 1)
    learned: list[Any] = []
    for pk, (*before, attempt, settled_at) in known.items():
        is_old = settled_at is not None and settled_at < over
        after = _verdict(tuple(before), attempt, events[pk], is_old=is_old)
        if after != tuple(before):
            learned += after
    if learned:
        width = 5
        placeholders = ", ".join(["(%s, %s, %s, %s, %s)"] * (len(learned) // width))
        with connection.cursor() as cursor:
            cursor.execute(
                LEARN.format(rows=placeholders, now=SQL_NOW[connection.vendor]), learned
            )


def _verdict(
    before: tuple[Any, ...],
    attempt: int,
    events: Iterable[DeliveryEvent],
    *,
    is_old: bool,
) -> tuple[Any, ...]:
    """A row as it should be: key, state, report, provider's id, code.

    Args:
        before: the same, as it is.
        attempt: the row's newest. What is known of an older one says nothing of
            the state: the row was queued again since.
        events: of the row.
        is_old: some of them may have been erased.
    """
    pk, state, report, provider_id, code = before
    telling = [event for event in events if event.kind in RANKS]
    report = max([report, *(e.kind for e in telling if e.kind in REPORTS)], key=_rank)
    telling = [event for event in telling if event.attempt == attempt]
    best = max(telling, key=_strength, default=None)
    is_proved = is_old and state == State.ACCEPTED
    if (
        best is None
        or is_proved
        or (best.kind in REFUSALS and state not in MAY_BE_REFUSED)
    ):
        return pk, state, report, provider_id, code
    state = State.REJECTED if best.kind in REFUSALS else State.ACCEPTED
    # Nothing is accepted without an id: where none was given, it is ours.
    ids = [event.provider_id for event in telling if event.provider_id]
    provider_id = min(ids, default=f"{pk}.{attempt}")
    return pk, state.value, report, provider_id, best.code or best.kind


def _strength(event: DeliveryEvent) -> tuple[Any, ...]:
    """By what an event outweighs others; the order in which they came is no part."""
    return RANKS[event.kind], event.at, event.event_id, event.code


def _rank(report: str) -> int:
    return REPORTS[report]
