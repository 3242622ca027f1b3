"""Giving and withdrawing consent: a ledger of its own."""

from __future__ import annotations

import dataclasses

from django.db import transaction

from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.models import ChannelName, Consent, Member, Purpose


@dataclasses.dataclass(frozen=True)
class ConsentResult:
    """Whether the statement changed anything."""

    has_changed: bool


def withdraw_consent(
    *,
    member_id: int,
    purpose: Purpose,
    channel: ChannelName,
    basis: Consent.Basis,
) -> ConsentResult:
    """Note that a member wants no more of this. Idempotent.

    The member's row is locked, as it is when a delivery is marked as being
    sent: once this has committed, nothing more goes out.

    Args:
        member_id: primary key.
        basis: how we were told.

    Raises:
        LinkInvalid: there is no such member any more.
    """
    with transaction.atomic():
        member = Member.objects.select_for_update().filter(pk=member_id).first()
        if member is None:
            raise LinkInvalid("member")
        newest = (
            member.consents.filter(purpose=purpose, channel=channel)
            .order_by("-pk")
            .first()
        )
        if newest is not None and not newest.is_given:
            return ConsentResult(has_changed=False)
        Consent.objects.create(
            member=member,
            purpose=purpose,
            channel=channel,
            is_given=False,
            basis=basis,
        )
    return ConsentResult(has_changed=True)
