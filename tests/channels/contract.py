"""What every channel promises, as one class of tests.

A channel's own test module subclasses it, with a provider that really runs on
loopback. What cannot happen to a channel stands in ``inapplicable``, with the
reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import pytest

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Content,
    Outcome,
    OutgoingMessage,
    Receipt,
)

WORDS = "Sluit alles goed af, ook de achterdeur."


class Provider(Protocol):
    """A provider and the channel that is set up for it."""

    def channel(self) -> Channel:
        """A fresh channel."""

    def does(self, what: str) -> None:
        """What it does from now on.

        ``accept``, ``refuse`` (for ever), ``limit`` (come back in 7 seconds),
        ``fail`` (an error of its own), ``garble``, ``silent`` (reads the
        message and never answers), ``reset``, or ``down``.
        """

    @property
    def received(self) -> list[list[str]]:
        """The recipients of each call that reached it, refused ones too."""

    def stop(self) -> None:
        """End it."""


class ChannelContract:
    """Subclass it and say who the recipients are and what the provider is."""

    recipients: ClassVar[list[str]]
    unsafe_recipients: ClassVar[list[str]]
    #: What the provider is told -> why that cannot happen to this channel.
    inapplicable: ClassVar[dict[str, str]] = {}
    #: Whether it has a sender and headers of a mail.
    has_headers: ClassVar[bool] = False
    #: Loggers of the provider itself, which does as it likes.
    foreign_loggers: ClassVar[set[str]] = set()
    #: What must not be logged besides recipients and text.
    secrets: ClassVar[list[str]] = []

    def make_provider(self) -> Provider:
        """A provider that accepts."""
        raise NotImplementedError

    def message(self, number: int = 0, **changes: Any) -> OutgoingMessage:
        """A good message to one of the recipients."""
        shared = {"subject": "Donkere maanden", "text": WORDS, "language": "nl"}
        if self.has_headers:
            shared |= {"from_email": "BIN <bin@heidebeek.example>"}
        for name in {"subject", "text", "from_email", "language"} & changes.keys():
            shared[name] = changes.pop(name)
        own: dict[str, Any] = {
            "reference": f"{number}.1.x",
            "to": self.recipients[number],
            "message_id": f"<{number}.1.x@heidebeek.example>",
        }
        return OutgoingMessage(content=Content(**shared), **(own | changes))

    @pytest.fixture
    def provider(self, settings: Any) -> Iterator[Provider]:
        settings.WAGTAIL_BIN_CALL_TIMEOUT = 1
        provider = self.make_provider()
        yield provider
        provider.stop()

    def does(self, provider: Provider, what: str) -> None:
        """Tell the provider, unless that cannot happen."""
        if reason := self.inapplicable.get(what):
            pytest.skip(f"{what}: {reason}")
        provider.does(what)

    def send(self, provider: Provider, *messages: OutgoingMessage) -> list[Receipt]:
        with provider.channel() as channel:
            return [channel.send(message) for message in messages]

    def try_to_send(
        self, provider: Provider, *messages: OutgoingMessage
    ) -> list[Receipt]:
        """Send; a channel that cannot be opened has sent nothing either."""
        try:
            return self.send(provider, *messages)
        except ChannelUnavailable as error:
            return [Receipt(Outcome.RETRY, code=error.code, source=str(error))]

    def test_i04_a_good_message_is_accepted_with_an_id(
        self, provider: Provider
    ) -> None:
        (receipt,) = self.send(provider, self.message())
        assert receipt.outcome is Outcome.ACCEPTED
        assert receipt.provider_id
        assert receipt.source
        assert provider.received == [[self.recipients[0]]]

    def test_i07_one_recipient_per_call(self, provider: Provider) -> None:
        messages = [self.message(n) for n in range(3)]
        receipts = self.send(provider, *messages)
        assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
        assert provider.received == [[m.to] for m in messages]

    def test_i07_a_batch_is_at_most_what_the_channel_says(
        self, provider: Provider
    ) -> None:
        messages = [self.message(n) for n in range(3)]
        with provider.channel() as channel:
            assert channel.batch_limit == 1
            receipts = channel.send_batch(messages)
        assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 3
        assert provider.received == [[m.to] for m in messages]

    def unsafe(self) -> dict[str, OutgoingMessage]:
        """Messages that nobody may get, by what is wrong with them."""
        evil = "x\r\nBcc: evil@x.be"
        cases = {f"to {to!r}": self.message(to=to) for to in self.unsafe_recipients}
        return cases | {
            "subject": self.message(subject=evil),
            "subject separator": self.message(subject="x\u2028y"),
            "header value": self.message(headers={"List-Id": evil}),
            "header name": self.message(headers={evil: "x"}),
            "header bcc": self.message(headers={"Bcc": "evil@x.be"}),
            "reply-to": self.message(reply_to=evil),
            "from": self.message(from_email=evil),
            "reference": self.message(reference=evil),
        }

    def test_i07_s14_what_is_unsafe_never_reaches_the_provider(
        self, provider: Provider
    ) -> None:
        cases = self.unsafe()
        receipts = self.send(provider, *cases.values())
        for name, receipt in zip(cases, receipts, strict=True):
            assert (receipt.outcome, receipt.source) == (Outcome.REJECTED, "guard"), (
                name
            )
        assert provider.received == []

    def test_i07_in_a_batch_only_what_is_unsafe_is_refused(
        self, provider: Provider
    ) -> None:
        messages = [
            self.message(0),
            self.message(1, to=self.unsafe_recipients[0]),
            self.message(2),
        ]
        with provider.channel() as channel:
            receipts = channel.send_batch(messages)
        assert [receipt.outcome for receipt in receipts] == [
            Outcome.ACCEPTED,
            Outcome.REJECTED,
            Outcome.ACCEPTED,
        ]
        assert provider.received == [[self.recipients[0]], [self.recipients[2]]]

    def test_f16_nothing_was_sent_to_a_provider_that_is_down(
        self, provider: Provider
    ) -> None:
        self.does(provider, "down")
        (receipt,) = self.try_to_send(provider, self.message())
        assert receipt.outcome is Outcome.RETRY
        assert receipt.code

    def test_f16_a_provider_that_goes_down_in_between_was_sent_nothing(
        self, provider: Provider
    ) -> None:
        with provider.channel() as channel:
            channel.send(self.message(0))
            self.does(provider, "down")
            channel.close()
            receipt = channel.send(self.message(1))
        assert receipt.outcome is Outcome.RETRY
        assert receipt.code

    def test_f05_f16_a_provider_that_reads_and_never_answers_leaves_it_unknown(
        self, provider: Provider
    ) -> None:
        self.does(provider, "silent")
        start = time.monotonic()
        (receipt,) = self.send(provider, self.message())
        assert time.monotonic() - start < 3  # CALL_TIMEOUT is 1
        assert receipt.outcome is Outcome.UNKNOWN
        assert len(provider.received) == 1

    @pytest.mark.parametrize("what", ["fail", "garble", "reset"])
    def test_f15_f16_f18_what_cannot_be_told_is_unknown(
        self, provider: Provider, what: str
    ) -> None:
        self.does(provider, what)
        (receipt,) = self.send(provider, self.message())
        assert receipt.outcome is Outcome.UNKNOWN
        assert receipt.code
        assert len(provider.received) == 1

    def test_f14_a_limit_is_waited_out(self, provider: Provider) -> None:
        self.does(provider, "limit")
        (receipt,) = self.send(provider, self.message())
        assert receipt.outcome is Outcome.RETRY
        assert receipt.retry_after == 7
        assert receipt.is_channel_wide

    def test_f30_a_refusal_for_ever_is_the_recipients_own(
        self, provider: Provider
    ) -> None:
        self.does(provider, "refuse")
        (receipt,) = self.send(provider, self.message())
        assert receipt.outcome is Outcome.REJECTED
        assert receipt.code
        assert not receipt.is_channel_wide

    @pytest.mark.parametrize(
        "what", ["refuse", "limit", "fail", "garble", "silent", "reset"]
    )
    def test_f32_a_channel_goes_on_after_a_failure(
        self, provider: Provider, what: str
    ) -> None:
        self.does(provider, what)
        with provider.channel() as channel:
            failed = channel.send(self.message(0))
            provider.does("accept")
            receipt = channel.send(self.message(1))
        assert failed.outcome is not Outcome.ACCEPTED
        assert receipt.outcome is Outcome.ACCEPTED

    @pytest.mark.parametrize(
        "what", ["accept", "refuse", "limit", "fail", "garble", "silent", "down"]
    )
    def test_p13_s36_nothing_personal_and_no_secret_in_any_log_record(
        self, provider: Provider, what: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.does(provider, what)
        with caplog.at_level(1):
            receipts = self.try_to_send(
                provider, self.message(), self.message(to=self.unsafe_recipients[0])
            )
        said = "\n".join(
            _all_of(record)
            for record in caplog.records
            if record.name not in self.foreign_loggers
        )
        said += "".join(map(str, receipts))
        for forbidden in [self.recipients[0].lstrip("+"), WORDS, *self.secrets]:
            assert forbidden not in said


def _all_of(record: logging.LogRecord) -> str:
    """A record with all that a handler could make of it."""
    return f"{record.getMessage()} {record.args} {record.exc_info} {record.exc_text}"
