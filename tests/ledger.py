"""Dispatches and rows of their ledger in any state, for tests of what shows them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from tests.factories import MemberFactory
from wagtail_bin.models import ChannelName, Delivery, Dispatch, Purpose

State = Delivery.State


def make_dispatch(*networks: Any, **values: Any) -> Dispatch:
    """A dispatch to some networks, confirmed just now."""
    now = timezone.now()
    dispatch = Dispatch.objects.create(
        **{
            "title": "Donkere maanden",
            "purpose": Purpose.TIPS,
            "expires_at": now + dt.timedelta(hours=72),
            "not_before": now,
            "approved_at": now,
        }
        | values
    )
    dispatch.networks.add(*networks)
    return dispatch


def deliver_to(
    dispatch: Dispatch,
    network: Any,
    state: str = State.QUEUED,
    *,
    number: int = 1,
    member: dict[str, Any] | None = None,
    **values: Any,
) -> list[Delivery]:
    """Deliveries to so many new members of a network, all in this state."""
    now = timezone.now()
    is_open = state in Delivery.OPEN_STATES
    return [
        Delivery.objects.create(
            **{
                "dispatch": dispatch,
                "member": person,
                "network": network,
                "channel": ChannelName.EMAIL,
                "language": "nl",
                "state": state,
                "attempt": 0 if state == State.QUEUED else 1,
                "address": "" if state == State.QUEUED else person.email,
                "due_at": now,
                "settled_at": None if is_open else now,
                "provider_id": "250 ok" if state == State.ACCEPTED else "",
            }
            | values
        )
        for person in MemberFactory.create_batch(
            number, network=network, **(member or {})
        )
    ]
