"""Fill the ledger of a dispatch just approved: set-based, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import CharField, DateTimeField, F, IntegerField, Value

from wagtail_bin.channels.registry import channel_settings
from wagtail_bin.dispatch.audience import Terms, recipients
from wagtail_bin.models import ChannelName, Delivery, Dispatch, Network

TEXT = CharField()


def fill(dispatch: Dispatch, networks: Sequence[Network], terms: Terms) -> int:
    """One ``INSERT … SELECT``: a row per recipient.

    Args:
        dispatch: saved.
        networks: with their municipality loaded.
        terms: as the audience was surveyed on.

    Returns:
        Number of recipients.
    """
    columns: dict[str, Any] = {
        "dispatch": Value(dispatch.pk, output_field=Dispatch._meta.pk),
        "member": F("pk"),
        "network": F("network"),
        "channel": F("channel"),
        "language": F("layout"),
        "state": Value(Delivery.State.QUEUED, output_field=TEXT),
        "attempt": Value(0, output_field=IntegerField()),
        "repeats": Value(0, output_field=IntegerField()),
        "due_at": Value(dispatch.not_before, output_field=DateTimeField()),
        **dict.fromkeys(
            ("target", "claimed_by", "address", "provider_id", "code", "report"),
            Value("", output_field=TEXT),
        ),
    }
    selected = (
        recipients(networks=networks, terms=terms)
        .filter(unreachable="")
        .order_by()
        .values_list(*columns.values())
    )
    sql, parameters = selected.query.get_compiler(connection=connection).as_sql()
    quote = connection.ops.quote_name
    fields: list[Any] = [Delivery._meta.get_field(name) for name in columns]
    names = ", ".join(quote(field.column) for field in fields)
    with connection.cursor() as cursor:
        # Table and column names are ours; all values are parameters.
        cursor.execute(
            f"INSERT INTO {quote(Delivery._meta.db_table)} ({names}) {sql}", parameters
        )
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
