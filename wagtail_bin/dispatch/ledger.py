"""The moves of a delivery that a worker makes, as set-based SQL.

A claim has an owner, which is nobody else's, and a lease by the database's
clock. All moves compare before they set: a row that is no longer its owner's
stays as it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from django.db import connection, transaction
from django.db.models.functions import Now

from wagtail_bin.channels.base import Receipt
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import SQL_AFTER, SQL_NOW, after
from wagtail_bin.dispatch.gates import slow_domains
from wagtail_bin.dispatch.ledger_read import (
    Addressee,
    claimed_by,
    read_claimed,
    read_members,
)
from wagtail_bin.dispatch.ledger_write import mark, write
from wagtail_bin.membership.quiet import quiet_until
from wagtail_bin.models import PERSONAL_CHANNELS, ChannelName, Delivery, Dispatch

State = Delivery.State

# A provider's id stands in the ledger for what it took; this stands for a person.
BY_HAND = "by-hand"
# How the code of a row begins that is in a file for another platform.
IN_FILE = "handover-"


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
    member: Addressee | None
    to: str


DISPATCH = Delivery._meta.get_field("dispatch")
# One statement: nobody gets in between, and no key is sent back and forth.
CLAIM = {
    "postgresql": """
        WITH waiting AS MATERIALIZED (
            SELECT id FROM wagtail_bin_delivery
            WHERE dispatch_id = %(dispatch)s AND channel = %(channel)s
                AND state = 'queued' AND due_at <= {now}
            ORDER BY due_at, id
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        UPDATE wagtail_bin_delivery AS delivery
        SET state = 'claimed', claimed_by = %(owner)s, lease_until = {later}
        FROM waiting
        WHERE delivery.id = waiting.id
        RETURNING delivery.id
    """,
    "sqlite": """
        UPDATE wagtail_bin_delivery
        SET state = 'claimed', claimed_by = %(owner)s, lease_until = {later}
        WHERE id IN (
            SELECT id FROM wagtail_bin_delivery
            WHERE dispatch_id = %(dispatch)s AND channel = %(channel)s
                AND state = 'queued' AND due_at <= {now}
            ORDER BY due_at, id
            LIMIT %(limit)s
        )
        RETURNING id
    """,
}


def claim(*, owner: str, dispatch_id: uuid.UUID, channel: str, limit: int) -> list[int]:
    """Take up to ``limit`` due rows for the length of a lease.

    Args:
        owner: a fresh UUID.

    Returns:
        Primary keys, in ascending order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM[connection.vendor].format(
                now=SQL_NOW[connection.vendor],
                later=SQL_AFTER[connection.vendor].format("%(lease)s"),
            ),
            {
                "dispatch": DISPATCH.get_db_prep_value(dispatch_id, connection),
                "channel": channel,
                "limit": limit,
                "owner": owner,
                "lease": conf.LEASE,
            },
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def release(*, owner: str) -> None:
    """Give back what was claimed and not tried."""
    claimed_by(owner).update(state=State.QUEUED, claimed_by="", lease_until=None)


def postpone(*, owner: str, code: str, seconds: float) -> None:
    """Nothing can be sent at all: what was claimed waits for a while.

    Args:
        code: the kind of failure.
    """
    claimed_by(owner).update(
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
        ids: deliveries of this dispatch by this channel, in ascending order and
            with no other of the owner's in between.

    Returns:
        The deliveries marked, in the order of ``ids``.
    """
    is_personal = channel in PERSONAL_CHANNELS
    with transaction.atomic():
        rows = read_claimed(owner, ids[0], ids[-1])
        if not rows:
            return []
        members: Mapping[int | None, Addressee] = {}
        if is_personal:
            members = read_members(owner, rows, dispatch=dispatch, channel=channel)
        wanted: list[Marked] = []
        withheld: list[int] = []
        later: dict[dt.datetime, list[int]] = {}
        for pk, member_id, attempt, language, network, repeats, target, now in rows:
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
        updated = mark(owner, wanted) if wanted else 0
    if updated == len(wanted):
        return wanted
    # Some leases ran out in between: keep to what is really ours.
    ours = set(
        Delivery.objects.filter(claimed_by=owner, state=State.SENDING).values_list(
            "pk", flat=True
        )
    )
    return [marked for marked in wanted if marked.pk in ours]


def _without_slow_domains(
    wanted: list[Marked], later: dict[dt.datetime, list[int]]
) -> list[Marked]:
    """Put aside what goes to a domain that asked to wait."""
    slow = slow_domains()
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
        claimed_by(owner).filter(pk__in=withheld).update(
            state=State.SUPPRESSED,
            code="no_longer_wanted",
            claimed_by="",
            lease_until=None,
            settled_at=Now(),
        )
    for moment, ids in later.items():
        claimed_by(owner).filter(pk__in=ids).update(
            state=State.QUEUED,
            code="later",
            claimed_by="",
            lease_until=None,
            due_at=moment,
        )


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
        with transaction.atomic(savepoint=False):
            write(owner, results, purpose)
