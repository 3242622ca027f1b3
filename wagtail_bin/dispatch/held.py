"""What every verb on a dispatch does: hold its row, and remember who did what."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

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


# Names of tables and columns are ours; all values are parameters.
REMEMBER = """
    INSERT INTO wagtail_bin_deliveryevent
        (delivery_id, attempt, kind, source, at, event_id, reference, provider_id, code)
    WITH done (id, attempt) AS ({rows})
    SELECT id, attempt, %s, %s, %s, '', '', '', '' FROM done
"""


def remember(rows: QuerySet[Delivery], *, kind: str, user: Any) -> None:
    """An event for each row: what a person did to it. Before the row changes."""
    found = rows.order_by().values_list("pk", "attempt").query
    try:
        sql, parameters = found.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return
    at = DeliveryEvent._meta.get_field("at").get_db_prep_save(
        timezone.now(), connection
    )
    with connection.cursor() as cursor:
        cursor.execute(
            REMEMBER.format(rows=sql), [*parameters, kind, f"user {user.pk}", at]
        )
