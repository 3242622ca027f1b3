"""Is everything that should go out going out? For operators and monitors.

The rule: raise the alarm when something is broken, not when much is going on.
All ages are by the database's clock.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Any

from django.db.models import Count, DurationField, Max, QuerySet
from django.db.models.expressions import ExpressionWrapper, F
from django.db.models.functions import Now

from wagtail_bin.dispatch import gates, ledger_read, worker
from wagtail_bin.dispatch.clock import after
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.models import ChannelName, ChannelState, Delivery, Dispatch

MINUTE = 60
HOUR = 60 * MINUTE

# Seconds that something due may wait, until a warning and until an alarm.
URGENT_WAITS = (2 * MINUTE, 5 * MINUTE)
OTHER_WAITS = (HOUR, 6 * HOUR)
# Seconds without a success, or without a sweep, until an alarm.
NO_SUCCESS = 5 * MINUTE
NOT_SWEPT = 5 * MINUTE
# Seconds that the outcome of something urgent may be unknown.
URGENT_UNKNOWN = 15 * MINUTE


class Level(enum.IntEnum):
    """How bad it is; the value is an exit code as monitors expect it."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        code: as docs/workers.md explains it.
    """

    level: Level
    code: str


@dataclasses.dataclass(frozen=True)
class Health:
    """A reading. Ages are in seconds; None: there is nothing of that kind.

    Attributes:
        workers: supervised clusters seen within a day.
        halted: why nothing at all is sent (``paused``, ``copied``), or empty;
            nothing waits then.
        swept: queue to time since its last sweep.
        urgent_waits: how long the oldest urgent delivery has been due.
        other_waits: the same for everything else.
        urgent_unknown: how long the oldest urgent delivery has been unknown.
        unknown: number of deliveries whose outcome is unknown.
        is_stuck: whether there is work and nothing has succeeded.
        states: state to number, of the dispatches that are under way.
    """

    workers: list[worker.WorkerState]
    halted: str
    swept: dict[str, float]
    urgent_waits: float | None
    other_waits: float | None
    urgent_unknown: float | None
    unknown: int
    is_stuck: bool
    states: dict[str, int]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong, the worst first."""
        last_sweep = self.swept.get(Queue.DEFAULT)
        found = {
            "worker_dead": Level(any(not one.is_alive for one in self.workers)),
            "halted": Level(bool(self.halted)),
            "urgent_waits": _level(self.urgent_waits, *URGENT_WAITS),
            "other_waits": _level(self.other_waits, *OTHER_WAITS),
            "no_success": Level.CRITICAL if self.is_stuck else Level.OK,
            "urgent_unknown": _level(self.urgent_unknown, critical=URGENT_UNKNOWN),
            "not_swept": Level.CRITICAL
            if last_sweep is None
            else _level(last_sweep, critical=NOT_SWEPT),
        }
        problems = [Problem(level, code) for code, level in found.items() if level]
        return sorted(problems, key=lambda problem: -problem.level)

    @property
    def level(self) -> Level:
        """The level of the worst problem."""
        return max((problem.level for problem in self.problems), default=Level.OK)


def read_health() -> Health:
    """Take a reading, in a fixed number of queries."""
    unknown = Delivery.objects.filter(state=Delivery.State.UNKNOWN)
    urgent_unknown = unknown.filter(dispatch__in=Dispatch.objects.urgent())
    halted = gates.halted()
    waiting = _waiting() if not halted else Delivery.objects.none()
    due = waiting.filter(due_at__lte=Now())
    urgent = ledger_read.sendable().order_by().urgent()
    urgent_waits = _longest(due.filter(dispatch__in=urgent), since="due_at")
    other_waits = _longest(due.exclude(dispatch__in=urgent), since="due_at")
    under_way = Delivery.objects.filter(dispatch__in=Dispatch.objects.open())
    return Health(
        workers=worker.workers_seen(),
        halted=halted,
        swept=worker.sweep_ages(),
        urgent_waits=urgent_waits,
        other_waits=other_waits,
        urgent_unknown=_longest(urgent_unknown, since="settled_at"),
        unknown=unknown.count(),
        is_stuck=_is_stuck(waiting, max(urgent_waits or 0, other_waits or 0)),
        states=dict(
            under_way.order_by().values_list("state").annotate(Count("pk")),
        ),
    )


def _waiting() -> QuerySet[Delivery]:
    """What is to be sent by us, and not held back by a person."""
    return Delivery.objects.filter(
        state=Delivery.State.QUEUED, dispatch__in=ledger_read.sendable().order_by()
    ).exclude(channel=ChannelName.HANDOVER)


def _is_stuck(waiting: QuerySet[Delivery], waits: float) -> bool:
    """Whether work has been there, and nothing was accepted, for five minutes.

    Work is what is due, and what was put off because its channel cannot be
    reached at all; not one recipient whose provider says "later".

    Args:
        waiting: what is to be sent, now or later.
        waits: seconds that the oldest delivery has been due.
    """
    long_ago = after(-NO_SUCCESS)
    failing = ChannelState.objects.filter(failing_since__lt=long_ago)
    put_off = waiting.filter(channel__in=failing.values("name"))
    if waits < NO_SUCCESS and not put_off.exists():
        return False
    accepted = Delivery.objects.filter(
        # Of others there was no success so lately: it saves looking at them.
        dispatch__in=Dispatch.objects.filter(expires_at__gt=long_ago),
        state=Delivery.State.ACCEPTED,
        settled_at__gt=long_ago,
    )
    return not accepted.exists()


def _longest(deliveries: QuerySet[Delivery], *, since: str) -> float | None:
    """Seconds since the oldest of a kind of moment."""
    age = ExpressionWrapper(Now() - F(since), output_field=DurationField())
    longest: dt.timedelta | None = deliveries.aggregate(age=Max(age))["age"]
    return None if longest is None else longest.total_seconds()


def _level(
    age: float | None, warning: float | None = None, critical: float = 0
) -> Level:
    if age is None:
        return Level.OK
    if age > critical:
        return Level.CRITICAL
    return Level.WARNING if warning is not None and age > warning else Level.OK


def as_json(health: Health) -> dict[str, Any]:
    """The reading as plain values, seconds with one decimal."""

    def short(age: float | None) -> float | None:
        return None if age is None else round(age, 1)

    return {
        "level": health.level.name.lower(),
        "problems": {p.code: p.level.name.lower() for p in health.problems},
        "workers": [
            {
                "name": one.name,
                "queue": one.queue,
                "age": short(one.age),
                "alive": one.is_alive,
            }
            for one in health.workers
        ],
        "halted": health.halted,
        "swept": {queue: short(age) for queue, age in health.swept.items()},
        "urgent_waits": short(health.urgent_waits),
        "other_waits": short(health.other_waits),
        "urgent_unknown": short(health.urgent_unknown),
        "unknown": health.unknown,
        "states": health.states,
    }
