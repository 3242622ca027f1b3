"""Work off the ledger: claim, mark, call, record.

The protocol, and what it promises:

1. *Claim* a lot of queued rows for a lease, by the database's clock.
2. *Mark* some of them as being sent, in a transaction that looks once more at
   membership, consent and suppression. Only when that is committed
3. *call* the channel, over several connections, with no transaction open, and
4. *record* what is known, where the claim is still ours.

A process may die anywhere. A claimed row was never tried: it is queued again
when its lease ends. A row being sent may have gone out: it becomes unknown, is
shown, and is never sent again by itself. A late reply still counts.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait

from wagtail_bin import faults
from wagtail_bin.channels.base import ChannelUnavailable, Receipt
from wagtail_bin.channels.registry import channel_names, channel_settings, get_channel
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import gates, ledger
from wagtail_bin.dispatch.ledger import Marked
from wagtail_bin.dispatch.lines import Deadline, Lines
from wagtail_bin.dispatch.messages import Messages
from wagtail_bin.dispatch.pace import Pace
from wagtail_bin.dispatch.worker import stop_requested
from wagtail_bin.models import ChannelName, Dispatch

logger = logging.getLogger(__name__)

# How often, in seconds, a worker that waits for a provider looks whether a
# person has stopped the sending.
LOOK_UP = 1.0


def deliver_due(
    *,
    seconds: float,
    dispatch_id: uuid.UUID | None = None,
    urgent: bool | None = None,
) -> int:
    """Deliver what is due until nothing is, time is up, or the worker must stop.

    Args:
        seconds: how long to go on; the calls in hand are finished.
        dispatch_id: only of this dispatch; None: of all.
        urgent: only of urgent dispatches, or only of others; None: of all, the
            urgent ones first.

    Returns:
        Number of deliveries worked on.
    """
    deadline = time.monotonic() + seconds
    done = 0
    with contextlib.ExitStack() as stack:
        worker = _Worker(stack, deadline)
        while not worker.is_over():
            worked_on = _one_round(worker, dispatch_id=dispatch_id, urgent=urgent)
            if not worked_on:
                break
            done += worked_on
    return done


def _one_round(
    worker: _Worker, *, dispatch_id: uuid.UUID | None, urgent: bool | None
) -> int:
    """Everything urgent once, and one lot of something else."""
    worked_on = 0
    for dispatch, channel in _open_lots(dispatch_id=dispatch_id, urgent=urgent):
        worked_on += worker.work_off(dispatch, channel)
        if worker.is_over() or (worked_on and not dispatch.is_urgent):
            break
    return worked_on


def _open_lots(
    *, dispatch_id: uuid.UUID | None, urgent: bool | None
) -> Iterator[tuple[Dispatch, str]]:
    """What may be sent by what, as far as nothing holds it back."""
    if gates.halted():
        return
    dispatches = ledger.sendable()
    if dispatch_id:
        dispatches = dispatches.filter(pk=dispatch_id)
    if urgent is not None:
        dispatches = dispatches.urgent() if urgent else dispatches.not_urgent()
    resting = gates.resting_channels() | {ChannelName.HANDOVER.value}
    usable = [name for name in channel_names() if name not in resting]
    for dispatch in list(dispatches):
        for channel in usable:
            if channel in dispatch.channels:
                yield dispatch, channel


class _Worker:
    """One process's connections and messages, kept from lot to lot.

    Args:
        stack: closes the connections in the end.
        deadline: by the monotonic clock; no lot begins after it.
    """

    def __init__(self, stack: contextlib.ExitStack, deadline: float) -> None:
        self._stack = stack
        self._deadline = deadline
        self._lines: dict[str, Lines] = {}
        self._messages: dict[tuple[uuid.UUID, str], Messages] = {}

    def is_over(self) -> bool:
        """Whether no further lot may be begun."""
        return time.monotonic() >= self._deadline or stop_requested()

    def lines_of(self, channel: str) -> Lines:
        """The channel's connections."""
        if channel not in self._lines:
            lines = Lines(channel_settings(channel), lambda: get_channel(channel))
            self._lines[channel] = self._stack.enter_context(lines)
        return self._lines[channel]

    def messages_of(self, dispatch: Dispatch, channel: str) -> Messages:
        """What the dispatch says by the channel."""
        key = dispatch.pk, channel
        if key not in self._messages:
            self._messages[key] = Messages(dispatch, channel)
        return self._messages[key]

    def work_off(self, dispatch: Dispatch, channel: str) -> int:
        """Claim a lot of one dispatch for one channel, and send it."""
        settings = channel_settings(channel)
        batch = 1 if dispatch.is_urgent else settings.batch
        wanted = max(conf.CLAIM_SIZE, batch * settings.connections)
        failures = gates.failures_of(channel)
        if failures >= conf.BREAKER_FAILURES:
            # It has just rested: one message is enough to see.
            wanted = 1
        allowed = gates.reserve(channel, rate=settings.rate, wanted=wanted)
        if not allowed:
            return 0
        owner = str(uuid.uuid4())
        ids = ledger.claim(
            owner=owner, dispatch_id=dispatch.pk, channel=channel, limit=allowed
        )
        if len(ids) < allowed:
            gates.reserve(channel, rate=settings.rate, wanted=len(ids) - allowed)
        if not ids:
            return 0
        faults.point("K3")
        try:
            lines = self.lines_of(channel)
            is_batched = lines.ready() > 1
            lot = _Lot(
                owner=owner,
                dispatch=dispatch,
                channel=channel,
                lines=lines,
                messages=self.messages_of(dispatch, channel),
                pace=Pace(channel, is_shaky=bool(failures), is_batched=is_batched),
            )
            lot.send(ids, batch=batch, is_over=self.is_over)
        except ChannelUnavailable as error:
            gates.note_failures(channel, count=1, code=error.code)
            seconds = conf.RETRY_PAUSES[dispatch.purpose][0]
            ledger.postpone(owner=owner, code=error.code, seconds=seconds)
        finally:
            ledger.release(owner=owner)
        return len(ids)


