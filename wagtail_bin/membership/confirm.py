"""Confirming a membership with the link of an invitation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from django.db import transaction

from wagtail_bin import audit
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.membership.consent import give_consent
from wagtail_bin.models import ChannelName, Consent, Member, MemberLogEntry, Purpose


@dataclasses.dataclass(frozen=True)
class Confirmed:
    """Whether the membership was not confirmed before."""

    has_changed: bool


def confirm_membership(*, member_id: int, agreed: Mapping[Purpose, str]) -> Confirmed:
    """Make an invited member active, with what the member agreed to by e-mail.

    A second time only adds to what was agreed to. Who left, or was suspended in the
    meantime, is not brought back.

    Args:
        member_id: primary key, from a link that was checked.
        agreed: what the member ticked, with the words that stood there; may be
            empty.

    Raises:
        LinkInvalid: there is no such member who could confirm.
    """
    state = Member.State
    with transaction.atomic():
        members = Member.objects.select_for_update(no_key=True)
        member = members.filter(
            pk=member_id, state__in=[state.UNCONFIRMED, state.ACTIVE]
        ).first()
        if member is None:
            raise LinkInvalid("member")
        has_changed = member.state == state.UNCONFIRMED
        if has_changed:
            Member.objects.filter(pk=member_id).update(state=state.ACTIVE)
            MemberLogEntry.objects.log_each(audit.CONFIRM_MEMBER, [(member, {})])
        for purpose, text in agreed.items():
            give_consent(
                member_id=member_id,
                purpose=purpose,
                channel=ChannelName.EMAIL,
                basis=Consent.Basis.LINK,
                text=text,
            )
    return Confirmed(has_changed)
