"""A channel that keeps messages in memory: the public test double."""

from __future__ import annotations

from typing import ClassVar

from wagtail_bin.channels.base import Channel, Outcome, OutgoingMessage, Receipt


class MemoryChannel(Channel):
    """Accepts everything, or what ``receipts`` says, address by address."""

    source = "memory"
    outbox: ClassVar[list[OutgoingMessage]] = []
    receipts: ClassVar[dict[str, Receipt]] = {}

    @classmethod
    def reset(cls) -> None:
        """Forget all messages and scripted receipts."""
        cls.outbox.clear()
        cls.receipts.clear()

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Keep the message, unless a scripted receipt says otherwise."""
        receipt = self.receipts.get(message.to)
        if receipt is None:
            receipt = Receipt(
                Outcome.ACCEPTED, provider_id=message.reference, source=self.source
            )
        if receipt.outcome is Outcome.ACCEPTED:
            self.outbox.append(message)
        return receipt
