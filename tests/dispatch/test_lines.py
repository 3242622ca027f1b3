"""Calls in parallel: every message has a receipt, and it is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dispatch.doubles import DOWN, Double, Script
from wagtail_bin.channels.base import (
    ChannelUnavailable,
    Content,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.registry import ChannelSettings
from wagtail_bin.dispatch.lines import NOT_TRIED, Deadline, Lines

CONTENT = Content(text="Tip")


@pytest.fixture
def script() -> Iterator[Script]:
    Double.scripts = {"email": Script()}
    yield Double.scripts["email"]
    Double.scripts = {}


@pytest.fixture
def lines(script: Script) -> Iterator[Lines]:
    settings = ChannelSettings("", connections=3)
    with Lines(settings, lambda: Double(name="email")) as lines:
        yield lines


def messages(*addresses: str, content: Content = CONTENT) -> list[OutgoingMessage]:
    return [OutgoingMessage(reference=to, to=to, content=content) for to in addresses]


def outcomes(receipts: list[Receipt]) -> list[str]:
    return [receipt.outcome.value for receipt in receipts]


def test_f17_receipts_come_in_the_order_of_the_messages(
    lines: Lines, script: Script
) -> None:
    refused = Receipt(Outcome.REJECTED)
    script.answer = lambda message: refused if message.to == "b" else None
    receipts = lines.send(messages("a", "b", "c"), may_go_on=lambda: True).result()
    assert outcomes(receipts) == ["accepted", "rejected", "accepted"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_i05_a_channel_that_loses_count_leaves_everybody_unknown(
    lines: Lines, script: Script, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    script.batch = 2

    def lose(self: Double, messages: Any) -> list[Receipt]:
        return [Receipt(Outcome.ACCEPTED, provider_id="x")] * count

    monkeypatch.setattr(Double, "send_batch", lose)
    receipts = lines.send(messages("a", "b"), may_go_on=lambda: True).result()
    assert outcomes(receipts) == ["unknown", "unknown"]


def test_i05_a_channel_that_raises_leaves_the_call_unknown_and_no_text_in_the_log(
    lines: Lines, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(message: OutgoingMessage) -> Receipt:
        raise RuntimeError(message.to)

    script.answer = crash
    receipts = lines.send(messages("a@b.example"), may_go_on=lambda: True).result()
    assert outcomes(receipts) == ["unknown"]
    assert receipts[0].code == "RuntimeError"
    assert "a@b.example" not in caplog.text


@pytest.mark.parametrize("error", [ChannelUnavailable("refused"), LookupError("key")])
def test_f16_what_could_not_be_connected_was_not_sent(
    lines: Lines, script: Script, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise error

    script.opening = fail
    receipts = lines.send(messages("a", "b"), may_go_on=lambda: True).result()
    assert outcomes(receipts) == ["retry", "retry"]
    assert all(receipt.is_channel_wide for receipt in receipts)
    assert "key" not in caplog.text
    with pytest.raises(ChannelUnavailable):
        lines.ready()


def test_what_may_not_be_begun_any_more_comes_back_as_not_tried(
    lines: Lines, script: Script
) -> None:
    may_go_on = Deadline(60)

    def halt(message: OutgoingMessage) -> None:
        if message.to == "b":
            may_go_on.halt()

    script.answer = halt
    receipts = lines.send(messages("a", "b", "c", "d"), may_go_on=may_go_on).result()
    assert outcomes(receipts[:2]) == ["accepted", "accepted"]
    assert receipts[2:] == [NOT_TRIED, NOT_TRIED]
    assert len(script.tried) == 2


def test_two_members_with_one_address_are_in_two_calls(
    lines: Lines, script: Script
) -> None:
    script.batch = 10
    sent = messages("a@x.example", "b@x.example", "A@x.example", "c@x.example")
    receipts = lines.send(sent, may_go_on=lambda: True).result()
    assert outcomes(receipts) == ["accepted"] * 4
    calls = [[message.to for message in call] for call in script.calls]
    assert calls == [["a@x.example", "b@x.example"], ["A@x.example", "c@x.example"]]


def test_a_call_carries_one_content(lines: Lines, script: Script) -> None:
    script.batch = 10
    dutch, french = Content(text="Tip"), Content(text="Tip")
    sent = messages("a", "b", content=dutch) + messages("c", content=french)
    lines.send(sent, may_go_on=lambda: True).result()
    assert [len(call) for call in script.calls] == [2, 1]


def test_connections_are_used_side_by_side_kept_and_closed(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    closed: list[int] = []
    all_there = threading.Barrier(3, timeout=5)
    script.opening = lambda: opened.append(threading.get_ident())
    script.answer = lambda message: all_there.wait() and None
    monkeypatch.setattr(Double, "close", lambda self: closed.append(1))
    settings = ChannelSettings("", connections=3)
    with Lines(settings, lambda: Double(name="email")) as lines:
        assert lines.ready() == 1
        for _time in range(2):
            calls = [
                lines.send(messages(to), may_go_on=lambda: True)
                for to in ("a", "b", "c")
            ]
            assert [outcomes(call.result()) for call in calls] == [["accepted"]] * 3
        # One was opened by the main thread, and used by another.
        assert len(opened) == 3
    assert len(closed) == 3


def test_a_deadline_passes() -> None:
    may_go_on = Deadline(0.05)
    assert may_go_on()
    time.sleep(0.06)
    assert not may_go_on()


def test_a_channel_that_fails_is_kept_for_the_next_call(
    lines: Lines, script: Script
) -> None:
    opened: list[int] = []
    script.opening = lambda: opened.append(1)
    script.answer = lambda message: DOWN
    for _time in range(3):
        lines.send(messages("a"), may_go_on=lambda: True).result()
    assert len(opened) == 1
