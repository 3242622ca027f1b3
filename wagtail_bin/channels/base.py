"""What every channel takes and gives."""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from wagtail_bin.exceptions import UnsafeMessage
from wagtail_bin.validators import CONTROL_CHARACTERS


class Outcome(enum.Enum):
    """What is known after a call."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to one recipient.

    Attributes:
        reference: our own id, which a provider may hand back.
        to: one bare address.
        from_email: address, or ``Name <address>``.
        headers: further headers; no To, Cc or Bcc.
        message_id: with its angle brackets (RFC 5322).
    """

    reference: str
    to: str
    from_email: str
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    message_id: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one call.

    Attributes:
        outcome: ``ACCEPTED`` only with a ``provider_id`` for this recipient;
            ``RETRY`` only where it is certain that nothing was sent.
        provider_id: the provider's id of the message.
        code: the provider's reply code or the kind of failure; never an address.
        source: which provider said so.
    """

    outcome: Outcome
    provider_id: str = ""
    code: str = ""
    source: str = ""


class Channel(abc.ABC):
    """A way to reach people. Used as a context manager, one per drain.

    Entering opens what can be kept open; it raises :class:`ChannelUnavailable`
    where nothing can be sent at all.
    """

    source = ""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, message: OutgoingMessage) -> Receipt:
        """Send one message. Never raises: what goes wrong is in the receipt."""
        try:
            guard(message)
        except UnsafeMessage as error:
            return Receipt(Outcome.REJECTED, code=str(error), source="guard")
        return self.deliver(message)

    def open(self) -> None:  # noqa: B027 -- most channels keep nothing open
        """Connect, or raise :class:`ChannelUnavailable`."""

    def close(self) -> None:  # noqa: B027
        """Let go of what ``open`` took."""

    @abc.abstractmethod
    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Hand over one guarded message and classify what is answered."""


class ChannelUnavailable(Exception):  # noqa: N818
    """Nothing was sent and nothing can be, for now.

    Args:
        code: the kind of failure, without addresses or credentials.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


ADDRESSING_HEADERS = {"to", "cc", "bcc", "from", "sender", "subject", "reply-to"}


def guard(message: OutgoingMessage) -> None:
    """One recipient and clean headers, or nothing.

    It stands before the backend: some backends hand line breaks on to the
    provider, and an address that holds one becomes two recipients.

    Raises:
        UnsafeMessage: with a short code, never with the offending text.
    """
    if message.to.count("@") != 1 or any(c in message.to for c in ' ,;<>"()'):
        raise UnsafeMessage("recipient")
    values = (
        message.to,
        message.from_email,
        message.subject,
        message.reply_to,
        message.message_id,
        message.reference,
        *message.headers,
        *message.headers.values(),
    )
    if any(CONTROL_CHARACTERS.search(value) for value in values):
        raise UnsafeMessage("header")
    if ADDRESSING_HEADERS & {name.lower() for name in message.headers}:
        raise UnsafeMessage("addressing_header")
