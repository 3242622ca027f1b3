"""Who can be reached and, where not, why. One rule, in SQL.

The preview of an audience, the filling of the ledger and the last look before
a message goes out all use :func:`with_reach`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.models import ChannelName, Consent, Member, Purpose, Suppression


class Unreachable(TextChoices):
    """Why a member gets no message, in the words of the person who sends it."""

    UNCONFIRMED = "unconfirmed", _("has not confirmed the membership yet")
    SUSPENDED = "suspended", _("is suspended")
    GONE = "gone", _("has left or is excluded")
    AWAY = "away", _("asked for no messages during an absence")
    NO_ADDRESS = "no_address", _("has no e-mail address")
    SUPPRESSED = "suppressed", _("has an address that must not be written to")
    NO_CONSENT = "no_consent", _("did not agree to tips, or unsubscribed")


def with_reach(
    members: QuerySet[Member],
    *,
    purpose: Purpose = Purpose.TIPS,
    on: dt.date | None = None,
) -> QuerySet[Any]:
    """Annotate members with ``unreachable``: a reason, or empty when reachable.

    Args:
        members: any members.
        purpose: what the message is for; each is consented to apart.
        on: the day that counts (default: today, local time).
    """
    day = on or timezone.localdate()
    state = Member.State
    newest = Consent.objects.filter(
        member=OuterRef("pk"), purpose=purpose, channel=ChannelName.EMAIL
    ).order_by("-pk")
    still_suspended = Q(state=state.SUSPENDED) & (
        Q(suspended_until__isnull=True) | Q(suspended_until__gte=day)
    )
    away = Q(away_from__lte=day) & (Q(away_until__isnull=True) | Q(away_until__gte=day))
    reason = Unreachable
    return members.annotate(
        consent_given=Subquery(newest.values("is_given")[:1]),
        unreachable=Case(
            When(state=state.UNCONFIRMED, then=Value(reason.UNCONFIRMED)),
            When(still_suspended, then=Value(reason.SUSPENDED)),
            When(
                state__in=[state.LEFT, state.EXCLUDED],
                then=Value(reason.GONE),
            ),
            When(email="", then=Value(reason.NO_ADDRESS)),
            When(
                Exists(Suppression.objects.filter(digest=OuterRef("email_digest"))),
                then=Value(reason.SUPPRESSED),
            ),
            When(
                Q(consent_given__isnull=True) | Q(consent_given=False),
                then=Value(reason.NO_CONSENT),
            ),
            When(away, then=Value(reason.AWAY)),
            default=Value(""),
            output_field=CharField(),
        ),
    )
