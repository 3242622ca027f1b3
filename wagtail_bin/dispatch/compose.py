"""From a page to a message: rendered once per language, then personalised.

Templates, for a page model ``TipPage``, each with blocks to override:
``wagtail_bin/email/tip_page_subject.txt``, ``tip_page.txt``, ``tip_page.html``
and, per block of the body, ``wagtail_bin/email/blocks/<block>.txt`` and
``.html``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from wagtail_bin.channels.base import Content, OutgoingMessage, Placeholders
from wagtail_bin.conf import conf
from wagtail_bin.membership.links import (
    site_root,
    unsubscribe_token,
    unsubscribe_url,
)
from wagtail_bin.models import DispatchMessage, Member, Network, Purpose
from wagtail_bin.validators import clean_text, display_phone

LAYOUT_SEPARATOR = "+"
SUBJECT_LENGTH = 200


def compose(*, pages: Mapping[str, Any], layout: str) -> DispatchMessage:
    """Render a page in one layout, for all recipients who get that layout.

    Args:
        pages: language code to page, as it is to be sent.
        layout: ``nl``, or ``nl+fr`` for both in this order.

    Returns:
        An unsaved message with placeholders.
    """
    token = get_random_string(16)
    placeholders = Placeholders(token)
    subjects, texts, htmls = [], [], []
    for language in layout.split(LAYOUT_SEPARATOR):
        page = pages[language]
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
        base = f"wagtail_bin/email/{_template_name(page)}"
        with translation.override(language):
            subjects.append(
                clean_text(render_to_string(f"{base}_subject.txt", context))
            )
            texts.append(_tidy(render_to_string(f"{base}.txt", context)))
            htmls.append(render_to_string(f"{base}.html", context))
    frame = {
        "parts": htmls,
        "languages": layout.split(LAYOUT_SEPARATOR),
        "title": " / ".join(subjects),
    }
    return DispatchMessage(
        language=layout,
        token=token,
        subject=" / ".join(subjects)[:SUBJECT_LENGTH],
        text=f"\n\n{'=' * 60}\n\n".join(texts),
        html=render_to_string("wagtail_bin/email/frame.html", frame),
    )


def _template_name(page: Any) -> str:
    name = type(page).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


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


def personalise(
    *, content: Content, member: Member, network: Network, reference: str
) -> OutgoingMessage:
    """Add one recipient's values.

    Args:
        content: of the message in the recipient's language.
        member: the recipient; need not be saved for a preview.
        network: with its police zone, its municipality and that one's site loaded.
        reference: our id of the delivery; becomes part of the Message-ID.
    """
    token = unsubscribe_token(member_id=member.pk or 0, purpose=Purpose.TIPS)
    link = unsubscribe_url(network=network, token=token)
    values = {
        "network": network.name,
        "contact": _contact(network),
        "unsubscribe_url": link,
    }
    languages = content.language.split(LAYOUT_SEPARATOR)
    for language in languages:
        values[f"salutation_{language}"] = _salutation(member, language)
    return OutgoingMessage(
        reference=reference,
        to=member.email,
        content=content,
        values=values,
        reply_to=network.contact_email,
        message_id=f"<{reference}@{_sender_domain()}>",
        headers=_list_headers(network, link, languages),
    )


def _salutation(member: Member, language: str) -> str:
    with translation.override(language):
        name = clean_text(member.full_name)
        if not name:
            return _("Dear member,")
        return _("Dear %(name)s,") % {"name": name}


def _contact(network: Network) -> str:
    parts = [
        network.contact_name,
        network.contact_email,
        display_phone(network.contact_phone),
    ]
    zone = network.police_zone
    fallback = [zone.name, zone.display_phone]
    return ", ".join(filter(None, parts)) or ", ".join(filter(None, fallback))


def _sender_domain() -> str:
    return parseaddr(conf.from_email)[1].rpartition("@")[2] or "localhost"


def _list_headers(
    network: Network, unsubscribe_link: str, languages: Sequence[str]
) -> dict[str, str]:
    """RFC 2919 List-Id; RFC 2369 and 8058 List-Unsubscribe."""
    targets = [f"<{unsubscribe_link}>"]
    if conf.UNSUBSCRIBE_MAILTO:
        targets.append(f"<mailto:{conf.UNSUBSCRIBE_MAILTO}>")
    domain = urlsplit(site_root(network)).hostname or _sender_domain()
    return {
        "List-Id": f"<tips.{network.slug}.{domain}>",
        "List-Unsubscribe": ", ".join(targets),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "Content-Language": ", ".join(languages),
    }
