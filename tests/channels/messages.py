"""Messages for the tests of channels."""

from __future__ import annotations

from typing import Any

from wagtail_bin.channels.base import Content, OutgoingMessage, Placeholders

ADDRESS = "zoe@example.org"
PLACEHOLDERS = Placeholders("k3J9sQpZ7wXbR2mN")


def make_content(**changes: Any) -> Content:
    """A content without placeholders, unless told otherwise."""
    values = {
        "from_email": "BIN <bin@heidebeek.example>",
        "subject": "Donkere maanden",
        "text": "Sluit af.",
        "html": "<p>Sluit af.</p>",
        "placeholders": PLACEHOLDERS,
        "language": "nl",
    }
    return Content(**(values | changes))


def make_message(content: Content | None = None, **changes: Any) -> OutgoingMessage:
    """A message to ``ADDRESS``; what a content has may be given, too."""
    shared = {
        name: changes.pop(name)
        for name in ("from_email", "subject", "text", "html")
        if name in changes
    }
    own = {
        "reference": "1.1.x",
        "to": ADDRESS,
        "message_id": "<1.1.x@heidebeek.example>",
    }
    return OutgoingMessage(content=content or make_content(**shared), **(own | changes))


def personal_content(**changes: Any) -> Content:
    """A content whose text and HTML greet the recipient and hold their link."""
    name, link = PLACEHOLDERS["name"], PLACEHOLDERS["unsubscribe_url"]
    return make_content(
        **{
            "text": f"Beste {name},\n\nSluit af.\n\nUitschrijven: {link}",
            "html": f'<p>Beste {name},</p><p>Sluit af.</p><a href="{link}">uit</a>',
            **changes,
        }
    )


def personal_message(
    number: int, content: Content, *, name: str = "", **changes: Any
) -> OutgoingMessage:
    """The message of member ``number``, with everything of their own."""
    link = f"https://heidebeek.example/uit/{number}-tips.abcDEF/"
    own: dict[str, Any] = {
        "reference": f"{number}.1.d",
        "to": f"m{number}@example.org",
        "message_id": f"<{number}.1.d@heidebeek.example>",
        "reply_to": "coordinator@heidebeek.example",
        "values": {"name": name or f"Lid {number}", "unsubscribe_url": link},
        "headers": {
            "List-Id": "<tips.heide.heidebeek.example>",
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
            "Content-Language": "nl",
        },
    }
    return OutgoingMessage(content=content, **(own | changes))
