"""The public test double plays every part, for several threads at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.channels.contract import ChannelContract
from wagtail_bin.channels.base import Content, Outcome, OutgoingMessage, Receipt
from wagtail_bin.channels.memory import MemoryChannel


class MemoryProvider:
    """What a test scripts."""

    scripts = {
        "refuse": Receipt(Outcome.REJECTED, code="550", source="memory"),
        "limit": Receipt(Outcome.RETRY, "", "429", "memory", 7, is_channel_wide=True),
        "fail": Receipt(Outcome.UNKNOWN, code="500", source="memory"),
        "garble": Receipt(Outcome.UNKNOWN, code="no_id", source="memory"),
        "silent": Receipt(Outcome.UNKNOWN, code="ReadTimeout", source="memory"),
        "reset": Receipt(Outcome.UNKNOWN, code="ConnectionError", source="memory"),
    }

    def __init__(self, recipients: list[str]) -> None:
        self.recipients = recipients

    def channel(self) -> MemoryChannel:
        return MemoryChannel()

    def does(self, what: str) -> None:
        MemoryChannel.receipts.clear()
        MemoryChannel.unavailable = "down" if what == "down" else ""
        if what in self.scripts:
            MemoryChannel.receipts |= dict.fromkeys(self.recipients, self.scripts[what])

    @property
    def received(self) -> list[list[str]]:
        return [[message.to for message in call] for call in MemoryChannel.calls]

    def stop(self) -> None:
        MemoryChannel.reset()


class TestMemoryContract(ChannelContract):
    recipients = ["an@example.org", "bo@example.org", "cy@example.org"]
    unsafe_recipients = ["an@example.org\nBcc: evil@x.be", "an@example.org\u2028"]

    def make_provider(self) -> MemoryProvider:
        return MemoryProvider(self.recipients)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    MemoryChannel.reset()


def messages(count: int) -> list[OutgoingMessage]:
    content = Content(text="x")
    return [
        OutgoingMessage(f"{n}.1.x", f"m{n}@example.org", content) for n in range(count)
    ]


def test_f17_a_batch_is_one_call_with_an_answer_for_each() -> None:
    MemoryChannel.receipts["m1@example.org"] = Receipt(Outcome.REJECTED, code="550")
    channel = MemoryChannel(BATCH_LIMIT=10)
    assert channel.batch_limit == 10
    receipts = channel.send_batch(batch := messages(3))
    assert [receipt.outcome for receipt in receipts] == [
        Outcome.ACCEPTED,
        Outcome.REJECTED,
        Outcome.ACCEPTED,
    ]
    assert MemoryChannel.calls == [batch]
    assert MemoryChannel.outbox == [batch[0], batch[2]]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_several_connections_at_once_do_not_mix_their_calls() -> None:
    barrier = threading.Barrier(8)
    batch = messages(4)

    def work() -> None:
        channel = MemoryChannel(BATCH_LIMIT=4)
        barrier.wait()
        for _ in range(200):
            channel.send_batch(batch)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MemoryChannel.calls == [batch] * 1600
    assert MemoryChannel.outbox == batch * 1600


def test_a_subclass_keeps_its_own() -> None:
    class Other(MemoryChannel):
        source = "other"

    (message,) = messages(1)
    assert Other().send(message).source == "other"
    assert (Other.outbox, MemoryChannel.outbox) == ([message], [])
    MemoryChannel.unavailable = "down"
    Other.reset()
    assert Other.outbox == []
    assert MemoryChannel.unavailable == "down"


def test_a_misspelt_option_is_found() -> None:
    with pytest.raises(ImproperlyConfigured, match="batch"):
        MemoryChannel(BATCH=10)
