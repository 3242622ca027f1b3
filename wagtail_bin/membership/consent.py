"""Giving and withdrawing consent: a ledger of its own."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models.functions import Now

from wagtail_bin import audit
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.models import ChannelName, Consent, Member, MemberLogEntry, Purpose

LONGEST_TEXT = Consent._meta.get_field("text").max_length


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
    text: str = "",
) -> ConsentResult:
    """Note that a member wants this. Arguments as for :func:`withdraw_consent`.

    Args:
        text: what the member agreed to, as it was read, for the record (GDPR,
            Art. 7(1)).
    """
    return _state(member_id, purpose, channel, basis, text, is_given=True)


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


@dataclasses.dataclass(frozen=True, slots=True)
class Withdrawal:
    """What somebody else told us that a member said.

    Attributes:
        at: when the member said so (aware).
    """

    member_id: int
    purpose: str
    channel: str
    basis: Consent.Basis
    at: dt.datetime


def withdraw_all(withdrawals: Sequence[Withdrawal]) -> set[int]:
    """Note what members told the provider, however many and in any order.

    A yes that is newer than the withdrawal stands. A complaint is noted of who
    had unsubscribed as well, for the coordinator to see. Constant queries.

    Returns:
        Primary keys of the members of whom something was noted.
    """
    if not withdrawals:
        return set()
    with transaction.atomic():
        members = Member.objects.filter(pk__in={w.member_id for w in withdrawals})
        existing = {
            member.pk: member
            for member in members.order_by("pk")
            .select_for_update(no_key=True)
            .only("network_id")
        }
        heard = _heard(existing)
        noted = []
        for said in withdrawals:
            key = said.member_id, said.purpose, said.channel
            before = heard.get(key, _Heard())
            if said.member_id in existing and before.is_news(said):
                heard[key] = before._replace(basis=said.basis)
                noted.append(said)
        # As of now: what was sent before we knew was sent rightly.
        Consent.objects.bulk_create(
            Consent(
                member_id=said.member_id,
                purpose=said.purpose,
                channel=said.channel,
                is_given=False,
                basis=said.basis,
                at=Now(),
            )
            for said in noted
        )
        MemberLogEntry.objects.log_each(
            audit.CONSENT,
            (
                (
                    existing[said.member_id],
                    _in_words(said.purpose, said.channel, said.basis, is_given=False),
                )
                for said in noted
            ),
        )
    return {said.member_id for said in noted}


def _in_words(
    purpose: str, channel: str, basis: str, *, is_given: bool
) -> dict[str, Any]:
    """What the member's history says of a statement."""
    return {
        "purpose": str(purpose),
        "channel": str(channel),
        "basis": str(basis),
        "is_given": is_given,
    }


_COMPLAINT = Consent.Basis.COMPLAINT


class _Heard(NamedTuple):
    """What a member said so far of one purpose by one channel.

    Attributes:
        basis: of the newest statement, if that was a no.
        agreed_at: when the member last said yes.
    """

    basis: str = ""
    agreed_at: dt.datetime | None = None

    def is_news(self, said: Withdrawal) -> bool:
        """Whether a withdrawal adds to it."""
        if self.agreed_at is not None and self.agreed_at > said.at:
            return False
        return not self.basis or (said.basis == _COMPLAINT and self.basis != _COMPLAINT)


def _heard(members: Iterable[int]) -> dict[tuple[int, str, str], _Heard]:
    heard: dict[tuple[int, str, str], _Heard] = {}
    for said in Consent.objects.filter(member__in=members).order_by("pk"):
        key = said.member_id, said.purpose, said.channel
        before = heard.get(key, _Heard())
        if said.is_given:
            heard[key] = _Heard(agreed_at=max(before.agreed_at or said.at, said.at))
        else:
            heard[key] = before._replace(basis=said.basis)
    return heard


def _state(
    member_id: int,
    purpose: Purpose,
    channel: ChannelName,
    basis: Consent.Basis,
    text: str = "",
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
            text=text[:LONGEST_TEXT],
            # As in the ledger: what came first can be told afterwards.
            at=Now(),
        )
        data = _in_words(purpose, channel, basis, is_given=is_given)
        MemberLogEntry.objects.log_each(audit.CONSENT, [(member, data)])
    return ConsentResult(has_changed=True)
