"""What is about to be sent, and what calls brought: constant SQL, however many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import connection

from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import SQL_AFTER, SQL_NOW
from wagtail_bin.models import Delivery

if TYPE_CHECKING:
    from wagtail_bin.dispatch.ledger import Marked

State = Delivery.State

OUTCOMES = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.REJECTED: State.REJECTED,
    Outcome.RETRY: State.QUEUED,
    Outcome.UNKNOWN: State.UNKNOWN,
}

# The kind of an event: a refusal whose reason lies with the address.
REJECTED_FOR_GOOD = "rejected_for_good"

# A call that was not even begun: the row waits without a pause.
NOT_TRIED = "worker"


def _pause(attempt: int, receipt: Receipt, purpose: str) -> float:
    """Seconds until the next attempt, if there is one."""
    if receipt.outcome is not Outcome.RETRY or receipt.source == NOT_TRIED:
        return 0.0
    pauses = conf.RETRY_PAUSES[purpose]
    if receipt.is_channel_wide:
        # It is the channel that rests; the recipient waits for that only.
        return float(receipt.retry_after or pauses[0])
    return float(max(receipt.retry_after, pauses[min(attempt, len(pauses)) - 1]))


def _kind(receipt: Receipt) -> str:
    """What the event of a call says."""
    return REJECTED_FOR_GOOD if receipt.is_permanent else receipt.outcome.value


# Rows as one parameter: their number does not change the SQL.
WANTED = {
    "postgresql": "SELECT * FROM json_to_recordset(%s::json) AS row (id bigint, address text)",
    "sqlite": "SELECT value ->> 'id' AS id, value ->> 'address' AS address FROM json_each(%s)",
}
# Of how many rows CASE is true PostgreSQL does not guess. It would guess that an
# owner has one, and compare all of those with all of these.
MARK = """
    WITH wanted AS ({wanted})
    UPDATE wagtail_bin_delivery AS delivery
    SET state = 'sending',
        attempt = delivery.attempt + 1,
        tried_at = {now},
        lease_until = {later},
        address = wanted.address
    FROM wanted
    WHERE delivery.id = wanted.id
        AND CASE WHEN delivery.claimed_by = %s AND delivery.state = 'claimed'
            THEN true ELSE false END
"""
KNOWN = {
    "postgresql": """
        SELECT * FROM json_to_recordset(%s::json) AS row (
            id bigint, attempt smallint, state text, provider_id text, code text,
            pause double precision, kind text, source text, event_id text
        )
    """,
    "sqlite": """
        SELECT value ->> 'id' AS id, value ->> 'attempt' AS attempt,
            value ->> 'state' AS state, value ->> 'provider_id' AS provider_id,
            value ->> 'code' AS code, value ->> 'pause' AS pause,
            value ->> 'kind' AS kind, value ->> 'source' AS source,
            value ->> 'event_id' AS event_id
        FROM json_each(%s)
    """,
}
# This owner made this attempt: nobody else can have the same pair.
RECORD = """
    WITH known AS ({known})
    UPDATE wagtail_bin_delivery AS delivery
    SET state = known.state,
        provider_id = known.provider_id,
        code = known.code,
        claimed_by = '',
        lease_until = NULL,
        due_at = CASE known.state
            WHEN 'queued' THEN {later} ELSE delivery.due_at END,
        settled_at = CASE known.state WHEN 'queued' THEN NULL ELSE {now} END
    FROM known
    WHERE delivery.id = known.id
        AND delivery.attempt = known.attempt
        AND CASE WHEN delivery.claimed_by = %s
            AND delivery.state IN ('sending', 'unknown')
            THEN true ELSE false END
"""
# An attempt has one outcome: told again, after a commit in doubt, it stays one.
REMEMBER = """
    INSERT INTO wagtail_bin_deliveryevent
        (delivery_id, attempt, kind, provider_id, code, source, event_id, reference, at)
    SELECT id, attempt, kind, provider_id, code, source, event_id, '', {now}
    FROM ({known}) AS known
    WHERE true
    ON CONFLICT DO NOTHING
"""


def mark(owner: str, wanted: Sequence[Marked]) -> int:
    """Write that these are being sent, in the caller's transaction.

    Args:
        owner: who claimed the deliveries.
        wanted: not empty.

    Returns:
        How many were still the owner's.
    """
    rows = [{"id": row.pk, "address": row.to if row.member else ""} for row in wanted]
    sql = MARK.format(
        wanted=WANTED[connection.vendor],
        now=SQL_NOW[connection.vendor],
        later=SQL_AFTER[connection.vendor].format("%s"),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(rows), conf.LEASE, owner])
        return int(cursor.rowcount)


def write(owner: str, results: Sequence[tuple[Marked, Receipt]], purpose: str) -> None:
    """Write outcomes and events, in the caller's transaction. Two statements.

    Args:
        owner: who marked the deliveries.
        results: each with what became of it; not empty.
        purpose: of the dispatch.
    """
    known = json.dumps(
        [
            {
                "id": marked.pk,
                "attempt": marked.attempt,
                "state": OUTCOMES[receipt.outcome].value,
                "provider_id": _storable(receipt.provider_id, 255),
                "code": _storable(receipt.code, 40),
                "pause": _pause(marked.attempt, receipt, purpose),
                "kind": _kind(receipt),
                "source": _storable(receipt.source, 40),
                "event_id": f"{marked.pk}.{marked.attempt}",
            }
            for marked, receipt in results
        ]
    )
    parts = {
        "known": KNOWN[connection.vendor],
        "now": SQL_NOW[connection.vendor],
        "later": SQL_AFTER[connection.vendor].format("known.pause"),
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD.format(**parts), [known, owner])
        cursor.execute(REMEMBER.format(**parts), [known])


def _storable(text: str, length: int) -> str:
    """What a provider said, as far as a column takes it; PostgreSQL takes no NUL."""
    return text.replace("\0", "")[:length]
