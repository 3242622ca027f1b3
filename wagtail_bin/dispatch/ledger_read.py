"""What a worker asks the ledger: what may be sent, what is claimed, to whom it goes."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    Exists,
    QuerySet,
)
from django.db.models.functions import Now
from django.utils import timezone

from wagtail_bin.dispatch.prepared import Parameter, Prepared
from wagtail_bin.membership.reach import address_of, with_reach
from wagtail_bin.models import Delivery, Dispatch, Member, SendingSwitch
from wagtail_bin.models.dispatches import DispatchQuerySet
from wagtail_bin.models.members import full_name

State = Delivery.State


class Claimed(NamedTuple):
    """A claimed delivery, as read before it is marked.

    Attributes:
        member: primary key; None for a broadcast.
        target: of a broadcast.
        now: the moment of reading, by the database's clock.
    """

    pk: int
    member: int | None
    attempt: int
    language: str
    network: int | None
    repeats: int
    target: str
    now: dt.datetime


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


def claimed_by(owner: str | Parameter) -> QuerySet[Delivery]:
    """What an owner has claimed and not marked yet."""
    return Delivery.objects.filter(claimed_by=owner, state=State.CLAIMED)


def read_claimed(owner: str, first: int, last: int) -> list[Claimed]:
    """An owner's claimed deliveries in a range of keys, if they may be sent now.

    Returns:
        In the order of their keys.
    """
    return list(map(Claimed._make, _ROWS.rows(owner=owner, first=first, last=last)))


def read_members(
    owner: str,
    rows: Sequence[Claimed],
    *,
    dispatch: Dispatch,
    channel: str,
) -> dict[int | None, Addressee]:
    """The members of an owner's claimed deliveries by primary key, locked.

    Args:
        rows: from :func:`read_claimed`, all of them.
    """
    keys = {"owner": owner, "first": rows[0].pk, "last": rows[-1].pk}
    if connection.features.has_select_for_update:
        # The lock makes an unsubscribe that commits first win, and one that
        # comes later wait until this is committed. Consent is read by a second
        # statement: one that had to wait would see it as it was before. Rows
        # that refer to a member, such as a new dispatch's, may come meanwhile.
        _LOCK.rows(**keys)
    found = _members(dispatch.purpose, channel).rows(
        **keys,
        today=timezone.localdate(rows[0].now),
        # Who is back before then is only put off.
        until=timezone.localdate(dispatch.expires_at),
    )
    return {addressee.pk: addressee for addressee in map(Addressee._make, found)}


def _in_range() -> QuerySet[Delivery]:
    key = BigIntegerField()
    # A range: what else lies in it is not this owner's, or not claimed.
    return claimed_by(Parameter("owner", CharField())).filter(
        pk__range=(Parameter("first", key), Parameter("last", key))
    )


def _rows() -> QuerySet[Any, Any]:
    rows = _in_range().filter(dispatch__in=sendable()).order_by("pk")
    return rows.values_list(*Claimed._fields[:-1], Now())


def _recipients() -> QuerySet[Member]:
    return Member.objects.filter(pk__in=_in_range().values("member"))


def _locked() -> QuerySet[Any, Any]:
    locked = _recipients().order_by("pk").select_for_update(no_key=True)
    return locked.values_list("pk")


def _reached(purpose: str, channel: str) -> QuerySet[Any, Any]:
    reached = with_reach(
        _recipients().annotate(to=address_of(channel)),
        purpose=purpose,
        channels=[channel],
        on=Parameter("today", DateField()),
        until=Parameter("until", DateField()),
    )
    # Of what is not asked for, no column is computed.
    return reached.values_list(*Addressee._fields)


_ROWS, _LOCK = Prepared(_rows), Prepared(_locked)


@functools.cache
def _members(purpose: str, channel: str) -> Prepared:
    return Prepared(functools.partial(_reached, purpose, channel))
