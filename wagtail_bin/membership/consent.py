"""Giving and withdrawing consent: a ledger of its own."""

from __future__ import annotations

import dataclasses

from django.db import transaction
from django.db.models.functions import Now

from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.models import ChannelName, Consent, Member, Purpose


@dataclasses.dataclass(frozen=True)
class ConsentResult:
    """Whether the statement changed anything."""

    has_changed: bool


def give_consent(
    *,
    member_id: int,
    purpose: Purpose,
    channel: ChannelName,
    basis: Consent.Basis,
) -> ConsentResult:
    """Note that a member wants this. Arguments as for :func:`withdraw_consent`."""
    return _state(member_id, purpose, channel, basis, is_given=True)


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
        purpose: of which messages.
        channel: by which way.
        basis: how we were told.

    Raises:
        LinkInvalid: there is no such member any more.
    """
    return _state(member_id, purpose, channel, basis, is_given=False)


def _state(
    member_id: int,
    purpose: Purpose,
    channel: ChannelName,
    basis: Consent.Basis,
    *,
    is_given: bool,
) -> ConsentResult:
    with transaction.atomic():
        members = Member.objects.select_for_update(no_key=True)
        member = members.filter(pk=member_id).first()
        if member is None:
            raise LinkInvalid("member")
        said = member.consents.filter(purpose=purpose, channel=channel)
        newest = said.order_by("-pk").first()
        if newest is not None and newest.is_given == is_given:
            return ConsentResult(has_changed=False)
        Consent.objects.create(
            member=member,
            purpose=purpose,
            channel=channel,
            is_given=is_given,
            basis=basis,
            # As in the ledger: what came first can be told afterwards.
            at=Now(),
        )
    return ConsentResult(has_changed=True)
