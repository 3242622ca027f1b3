"""E-mail through any Django mail backend: SMTP, or one of anymail's providers."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import ssl
from collections.abc import Callable
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives, get_connection

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.conf import conf
from wagtail_bin.exceptions import UnsafeMessage

logger = logging.getLogger(__name__)

CONNECTION_ERRORS = (OSError, smtplib.SMTPException, ssl.SSLError)


class EmailChannel(Channel):
    """One message per recipient over one open connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.connection: Any = None

    def guard(self, message: OutgoingMessage) -> None:
        """Exactly one bare address besides what every channel asks."""
        if message.to.count("@") != 1 or any(c in message.to for c in ' ,;<>"()'):
            raise UnsafeMessage("recipient")
        super().guard(message)

    @property
    def source(self) -> str:  # type: ignore[override]
        """``smtp``, or the name that anymail gives the provider."""
        return str(getattr(self.connection, "esp_name", "smtp")).lower()

    def open(self) -> None:
        """Connect."""
        self.connection = get_connection(timeout=conf.CALL_TIMEOUT)
        try:
            self.connection.open()
        except CONNECTION_ERRORS as error:
            self.connection = None
            raise ChannelUnavailable(_code(error)) from error

    def close(self) -> None:
        """Disconnect, whatever state the connection is in."""
        if self.connection is not None:
            with contextlib.suppress(*CONNECTION_ERRORS):
                self.connection.close()
            self.connection = None

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Send, and say what is known afterwards."""
        if self.connection is None:
            try:
                self.open()
            except ChannelUnavailable as error:
                return Receipt(Outcome.RETRY, code=error.code, source="connect")
        source = self.source
        mail = _mail(message, self.connection)
        try:
            sent = self.connection.send_messages([mail])
        except Exception as error:  # noqa: BLE001 -- any failure must become a receipt
            outcome = _outcome(error)
            if outcome is not Outcome.REJECTED:
                # It may be in the middle of something, or closed by a 421 (RFC
                # 5321), after which the next recipient would be in doubt.
                self.close()
            # The text of the error may hold the address; its kind does not.
            logger.warning(
                "Mail %s: %s (%s)", message.reference, outcome.value, _code(error)
            )
            return Receipt(outcome, code=_code(error), source=source)
        if isinstance(self.connection, AnymailBaseBackend):
            return _anymail_receipt(mail, message.to, source)
        if not sent:
            return Receipt(Outcome.UNKNOWN, code="not_sent", source=source)
        return Receipt(
            Outcome.ACCEPTED, provider_id=message.message_id, code="250", source=source
        )


def _mail(message: OutgoingMessage, connection: Any) -> EmailMultiAlternatives:
    headers = dict(message.headers)
    if message.message_id:
        headers["Message-ID"] = message.message_id
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=message.content.from_email,
        to=[message.to],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers=headers,
        connection=connection,
    )
    if message.content.html:
        mail.attach_alternative(message.html, "text/html")
    if isinstance(connection, AnymailBaseBackend):
        mail.metadata = {"delivery": message.reference}  # type: ignore[attr-defined]
    return mail


def _anymail_receipt(mail: Any, address: str, source: str) -> Receipt:
    """A provider's status for the one recipient; no exception does not mean sent."""
    status = mail.anymail_status.recipients.get(address)
    if status is None:
        return Receipt(Outcome.UNKNOWN, code="no_status", source=source)
    identifier = status.message_id or ""
    if status.status in {"queued", "sent"} and identifier:
        return Receipt(
            Outcome.ACCEPTED, provider_id=identifier, code=status.status, source=source
        )
    if status.status in {"rejected", "invalid", "failed"}:
        outcome = Outcome.REJECTED
    else:
        outcome = Outcome.UNKNOWN
    return Receipt(outcome, identifier, str(status.status), source)


def _code(error: BaseException) -> str:
    """The kind of an error: a reply code where there is one, else its class."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return str(next(iter(error.recipients.values()), (0, b""))[0])
    code = getattr(error, "smtp_code", None) or getattr(error, "status_code", None)
    return str(code) if code else type(error).__name__[:40]


def _smtp_outcome(error: BaseException) -> Outcome:
    """Classify a reply of an SMTP server (RFC 5321: 4yz transient, 5yz permanent)."""
    if isinstance(error, smtplib.SMTPSenderRefused):
        # It is our own sender that is refused: no fault of the member's address.
        return Outcome.RETRY
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Outcome.REJECTED
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException):
        code = _code(error)
        if code.startswith("5"):
            return Outcome.REJECTED
        if code.startswith("4"):
            return Outcome.RETRY
    return Outcome.UNKNOWN


def _anymail_outcome(error: BaseException) -> Outcome:
    """Classify anymail's exceptions; it gives read and connect time-outs one class."""
    if isinstance(error, AnymailRecipientsRefused):
        return Outcome.REJECTED
    status = getattr(error, "status_code", None)
    if status is None:
        cause = type(error.__cause__).__name__
        return (
            Outcome.RETRY
            if cause in {"ConnectTimeout", "NameResolutionError"}
            else Outcome.UNKNOWN
        )
    if status == 429 or status in {401, 403}:
        # Too many calls, or our credentials: not the member's fault.
        return Outcome.RETRY
    return Outcome.REJECTED if 400 <= status < 500 else Outcome.UNKNOWN


def _outcome(error: BaseException) -> Outcome:
    classifiers: tuple[
        tuple[type[BaseException], Callable[[BaseException], Outcome]], ...
    ] = (
        (AnymailError, _anymail_outcome),
        (smtplib.SMTPException, _smtp_outcome),
        # Raised while the message is built, before anything is sent.
        (UnicodeError, lambda _: Outcome.REJECTED),
        (ValueError, lambda _: Outcome.REJECTED),
    )
    for kind, classify in classifiers:
        if isinstance(error, kind):
            return classify(error)
    return Outcome.UNKNOWN
