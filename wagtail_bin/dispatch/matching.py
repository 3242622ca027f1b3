"""Which delivery a provider speaks of: by our reference, else by its own id.

An address is never looked at, so that nobody is affected but those we mailed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import F

from wagtail_bin.models import Delivery, DeliveryEvent

# As compose and messages write it, also as part of a Message-ID.
REFERENCE = re.compile(
    r"<?(\d{1,18})\.(\d{1,5})\."
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"(?:@[^@\s<>]+)?>?"
)


class Reference(NamedTuple):
    """Our own id of one attempt."""

    delivery: int
    attempt: int
    dispatch: uuid.UUID


def read_reference(text: str) -> Reference | None:
    """A reference of ours, if a text is one."""
    found = REFERENCE.fullmatch(text)
    return (
        Reference(int(found[1]), int(found[2]), uuid.UUID(found[3])) if found else None
    )


def match(events: Sequence[DeliveryEvent]) -> list[DeliveryEvent]:
    """Set ``delivery`` and ``attempt`` of the events that belong to a delivery.

    A reference that no delivery bears out is somebody else's, and its event is
    left alone. Two queries at most, however many events.

    Args:
        events: of providers; need not be saved.

    Returns:
        Those that belong to a delivery.
    """
    references = [
        read_reference(event.reference) or read_reference(event.provider_id)
        for event in events
    ]
    _match_by_reference(events, references)
    _match_by_provider_id(
        [
            event
            for event, reference in zip(events, references, strict=True)
            if reference is None and event.provider_id
        ]
    )
    return [event for event in events if event.delivery_id is not None]


def _match_by_reference(
    events: Sequence[DeliveryEvent], references: Sequence[Reference | None]
) -> None:
    ids = {reference.delivery for reference in references if reference}
    if not ids:
        return
    rows = {
        pk: (dispatch, attempt)
        for pk, dispatch, attempt in Delivery.objects.filter(pk__in=ids).values_list(
            "pk", "dispatch", "attempt"
        )
    }
    for event, reference in zip(events, references, strict=True):
        if reference is None or reference.delivery not in rows:
            continue
        dispatch, attempt = rows[reference.delivery]
        if dispatch == reference.dispatch and 0 < reference.attempt <= attempt:
            event.delivery_id = reference.delivery
            event.attempt = reference.attempt


def _match_by_provider_id(events: Sequence[DeliveryEvent]) -> None:
    """By the id that the same provider gave when it took the message."""
    ids = {event.provider_id for event in events}
    if not ids:
        return
    taken = DeliveryEvent.objects.filter(
        delivery__provider_id__in=ids, provider_id=F("delivery__provider_id")
    )
    known: dict[tuple[str, str], dict[int, int]] = {}
    for source, identifier, delivery, attempt in taken.values_list(
        "source", "provider_id", "delivery", "attempt"
    ):
        attempts = known.setdefault((source, identifier), {})
        attempts[delivery] = max(attempt, attempts.get(delivery, 0))
    for event in events:
        attempts = known.get((event.source, event.provider_id), {})
        # Some providers give all messages of one call the same id.
        if len(attempts) == 1:
            ((event.delivery_id, event.attempt),) = attempts.items()
