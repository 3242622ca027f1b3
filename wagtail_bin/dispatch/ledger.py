"""The moves of a delivery that a worker makes, as set-based SQL.

A claim has an owner, which is nobody else's, and a lease by the database's
clock. All moves compare before they set: a row that is no longer its owner's
stays as it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import SQL_AFTER, SQL_NOW, after
from wagtail_bin.dispatch.gates import slow_domains
from wagtail_bin.membership.quiet import quiet_until
from wagtail_bin.membership.reach import address_of, with_reach
from wagtail_bin.models import (
    PERSONAL_CHANNELS,
    ChannelName,
    Delivery,
    Dispatch,
    Member,
    SendingSwitch,
)
from wagtail_bin.models.dispatches import DispatchQuerySet

State = Delivery.State

OUTCOMES = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.REJECTED: State.REJECTED,
    Outcome.RETRY: State.QUEUED,
    Outcome.UNKNOWN: State.UNKNOWN,
}

# What a message and the quiet hours need of a member.
MEMBER_COLUMNS = (
    "id",
    "first_name",
    "last_name",
    "organisation",
    "quiet_from",
    "quiet_until",
    "away_from",
    "away_until",
)

# A call that was not even begun: the row waits without a pause.
NOT_TRIED = "worker"

# A provider's id stands in the ledger for what it took; this stands for a person.
BY_HAND = "by-hand"

# What of a delivery is read before it is marked.
READ = ("pk", "member", "attempt", "language", "network", "repeats", "target")


@dataclasses.dataclass(slots=True)
class Marked:
    """A delivery marked as being sent: what the call needs, and no more.

    Attributes:
        member: as just read and locked; None for a broadcast.
        to: the address at the channel.
    """

    pk: int
    attempt: int
    language: str
    network_id: int | None
    is_repeat: bool
    member: Any
    to: str


def sendable() -> DispatchQuerySet:
    """Dispatches of which something may be sent now, the urgent ones first."""
    paused = SendingSwitch.objects.filter(is_paused=True)
    return (
        Dispatch.objects.open()
        .filter(
            ~Exists(paused),
            not_before__lte=Now(),
            expires_at__gt=Now(),
            awaits_page=False,
            paused_at=None,
            cancelled_at=None,
        )
        # "alerts" comes before "tips".
        .order_by("purpose", "not_before", "pk")
    )


def due(dispatch_id: uuid.UUID, channel: str) -> QuerySet[Delivery]:
    """What waits to be sent now, of one dispatch by one channel."""
    return Delivery.objects.filter(
        dispatch=dispatch_id, channel=channel, state=State.QUEUED, due_at__lte=Now()
    )


def claim(*, owner: str, dispatch_id: uuid.UUID, channel: str, limit: int) -> list[int]:
    """Take up to ``limit`` due rows for the length of a lease.

    Args:
        owner: a fresh UUID.

    Returns:
        Primary keys, in ascending order.
    """
    with transaction.atomic():
        waiting = due(dispatch_id, channel).order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True, of=("self",))
        ids = list(waiting.values_list("pk", flat=True)[:limit])
        if not ids:
            return []
        # Compare and set: without row locks somebody else may have been here.
        claimed = Delivery.objects.filter(pk__in=ids, state=State.QUEUED).update(
            state=State.CLAIMED, claimed_by=owner, lease_until=after(conf.LEASE)
        )
    if claimed == len(ids):
        return sorted(ids)
    return list(_claimed(owner).order_by("pk").values_list("pk", flat=True))


def release(*, owner: str) -> None:
    """Give back what was claimed and not tried."""
    _claimed(owner).update(state=State.QUEUED, claimed_by="", lease_until=None)


def postpone(*, owner: str, code: str, seconds: float) -> None:
    """Nothing can be sent at all: what was claimed waits for a while.

    Args:
        code: the kind of failure.
    """
    _claimed(owner).update(
        state=State.QUEUED,
        claimed_by="",
        lease_until=None,
        code=code[:40],
        due_at=after(seconds),
    )


def mark_sending(
    *, owner: str, ids: Sequence[int], dispatch: Dispatch, channel: str
) -> list[Marked]:
    """Commit the intention to send, for those who may still be written to.

    Args:
        owner: who claimed them.
        ids: deliveries of this dispatch by this channel.

    Returns:
        The deliveries marked, in the order of ``ids``.
    """
    with transaction.atomic():
        rows = list(
            _claimed(owner)
            .filter(pk__in=ids, dispatch__in=sendable())
            .order_by("pk")
            .values_list(*READ, Now())
        )
        if not rows:
            return []
        now = rows[0][-1]
        is_personal = channel in PERSONAL_CHANNELS
        members = _read_members(rows, dispatch, channel, now) if is_personal else {}
        wanted: list[Marked] = []
        withheld: list[int] = []
        later: dict[dt.datetime, list[int]] = {}
        for pk, member_id, attempt, language, network, repeats, target, _now in rows:
            member = members.get(member_id)
            if is_personal and (member is None or member.unreachable):
                withheld.append(pk)
                continue
            wait = member and not dispatch.is_urgent and quiet_until(member, now)
            if wait:
                later.setdefault(wait, []).append(pk)
                continue
            to = member.to if member else target
            wanted.append(
                Marked(pk, attempt + 1, language, network, bool(repeats), member, to)
            )
        if channel == ChannelName.EMAIL:
            wanted = _without_slow_domains(wanted, later)
        _put_aside(owner, withheld, later)
        updated = _mark(owner, wanted, channel)
    if updated == len(wanted):
        return wanted
    # Some leases ran out in between: keep to what is really ours.
    ours = set(
        Delivery.objects.filter(claimed_by=owner, state=State.SENDING).values_list(
            "pk", flat=True
        )
    )
    return [marked for marked in wanted if marked.pk in ours]


def _read_members(
    rows: Iterable[tuple[Any, ...]], dispatch: Dispatch, channel: str, now: dt.datetime
) -> dict[int, Any]:
    """Members by primary key, locked, with ``unreachable`` and ``to``."""
    found = Member.objects.filter(pk__in=[row[1] for row in rows if row[1]])
    if connection.features.has_select_for_update:
        # The lock makes an unsubscribe that commits first win, and one that
        # comes later wait until this is committed. Consent is read by a second
        # statement: one that had to wait would see it as it was before. Rows
        # that refer to a member, such as a new dispatch's, may come meanwhile.
        list(found.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    reached = with_reach(
        found.annotate(to=address_of(channel)),
        purpose=dispatch.purpose,
        channels=[channel],
        on=timezone.localdate(now),
        # Who is back before then is only put off.
        until=timezone.localdate(dispatch.expires_at),
    )
    members: dict[int, Any] = {}
    # Not whole instances: of what is not asked for, no column is computed.
    for values in reached.values(*MEMBER_COLUMNS, "unreachable", "to"):
        unreachable, to = values.pop("unreachable"), values.pop("to")
        member: Any = Member(**values)
        member.unreachable, member.to = unreachable, to
        members[member.pk] = member
    return members


def _without_slow_domains(
    wanted: list[Marked], later: dict[dt.datetime, list[int]]
) -> list[Marked]:
    """Put aside what goes to a domain that asked to wait."""
    slow = slow_domains(domain_of(marked.to) for marked in wanted)
    if not slow:
        return wanted
    kept = []
    for marked in wanted:
        until = slow.get(domain_of(marked.to))
        if until:
            later.setdefault(until, []).append(marked.pk)
        else:
            kept.append(marked)
    return kept


def domain_of(address: str) -> str:
    """The domain of an e-mail address, in lower case."""
    return address.rpartition("@")[2].lower()


def _put_aside(
    owner: str, withheld: Sequence[int], later: dict[dt.datetime, list[int]]
) -> None:
    if withheld:
        _claimed(owner).filter(pk__in=withheld).update(
            state=State.SUPPRESSED,
            code="no_longer_wanted",
            claimed_by="",
            lease_until=None,
            settled_at=Now(),
        )
    for moment, ids in later.items():
        _claimed(owner).filter(pk__in=ids).update(
            state=State.QUEUED,
            code="later",
            claimed_by="",
            lease_until=None,
            due_at=moment,
        )


def _mark(owner: str, wanted: Sequence[Marked], channel: str) -> int:
    if not wanted:
        return 0
    values: dict[str, Any] = {
        "state": State.SENDING,
        "attempt": F("attempt") + 1,
        "tried_at": Now(),
        "lease_until": after(conf.LEASE),
    }
    if channel in PERSONAL_CHANNELS:
        own = Member.objects.filter(pk=OuterRef("member"))
        values["address"] = Subquery(own.values(to=address_of(channel)))
    own_rows = _claimed(owner).filter(pk__in=[marked.pk for marked in wanted])
    return own_rows.update(**values)


def record(
    *,
    owner: str,
    results: Sequence[tuple[Marked, Receipt]],
    purpose: str = "tips",
) -> None:
    """Write down what is known. A row settled as unknown meanwhile learns it too.

    Args:
        owner: who marked them.
        results: what :func:`mark_sending` gave, with what became of it.
        purpose: of the dispatch; how long to wait before another attempt.
    """
    if results:
        with transaction.atomic():
            _write(owner, results, purpose)


def _pause(attempt: int, receipt: Receipt, purpose: str) -> float:
    """Seconds until the next attempt."""
    if receipt.source == NOT_TRIED:
        return 0.0
    pauses = conf.RETRY_PAUSES[purpose]
    if receipt.is_channel_wide:
        # It is the channel that rests; the recipient waits for that only.
        return float(receipt.retry_after or pauses[0])
    return float(max(receipt.retry_after, pauses[min(attempt, len(pauses)) - 1]))


# What a batch brought, as one parameter: its length does not change the SQL.
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
        AND delivery.claimed_by = %s
        AND delivery.state IN ('sending', 'unknown')
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


def _write(owner: str, results: Sequence[tuple[Marked, Receipt]], purpose: str) -> None:
    known = json.dumps(
        [
            {
                "id": marked.pk,
                "attempt": marked.attempt,
                "state": OUTCOMES[receipt.outcome].value,
                "provider_id": _storable(receipt.provider_id, 255),
                "code": _storable(receipt.code, 40),
                "pause": _pause(marked.attempt, receipt, purpose),
                "kind": receipt.outcome.value,
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


def _claimed(owner: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED)
