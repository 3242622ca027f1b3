"""Fill the ledger of a dispatch just approved: set-based, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from wagtail_bin.channels.registry import channel_settings
from wagtail_bin.dispatch.audience import Terms, recipients
from wagtail_bin.models import ChannelName, Delivery, Dispatch, Network

# Columns that come from the members; the others are the same for all.
FOUND = ("member", "network", "channel", "language")
EMPTY = ("target", "claimed_by", "address", "provider_id", "code", "report")
# Names of tables and columns are ours; all values are parameters.
FILL = """
    INSERT INTO {table} ({columns})
    WITH reached (member, network, reach, layout) AS {once} ({reached})
    SELECT member, network, reach, layout, {own}
    FROM reached
    WHERE reach IN ({channels})
"""


def do_not_compile() -> None:
    """Let PostgreSQL run this transaction's queries as they are.

    It compiles those that look expensive, and that takes longer than to find out
    who of 100,000 members is reached.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off")


def fill(dispatch: Dispatch, networks: Sequence[Network], terms: Terms) -> int:
    """One ``INSERT … SELECT``: a row per recipient.

    Args:
        dispatch: saved.
        networks: with their municipality loaded.
        terms: as the audience was surveyed on.

    Returns:
        Number of recipients.
    """
    reached = (
        recipients(networks=networks, terms=terms)
        .order_by()
        .values_list("pk", "network", "reach", "layout")
    )
    own = {
        "dispatch": dispatch.pk,
        "state": Delivery.State.QUEUED.value,
        "attempt": 0,
        "repeats": 0,
        "due_at": dispatch.not_before,
        **dict.fromkeys(EMPTY, ""),
    }
    fields: list[Any] = [Delivery._meta.get_field(name) for name in (*FOUND, *own)]
    values = [
        field.get_db_prep_save(value, connection)
        for field, value in zip(fields[len(FOUND) :], own.values(), strict=True)
    ]
    inner, parameters = reached.query.get_compiler(connection=connection).as_sql()
    channels = list(terms.channels)
    sql = FILL.format(
        table=connection.ops.quote_name(Delivery._meta.db_table),
        columns=", ".join(connection.ops.quote_name(f.column) for f in fields),
        reached=inner,
        # Otherwise PostgreSQL finds out about everybody's reach twice.
        once="MATERIALIZED" if connection.vendor == "postgresql" else "",
        own=", ".join(["%s"] * len(values)),
        channels=", ".join(["%s"] * len(channels)),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, *values, *channels])
        return int(cursor.rowcount)


def add_broadcasts(dispatch: Dispatch, *, language: str) -> int:
    """A row for each account that the dispatch is to be posted to.

    Args:
        language: the page's own.

    Returns:
        Number of accounts.
    """
    if ChannelName.SOCIAL not in dispatch.channels:
        return 0
    targets = channel_settings(ChannelName.SOCIAL).options.get("targets", {})
    Delivery.objects.bulk_create(
        Delivery(
            dispatch=dispatch,
            channel=ChannelName.SOCIAL,
            target=target,
            language=language,
            due_at=dispatch.not_before,
        )
        for target in targets
    )
    return len(targets)
