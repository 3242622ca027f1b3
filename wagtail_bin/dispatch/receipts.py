"""What providers say afterwards: kept, matched, believed, acted upon.

Reports are stored once each, whatever their order and however often they come,
and never hold an address. What is known of a delivery is computed from all its
events together (wagtail_bin.dispatch.verdict), and everything that follows from
a report is written in the transaction that stores it: a report that fails
half-way leaves nothing behind, and the provider sends it again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar

from django.db import connection, transaction
from django.utils import timezone

from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import consequences, trips
from wagtail_bin.dispatch.ledger_write import REJECTED_FOR_GOOD
from wagtail_bin.dispatch.matching import match
from wagtail_bin.dispatch.verdict import learn
from wagtail_bin.models import Delivery, DeliveryEvent

logger = logging.getLogger(__name__)

# Events stored in one transaction.
BATCH = 500
# Held events that one look tries again, the newest first.
HELD_AT_ONCE = 10_000
# Upon these a dispatch may have to be paused.
GRAVE = {EventKind.HARD_BOUNCE.value, EventKind.COMPLAINT.value}


@dataclasses.dataclass(frozen=True)
class Received:
    """What became of reports.

    Attributes:
        stored: new ones.
        duplicates: heard before, or so long ago that it would be erased at once.
        unmatched: those of the new ones that are held, since no delivery is
            known yet that they belong to.
    """

    stored: int = 0
    duplicates: int = 0
    unmatched: int = 0

    def __add__(self, other: Received) -> Received:
        return Received(
            self.stored + other.stored,
            self.duplicates + other.duplicates,
            self.unmatched + other.unmatched,
        )


@dataclasses.dataclass(frozen=True)
class Settled:
    """What became of held reports.

    Attributes:
        matched: belong to a delivery after all.
        dropped: were held for too long.
    """

    matched: int
    dropped: int


def receive(events: Iterable[ProviderEvent]) -> Received:
    """Store reports of providers and do what follows from them.

    Idempotent, and the order does not matter. The number of queries is constant
    for up to :data:`BATCH` reports.

    Args:
        events: from a provider that has proved who it is.
    """
    unique: dict[tuple[str, str], DeliveryEvent] = {}
    over = timezone.now() - dt.timedelta(days=conf.EVENT_KEEP_DAYS)
    count = 0
    for event in events:
        count += 1
        row = _row(event)
        if row.at >= over:
            unique.setdefault((row.source, row.event_id), row)
    # In order, so that two who store the same wait, and do not deadlock.
    rows = [unique[key] for key in sorted(unique)]
    total = Received(duplicates=count - len(rows))
    for start in range(0, len(rows), BATCH):
        total += _store(rows[start : start + BATCH])
    return total


def match_held() -> Settled:
    """Look once more for the deliveries of held reports; drop what is too old.

    A report may be faster than the answer that it is about. Idempotent.
    """
    held = DeliveryEvent.objects.filter(delivery=None)
    newest = list(held.order_by("-at").values_list("pk", flat=True)[:HELD_AT_ONCE])
    matched = sum(
        _match_again(newest[start : start + BATCH])
        for start in range(0, len(newest), BATCH)
    )
    over = timezone.now() - dt.timedelta(hours=conf.UNMATCHED_KEEP_HOURS)
    dropped, _by_model = held.filter(at__lt=over).delete()
    if dropped:
        logger.warning("%s reports of providers belonged to no message", dropped)
    return Settled(matched, dropped)


_together: ContextVar[list[ProviderEvent] | None] = ContextVar(
    "wagtail_bin_together", default=None
)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Receive all that is handed in inside in one go; nothing, if that fails."""
    batch: list[ProviderEvent] = []
    token = _together.set(batch)
    try:
        yield
    finally:
        _together.reset(token)
    receive(batch)


def hand_in(events: Sequence[ProviderEvent]) -> None:
    """Receive reports, now or with the others of :func:`together`."""
    batch = _together.get()
    if batch is None:
        receive(events)
    else:
        batch.extend(events)


def _store(rows: Sequence[DeliveryEvent]) -> Received:
    with transaction.atomic():
        known = set(
            DeliveryEvent.objects.filter(
                event_id__in=[row.event_id for row in rows]
            ).values_list("source", "event_id")
        )
        new = [row for row in rows if (row.source, row.event_id) not in known]
        matched = match(new)
        DeliveryEvent.objects.bulk_create(new, ignore_conflicts=True)
        _take_effect(matched)
    _look_for_trouble(matched)
    return Received(len(new), len(rows) - len(new), len(new) - len(matched))


def _match_again(ids: Sequence[int]) -> int:
    with transaction.atomic():
        held = DeliveryEvent.objects.filter(pk__in=ids, delivery=None)
        if connection.features.has_select_for_update_skip_locked:
            held = held.select_for_update(skip_locked=True, of=("self",))
        matched = match(list(held))
        DeliveryEvent.objects.bulk_update(matched, ["delivery", "attempt"])
        _take_effect(matched)
    _look_for_trouble(matched)
    return len(matched)


def _take_effect(events: Sequence[DeliveryEvent]) -> None:
    """Everything that follows from new events, in the caller's transaction."""
    if not events:
        return
    happened = consequences.happened(events)
    # Members are locked before deliveries, as when a delivery is marked.
    consequences.withdraw(happened)
    learn({event.delivery_id for event in events if event.delivery_id})
    consequences.suppress(happened)


def _look_for_trouble(events: Sequence[DeliveryEvent]) -> None:
    grave = {event.delivery_id or 0 for event in events if event.kind in GRAVE}
    if grave:
        rows = Delivery.objects.filter(pk__in=grave)
        trips.check(rows.order_by().values_list("dispatch", flat=True).distinct())


def _row(event: ProviderEvent) -> DeliveryEvent:
    kind = event.kind.value
    if event.kind is EventKind.REJECTED and event.is_permanent:
        kind = REJECTED_FOR_GOOD
    now = timezone.now()
    return DeliveryEvent(
        source=_clean(event.source)[:40],
        event_id=_identity(event, kind),
        kind=kind,
        reference=_clean(event.reference)[:100],
        provider_id=_clean(event.provider_id)[:255],
        code="" if "@" in event.code else _clean(event.code)[:40],
        # Nothing has happened yet that happens tomorrow.
        at=min(event.at or now, now),
    )


def _identity(event: ProviderEvent, kind: str) -> str:
    """What tells an event from every other of its source.

    One id of a provider may stand for several things that happened, and some
    give none: then it is what happened, to which message, when.
    """
    own = _clean(event.event_id)
    if own and len(own) <= 200 and "@" not in own:
        return f"{kind}:{own}"
    facts = [own]
    if not own:
        when = event.at.isoformat() if event.at else ""
        facts = [event.reference, event.provider_id, event.code, when]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    return f"{kind}:{digest}"


def _clean(text: str) -> str:
    """Without what no database can store: NUL, half a surrogate pair."""
    storable = text.encode(errors="ignore").decode()
    return re.sub(r"[\x00-\x1f\x7f]", "", storable)
