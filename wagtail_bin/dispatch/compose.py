"""From a page to a message: rendered once per language, then personalised.

Templates, for a page model ``TipPage`` or one with its mixin, each with blocks:
``wagtail_bin/email/tip_page_subject.txt``, ``tip_page.txt``, ``tip_page.html``
and, per block of the body, ``wagtail_bin/email/blocks/<block>.txt`` and
``.html``; ``wagtail_bin/sms/tip_page.txt``, and the same for ``voice`` and
``social``.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.template.loader import render_to_string, select_template
from django.utils import translation
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from wagtail_bin.channels.base import (
    PART,
    Content,
    OutgoingMessage,
    Placeholders,
)
from wagtail_bin.channels.measure import fit_voice
from wagtail_bin.conf import conf
from wagtail_bin.membership.links import (
    site_root,
    unsubscribe_token,
    unsubscribe_url,
)
from wagtail_bin.models import ChannelName, DispatchMessage, Network, Purpose
from wagtail_bin.validators import clean_text, display_phone

LAYOUT_SEPARATOR = "+"
SUBJECT_LENGTH = 200
# What a voice message may take in all, in seconds.
VOICE_SECONDS = 60
# What stands between the languages of one text. Channels that speak change the
# voice there; those that write begin a new line.
PART_SEPARATORS: dict[str, str] = {
    ChannelName.EMAIL: f"\n\n{'=' * 60}\n\n",
    ChannelName.SMS: PART,
    ChannelName.VOICE: PART,
    ChannelName.SOCIAL: "\n\n",
}


def compose(
    *, pages: Mapping[str, Any], layout: str, channel: str = ChannelName.EMAIL
) -> DispatchMessage:
    """Render a page in one layout, for all recipients who get that layout.

    Args:
        pages: language code to page, as it is to be sent.
        layout: ``nl``, or ``nl+fr`` for both in this order.
        channel: whose templates; only e-mail has a subject and HTML.

    Returns:
        An unsaved message with placeholders.
    """
    token = get_random_string(16)
    languages = layout.split(LAYOUT_SEPARATOR)
    parts = [
        _render(pages[language], language, channel, Placeholders(token))
        for language in languages
    ]
    if channel == ChannelName.VOICE:
        for part, language in zip(parts, languages, strict=True):
            seconds = VOICE_SECONDS // len(languages)
            part["txt"] = _fit_voice(part["txt"], language, seconds)
    message = DispatchMessage(
        channel=channel,
        language=layout,
        token=token,
        text=PART_SEPARATORS[channel].join(part["txt"] for part in parts),
    )
    if channel == ChannelName.EMAIL:
        title = " / ".join(part["subject"] for part in parts)
        message.subject = title[:SUBJECT_LENGTH]
        message.html = render_to_string(
            "wagtail_bin/email/frame.html",
            {
                "parts": [part["html"] for part in parts],
                "languages": languages,
                "title": title,
            },
        )
    return message


def _render(
    page: Any, language: str, channel: str, placeholders: Placeholders
) -> dict[str, str]:
    """The parts of a message in one language, by the kind of their template."""
    context = {
        "page": page,
        "page_url": page.full_url or "",
        "language": language,
        "emergency_number": conf.EMERGENCY_NUMBER,
        "salutation": placeholders[f"salutation_{language}"],
        "network": placeholders["network"],
        "contact": placeholders["contact"],
        "unsubscribe_url": placeholders["unsubscribe_url"],
    }
    base = f"wagtail_bin/{channel}/{_template_name(page, channel)}"
    with translation.override(language):
        parts = {"txt": _tidy(render_to_string(f"{base}.txt", context))}
        if channel == ChannelName.EMAIL:
            subject = render_to_string(f"{base}_subject.txt", context)
            parts["subject"] = clean_text(subject)
            parts["html"] = render_to_string(f"{base}.html", context)
    return parts


def _fit_voice(text: str, language: str, seconds: int) -> str:
    """A text cut to what is said in so many seconds; its last line is kept.

    A placeholder counts as long as it is written, which is longer than any name.
    """
    kept, _, tail = text.rpartition("\n")
    return fit_voice(kept, seconds, language, tail=tail)


def _template_name(page: Any, channel: str) -> str:
    """The first of a page's classes that has templates; a mixin's are those of ours.

    Raises:
        TemplateDoesNotExist: none has.
    """
    names = [
        re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removesuffix("Mixin")).lower()
        for cls in type(page).__mro__
    ]
    found = select_template([f"wagtail_bin/{channel}/{name}.txt" for name in names])
    return Path(found.template.name).stem


def _tidy(text: str) -> str:
    """No trailing spaces, at most one empty line in a row."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines)


