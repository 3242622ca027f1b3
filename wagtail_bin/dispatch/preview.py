"""The mail as it will be, for one recipient, and a test of it to oneself."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.channels.base import (
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.registry import get_channel
from wagtail_bin.dispatch.audience import layout_for
from wagtail_bin.dispatch.compose import compose, content_of, personalise, sender_of
from wagtail_bin.dispatch.translations import page_languages
from wagtail_bin.exceptions import DispatchError
from wagtail_bin.models import ChannelName, Member, Municipality, Network, PoliceZone
from wagtail_bin.permissions import Capability, require


@dataclasses.dataclass(frozen=True)
class _Anybody:
    """Somebody with a name, whose links lead to nobody."""

    full_name: str
    pk: None = None


def example_member(network: Network, language: str) -> Member:
    """An unsaved member to stand for any other, without anybody's data."""
    with translation.override(language):
        return Member(
            network=network,
            first_name=_("Example"),
            last_name=_("Member"),
            email="member@example.org",
            language=language,
        )


def preview(
    *,
    page: Any,
    member: Member,
    reference: str = "preview",
    channel: str = ChannelName.EMAIL,
) -> OutgoingMessage:
    """The message that a member would get if the page were sent as it is now.

    Args:
        page: the page in its latest revision.
        member: with its network, municipality and police zone loaded; or an
            :func:`example_member`. The links are nobody's: whoever looks at a
            member's message must not be able to unsubscribe that member.
        reference: becomes part of the Message-ID.
        channel: e-mail, SMS or voice.
    """
    ready = page_languages(page).ready
    layout = layout_for(member.network.municipality, member.language, tuple(ready))
    message = compose(pages=ready, layout=layout, channel=channel)
    return personalise(
        content=content_of(message),
        member=_Anybody(member.full_name),
        sender=sender_of(member.network, page.purpose),
        to=member.email if channel == ChannelName.EMAIL else member.mobile,
        reference=reference,
        channel=channel,
    )


def preview_anywhere(page: Any, channel: str = ChannelName.EMAIL) -> OutgoingMessage:
    """The message in the page's own language, from nobody to nobody.

    Args:
        page: as it is being written; need not be saved.
        channel: e-mail, SMS or voice.
    """
    language = page.locale.language_code
    with translation.override(language):
        zone = PoliceZone(name=_("Example police zone"))
        network = Network(
            name=_("BIN Example"),
            slug="example",
            municipality=Municipality(police_zone=zone),
            police_zone=zone,
        )
    message = compose(pages={language: page}, layout=language, channel=channel)
    member = example_member(network, language)
    return personalise(
        content=content_of(message),
        member=_Anybody(member.full_name),
        sender=sender_of(network, page.purpose),
        to=member.email,
        reference="preview",
        channel=channel,
    )


def preview_post(page: Any) -> str:
    """What would be posted on social media, in the page's own language."""
    ready = page_languages(page).ready
    layout = next(iter(ready))
    return compose(pages=ready, layout=layout, channel=ChannelName.SOCIAL).text


def send_test(*, page: Any, member: Member, user: Any) -> Receipt:
    """Send a member's message to the user instead, marked as a test.

    Args:
        page: the page in its latest revision.
        member: as for :func:`preview`.
        user: gets the test, and must be allowed to write to the network.

    Raises:
        NotAllowed: no mandate for the network.
        DispatchError: the user has no address, or the mail could not be sent.
    """
    require(user, Capability.COMPOSE, member.network)
    if not user.email:
        raise DispatchError(
            _(
                "Your account has no e-mail address. Add it under Account, then try again."
            )
        )
    example = example_member(member.network, member.language)
    example.first_name, example.last_name = member.first_name, member.last_name
    message = preview(page=page, member=example, reference=f"test.{uuid.uuid4()}")
    message = dataclasses.replace(
        message,
        to=user.email,
        content=dataclasses.replace(
            message.content,
            subject=_("TEST: %(subject)s") % {"subject": message.content.subject},
        ),
    )
    try:
        with get_channel(ChannelName.EMAIL) as channel:
            receipt = channel.send(message)
    except ChannelUnavailable as error:
        raise DispatchError(_cannot_send(error.code)) from error
    if receipt.outcome is not Outcome.ACCEPTED:
        raise DispatchError(_cannot_send(receipt.code))
    log(instance=page, action=audit.SEND_TEST, user=user)
    return receipt


def _cannot_send(code: str) -> str:
    return _(
        "The mail server did not take the test (%(code)s). Try again in a few "
        "minutes, or tell the person who runs this website."
    ) % {"code": code}
