"""Rows of the ledger as workers leave them, without the sending."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from tests.factories import MemberFactory
from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.models import ChannelName, Delivery, DeliveryEvent, Dispatch, Purpose

State = Delivery.State


def make_dispatch(**values: Any) -> Dispatch:
    """A dispatch that goes out; ``networks`` may be given."""
    networks = values.pop("networks", ())
    defaults: dict[str, Any] = {
        "title": "Donkere maanden",
        "purpose": Purpose.TIPS,
        "expires_at": timezone.now() + dt.timedelta(hours=72),
    }
    dispatch = Dispatch.objects.create(**(defaults | values))
    dispatch.networks.set(networks)
    return dispatch


def make_delivery(dispatch: Dispatch, member: Any = None, **values: Any) -> Delivery:
    """What a member was sent: accepted at the first attempt, unless said otherwise.

    ``source`` is the provider that took it.
    """
    member = member or MemberFactory()
    source = values.pop("source", "postmark")
    defaults: dict[str, Any] = {
        "network": member.network,
        "channel": ChannelName.EMAIL,
        "language": "nl",
        "state": State.ACCEPTED,
        "attempt": 1,
        "due_at": timezone.now(),
        "address": member.email,
    }
    row = Delivery(dispatch=dispatch, member=member, **(defaults | values))
    if row.state == State.ACCEPTED and "provider_id" not in values:
        row.provider_id = f"id-{member.pk}-{dispatch.pk}"
    row.save()
    if row.provider_id:
        DeliveryEvent.objects.create(
            delivery=row,
            attempt=row.attempt,
            kind="accepted",
            provider_id=row.provider_id,
            source=source,
        )
    return row


def deliver_to(
    dispatch: Dispatch,
    network: Any,
    state: str = State.QUEUED,
    *,
    number: int = 1,
    member: dict[str, Any] | None = None,
    **values: Any,
) -> list[Delivery]:
    """Deliveries to so many new members of a network, all in one state.

    Args:
        member: values of each of the members.
        values: of each of the deliveries.
    """
    now = timezone.now()
    is_untried = state == State.QUEUED
    defaults: dict[str, Any] = {
        "state": state,
        "attempt": 0 if is_untried else 1,
        "settled_at": None if state in Delivery.OPEN_STATES else now,
    }
    if is_untried:
        defaults["address"] = ""
    return [
        make_delivery(dispatch, person, **(defaults | values))
        for person in MemberFactory.create_batch(
            number, network=network, **(member or {})
        )
    ]


def reference_of(row: Delivery, attempt: int | None = None) -> str:
    """What the provider gets with the message and hands back."""
    return f"{row.pk}.{attempt or row.attempt}.{row.dispatch_id}"


_count = iter(range(10**9))


def event(kind: EventKind, row: Delivery | None = None, **values: Any) -> ProviderEvent:
    """A report of ``row``, found by our reference unless told otherwise."""
    defaults: dict[str, Any] = {
        "source": "postmark",
        "event_id": f"event-{next(_count)}",
        "reference": reference_of(row) if row else "",
        "provider_id": "",
        "at": timezone.now(),
        "is_permanent": kind is EventKind.HARD_BOUNCE,
    }
    return ProviderEvent(kind=kind, **(defaults | values))
