"""Calls in parallel: one channel with several connections, a thread for each.

Threads call the channel and nothing else; the database is the main thread's.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.registry import ChannelSettings

logger = logging.getLogger(__name__)

NOT_TRIED = Receipt(Outcome.RETRY, code="not_tried", source="worker")


class Lines:
    """Open connections of one channel. Used as a context manager. Loses no count.

    Args:
        settings: of the channel; says how many connections.
        make: a fresh channel.
    """

    def __init__(self, settings: ChannelSettings, make: Callable[[], Channel]) -> None:
        self.settings = settings
        self._make = make
        self._idle: list[Channel] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(
            settings.connections, thread_name_prefix="bin-line"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        for channel in self._idle:
            channel.close()
        self._idle.clear()

    def ready(self) -> int:
        """Make sure that one connection is open; how many messages a call takes.

        Raises:
            ChannelUnavailable: none can be opened.
        """
        channel = self._take()
        try:
            return channel.batch_limit
        finally:
            self._give_back(channel)

    def send(
        self, messages: Sequence[OutgoingMessage], *, may_go_on: Callable[[], bool]
    ) -> Future[list[Receipt]]:
        """Send messages one call after the other, over one connection.

        Args:
            messages: any; calls are made of those with the same content.
            may_go_on: asked before each call; what is left when it says no
                comes back as ``not_tried``.

        Returns:
            One receipt per message, in their order.
        """
        return self._pool.submit(self._send, messages, may_go_on)

    def _send(
        self, messages: Sequence[OutgoingMessage], may_go_on: Callable[[], bool]
    ) -> list[Receipt]:
        try:
            channel = self._take()
        except ChannelUnavailable as error:
            # Nothing was sent, and the next one would fare the same.
            failed = Receipt(
                Outcome.RETRY, code=error.code, source="connect", is_channel_wide=True
            )
            return [failed] * len(messages)
        receipts: list[Receipt] = []
        call: Sequence[OutgoingMessage] = messages[:1]
        try:
            if channel.batch_limit == 1:
                for receipt in channel.send_each(messages, may_go_on):
                    receipts.append(receipt)
            else:
                for call in _calls(messages, min(channel.batch_limit, len(messages))):
                    if not may_go_on():
                        break
                    receipts += _of_each(call, channel.send_batch(call))
        except Exception as error:  # noqa: BLE001 -- a channel's mistake is no reason to lose count
            receipts += [_broken(channel, error)] * len(call)
        finally:
            self._give_back(channel)
        return receipts + [NOT_TRIED] * (len(messages) - len(receipts))

    def _take(self) -> Channel:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            channel = self._make()
            channel.open()
        except ChannelUnavailable:
            raise
        except Exception as error:
            # Whatever it is, nothing has been sent. Its text may hold a secret.
            code = type(error).__name__
            logger.error("A channel could not be opened: %s", code)  # noqa: TRY400
            raise ChannelUnavailable(code) from error
        return channel

    def _give_back(self, channel: Channel) -> None:
        with self._lock:
            self._idle.append(channel)


def _of_each(
    messages: Sequence[OutgoingMessage], receipts: list[Receipt]
) -> list[Receipt]:
    if len(receipts) != len(messages):
        # Nobody can tell whose they are.
        raise ValueError(len(receipts))
    return receipts


def _broken(channel: Channel, error: Exception) -> Receipt:
    """What is known of messages in whose call a channel failed: nothing."""
    code = type(error).__name__
    # The kind only: its text may hold an address.
    logger.error("%s failed: %s", type(channel).__name__, code)
    with contextlib.suppress(Exception):
        channel.abandon()
    return Receipt(
        Outcome.UNKNOWN, code=code, source=channel.source, is_channel_wide=True
    )


def _calls(
    messages: Sequence[OutgoingMessage], limit: int
) -> Sequence[Sequence[OutgoingMessage]]:
    """Neighbours with the same content, up to ``limit`` together.

    Two members may share an address; a call has each address once.
    """
    calls: list[list[OutgoingMessage]] = []
    addresses: set[str] = set()
    for message in messages:
        last = calls[-1] if calls else None
        address = message.to.lower()
        if (
            last
            and len(last) < limit
            and last[0].content is message.content
            and address not in addresses
        ):
            last.append(message)
            addresses.add(address)
        else:
            calls.append([message])
            addresses = {address}
    return calls


class Deadline:
    """Whether another call may still begin. Asked by all threads, at any time.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._halt = threading.Event()

    def halt(self) -> None:
        """No further call."""
        self._halt.set()

    def __call__(self) -> bool:
        return not self._halt.is_set() and time.monotonic() < self._end
