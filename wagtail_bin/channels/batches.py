"""Several mails in one call to a provider: built so that nobody sees another.

One Django message with several addresses in ``To`` stands for the batch; anymail
makes one mail per address of it, with the values, headers and metadata of each.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from django.core.mail import EmailMultiAlternatives

from wagtail_bin.channels.base import Content, OutgoingMessage
from wagtail_bin.channels.mime import UNSUBSCRIBE, wire_address
from wagtail_bin.channels.providers import (
    WORD_JOINER,
    Provider,
    literal,
    provider_headers,
    provider_of,
)
from wagtail_bin.exceptions import UnsafeMessage

# An address that no parser takes for anything else: most are like that.
PLAIN_ADDRESS = re.compile(r"[\w+-]+(\.[\w+-]+)*@[\w-]+(\.[\w-]+)*", re.ASCII)


def groups(
    messages: Sequence[OutgoingMessage], provider: Provider, limit: int
) -> Iterator[list[int]]:
    """Sort messages into batches.

    Members of a batch share everything but their values, ``List-Unsubscribe``
    and reference. No address is in one twice, in whatever case: a provider
    keys what it is given by address.

    Args:
        messages: guarded, of one content.
        provider: who is to take them.
        limit: most messages in a batch.

    Yields:
        Positions in ``messages``, one or more.
    """
    found: dict[tuple[Any, ...], list[int]] = {}
    copies: dict[str, int] = {}
    names = _names(messages[0].content) if messages else set()
    for position, message in enumerate(messages):
        address = _wire_address(message)
        copies[address.lower()] = copies.get(address.lower(), 0) + 1
        key: tuple[Any, ...] = (copies[address.lower()], *_shared(message))
        if not (
            names <= message.values.keys()
            and _can_be_merged(message, address, provider)
        ):
            key = (*key, position)
        found.setdefault(key, []).append(position)
    for positions in found.values():
        for start in range(0, len(positions), limit):
            yield positions[start : start + limit]


def batch_mail(
    messages: Sequence[OutgoingMessage], connection: Any
) -> EmailMultiAlternatives:
    """One message for anymail to make several of.

    Args:
        messages: one of :func:`groups`.
        connection: an anymail backend whose provider takes batches.

    Raises:
        UnsafeMessage: any other backend. It would put all addresses into one
            ``To`` for everybody to read.
    """
    if not isinstance(connection, AnymailBaseBackend):
        raise UnsafeMessage("batch")
    provider = provider_of(connection)
    if len(messages) > provider.batch:
        raise UnsafeMessage("batch")
    first = messages[0]
    fields = _Fields(first.content, provider)
    by_address = {wire_address(message.to): message for message in messages}
    mail = EmailMultiAlternatives(
        subject=literal(first.subject),
        body=fields.text,
        from_email=first.content.from_email,
        to=list(by_address),
        reply_to=[first.reply_to] if first.reply_to else None,
        headers=provider_headers(_headers(first, own=False), provider),
        connection=connection,
    )
    if fields.html:
        mail.attach_alternative(fields.html, "text/html")
    own: Any = mail
    own.merge_data = {to: fields.values(m.values) for to, m in by_address.items()}
    own.merge_headers = {to: _headers(m, own=True) for to, m in by_address.items()}
    own.merge_metadata = {to: {"delivery": m.reference} for to, m in by_address.items()}
    if fields.extra:
        own.esp_extra = fields.extra
    return mail


class _Fields:
    """A content with a provider's fields in the place of our placeholders.

    A value has a field for the text and one for the HTML, where it is escaped.
    """

    def __init__(self, content: Content, provider: Provider) -> None:
        self._content = content
        self._field = provider.field
        self.extra: dict[str, Any] = {}
        if not provider.field:
            # SendGrid replaces whatever it is told to: our own placeholders.
            self.extra["merge_field_format"] = content.placeholders["{}"]
        self.text, self._text_names = self._translated(content.text, "text")
        self.html, self._html_names = self._translated(content.html, "html")

    def values(self, values: Mapping[str, str]) -> dict[str, str]:
        """What one recipient has in the fields."""
        plain = {f"{n}_text": literal(values[n]) for n in self._text_names}
        escaped = {
            f"{n}_html": literal(html.escape(values[n])) for n in self._html_names
        }
        return plain | escaped

    def _translated(self, source: str, kind: str) -> tuple[str, set[str]]:
        pieces = self._content.placeholders.split(source)
        names = set(pieces[1::2])
        pieces[::2] = [_set_apart(piece) for piece in pieces[::2]]
        pieces[1::2] = [self._written(f"{name}_{kind}") for name in pieces[1::2]]
        return "".join(pieces), names

    def _written(self, name: str) -> str:
        if self._field:
            return self._field.format(name)
        return self._content.placeholders[name]


def _set_apart(piece: str) -> str:
    """A piece of text that changes nothing of the field beside it."""
    piece = literal(piece)
    if piece.startswith(("}", "]", "%")):
        piece = WORD_JOINER + piece
    if piece.endswith(("{", "[", "%")):
        piece += WORD_JOINER
    return piece


def _headers(message: OutgoingMessage, *, own: bool) -> dict[str, str]:
    """The headers that are a recipient's own, or those that are shared."""
    return {
        name: value
        for name, value in message.headers.items()
        if (name.lower() == UNSUBSCRIBE) is own
    }


def _wire_address(message: OutgoingMessage) -> str:
    """Its address; as it is where it cannot be written."""
    try:
        return wire_address(message.to)
    except UnicodeError:
        return message.to


def _shared(message: OutgoingMessage) -> tuple[Any, ...]:
    return (
        message.content,
        message.subject,
        message.reply_to,
        tuple(_headers(message, own=False).items()),
        tuple(_headers(message, own=True)),
    )


def _names(content: Content) -> set[str]:
    """The values that a content has a place for."""
    split = content.placeholders.split
    return {*split(content.text)[1::2], *split(content.html)[1::2]}


def _can_be_merged(message: OutgoingMessage, address: str, provider: Provider) -> bool:
    """Whether in a batch it would be exactly the mail that it is on its own."""
    return (
        # What anymail makes of the address must be what values are keyed by.
        bool(PLAIN_ADDRESS.fullmatch(address) or _is_read_as(address))
        and all(literal(v) == v for v in _headers(message, own=True).values())
        and (
            provider.is_field_exact
            or all(html.escape(value) == value for value in message.values.values())
        )
    )


def _is_read_as(address: str) -> bool:
    return address.isascii() and parseaddr(address)[1] == address
