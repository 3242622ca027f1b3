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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait

from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)

from wagtail_bin import faults
from wagtail_bin.channels.base import ChannelUnavailable, Receipt
from wagtail_bin.channels.registry import (
    ChannelSettings,
    channel_names,
    channel_settings,
    get_channel,
)
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import consequences, gates, ledger
from wagtail_bin.dispatch.ledger import Marked
from wagtail_bin.dispatch.ledger_read import due, sendable
from wagtail_bin.dispatch.lines import NOT_TRIED, Deadline, Lines
from wagtail_bin.dispatch.messages import Messages
from wagtail_bin.dispatch.pace import Pace
from wagtail_bin.dispatch.worker import stop_requested
from wagtail_bin.models import ChannelName, Dispatch

logger = logging.getLogger(__name__)

# How often, in seconds, a worker that waits for a provider looks whether a
# person has stopped the sending.
LOOK_UP = 1.0

# How often a lot is filled up while nobody else waits: connections rest while one
# lot ends and the next one begins.
CLAIMS = 10

# The database is away, or somebody was first; another attempt may succeed.
LOST = (InterfaceError, OperationalError)


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
            done += worked_on
            if not (worked_on or worker.wait()):
                break
    return done


def _one_round(
    worker: _Worker, *, dispatch_id: uuid.UUID | None, urgent: bool | None
) -> int:
    """Everything urgent once, and one lot of something else."""
    worked_on = 0
    lots = worker.in_turn(_open_lots(dispatch_id=dispatch_id, urgent=urgent))
    for lot in lots:
        dispatch, channel = lot
        others = [other for other in lots if other != lot]
        worked_on += worker.work_off(dispatch, channel, others)
        if worker.is_over() or (worked_on and not dispatch.is_urgent):
            break
    return worked_on


def _open_lots(
    *, dispatch_id: uuid.UUID | None, urgent: bool | None
) -> Iterator[tuple[Dispatch, str]]:
    """What may be sent by what, as far as nothing holds it back."""
    if gates.halted():
        return
    dispatches = sendable()
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
        self._turns: dict[tuple[uuid.UUID, str], int] = {}
        self._waits: list[float] = []

    def in_turn(
        self, lots: Iterable[tuple[Dispatch, str]]
    ) -> list[tuple[Dispatch, str]]:
        """What is urgent first; then whatever has waited longest for its turn.

        So a slow channel, or a dispatch to very many, holds up no other.
        """
        return sorted(
            lots,
            key=lambda lot: (
                not lot[0].is_urgent,
                self._turns.get((lot[0].pk, lot[1]), 0),
            ),
        )

    def wait(self) -> bool:
        """Wait until a channel's rate allows more; whether there is such a one."""
        waits, self._waits = self._waits, []
        if waits:
            left = max(0, self._deadline - time.monotonic())
            time.sleep(min(*waits, left, LOOK_UP))
        return bool(waits)

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

    def work_off(
        self, dispatch: Dispatch, channel: str, others: Sequence[tuple[Dispatch, str]]
    ) -> int:
        """Claim a lot of one dispatch for one channel, and send it.

        Args:
            others: who may wait for their turn meanwhile.

        Returns:
            Number of deliveries that were claimed.
        """
        failures = gates.failures_of(channel)
        if failures is None:
            return 0
        is_probe = failures >= conf.BREAKER_FAILURES
        pause = conf.RETRY_PAUSES[dispatch.purpose][0]
        owner = str(uuid.uuid4())
        claimed = 0

        def claim() -> list[int]:
            nonlocal claimed
            ids = self._claim(owner, dispatch, channel, is_probe=is_probe)
            claimed += len(ids)
            return ids

        def claim_more() -> list[int]:
            if is_probe or _somebody_waits(others):
                return []
            return claim()

        try:
            ids = claim()
            if not ids:
                return 0
            faults.point("K3")
            lines = self.lines_of(channel)
            pace = Pace(
                channel,
                is_shaky=bool(failures),
                is_probe=is_probe,
                is_batched=lines.ready() > 1,
            )
            with contextlib.closing(pace):
                _Lot(
                    owner=owner,
                    dispatch=dispatch,
                    channel=channel,
                    lines=lines,
                    messages=self.messages_of(dispatch, channel),
                    pace=pace,
                ).send(ids, more=claim_more, is_over=self.is_over)
        except ChannelUnavailable as error:
            gates.note_failures(channel, count=1, code=error.code, is_probe=is_probe)
            ledger.postpone(owner=owner, code=error.code, seconds=pause)
        except Error:
            # The database's: nothing of this can go on.
            raise
        except Exception as error:  # noqa: BLE001 -- one dispatch must not stop the rest
            code = type(error).__name__
            logger.error("Dispatch %s by %s: %s", dispatch.pk, channel, code)  # noqa: TRY400
            ledger.postpone(owner=owner, code=code, seconds=pause)
        finally:
            if claimed:
                ledger.release(owner=owner)
        return claimed

    def _claim(
        self, owner: str, dispatch: Dispatch, channel: str, *, is_probe: bool
    ) -> list[int]:
        """Claim as much as the channel may send now; one, to see if it works."""
        settings = channel_settings(channel)
        wanted = max(conf.CLAIM_SIZE, _batch(dispatch, settings) * settings.connections)
        if is_probe:
            wanted = 1
        allowed, wait_for = gates.reserve(channel, rate=settings.rate, wanted=wanted)
        if not allowed:
            if due(dispatch.pk, channel).exists():
                self._waits.append(wait_for)
            return []
        ids = ledger.claim(
            owner=owner, dispatch_id=dispatch.pk, channel=channel, limit=allowed
        )
        gates.give_back(channel, rate=settings.rate, unused=allowed - len(ids))
        if ids:
            self._turns[dispatch.pk, channel] = max(self._turns.values(), default=0) + 1
        if ids and is_probe and not gates.take_probe(channel):
            ledger.release(owner=owner)
            return []
        return ids


