"""What every channel takes and gives."""

from __future__ import annotations

import abc
import dataclasses
import enum
import functools
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from wagtail_bin.exceptions import UnsafeMessage
from wagtail_bin.validators import CONTROL_CHARACTERS

# Form feed (ASCII 12): between the languages of one text, for channels that give
# each its own voice. Where text is read it is sent as a new line.
PART = "\f"


class Outcome(enum.Enum):
    """What is known after a call."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Placeholders:
    """What stands in a rendered message for a recipient's own values.

    Only the message's random token forms a placeholder, so that nothing an
    editor writes in a page can pass for one.
    """

    token: str

    def __getitem__(self, name: str) -> str:
        return f"@@{self.token}:{name}@@"

    def fill(self, text: str, values: Mapping[str, str]) -> str:
        """Replace the placeholders of all ``values`` in a text."""
        if self.token not in text:
            return text
        for name, value in values.items():
            text = text.replace(self[name], value)
        return text

    def split(self, text: str) -> list[str]:
        """Cut a text at its placeholders, for a channel that fills them itself.

        Returns:
            Text, name, text, name, …, text: always an odd number.
        """
        return re.split(rf"@@{re.escape(self.token)}:(\w+)@@", text)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What the recipients of one message in one language have in common.

    One object per message and language, so that a channel may keep what it
    makes of it (compared by identity).

    Attributes:
        subject: with placeholders, one line; empty where a channel has none.
        text: with placeholders; :data:`PART` stands between two languages.
        html: with placeholders; empty where a channel has none.
        placeholders: forms the placeholders of the three.
        from_email: address, or ``Name <address>``.
        language: ``nl``, or ``nl+fr`` for both, first one on top.
    """

    text: str
    subject: str = ""
    html: str = ""
    placeholders: Placeholders = Placeholders("")
    from_email: str = ""
    language: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to one recipient.

    Attributes:
        reference: our own id, which a provider may hand back.
        to: one bare address; for SMS and voice a number in E.164 (ITU-T); for
            a broadcast the name of its target.
        content: what it shares with others.
        values: placeholder's name to what this recipient has there, unescaped.
        reply_to: one address, or empty.
        message_id: with its angle brackets (RFC 5322).
        headers: further headers; no To, Cc or Bcc.
    """

    reference: str
    to: str
    content: Content
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reply_to: str = ""
    message_id: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The subject of this recipient."""
        return self.content.placeholders.fill(self.content.subject, self.values)

    @property
    def text(self) -> str:
        """The text of this recipient."""
        return self.content.placeholders.fill(self.content.text, self.values)

    @property
    def html(self) -> str:
        """The HTML of this recipient, with the values escaped."""
        escaped = {name: html.escape(value) for name, value in self.values.items()}
        return self.content.placeholders.fill(self.content.html, escaped)


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one call.

    Attributes:
        outcome: ``ACCEPTED`` only with a ``provider_id`` for this recipient;
            ``RETRY`` only where it is certain that nothing was sent.
        provider_id: the provider's id of the message.
        code: the provider's reply code or the kind of failure; never an address.
        source: which provider said so.
        retry_after: seconds that the provider asks us to wait; 0: it did not say.
        is_channel_wide: the failure has nothing to do with this recipient: the
            next one would fare the same.
        is_permanent: ``REJECTED`` since the address will never do, so that it
            may be suppressed.
    """

    outcome: Outcome
    provider_id: str = ""
    code: str = ""
    source: str = ""
    retry_after: float = 0
    is_channel_wide: bool = False
    is_permanent: bool = False


class Channel(abc.ABC):
    """A way to reach people. Used as a context manager, by one thread.

    Entering opens what can be kept open; it raises :class:`ChannelUnavailable`
    where nothing can be sent at all. A channel never touches the database.

    Args:
        options: ``OPTIONS`` of the channel in ``WAGTAIL_BIN_CHANNELS``.
    """

    source = ""

    def __init__(self, **options: Any) -> None:
        self.options = options

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

    @property
    def batch_limit(self) -> int:
        """How many messages one call can carry; known once it is open."""
        return 1

    def send(self, message: OutgoingMessage) -> Receipt:
        """Send one message. Never raises: what goes wrong is in the receipt."""
        return self.send_batch([message])[0]

    def send_each(
        self, messages: Sequence[OutgoingMessage], may_go_on: Callable[[], bool]
    ) -> Iterator[Receipt]:
        """Send messages one call after the other.

        Args:
            may_go_on: asked before each call.

        Yields:
            One receipt per message in their order, up to where it said no.
        """
        refusals = [self._refusal(message) for message in messages]
        safe = [m for m, r in zip(messages, refusals, strict=True) if r is None]
        following = iter([*safe[1:], None])
        for message, refusal in zip(messages, refusals, strict=True):
            if not may_go_on():
                self.abandon()
                break
            if refusal is None:
                self.expect(next(following))
            yield refusal or self.deliver(message)

    def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Send up to ``batch_limit`` messages in one call. Never raises.

        Args:
            messages: to different addresses, all with the same ``content``.

        Returns:
            One receipt per message, in their order.
        """
        refusals = [self._refusal(message) for message in messages]
        safe = [m for m, r in zip(messages, refusals, strict=True) if r is None]
        if len(safe) == 1:
            delivered = iter([self.deliver(safe[0])])
        else:
            delivered = iter(self.deliver_batch(safe) if safe else [])
        return [refusal or next(delivered) for refusal in refusals]

    def _refusal(self, message: OutgoingMessage) -> Receipt | None:
        try:
            self.guard(message)
        except UnsafeMessage as error:
            return Receipt(Outcome.REJECTED, code=str(error), source="guard")
        return None

    def open(self) -> None:  # noqa: B027 -- most channels keep nothing open
        """Connect, or raise :class:`ChannelUnavailable`."""

    def close(self) -> None:  # noqa: B027
        """Let go of what ``open`` took."""

    def guard(self, message: OutgoingMessage) -> None:
        """One recipient and clean headers, or nothing.

        It stands before the provider's library: some hand line breaks on to
        the provider, and an address that holds one becomes two recipients.

        Raises:
            UnsafeMessage: with a short code, never with the offending text.
        """
        values = (
            message.to,
            message.content.from_email,
            message.subject,
            message.reply_to,
            message.message_id,
            message.reference,
            *message.headers,
            *message.headers.values(),
        )
        if CONTROL_CHARACTERS.search("".join(values)):
            raise UnsafeMessage("header")
        fault = _fault_of_names(tuple(message.headers))
        if fault:
            raise UnsafeMessage(fault)

    def expect(self, message: OutgoingMessage | None) -> None:  # noqa: B027
        """Learn what comes after the message that is delivered next.

        Args:
            message: guarded; None: nothing.
        """

    def abandon(self) -> None:  # noqa: B027
        """What was expected does not come."""

    @abc.abstractmethod
    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Hand over one guarded message and classify what is answered."""

    def deliver_batch(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Hand over guarded messages in one call; for channels that can."""
        return [self.deliver(message) for message in messages]


class ChannelUnavailable(Exception):  # noqa: N818
    """Nothing was sent and nothing can be, for now.

    Args:
        code: the kind of failure, without addresses or credentials.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


ADDRESSING_HEADERS = {"to", "cc", "bcc", "from", "sender", "subject", "reply-to"}

# RFC 5322 section 2.2: a colon or a blank in the name would begin another header.
HEADER_NAME = re.compile(r"[!-9;-~]+")


@functools.lru_cache
def _fault_of_names(names: tuple[str, ...]) -> str:
    """What is wrong with the names of some headers: the same few, time and again."""
    if not all(map(HEADER_NAME.fullmatch, names)):
        return "header_name"
    if ADDRESSING_HEADERS & {name.lower() for name in names}:
        return "addressing_header"
    return ""
