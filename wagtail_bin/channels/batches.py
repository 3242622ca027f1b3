"""Several mails in one call to a provider: built so that nobody sees another.

One Django message with several addresses in ``To`` stands for the batch; anymail
makes one mail per address of it, with the values, headers and metadata of each.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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
        copy = copies[address.lower()] = copies.get(address.lower(), 0) + 1
        shared, own = _parted(message.headers)
        key: tuple[Any, ...] = (
            copy,
            message.content,
            message.subject,
            message.reply_to,
            *shared.items(),
            *own,
        )
        if not (
            names <= message.values.keys()
            and _can_be_merged(message, address, own, provider)
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
    fields = _Fields(first.content, provider, [m.values for m in messages])
    by_address = {wire_address(message.to): message for message in messages}
    mail = EmailMultiAlternatives(
        subject=literal(first.subject),
        body=fields.text,
        from_email=first.content.from_email,
        to=list(by_address),
        reply_to=[first.reply_to] if first.reply_to else None,
        headers=provider_headers(_parted(first.headers)[0], provider),
        connection=connection,
    )
    if fields.html:
        mail.attach_alternative(fields.html, "text/html")
    own: Any = mail
    own.merge_data = {to: fields.values(m.values) for to, m in by_address.items()}
    own.merge_headers = {to: _parted(m.headers)[1] for to, m in by_address.items()}
    own.merge_metadata = {to: {"delivery": m.reference} for to, m in by_address.items()}
    if fields.extra:
        own.esp_extra = fields.extra
    return mail


class _Fields:
    """A content with a provider's fields in the place of our placeholders.

    Every byte of a value travels, and is quoted, once per recipient. So what all
    have in common stands in the text itself, and a value has a field of its own
    for the HTML only if that escapes it for any of them.

    Args:
        everybody: the values of each recipient; not empty.
    """

    def __init__(
        self,
        content: Content,
        provider: Provider,
        everybody: Sequence[Mapping[str, str]],
    ) -> None:
        self._placeholders = content.placeholders
        self._field = provider.field
        self.extra: dict[str, Any] = {}
        if not provider.field:
            # SendGrid replaces whatever it is told to: our own placeholders.
            self.extra["merge_field_format"] = content.placeholders["{}"]
        own = {name: {v[name] for v in everybody} for name in _names(content)}
        shared = {name: found.pop() for name, found in own.items() if len(found) == 1}
        escaped = {
            name
            for name, found in own.items()
            if any(html.escape(value) != value for value in found)
        }
        self._plain: dict[str, str] = {}
        self._escaped: dict[str, str] = {}
        self.text = self._translated(content.text, shared, ())
        shared = {name: html.escape(value) for name, value in shared.items()}
        self.html = self._translated(content.html, shared, escaped)

    def values(self, values: Mapping[str, str]) -> dict[str, str]:
        """What one recipient has in the fields."""
        found = {field: literal(values[name]) for field, name in self._plain.items()}
        for field, name in self._escaped.items():
            found[field] = literal(html.escape(values[name]))
        return found

    def _translated(
        self, source: str, shared: Mapping[str, str], escaped: Collection[str]
    ) -> str:
        """A text with fields, noting which they are.

        Args:
            shared: what stands for some of the names, for everybody.
            escaped: names whose values are.
        """
        first, *rest = self._placeholders.split(source)
        pieces = [first]
        for name, after in zip(rest[::2], rest[1::2], strict=True):
            if name in shared:
                pieces[-1] += shared[name] + after
            elif name in escaped:
                self._escaped[f"{name}_html"] = name
                pieces += [self._written(f"{name}_html"), after]
            else:
                self._plain[f"{name}_text"] = name
                pieces += [self._written(f"{name}_text"), after]
        pieces[::2] = map(_set_apart, pieces[::2])
        return "".join(pieces)

    def _written(self, name: str) -> str:
        if self._field:
            return self._field.format(name)
        return self._placeholders[name]


def _set_apart(piece: str) -> str:
    """A piece of text that changes nothing of the field beside it."""
    piece = literal(piece)
    if piece.startswith(("}", "]", "%")):
        piece = WORD_JOINER + piece
    if piece.endswith(("{", "[", "%")):
        piece += WORD_JOINER
    return piece


def _parted(headers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The headers that are shared, and those that are a recipient's own."""
    shared = dict(headers)
    return shared, {name: shared.pop(name) for name in _own_names(tuple(headers))}


@functools.lru_cache
def _own_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Which are a recipient's own, of the same few, time and again."""
    return tuple(name for name in names if name.lower() == UNSUBSCRIBE)


def _wire_address(message: OutgoingMessage) -> str:
    """Its address; as it is where it cannot be written."""
    try:
        return wire_address(message.to)
    except UnicodeError:
        return message.to


def _names(content: Content) -> set[str]:
    """The values that a content has a place for."""
    split = content.placeholders.split
    return {*split(content.text)[1::2], *split(content.html)[1::2]}


def _can_be_merged(
    message: OutgoingMessage,
    address: str,
    own: Mapping[str, str],
    provider: Provider,
) -> bool:
    """Whether in a batch it would be exactly the mail that it is on its own."""
    return (
        # What anymail makes of the address must be what values are keyed by.
        bool(PLAIN_ADDRESS.fullmatch(address) or _is_read_as(address))
        and all(literal(value) == value for value in own.values())
        and (
            provider.is_field_exact
            or all(html.escape(value) == value for value in message.values.values())
        )
    )


def _is_read_as(address: str) -> bool:
    return address.isascii() and parseaddr(address)[1] == address
