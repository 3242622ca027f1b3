"""What follows from what providers say: for an address, a consent, a coordinator.

It is the same whether a server says so to our call, or a provider afterwards.

Nothing here reads an address from an event: it is our own delivery's, as it was
when that attempt was made.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from wagtail_bin.channels.base import Receipt
from wagtail_bin.channels.events import EventKind
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import news
from wagtail_bin.dispatch.ledger import Marked
from wagtail_bin.dispatch.ledger_write import REJECTED_FOR_GOOD
from wagtail_bin.membership.consent import Withdrawal, withdraw_all
from wagtail_bin.membership.worklist import LIFTED
from wagtail_bin.models import Consent, Delivery, DeliveryEvent, Suppression
from wagtail_bin.validators import address_digest

Reason = Suppression.Reason

DEAD = {EventKind.HARD_BOUNCE.value, REJECTED_FOR_GOOD}
BASES = {
    EventKind.COMPLAINT.value: Consent.Basis.COMPLAINT,
    EventKind.UNSUBSCRIBED.value: Consent.Basis.PROVIDER,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Happened:
    """One event, and the delivery it belongs to.

    Attributes:
        address: where the message went; empty where that is not known any more.
    """

    kind: str
    at: dt.datetime
    member_id: int | None
    network_id: int | None
    channel: str
    purpose: str
    address: str


def happened(events: Sequence[DeliveryEvent]) -> list[Happened]:
    """Events together with what must be known of their deliveries. One query.

    Nothing follows where all messages go to test addresses: none of what comes
    back has to do with a member.
    """
    telling = [event for event in events if event.kind in {*DEAD, *BASES, _SOFT}]
    if not telling or conf.OVERRIDE_RECIPIENTS:
        return []
    rows = Delivery.objects.select_related("dispatch").in_bulk(
        [event.delivery_id for event in telling]
    )
    found = []
    for event in telling:
        row = rows[event.delivery_id]
        found.append(
            Happened(
                kind=event.kind,
                at=event.at,
                member_id=row.member_id,
                network_id=row.network_id,
                channel=row.channel,
                purpose=row.dispatch.purpose,
                # The row keeps the address of its newest attempt only.
                address=row.address if event.attempt == row.attempt else "",
            )
        )
    return found


def withdraw(events: Iterable[Happened]) -> None:
    """Take complaints and unsubscribes for what they are, and tell of complaints.

    A complaint ends what it was about: this purpose by this channel, in this
    network. The address is not suppressed: who calls a tip unwanted may still
    want a warning of the police, and has a link to refuse that too.
    """
    told = [event for event in events if event.kind in BASES and event.member_id]
    noted = withdraw_all(
        [
            Withdrawal(
                member_id=event.member_id or 0,
                purpose=event.purpose,
                channel=event.channel,
                basis=BASES[event.kind],
                at=event.at,
            )
            for event in told
        ]
    )
    news.note(
        event.network_id
        for event in told
        if event.member_id in noted and event.kind == EventKind.COMPLAINT.value
    )


def suppress_refused(results: Iterable[tuple[Marked, Receipt]]) -> None:
    """Write no more to addresses that a server refused for good when called."""
    if not conf.OVERRIDE_RECIPIENTS:
        _bar(
            _Failed(REJECTED_FOR_GOOD, marked.to, marked.network_id)
            for marked, receipt in results
            if receipt.is_permanent and marked.member
        )


def suppress(events: Iterable[Happened]) -> None:
    """Write no more to addresses that do not exist, or did not work repeatedly.

    The events must have been learned before.
    """
    _bar(_Failed(event.kind, event.address, event.network_id) for event in events)


class _Failed(NamedTuple):
    kind: str
    address: str
    network_id: int | None


def _bar(found: Iterable[_Failed]) -> None:
    events = [event for event in found if event.address]
    dead = {event.address for event in events if event.kind in DEAD}
    shaky = {event.address for event in events if event.kind == _SOFT} - dead
    reasons = dict.fromkeys(_given_up(shaky), Reason.SOFT_BOUNCES)
    reasons |= dict.fromkeys(dead, Reason.BOUNCE)
    if not reasons:
        return
    new = _suppress(
        {address_digest(address): reason for address, reason in reasons.items()}
    )
    news.note(e.network_id for e in events if address_digest(e.address) in new)


_SOFT = EventKind.SOFT_BOUNCE.value


def _given_up(addresses: set[str]) -> set[str]:
    """Those of the addresses at which enough messages have failed lately.

    What failed before a person gave the address another chance does not count.
    """
    if not addresses:
        return set()
    since = timezone.now() - dt.timedelta(days=conf.SOFT_BOUNCE_DAYS)
    of_it = DeliveryEvent.objects.filter(
        delivery=OuterRef("pk"), attempt=OuterRef("attempt")
    )
    failed = Delivery.objects.filter(
        Exists(of_it.filter(kind=_SOFT, at__gt=since)),
        ~Exists(of_it.filter(kind=LIFTED)),
        address__in=addresses,
        report__in=Delivery.TROUBLE,
    )
    counted = failed.order_by().values("address").annotate(count=Count("pk"))
    enough = counted.filter(count__gte=conf.SOFT_BOUNCES)
    return set(enough.values_list("address", flat=True))


def _suppress(reasons: Mapping[str, Reason]) -> set[str]:
    """Suppress digests; that it does not exist outranks that it did not work.

    Returns:
        Those that were not suppressed before.
    """
    rows = Suppression.objects.filter(digest__in=reasons)
    known = set(rows.values_list("digest", flat=True))
    Suppression.objects.bulk_create(
        [
            Suppression(digest=digest, reason=reason)
            # In order, so that two who write the same wait, and do not deadlock.
            for digest, reason in sorted(reasons.items())
            if digest not in known
        ],
        ignore_conflicts=True,
    )
    dead = [digest for digest, reason in reasons.items() if reason is Reason.BOUNCE]
    Suppression.objects.filter(digest__in=dead, reason=Reason.SOFT_BOUNCES).update(
        reason=Reason.BOUNCE
    )
    return set(reasons) - known