def _somebody_waits(others: Iterable[tuple[Dispatch, str]]) -> bool:
    """Whether something else is due, or something urgent has come."""
    return (
        any(due(dispatch.pk, channel).exists() for dispatch, channel in others)
        or sendable().urgent().exists()
    )


def _batch(dispatch: Dispatch, settings: ChannelSettings) -> int:
    """How many messages may be under way on one connection."""
    return 1 if dispatch.is_urgent else settings.batch


class _Flight:
    """Messages marked, and the calls that carry them."""

    def __init__(self, marked: list[Marked]) -> None:
        self.marked = marked
        self.calls: list[tuple[list[Marked], Future[list[Receipt]]]] = []
        self.failed: list[tuple[Marked, Receipt]] = []

    def results(self) -> list[tuple[Marked, Receipt]]:
        """What became of every message, once the calls are over."""
        found = list(self.failed)
        for marked, call in self.calls:
            found += zip(marked, call.result(), strict=True)
        told = {marked.pk for marked, _receipt in found}
        # An error came before the call.
        found += [(row, NOT_TRIED) for row in self.marked if row.pk not in told]
        return found


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
        self,
        ids: Sequence[int],
        *,
        more: Callable[[], list[int]],
        is_over: Callable[[], bool],
    ) -> None:
        """Mark, call and record, until all is done or something says stop.

        While one part is on its way the next one is marked: half a batch each,
        so that a batch for each connection is under way at most.

        Args:
            ids: what is claimed.
            more: claims what comes after it, if anything does.
            is_over: whether to stop.
        """
        batch = _batch(self._dispatch, self._lines.settings)
        depth = 2 if batch > 1 else 1
        parts = self._parts(ids, batch, more)
        flights: deque[_Flight] = deque()
        try:
            part = next(parts, None)
            while True:
                while part and len(flights) < depth and self._may_call():
                    if is_over():
                        self._may_call.halt()
                        break
                    flights.append(self._mark(part))
                    self._take_off(flights[-1])
                    self._look_up()
                    # Claimed while calls are under way, not when they have ended.
                    part = next(parts, None) if self._may_call() else None
                if not flights:
                    break
                self._land(flights.popleft())
        finally:
            # Whatever stops us, what is known already is not forgotten.
            self._may_call.halt()
            with contextlib.ExitStack() as stack:
                for flight in reversed(flights):
                    stack.callback(self._land, flight)

    def _parts(
        self, ids: Sequence[int], batch: int, more: Callable[[], list[int]]
    ) -> Iterator[Sequence[int]]:
        """What is marked together: half a batch for each connection."""
        size = math.ceil(batch / 2) * self._lines.settings.connections
        for _claim in range(CLAIMS):
            for start in range(0, len(ids), size):
                yield ids[start : start + size]
            ids = more() if batch > 1 else []
            if not ids:
                break

    def _mark(self, ids: Sequence[int]) -> _Flight:
        marked = ledger.mark_sending(
            owner=self._owner, ids=ids, dispatch=self._dispatch, channel=self._channel
        )
        faults.point("K4")
        return _Flight(marked)

    def _take_off(self, flight: _Flight) -> None:
        """Hand the messages of a flight to the connections."""
        ready, flight.failed = self._messages.compose(flight.marked)
        connections = self._lines.settings.connections
        for share in self._pace.shares(ready, connections):
            marked = [ready[index][0] for index in share]
            messages = [ready[index][1] for index in share]
            call = self._lines.send(messages, may_go_on=self._may_call)
            flight.calls.append((marked, call))

    def _land(self, flight: _Flight) -> None:
        """Wait for the calls, and record what they brought."""
        pending = {call for _marked, call in flight.calls}
        while pending:
            _done, pending = wait(pending, timeout=LOOK_UP)
            if pending:
                self._look_up()
        results = flight.results()
        faults.point("K7")
        self._record(results)
        faults.point("K8")
        if self._pace.note(results):
            self._may_call.halt()

    def _record(self, results: Sequence[tuple[Marked, Receipt]]) -> None:
        """Write down what is known, even if the database goes away meanwhile."""
        deadline = time.monotonic() + conf.CALL_TIMEOUT
        while True:
            try:
                with transaction.atomic():
                    ledger.record(
                        owner=self._owner,
                        results=results,
                        purpose=self._dispatch.purpose,
                    )
                    consequences.suppress_refused(results)
            except LOST as error:
                self._may_call.halt()
                if connection.in_atomic_block or time.monotonic() > deadline:
                    raise
                logger.warning("Not recorded yet: %s", type(error).__name__)
                connection.close()
                time.sleep(LOOK_UP)
            else:
                return

    def _look_up(self) -> None:
        """See whether a person or the supervisor has stopped the sending."""
        if time.monotonic() - self._looked_up < LOOK_UP:
            return
        self._looked_up = time.monotonic()
        try:
            is_sendable = sendable().filter(pk=self._dispatch.pk).exists()
            if stop_requested() or gates.halted() or not is_sendable:
                self._may_call.halt()
        except LOST:
            # Calls are under way: what they bring must still be heard.
            self._may_call.halt()
