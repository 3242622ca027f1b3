"""Asking people on a list to confirm their membership: one mail each, seldom.

No page is sent, so there is no dispatch and no ledger. ``invited_at`` of the member
is committed before the call, and taken back only where it is certain that nothing
was sent: what is unknown is not repeated before ``INVITE_AGAIN_DAYS`` have passed.

Templates: ``wagtail_bin/email/invitation_subject.txt``, ``.txt`` and ``.html``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from wagtail_bin import audit
from wagtail_bin.channels.base import (
    ChannelUnavailable,
    Content,
    Outcome,
    OutgoingMessage,
    Placeholders,
)
from wagtail_bin.channels.registry import get_channel
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.audience import layout_for
from wagtail_bin.dispatch.compose import (
    LAYOUT_SEPARATOR,
    PART_SEPARATORS,
    personalise,
    sender_of,
)
from wagtail_bin.dispatch.gates import halted
from wagtail_bin.exceptions import DispatchError
from wagtail_bin.membership.links import confirmation_url
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Language,
    Member,
    MemberLogEntry,
    Suppression,
)
from wagtail_bin.permissions import Capability, require
from wagtail_bin.validators import clean_text

# Sent while somebody waits; more are invited in several goes.
MOST = 100
# Where it is certain that nothing was sent.
NOT_SENT = (Outcome.REJECTED, Outcome.RETRY)


@dataclasses.dataclass(frozen=True)
class Invited:
    """How many mails were handed over, and how many could not be.

    Attributes:
        left_out: were not to be invited, or not again so soon.
    """

    sent: int
    failed: int
    left_out: int


def invitable(members: QuerySet[Member]) -> QuerySet[Member]:
    """Those of the members who may be asked to confirm, by e-mail.

    Not yet confirmed, with an e-mail address that may be written to, never
    withdrawn, and not invited in the last ``INVITE_AGAIN_DAYS``.
    """
    before = timezone.now() - dt.timedelta(days=conf.INVITE_AGAIN_DAYS)
    withdrawn = Consent.objects.filter(member=OuterRef("pk"), is_given=False)
    barred = Suppression.objects.filter(digest=OuterRef("email_digest"))
    return members.filter(
        Q(invited_at=None) | Q(invited_at__lt=before),
        ~Exists(withdrawn),
        ~Exists(barred),
        state=Member.State.UNCONFIRMED,
    ).exclude(email="")


def invite_members(*, members: Sequence[Member], user: Any) -> Invited:
    """Send each who may be invited a mail with a personal link. Not in a transaction.

    Args:
        members: at most :data:`MOST`.
        user: who invites; must be allowed to edit the members.

    Raises:
        NotAllowed: the user may not edit members of one of the networks.
        DispatchError: too many, all sending is paused, or the mail server takes
            nothing. Nobody was invited.
    """
    require(user, Capability.EDIT_MEMBERS, *(member.network for member in members))
    if len(members) > MOST:
        raise DispatchError(
            _("Invite at most %(number)d members at a time.") % {"number": MOST}
        )
    if halted():
        raise DispatchError(_("All sending is paused. Invite when it is resumed."))
    taken = _take([member.pk for member in members], user)
    left_out = len(members) - len(taken)
    if not taken:
        return Invited(sent=0, failed=0, left_out=left_out)
    messages = [_message(member, _content(_layout(member))) for member in taken]
    try:
        with get_channel(ChannelName.EMAIL) as channel:
            outcomes = [channel.send(message).outcome for message in messages]
    except ChannelUnavailable as error:
        _give_back(taken, user)
        raise DispatchError(
            _("The mail server cannot be reached. Try again in a few minutes.")
        ) from error
    failed = [
        member
        for member, outcome in zip(taken, outcomes, strict=True)
        if outcome in NOT_SENT
    ]
    _give_back(failed, user)
    return Invited(len(taken) - len(failed), len(failed), left_out)


def _take(ids: Iterable[int], user: Any) -> list[Member]:
    """Note that these are invited, before they are; who clicks twice gets none."""
    with transaction.atomic():
        rows = Member.objects.select_for_update(of=("self",), no_key=True)
        taken = list(
            invitable(rows.filter(pk__in=ids))
            .select_related("network__municipality__site", "network__police_zone")
            .order_by("pk")
        )
        Member.objects.filter(pk__in=[member.pk for member in taken]).update(
            invited_at=timezone.now()
        )
        MemberLogEntry.objects.log_each(
            audit.INVITE_MEMBER, ((member, {}) for member in taken), user=user
        )
    return taken


def _give_back(members: Sequence[Member], user: Any) -> None:
    with transaction.atomic():
        Member.objects.filter(pk__in=[m.pk for m in members]).update(invited_at=None)
        MemberLogEntry.objects.log_each(
            audit.INVITE_MEMBER,
            ((member, {"failed": True}) for member in members),
            user=user,
        )


def _layout(member: Member) -> str:
    return layout_for(
        member.network.municipality, member.language, tuple(Language.values)
    )


def _content(layout: str) -> Content:
    """The mail in the languages of one layout."""
    placeholders = Placeholders(get_random_string(16))
    languages = layout.split(LAYOUT_SEPARATOR)
    parts = []
    for language in languages:
        context = {
            "language": language,
            "days": conf.INVITATION_VALID_DAYS,
            "salutation": placeholders[f"salutation_{language}"],
            **{
                name: placeholders[name]
                for name in ("network", "contact", "confirm_url", "unsubscribe_url")
            },
        }
        with translation.override(language):
            parts.append(
                {
                    name: render_to_string(
                        f"wagtail_bin/email/invitation{name}", context
                    )
                    for name in ("_subject.txt", ".txt", ".html")
                }
            )
    title = " / ".join(clean_text(part["_subject.txt"]) for part in parts)
    return Content(
        subject=title,
        text=PART_SEPARATORS[ChannelName.EMAIL].join(p[".txt"].strip() for p in parts),
        html=render_to_string(
            "wagtail_bin/email/frame.html",
            {
                "title": title,
                "languages": languages,
                "parts": [p[".html"] for p in parts],
            },
        ),
        placeholders=placeholders,
        from_email=conf.from_email,
        language=layout,
    )


def _message(member: Member, content: Content) -> OutgoingMessage:
    message = personalise(
        content=content,
        member=member,
        sender=sender_of(member.network),
        to=_address(member),
        reference=f"invite.{uuid.uuid4()}",
    )
    values = {**message.values, "confirm_url": confirmation_url(member)}
    return dataclasses.replace(message, values=values)


def _address(member: Member) -> str:
    """The member's, or a test address where this is not production."""
    if not conf.OVERRIDE_RECIPIENTS:
        return member.email
    addresses = conf.OVERRIDE_RECIPIENTS.get(ChannelName.EMAIL)
    # None: the channel refuses a mail to nobody.
    return str(addresses[member.pk % len(addresses)]) if addresses else ""
