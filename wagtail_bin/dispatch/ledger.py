"""The moves of a delivery that a worker makes, as set-based SQL.

A claim has an owner, which is nobody else's, and a lease by the database's
clock. All moves compare before they set: a row that is no longer its owner's
stays as it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from wagtail_bin.channels.base import Receipt
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.dispatch.gates import slow_domains
from wagtail_bin.dispatch.ledger_write import write
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
from wagtail_bin.models.members import full_name

State = Delivery.State

# A provider's id stands in the ledger for what it took; this stands for a person.
BY_HAND = "by-hand"

# What of a delivery is read before it is marked.
READ = ("pk", "member", "attempt", "language", "network", "repeats", "target")


class Addressee(NamedTuple):
    """What a message and the quiet hours need of a member: no whole instance.

    Attributes:
        unreachable: a reason, or empty.
        to: the address at the channel.
    """

    pk: int
    first_name: str
    last_name: str
    organisation: str
    quiet_from: dt.time | None
    quiet_until: dt.time | None
    away_from: dt.date | None
    away_until: dt.date | None
    unreachable: str
    to: str

    @property
    def full_name(self) -> str:
        """As :attr:`Member.full_name`."""
        return full_name(self.first_name, self.last_name, self.organisation)


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
        ids: deliveries of this dispatch by this channel, in ascending order and
            with no other of the owner's in between.

    Returns:
        The deliveries marked, in the order of ``ids``.
    """
    own = _claimed(owner)
    with transaction.atomic():
        rows = list(
            # A range: what else lies in it is not this owner's, or not claimed.
            own.filter(pk__range=(ids[0], ids[-1]), dispatch__in=sendable())
            .order_by("pk")
            .values_list(*READ, Now())
        )
        if not rows:
            return []
        now = rows[0][-1]
        is_personal = channel in PERSONAL_CHANNELS
        members: dict[int, Addressee] = {}
        if is_personal:
            keys = own.filter(pk__range=(rows[0][0], rows[-1][0])).values("member")
            members = _read_members(keys, dispatch, channel, now)
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
    keys: QuerySet[Any], dispatch: Dispatch, channel: str, now: dt.datetime
) -> dict[int, Addressee]:
    """Members by primary key, locked."""
    found = Member.objects.filter(pk__in=keys)
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
    # Of what is not asked for, no column is computed.
    addressees = map(Addressee._make, reached.values_list(*Addressee._fields))
    return {addressee.pk: addressee for addressee in addressees}


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
    # The others in this range have been put aside.
    own_rows = _claimed(owner).filter(pk__range=(wanted[0].pk, wanted[-1].pk))
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
            write(owner, results, purpose)


def _claimed(owner: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED)
