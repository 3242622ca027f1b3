"""What every verb on a dispatch does: hold its row, and remember who did what."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from wagtail_bin.models import Delivery, DeliveryEvent, Dispatch
from wagtail_bin.permissions import Capability, require


@contextlib.contextmanager
def hold(
    dispatch: Dispatch, user: Any, *capabilities: Capability
) -> Iterator[Dispatch]:
    """A transaction that holds the dispatch's row.

    Args:
        capabilities: what the user must be allowed in every one of its BINs.

    Raises:
        NotAllowed: no mandate for one of them.
    """
    with transaction.atomic():
        held = Dispatch.objects.select_for_update().get(pk=dispatch.pk)
        networks = list(held.networks.all())
        for capability in capabilities:
            require(user, capability, *networks)
        yield held


def remember(rows: QuerySet[Delivery], *, kind: str, user: Any) -> None:
    """An event for each row: what a person did to it. Before the row changes."""
    DeliveryEvent.objects.bulk_create(
        (
            DeliveryEvent(
                delivery_id=pk, attempt=attempt, kind=kind, source=f"user {user.pk}"
            )
            for pk, attempt in rows.values_list("pk", "attempt").iterator()
        ),
        batch_size=1000,
    )
