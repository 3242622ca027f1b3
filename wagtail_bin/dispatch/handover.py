"""Platforms that no program can reach: a file for a person, who says when it is sent.

The rows of the ledger stay queued until then, and are handed over all at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.channels.handover import (
    HandoverPlatform,
    HandoverRow,
    handover_file,
)
from wagtail_bin.dispatch.gates import halted
from wagtail_bin.dispatch.held import hold, remember
from wagtail_bin.dispatch.ledger import IN_FILE
from wagtail_bin.dispatch.ledger_read import sendable
from wagtail_bin.exceptions import DispatchError
from wagtail_bin.membership.reach import address_of, with_reach
from wagtail_bin.models import (
    ChannelName,
    Delivery,
    Dispatch,
    Handover,
    Member,
)
from wagtail_bin.permissions import Capability

State = Delivery.State

# States in which a row of a file may be when a person says that it was sent:
# whatever happened to it here meanwhile, the other platform has sent it.
CONFIRMABLE = (State.QUEUED, State.EXPIRED, State.CANCELLED)


# Whoever makes a file takes every member in it away.
HANDS_OVER = (Capability.SEND, Capability.EXPORT_MEMBERS)


@dataclasses.dataclass(frozen=True)
class HandedOver:
    """What a verb did.

    Attributes:
        deliveries: number of members in the file, or of those confirmed.
        is_new: whether anything was done; a second click does nothing.
    """

    handover: Handover
    deliveries: int
    is_new: bool = True


def make_handover(
    *,
    dispatch: Dispatch,
    user: Any,
    platform: HandoverPlatform,
    seen_handover: int | None = None,
) -> HandedOver:
    """Make the file of those who are to be reached by another platform.

    Who has left or unsubscribed since the dispatch was confirmed is withheld.
    Only the newest file can be confirmed: an older one is erased.

    Args:
        user: must be allowed to send to all of the dispatch's BINs, and to see
            their members.
        platform: whose columns and format.
        seen_handover: primary key of the dispatch's newest hand-over when the
            user looked. Another one since then means a second click.

    Raises:
        NotAllowed: no mandate for one of the BINs.
        DispatchError: nothing may be sent now, or nobody is left to hand over.
    """
    with hold(dispatch, user, *HANDS_OVER) as held:
        newest = held.handovers.first()
        if newest is not None and newest.pk != seen_handover:
            return HandedOver(newest, newest.rows, is_new=False)
        _must_be_sendable(held)
        _withhold(held)
        handover = Handover.objects.create(
            dispatch=held,
            platform=platform.label,
            made_by=user,
            rows=0,
            file_name=_file_name(platform),
        )
        count = _put_in_file(held, handover)
        if not count:
            raise DispatchError(_("Nobody is left to be handed over."))
        handover.rows = count
        handover.content = handover_file(
            _rows(handover), platform.columns, platform.format
        )
        handover.save(update_fields=["rows", "content"])
        held.handovers.filter(confirmed_at=None).exclude(pk=handover.pk).update(
            content=None
        )
        log(
            instance=held,
            action=audit.HAND_OVER,
            user=user,
            data={"rows": count, "platform": platform.label},
        )
    return HandedOver(handover, count)


def confirm_handover(*, handover: Handover, user: Any) -> HandedOver:
    """Note that a person has sent it by the other platform. Idempotent.

    It settles whoever is in the file, unless a newer one has them too.

    Args:
        user: as for :func:`make_handover`.

    Raises:
        NotAllowed: no mandate for one of the BINs.
        DispatchError: newer files have all of them.
    """
    with hold(handover.dispatch, user, *HANDS_OVER) as held:
        handover = Handover.objects.select_for_update().get(pk=handover.pk)
        if handover.confirmed_at is not None:
            return HandedOver(handover, handover.rows, is_new=False)
        rows = held.deliveries.filter(
            channel=ChannelName.HANDOVER, code=_mark(handover), state__in=CONFIRMABLE
        )
        remember(rows, kind="accepted", user=user)
        count = rows.update(
            state=State.ACCEPTED,
            provider_id=_mark(handover),
            claimed_by="",
            settled_at=Now(),
        )
        if not count:
            raise DispatchError(
                _("A newer file has taken the place of this one. Use that.")
            )
        handover.confirmed_by, handover.confirmed_at = user, timezone.now()
        handover.save(update_fields=["confirmed_by", "confirmed_at"])
        log(
            instance=held,
            action=audit.CONFIRM_HANDOVER,
            user=user,
            data={"deliveries": count, "platform": handover.platform},
        )
    return HandedOver(handover, count)


def take_file(*, handover: Handover, user: Any) -> bytes:
    """The file of a hand-over; that it was taken is logged.

    Args:
        user: as for :func:`make_handover`.

    Raises:
        NotAllowed: no mandate for one of the BINs.
        DispatchError: it was erased.
    """
    with hold(handover.dispatch, user, *HANDS_OVER) as held:
        handover = Handover.objects.get(pk=handover.pk)
        if handover.content is None:
            raise DispatchError(_("That file was erased. Make it anew."))
        log(
            instance=held,
            action=audit.DOWNLOAD_HANDOVER,
            user=user,
            data={"rows": handover.rows, "platform": handover.platform},
        )
    return bytes(handover.content)


def _must_be_sendable(dispatch: Dispatch) -> None:
    if halted():
        raise DispatchError(_("All sending is paused: no file can be made now."))
    if not sendable().filter(pk=dispatch.pk).exists():
        raise DispatchError(
            _(
                "No file can be made now: the dispatch is paused, cancelled or "
                "finished, or its moment has not come."
            )
        )


def _waiting(dispatch: Dispatch) -> QuerySet[Delivery]:
    return dispatch.deliveries.filter(channel=ChannelName.HANDOVER, state=State.QUEUED)


def _reached(dispatch: Dispatch, **until: Any) -> QuerySet[Any]:
    """Members who may be reached by another platform, as things are now."""
    return with_reach(
        Member.objects.all(),
        purpose=dispatch.purpose,
        channels=[ChannelName.HANDOVER],
        **until,
    ).filter(unreachable="")


def _withhold(dispatch: Dispatch) -> None:
    """Who may no longer be written to, not even before it is given up."""
    until = timezone.localdate(dispatch.expires_at)
    willing = _reached(dispatch, until=until).values("pk")
    _waiting(dispatch).exclude(member__in=willing).update(
        state=State.SUPPRESSED, code="no_longer_wanted", settled_at=Now()
    )


def _put_in_file(dispatch: Dispatch, handover: Handover) -> int:
    """Mark the rows that are in the file; who is away today is left for later."""
    own = Member.objects.filter(pk=OuterRef("member"))
    present = _reached(dispatch).values("pk")
    return (
        _waiting(dispatch)
        .filter(member__in=present)
        .update(
            code=_mark(handover),
            attempt=F("attempt") + 1,
            tried_at=Now(),
            address=Subquery(own.values(to=address_of(ChannelName.HANDOVER))),
        )
    )


def _rows(handover: Handover) -> Iterator[HandoverRow]:
    deliveries = (
        _waiting(handover.dispatch)
        .filter(code=_mark(handover))
        .select_related("member", "network")
        .order_by("network__name", "pk")
    )
    for delivery in deliveries.iterator(chunk_size=1000):
        member, network = delivery.member, delivery.network
        if member is None or network is None:
            continue
        # Only the number that the member may be reached at.
        is_mobile = delivery.address == member.mobile
        yield HandoverRow(
            first_name=member.first_name,
            last_name=member.last_name or member.organisation,
            mobile=delivery.address if is_mobile else "",
            phone="" if is_mobile else delivery.address,
            email="",
            street=member.street,
            number=member.number,
            box=member.box,
            postcode=member.postcode,
            locality=member.locality,
            language=delivery.language,
            network=network.name,
        )


def _mark(handover: Handover) -> str:
    return f"{IN_FILE}{handover.pk}"


def _file_name(platform: HandoverPlatform) -> str:
    stamp = timezone.localtime().strftime("%Y-%m-%d-%H%M")
    return f"{slugify(platform.label)[:60]}-{stamp}.{platform.format}"