def content_of(message: DispatchMessage) -> Content:
    """What all recipients of a message share, for a channel."""
    return Content(
        subject=message.subject,
        text=message.text,
        html=message.html,
        placeholders=Placeholders(message.token),
        from_email=conf.from_email,
        language=message.language,
    )


class Recipient(Protocol):
    """As much of a member as a message is addressed with."""

    @property
    def pk(self) -> Any:
        """The member's key; None for a preview."""

    @property
    def full_name(self) -> str:
        """May be empty."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sender:
    """What all members of one network get the same in messages of one purpose.

    Attributes:
        unsubscribe_root: a token behind it makes the address of the page.
        mailto: address that unsubscribes, too; may be empty.
    """

    name: str
    contact: str
    reply_to: str
    unsubscribe_root: str
    list_id: str
    feedback_id: str
    domain: str
    purpose: str
    mailto: str


def sender_of(network: Network, purpose: str = Purpose.TIPS) -> Sender:
    """The sender's side of messages to a network's members.

    Args:
        network: with its police zone, its municipality and that one's site loaded.
    """
    host = urlsplit(site_root(network)).hostname
    domain = parseaddr(conf.from_email)[1].rpartition("@")[2] or "localhost"
    return Sender(
        name=network.name,
        contact=_contact(network),
        reply_to=network.contact_email,
        unsubscribe_root=unsubscribe_url(network=network, token=""),
        list_id=f"<{purpose}.{network.slug}.{host or domain}>",
        # Google: at most four fields, none of them about a person.
        feedback_id=f"{network.slug}:{purpose}:wagtail-bin",
        domain=domain,
        purpose=purpose,
        mailto=conf.UNSUBSCRIBE_MAILTO or "",
    )


def personalise(
    *,
    content: Content,
    member: Recipient,
    sender: Sender,
    to: str,
    reference: str,
    channel: str = ChannelName.EMAIL,
) -> OutgoingMessage:
    """Add one recipient's values.

    Args:
        content: of the message in the recipient's language.
        member: the recipient; need not be saved for a preview.
        to: the address at the channel.
        reference: our id of the delivery; becomes part of the Message-ID.
    """
    token = unsubscribe_token(
        member_id=member.pk or 0, purpose=sender.purpose, channel=channel
    )
    link = f"{sender.unsubscribe_root}{token}/"
    languages = content.language.split(LAYOUT_SEPARATOR)
    values = {
        "network": sender.name,
        "contact": sender.contact,
        "unsubscribe_url": link,
    }
    for language in languages:
        values[f"salutation_{language}"] = _salutation(member, language)
    if channel != ChannelName.EMAIL:
        return OutgoingMessage(
            reference=reference, to=to, content=content, values=values
        )
    return OutgoingMessage(
        reference=reference,
        to=to,
        content=content,
        values=values,
        reply_to=sender.reply_to,
        message_id=f"<{reference}@{sender.domain}>",
        headers=_list_headers(sender, link, languages),
    )


def as_repeat(content: Content) -> Content:
    """The content for somebody who may have had it already, saying so."""
    notes = []
    for language in content.language.split(LAYOUT_SEPARATOR):
        with translation.override(language):
            notes.append(_("Perhaps for the second time:"))
    note = " / ".join(notes)
    if content.html:
        return dataclasses.replace(content, subject=f"{note} {content.subject}")
    return dataclasses.replace(content, text=f"{note} {content.text}")


def _salutation(member: Recipient, language: str) -> str:
    nameless, named = _salutations(language)
    name = clean_text(member.full_name)
    return named % {"name": name} if name else nameless


@functools.cache
def _salutations(language: str) -> tuple[str, str]:
    with translation.override(language):
        return _("Dear member,"), _("Dear %(name)s,")


def _contact(network: Network) -> str:
    parts = [
        network.contact_name,
        network.contact_email,
        display_phone(network.contact_phone),
    ]
    zone = network.police_zone
    fallback = [zone.name, zone.display_phone]
    return ", ".join(filter(None, parts)) or ", ".join(filter(None, fallback))


def _list_headers(
    sender: Sender, unsubscribe_link: str, languages: Sequence[str]
) -> dict[str, str]:
    """RFC 2919 List-Id, a stream per purpose; RFC 2369 and 8058 List-Unsubscribe."""
    targets = [f"<{unsubscribe_link}>"]
    if sender.mailto:
        targets.append(f"<mailto:{sender.mailto}>")
    return {
        "List-Id": sender.list_id,
        "List-Unsubscribe": ", ".join(targets),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "Content-Language": ", ".join(languages),
        "Feedback-ID": sender.feedback_id,
    }
