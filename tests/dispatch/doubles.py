"""Channels that do what a test says, several under different names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from wagtail_bin.channels.base import Channel, Outcome, OutgoingMessage, Receipt

WIDE = {"source": "double", "is_channel_wide": True}
DOWN = Receipt(Outcome.RETRY, code="down", **WIDE)


def too_many(seconds: float) -> Receipt:
    """What a provider answers that wants us to wait."""
    return Receipt(Outcome.RETRY, code="429", retry_after=seconds, **WIDE)


@dataclasses.dataclass
class Script:
    """What a channel does, and has done.

    Attributes:
        answer: gives the receipt of a message; None: accepted.
        opening: is called whenever a connection is opened; may raise.
        tried: all messages of all calls.
        accepted: those that were accepted.
    """

    answer: Callable[[OutgoingMessage], Receipt | None] = lambda message: None
    opening: Callable[[], object] = lambda: None
    batch: int = 1
    tried: list[OutgoingMessage] = dataclasses.field(default_factory=list)
    accepted: list[OutgoingMessage] = dataclasses.field(default_factory=list)
    calls: list[list[OutgoingMessage]] = dataclasses.field(default_factory=list)


class Double(Channel):
    """A channel that follows the script of its name."""

    source = "double"
    scripts: ClassVar[dict[str, Script]] = {}

    @property
    def script(self) -> Script:
        """What to do."""
        return self.scripts[self.options["name"]]

    @property
    def batch_limit(self) -> int:
        """As the script says."""
        return self.script.batch

    def open(self) -> None:
        """Open, if the script lets it."""
        self.script.opening()

    def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Note the call."""
        self.script.calls.append(list(messages))
        return super().send_batch(messages)

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Answer as the script says."""
        self.script.tried.append(message)
        receipt = self.script.answer(message) or Receipt(
            Outcome.ACCEPTED, provider_id=message.reference, source=self.source
        )
        if receipt.outcome is Outcome.ACCEPTED:
            self.script.accepted.append(message)
        return receipt


def channels(**settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``WAGTAIL_BIN_CHANNELS`` with a double under each of the names."""
    return {
        name: {
            "BACKEND": "tests.dispatch.doubles.Double",
            "CONNECTIONS": 2,
            **entry,
            "OPTIONS": {"NAME": name, **entry.get("OPTIONS", {})},
        }
        for name, entry in settings.items()
    }
