"""E-mail through any Django mail backend: SMTP, or one of anymail's providers."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import re
import smtplib
from collections.abc import Sequence
from email.utils import make_msgid
from typing import Any, NamedTuple, Protocol

from anymail.backends.base import AnymailBaseBackend
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.esp import AnymailTransport
from wagtail_bin.channels.mime import InvalidSender, MailTemplate, wire_address
from wagtail_bin.channels.smtp import Mail, SmtpSession, error_kind
from wagtail_bin.channels.status_codes import is_dead_address, status_of
from wagtail_bin.conf import conf
from wagtail_bin.exceptions import UnsafeMessage

logger = logging.getLogger(__name__)

# Set by us, once each (RFC 5322 section 3.6), or on the way (RFC 2045, 5321).
RESERVED_HEADERS = re.compile(
    r"date|message-id|mime-version|content-(type|transfer-encoding)"
    r"|return-path|received|resent-.*",
    re.IGNORECASE,
)
# Each would make a second address of a part, or a name (RFC 5322 section 3.4).
ADDRESS_CHARACTERS = frozenset(' ,;<>"()\\')
MESSAGE_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")
# Contents whose bytes are kept: a worker sends one message in a few languages.
TEMPLATES = 8


class Transport(Protocol):
    """A way to hand over mail one by one, open until it is closed."""

    source: str

    @property
    def is_open(self) -> bool:
        """Whether it can take a next mail."""

    def close(self) -> None:
        """Let go of the connection."""

    def deliver(
        self, message: OutgoingMessage, following: OutgoingMessage | None = None
    ) -> Receipt:
        """Hand over one mail; ``following`` is the next one, unless we close."""


class EmailChannel(Channel):
    """One mail per recipient over one open connection, or a provider's batch.

    Args:
        batch_limit: most mails in one call to a provider that takes several
            and loses nothing by it; all others get them one by one.
    """

    def __init__(self, *, batch_limit: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self._most = batch_limit
        self._transport: Transport | None = None
        self._following: OutgoingMessage | None = None

    @property
    def source(self) -> str:  # type: ignore[override]
        """``smtp``, or the name that anymail gives the provider."""
        return self._transport.source if self._transport else "connect"

    @property
    def batch_limit(self) -> int:
        """What the provider takes and the project allows."""
        if isinstance(self._transport, AnymailTransport):
            return self._transport.batch_limit
        return 1

    def guard(self, message: OutgoingMessage) -> None:
        """Exactly one bare address, and each header once."""
        local, _, domain = message.to.rpartition("@")
        is_one = local and domain and "@" not in local
        if not is_one or not ADDRESS_CHARACTERS.isdisjoint(message.to):
            raise UnsafeMessage("recipient")
        if _has_reserved(tuple(message.headers)):
            raise UnsafeMessage("reserved_header")
        if message.message_id and not MESSAGE_ID.fullmatch(message.message_id):
            raise UnsafeMessage("message_id")
        super().guard(message)

    def open(self) -> None:
        """Connect."""
        connection = get_connection()
        try:
            self._transport = _transport_over(connection, self._most)
        except Exception as error:
            with contextlib.suppress(Exception):
                connection.close()
            raise ChannelUnavailable(_code(error)) from error

    def close(self) -> None:
        """Disconnect, whatever state the connection is in."""
        transport, self._transport = self._transport, None
        if transport is not None:
            with contextlib.suppress(Exception):
                transport.close()

    def expect(self, message: OutgoingMessage | None) -> None:
        """It may begin on the way of the mail before it."""
        self._following = message

    def abandon(self) -> None:
        """What has begun ends unsent with its connection."""
        if self._following is not None:
            self._following = None
            self.close()

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Send, and say what is known afterwards."""
        if self._transport is None:
            try:
                self.open()
            except ChannelUnavailable as error:
                return _ours(error.code, "connect")
        assert self._transport is not None  # noqa: S101 -- opened just now
        receipt = self._transport.deliver(message, self._following)
        if not self._transport.is_open:
            self.close()
        _note(message, receipt)
        return receipt

    def deliver_batch(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Send several at once where that was agreed, else one by one."""
        if not isinstance(self._transport, AnymailTransport) or self.batch_limit == 1:
            return super().deliver_batch(messages)
        receipts = self._transport.deliver_batch(messages)
        for message, receipt in zip(messages, receipts, strict=True):
            _note(message, receipt)
        return receipts


@functools.lru_cache
def _has_reserved(names: tuple[str, ...]) -> bool:
    """Whether a header is among them that we set: the same few, time and again."""
    return any(map(RESERVED_HEADERS.fullmatch, names))


class _Built(NamedTuple):
    mail: Mail
    message_id: str


class SmtpTransport:
    """Django's own SMTP backend, whose connection we speak over ourselves.

    Args:
        connection: the backend, not open yet: host, TLS and login are its own.
    """

    source = "smtp"

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._template = functools.lru_cache(maxsize=TEMPLATES)(MailTemplate)
        connection.timeout = conf.CONNECT_TIMEOUT
        connection.open()
        self._session = SmtpSession(connection.connection, conf.CALL_TIMEOUT)
        self._next: tuple[OutgoingMessage, _Built | Receipt] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the connection still stands."""
        return self._session.is_open

    def close(self) -> None:
        """Take leave of the server."""
        self._connection.close()

    def deliver(
        self, message: OutgoingMessage, following: OutgoingMessage | None = None
    ) -> Receipt:
        """Send one mail; its Message-ID serves as the id."""
        built = self._take(message)
        self._next, next_mail = None, None
        if following is not None:
            begins = self._build(following)
            self._next = following, begins
            next_mail = begins.mail if isinstance(begins, _Built) else None
        if isinstance(built, Receipt):
            return built
        receipt = self._session.send(built.mail, next_mail)
        if receipt.outcome is Outcome.ACCEPTED:
            return dataclasses.replace(receipt, provider_id=built.message_id)
        return receipt

    def _take(self, message: OutgoingMessage) -> _Built | Receipt:
        """The very mail that the session may have begun, or a fresh one."""
        if self._next and self._next[0] is message:
            return self._next[1]
        return self._build(message)

    def _build(self, message: OutgoingMessage) -> _Built | Receipt:
        """A mail, or why there can be none."""
        try:
            template = self._template(message.content)
            recipient = wire_address(message.to)
            message_id = template.message_id(message)
            content = template.build(message, message_id)
        except InvalidSender:
            return _ours("sender", self.source)
        except ValueError as error:
            return Receipt(Outcome.REJECTED, "", type(error).__name__, self.source)
        return _Built(Mail(template.sender, recipient, content), message_id)


class DjangoTransport:
    """Any other backend: for tests and development, or one that adds to SMTP.

    Args:
        connection: the backend, not open yet.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.source = type(connection).__module__.rpartition(".")[2]
        self.is_open = True
        connection.open()

    def close(self) -> None:
        """Close what the backend keeps open."""
        self._connection.close()

    def deliver(
        self, message: OutgoingMessage, _following: OutgoingMessage | None = None
    ) -> Receipt:
        """Send one mail; its Message-ID serves as the id."""
        identifier = message.message_id or make_msgid()
        mail = EmailMultiAlternatives(
            subject=message.subject,
            body=message.text,
            from_email=message.content.from_email,
            to=[message.to],
            reply_to=[message.reply_to] if message.reply_to else None,
            headers={**message.headers, "Message-ID": identifier},
            connection=self._connection,
        )
        if message.content.html:
            mail.attach_alternative(message.html, "text/html")
        try:
            count = self._connection.send_messages([mail])
        except Exception as error:  # noqa: BLE001 -- any failure becomes a receipt
            receipt = _django_receipt(error, self.source)
            # It may be in the middle of something, or closed by a 421.
            self.is_open = receipt.outcome is Outcome.REJECTED
            return receipt
        if not count:
            return Receipt(Outcome.UNKNOWN, "", "not_sent", self.source)
        return Receipt(Outcome.ACCEPTED, identifier, "sent", self.source)


def _transport_over(connection: Any, batch_limit: int) -> Transport:
    """Open a backend in the way that tells most of what becomes of a mail."""
    if isinstance(connection, AnymailBaseBackend):
        return AnymailTransport(connection, batch_limit)
    kind: Any = type(connection)
    is_plain_smtp = (
        isinstance(connection, SmtpBackend)
        # A backend that signs or copies what it sends does so in these two.
        and kind.send_messages is SmtpBackend.send_messages
        and kind._send is SmtpBackend._send  # type: ignore[attr-defined]
    )
    return SmtpTransport(connection) if is_plain_smtp else DjangoTransport(connection)


def _django_receipt(error: Exception, source: str) -> Receipt:
    """What a backend's error says; it does not tell how far it got."""
    code = _code(error)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _ours(code, source)
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError):
        # Raised while the mail is built.
        return Receipt(Outcome.REJECTED, "", code, source)
    outcome = {"4": Outcome.RETRY, "5": Outcome.REJECTED}.get(code[:1], Outcome.UNKNOWN)
    is_channel_wide = outcome is Outcome.UNKNOWN or code == "421"
    is_permanent = outcome is Outcome.REJECTED and is_dead_address(
        status_of(_reply(error)[1])
    )
    return Receipt(outcome, "", code, source, 0, is_channel_wide, is_permanent)


def _code(error: BaseException) -> str:
    """The kind of an error: a reply code where there is one, else its class."""
    code, _text = _reply(error)
    return str(code) if code else error_kind(error)


def _reply(error: BaseException) -> tuple[int | None, bytes]:
    """The server's reply that smtplib made an error of, if it did."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()), (None, b""))
    text = getattr(error, "smtp_error", b"")
    return getattr(error, "smtp_code", None), text if isinstance(text, bytes) else b""


def _ours(code: str, source: str) -> Receipt:
    """Nothing was sent, and no recipient is to blame for it."""
    return Receipt(Outcome.RETRY, code=code, source=source, is_channel_wide=True)


def _note(message: OutgoingMessage, receipt: Receipt) -> None:
    """Log what was not accepted, without the server's text: it may hold an address."""
    if receipt.outcome is not Outcome.ACCEPTED:
        logger.warning(
            "Mail %s: %s (%s)", message.reference, receipt.outcome.value, receipt.code
        )