class _Flight:
    """Messages marked, and the calls that carry them."""

    def __init__(self, marked: list[Marked]) -> None:
        self.marked = marked
        self.calls: list[tuple[list[Marked], Future[list[Receipt]]]] = []
        self.results: list[tuple[Marked, Receipt]] = []


class _Lot:
    """Rows that one owner has claimed, of one dispatch, for one channel."""

    def __init__(
        self,
        *,
        owner: str,
        dispatch: Dispatch,
        channel: str,
        lines: Lines,
        messages: Messages,
        pace: Pace,
    ) -> None:
        self._owner = owner
        self._dispatch = dispatch
        self._channel = channel
        self._lines = lines
        self._messages = messages
        self._pace = pace
        # A call that has begun may take as long as it may take.
        self._may_call = Deadline(conf.LEASE - conf.CALL_TIMEOUT)
        self._looked_up = time.monotonic()

    def send(
        self, ids: Sequence[int], *, batch: int, is_over: Callable[[], bool]
    ) -> None:
        """Mark, call and record, until all is done or something says stop.

        While one part is on its way the next one is marked: half a batch each,
        so that a batch for each connection is under way at most.
        """
        connections = self._lines.settings.connections
        size = max(1, math.ceil(batch / 2)) * connections
        parts = deque(ids[start : start + size] for start in range(0, len(ids), size))
        depth = 2 if batch > 1 else 1
        flights: deque[_Flight] = deque()
        try:
            while parts or flights:
                while parts and len(flights) < depth and self._may_call():
                    if is_over():
                        self._may_call.halt()
                        break
                    flights.append(self._launch(parts.popleft()))
                    self._look_up()
                if not flights:
                    break
                self._land(flights.popleft())
        finally:
            # Whatever stops us, what is known already is not forgotten.
            self._may_call.halt()
            while flights:
                self._land(flights.popleft())

    def _launch(self, ids: Sequence[int]) -> _Flight:
        """Mark a part, and hand it to the connections."""
        flight = _Flight(
            ledger.mark_sending(
                owner=self._owner,
                ids=ids,
                dispatch=self._dispatch,
                channel=self._channel,
            )
        )
        faults.point("K4")
        ready, flight.results = self._messages.compose(flight.marked)
        connections = self._lines.settings.connections
        for share in self._pace.shares(ready, connections):
            marked = [ready[index][0] for index in share]
            messages = [ready[index][1] for index in share]
            call = self._lines.send(messages, may_go_on=self._may_call)
            flight.calls.append((marked, call))
        return flight

    def _land(self, flight: _Flight) -> None:
        """Wait for the calls, and record what they brought."""
        pending = {call for _marked, call in flight.calls}
        while pending:
            _done, pending = wait(pending, timeout=LOOK_UP)
            if pending:
                self._look_up()
        for marked, call in flight.calls:
            flight.results += zip(marked, call.result(), strict=True)
        faults.point("K7")
        ledger.record(
            owner=self._owner, results=flight.results, purpose=self._dispatch.purpose
        )
        faults.point("K8")
        if self._pace.note(flight.results):
            self._may_call.halt()

    def _look_up(self) -> None:
        """See whether a person or the supervisor has stopped the sending."""
        if time.monotonic() - self._looked_up < LOOK_UP:
            return
        self._looked_up = time.monotonic()
        is_sendable = ledger.sendable().filter(pk=self._dispatch.pk).exists()
        if stop_requested() or gates.halted() or not is_sendable:
            self._may_call.halt()
