"""A channel that keeps messages in memory: the public test double."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.options import read_options


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemoryOptions:
    """Options of :class:`MemoryChannel`.

    Attributes:
        batch_limit: messages that one call can carry.
    """

    batch_limit: int = 1


class MemoryChannel(Channel):
    """Accepts everything, or what ``receipts`` says, address by address.

    What it keeps belongs to the class, for a worker makes channels as it needs
    them, several at a time. A subclass keeps its own, so that a test can tell
    two channels apart.

    Attributes:
        outbox: the messages that were accepted.
        calls: the messages of each call, accepted or not.
        receipts: address to what it is answered.
        unavailable: a code, while nothing can be sent at all.
    """

    source = "memory"
    outbox: ClassVar[list[OutgoingMessage]] = []
    calls: ClassVar[list[list[OutgoingMessage]]] = []
    receipts: ClassVar[dict[str, Receipt]] = {}
    unavailable: ClassVar[str] = ""
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.outbox, cls.calls, cls.receipts = [], [], {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.settings = read_options(MemoryOptions, options)

    @classmethod
    def reset(cls) -> None:
        """Forget all messages, and all that was scripted."""
        with cls._lock:
            cls.outbox.clear()
            cls.calls.clear()
            cls.receipts.clear()
            cls.unavailable = ""

    @property
    def batch_limit(self) -> int:
        """As the option says."""
        return self.settings.batch_limit

    def open(self) -> None:
        """Refuse while ``unavailable`` says so."""
        if self.unavailable:
            raise ChannelUnavailable(self.unavailable)

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Keep the message, unless a scripted receipt says otherwise."""
        return self.deliver_batch([message])[0]

    def deliver_batch(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Keep the messages that no scripted receipt refuses."""
        with self._lock:
            if not self.unavailable:
                for start in range(0, len(messages), self.batch_limit):
                    end = start + self.batch_limit
                    self.calls.append(list(messages[start:end]))
            return [self._receive(message) for message in messages]

    def _receive(self, message: OutgoingMessage) -> Receipt:
        if self.unavailable:
            return Receipt(
                Outcome.RETRY,
                code=self.unavailable,
                source=self.source,
                is_channel_wide=True,
            )
        receipt = self.receipts.get(message.to)
        if receipt is None:
            receipt = Receipt(
                Outcome.ACCEPTED, provider_id=message.reference, source=self.source
            )
        if receipt.outcome is Outcome.ACCEPTED:
            self.outbox.append(message)
        return receipt
