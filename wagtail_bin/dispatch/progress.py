"""How far a dispatch is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from wagtail_bin.models import ChannelName, Delivery, Dispatch

State = Delivery.State
Report = Delivery.Report

# What can be tried again by hand: it is certain that nothing was sent.
FAILED_STATES = (State.REJECTED, State.EXPIRED)


@dataclasses.dataclass(frozen=True)
class Line:
    """One channel in one language, counted.

    Attributes:
        states: state to number of deliveries.
        reports: what providers said afterwards to number of deliveries.
    """

    channel: str
    language: str
    states: Mapping[str, int]
    reports: Mapping[str, int]

    @property
    def total(self) -> int:
        """Number of recipients."""
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        """Number of recipients about whom nothing is known yet."""
        return _sum(self.states, Delivery.OPEN_STATES)

    @property
    def accepted(self) -> int:
        """Number of messages that were handed over."""
        return self.states.get(State.ACCEPTED, 0)

    @property
    def unknown(self) -> int:
        """Number of messages that may have gone out."""
        return self.states.get(State.UNKNOWN, 0)

    @property
    def failed(self) -> int:
        """Number of messages that were refused or given up."""
        return _sum(self.states, FAILED_STATES)

    @property
    def withheld(self) -> int:
        """Number of messages not sent on purpose."""
        return _sum(self.states, (State.SUPPRESSED, State.CANCELLED))

    @property
    def delivered(self) -> int:
        """Number of messages that arrived, as far as the provider tells."""
        return self.reports.get(Report.DELIVERED, 0)

    @property
    def bounced(self) -> int:
        """Number of messages that came back, for now or for good."""
        return _sum(self.reports, (Report.SOFT_BOUNCE, Report.HARD_BOUNCE))

    @property
    def complaints(self) -> int:
        """Number of messages reported as unwanted."""
        return self.reports.get(Report.COMPLAINT, 0)


@dataclasses.dataclass(frozen=True)
class Progress:
    """The ledger of one dispatch, or a part of it, counted.

    Attributes:
        lines: one per channel and language, the largest first.
    """

    lines: Sequence[Line]

    @cached_property
    def states(self) -> Mapping[str, int]:
        """State to number of deliveries."""
        return _total(line.states for line in self.lines)

    @cached_property
    def reports(self) -> Mapping[str, int]:
        """What providers said afterwards to number of deliveries."""
        return _total(line.reports for line in self.lines)

    @property
    def whole(self) -> Line:
        """All lines together."""
        return Line("", "", self.states, self.reports)

    @property
    def total(self) -> int:
        """Number of recipients."""
        return self.whole.total

    @property
    def waiting(self) -> int:
        """Number of recipients about whom nothing is known yet."""
        return self.whole.waiting

    @property
    def settled(self) -> int:
        """Number of recipients about whom something is known."""
        return self.total - self.waiting

    @property
    def is_done(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.waiting == 0

    @property
    def to_hand_over(self) -> int:
        """Number of recipients who wait for a person to hand them over."""
        return sum(
            line.waiting for line in self.lines if line.channel == ChannelName.HANDOVER
        )

    @property
    def rows(self) -> list[tuple[str, str, int]]:
        """State, its name in words, number; without the empty ones."""
        return [
            (state.value, str(state.label), self.states[state])
            for state in State
            if self.states.get(state)
        ]


class Situation(enum.Enum):
    """Where a dispatch stands, for the person who looks at it."""

    CANCELLED = "cancelled"
    FINISHED = "finished"
    TROUBLE = "trouble"
    PAUSED = "paused"
    WAITS_FOR_PAGE = "waits_for_page"
    SCHEDULED = "scheduled"
    TO_HAND_OVER = "to_hand_over"
    SENDING = "sending"


def situation_of(dispatch: Dispatch, progress: Progress) -> Situation:
    """Where a dispatch stands; what concerns a person most comes first.

    Args:
        progress: of the dispatch, or of the part that the person may see.
    """
    answers = (
        (dispatch.cancelled_at is not None, Situation.CANCELLED),
        (progress.is_done, Situation.FINISHED),
        (bool(dispatch.paused_at and dispatch.pause_code), Situation.TROUBLE),
        (dispatch.paused_at is not None, Situation.PAUSED),
        (dispatch.awaits_page, Situation.WAITS_FOR_PAGE),
        (dispatch.not_before > timezone.now(), Situation.SCHEDULED),
        (progress.to_hand_over == progress.waiting, Situation.TO_HAND_OVER),
    )
    return next((found for holds, found in answers if holds), Situation.SENDING)


def deliveries_to(networks: QuerySet[Any] | None) -> QuerySet[Delivery]:
    """Deliveries to members of some networks, and broadcasts, which are to nobody.

    Args:
        networks: None: all.
    """
    if networks is None:
        return Delivery.objects.all()
    return Delivery.objects.filter(Q(network=None) | Q(network__in=networks))


def progress_of(
    dispatch: Dispatch, *, networks: QuerySet[Any] | None = None
) -> Progress:
    """Count one dispatch's ledger.

    Args:
        networks: whose members count; None: all.
    """
    return progress_of_all([dispatch], networks=networks)[dispatch.pk]


def progress_of_all(
    dispatches: Iterable[Dispatch], *, networks: QuerySet[Any] | None = None
) -> dict[uuid.UUID, Progress]:
    """Count the ledgers of several dispatches, in one query.

    What waits in a cancelled one is cancelled: the sweep has yet to write it down.

    Args:
        networks: whose members count; None: all.

    Returns:
        Primary key of the dispatch to its progress.
    """
    states: dict[uuid.UUID, dict[tuple[str, str], Counter[str]]] = {}
    cancelled = set()
    for dispatch in dispatches:
        states[dispatch.pk] = defaultdict(Counter)
        if dispatch.cancelled_at is not None:
            cancelled.add(dispatch.pk)
    reports: dict[tuple[uuid.UUID, str, str], Counter[str]] = defaultdict(Counter)
    counts = (
        deliveries_to(networks)
        .filter(dispatch__in=list(states))
        .order_by()
        .values_list("dispatch", "channel", "language", "state", "report")
        .annotate(Count("pk"))
    )
    for pk, channel, language, state, report, count in counts:
        if state == State.QUEUED and pk in cancelled:
            state = State.CANCELLED.value
        states[pk][channel, language][state] += count
        if report:
            reports[pk, channel, language][report] += count
    return {
        pk: Progress(
            sorted(
                (
                    Line(*key, counted, reports[pk, *key])
                    for key, counted in by_line.items()
                ),
                key=lambda line: -line.total,
            )
        )
        for pk, by_line in states.items()
    }


def next_attempt(dispatch: Dispatch) -> dt.datetime | None:
    """When the next message is due, if none is due now; None if one is."""
    due = dispatch.deliveries.filter(state=State.QUEUED).exclude(
        channel=ChannelName.HANDOVER
    )
    moment: dt.datetime | None = due.aggregate(Min("due_at"))["due_at__min"]
    return moment if moment and moment > timezone.now() else None


def _sum(counts: Mapping[str, int], keys: Iterable[str]) -> int:
    return sum(counts.get(key, 0) for key in keys)


def _total(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total
