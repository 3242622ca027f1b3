"""The messages of a page beside it in the editor: Wagtail's preview modes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from wagtail_bin.dispatch.preview import preview_anywhere
from wagtail_bin.models import ChannelName, register_message_preview

# Nothing in a mail may act within the admin. The preview panel itself reaches into
# its frame to keep the place that was scrolled to: it needs the same origin.
POLICY = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'"
)


def register() -> None:
    """Offer the preview modes."""
    register_message_preview("mail", _("E-mail"), as_mail)
    register_message_preview(
        "mail_text",
        _("E-mail as plain text"),
        partial(as_text, channel=ChannelName.EMAIL),
    )
    register_message_preview("sms", _("SMS"), partial(as_text, channel=ChannelName.SMS))


def as_mail(page: Any) -> HttpResponse:
    """The HTML part of the mail."""
    return _answer(preview_anywhere(page).html, "text/html")


def as_text(page: Any, *, channel: str) -> HttpResponse:
    """The text of a message."""
    return _answer(preview_anywhere(page, channel).text, "text/plain")


def _answer(text: str, kind: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Cache-Control"] = "no-store, private"
    response["Content-Security-Policy"] = POLICY
    return response
