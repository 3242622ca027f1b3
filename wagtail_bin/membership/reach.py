"""Who can be reached, by which channel and, where not, why. One rule, in SQL.

The preview of an audience, the filling of the ledger and the last look before
a message goes out all use :func:`with_reach`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.models import ChannelName, Consent, Member, Purpose, Suppression


class Unreachable(TextChoices):
    """Why a member gets no message, in the words of the person who sends it."""

    UNCONFIRMED = "unconfirmed", _("has not confirmed the membership yet")
    SUSPENDED = "suspended", _("is suspended")
    GONE = "gone", _("has left or is excluded")
    AWAY = "away", _("asked for no messages during an absence")
    NO_ADDRESS = "no_address", _("has no address that we could write to")
    SUPPRESSED = "suppressed", _("has an address that must not be written to")
    NO_CONSENT = "no_consent", _("did not agree to such messages, or unsubscribed")


# The columns that hold the address, the better one first.
ADDRESSES: dict[str, tuple[str, ...]] = {
    ChannelName.EMAIL: ("email",),
    ChannelName.SMS: ("mobile",),
    ChannelName.VOICE: ("phone", "mobile"),
    ChannelName.HANDOVER: ("mobile", "phone"),
}
# A message handed to another platform arrives as an SMS or a call.
CONSENTS: dict[str, tuple[ChannelName, ...]] = {
    ChannelName.EMAIL: (ChannelName.EMAIL,),
    ChannelName.SMS: (ChannelName.SMS,),
    ChannelName.VOICE: (ChannelName.VOICE,),
    ChannelName.HANDOVER: (ChannelName.SMS, ChannelName.VOICE),
}


def address_of(channel: str) -> Combinable:
    """The address that a member is reached at by a channel, in SQL."""
    columns = ADDRESSES[channel]
    cases = [When(~Q(**{name: ""}), then=F(name)) for name in columns]
    return Case(*cases, default=Value(""), output_field=CharField())


def with_reach(
    members: QuerySet[Member],
    *,
    purpose: str = Purpose.TIPS,
    channels: Sequence[str] = (ChannelName.EMAIL,),
    on: dt.date | Combinable | None = None,
    until: dt.date | Combinable | None = None,
) -> QuerySet[Any]:
    """Annotate members with ``reach``, and with its two halves.

    ``reach`` is the first channel that reaches the member, or the reason why
    none does. ``channel`` is the one or empty, ``unreachable`` the other or
    empty; whoever asks for many members takes ``reach``, which is found once.

    A warning of the police does not respect an absence; anything else does,
    unless the member is back in time.

    Args:
        members: any members.
        purpose: what the message is for; each is consented to apart.
        channels: in the order of preference.
        on: the day that counts (default: today, local time).
        until: the day until which the message may wait (default: ``on``).
    """
    day = on or timezone.localdate()
    state = Member.State
    still_suspended = Q(state=state.SUSPENDED) & (
        Q(suspended_until__isnull=True) | Q(suspended_until__gte=day)
    )
    away = Q(pk__in=[])
    if purpose != Purpose.ALERTS:
        away = Q(away_from__lte=day) & (
            Q(away_until__isnull=True) | Q(away_until__gte=until or day)
        )
    reason = Unreachable
    usable = {channel: _usable(channel) for channel in channels}
    wanted = {c: usable[c] & _agreed(c, purpose) for c in channels}
    has_address = _any(_has_address(channel) for channel in channels)
    reach = Case(
        When(state=state.UNCONFIRMED, then=Value(reason.UNCONFIRMED)),
        When(still_suspended, then=Value(reason.SUSPENDED)),
        When(state__in=[state.LEFT, state.EXCLUDED], then=Value(reason.GONE)),
        *(When(~away & wanted[c], then=Value(c)) for c in channels),
        # From here on for nobody whom the message reaches.
        When(~has_address, then=Value(reason.NO_ADDRESS)),
        When(~_any(usable.values()), then=Value(reason.SUPPRESSED)),
        When(away & _any(wanted.values()), then=Value(reason.AWAY)),
        default=Value(reason.NO_CONSENT),
        output_field=CharField(),
    )
    is_reached = Q(reach__in=list(channels))
    nothing = Value("", output_field=CharField())
    return members.annotate(reach=reach).annotate(
        channel=Case(When(is_reached, then=F("reach")), default=nothing),
        unreachable=Case(When(is_reached, then=nothing), default=F("reach")),
    )


def reaching_channels(
    member_ids: Iterable[int],
    *,
    purpose: str = Purpose.TIPS,
    channels: Sequence[str] = (ChannelName.EMAIL,),
) -> dict[int, list[str]]:
    """All channels that reach members today, each in its own right.

    One query per channel, however many members.

    Args:
        member_ids: primary keys.
        channels: in the order of preference.

    Returns:
        Primary key to channels in that order; empty where none reaches.
    """
    found: dict[int, list[str]] = {pk: [] for pk in member_ids}
    if not found:
        return found
    for channel in channels:
        members = with_reach(
            Member.objects.filter(pk__in=found), purpose=purpose, channels=[channel]
        )
        reached = members.filter(unreachable="").order_by()
        for pk in reached.values_list("pk", flat=True):
            found[pk].append(channel)
    return found


def has_usable_address(channels: Sequence[str]) -> Q:
    """Whether there is an address for one of the channels that may be written to."""
    return _any(_usable(channel) for channel in channels)


def _any(conditions: Any) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def _has_address(channel: str) -> Q:
    return _any(~Q(**{name: ""}) for name in ADDRESSES[channel])


def _usable(channel: str) -> Q:
    """There is an address, and nothing forbids writing to the one we would use."""
    found = Q(pk__in=[])
    before = Q()
    for name in ADDRESSES[channel]:
        barred = Suppression.objects.filter(digest=OuterRef(f"{name}_digest"))
        found |= before & ~Q(**{name: ""}) & ~Q(Exists(barred))
        before &= Q(**{name: ""})
    return found


def _agreed(channel: str, purpose: str) -> Q:
    """The newest statement about one of the channels says yes."""
    return _any(
        Q(Coalesce(Subquery(_newest(purpose, name)), Value(value=False)))
        for name in CONSENTS[channel]
    )


def _newest(purpose: str, channel: str) -> QuerySet[Any]:
    said = Consent.objects.filter(
        member=OuterRef("pk"), purpose=purpose, channel=channel
    )
    return said.order_by("-pk").values("is_given")[:1]
