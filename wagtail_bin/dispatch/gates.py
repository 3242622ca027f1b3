"""What holds sending back: the switch, a foreign database, rest and pace.

All of it stands in the database, so that it holds for every worker.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import random
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import (
    DateTimeField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Now

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.dispatch.prepared import Prepared
from wagtail_bin.models import ChannelState, DomainState, SendingSwitch

PAUSED = "paused"
COPIED = "copied"
# Code of a delivery that the database this is a copy of may have sent.
RESTORED = "restored"

# A cluster, its timeline (a restore to a point in time starts another), this
# database and this very table: a dump restored anywhere makes another table.
POSTGRESQL_FINGERPRINT = """
    SELECT concat_ws(
        '.',
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        to_regclass(%s)::oid
    )
"""


def fingerprint() -> str:
    """What tells this database from any copy of it, as 64 hexadecimal digits.

    On PostgreSQL a dump restored anywhere, a restore to a point in time and a
    copy all have another one. On SQLite a file at another place does.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(POSTGRESQL_FINGERPRINT, [SendingSwitch._meta.db_table])
            own = str(cursor.fetchone()[0])
    else:
        name = str(connection.settings_dict["NAME"])
        own = os.path.realpath(name)
        if os.path.exists(own):
            own += f":{os.stat(own).st_ino}"
    return hashlib.sha256(own.encode()).hexdigest()


def switch() -> SendingSwitch:
    """The one switch; made on first use, for the database as it is then."""
    return SendingSwitch.objects.get_or_create(
        pk=SendingSwitch.ONLY, defaults={"fingerprint": fingerprint()}
    )[0]


def halted() -> str:
    """Why nothing at all may be sent: ``paused``, ``copied``, or empty."""
    return cause_of(switch())


def cause_of(state: SendingSwitch) -> str:
    """Why a switch in this state lets nothing through; empty: it does."""
    if state.fingerprint != fingerprint():
        return COPIED
    return PAUSED if state.is_paused else ""


def resting_channels() -> set[str]:
    """Channels that nothing may be tried on now."""
    resting = ChannelState.objects.filter(open_until__gt=Now())
    return set(resting.values_list("name", flat=True))


def failures_of(channel: str) -> int | None:
    """Failures in a row that had nothing to do with a recipient; None: it rests."""
    found = ChannelState.objects.filter(name=channel).annotate(now=Now()).first()
    if found is None:
        return 0
    return None if found.open_until and found.open_until > found.now else found.failures


def reserve(channel: str, *, rate: float, wanted: int) -> tuple[int, float]:
    """Take part of what a channel's rate allows to all workers together.

    Args:
        rate: messages per second; 0: no limit.
        wanted: how many a worker would send now.

    Returns:
        How many it may send, at most a second's worth, and, where that is
        none, after how many seconds it may ask again.
    """
    if not rate:
        return wanted, 0
    with _locked(channel) as state:
        if state.free_at and state.free_at > state.now:
            return 0, (state.free_at - state.now).total_seconds()
        wanted = min(wanted, max(1, int(rate)))
        state.free_at = state.now + dt.timedelta(seconds=wanted / rate)
        state.save(update_fields=["free_at"])
    return wanted, 0


def give_back(channel: str, *, rate: float, unused: int) -> None:
    """Let others have what was reserved and is not needed."""
    if rate and unused:
        pause = Value(dt.timedelta(seconds=unused / rate))
        ChannelState.objects.filter(name=channel, free_at__isnull=False).update(
            free_at=ExpressionWrapper(F("free_at") - pause, DateTimeField())
        )


def take_probe(channel: str) -> bool:
    """Whether it is for this worker, and no other, to see if a channel works again.

    The channel goes on resting for the others, until the worker notes what it
    saw, or is gone for as long as a lease.
    """
    return bool(
        _rested(channel)
        .filter(failures__gte=conf.BREAKER_FAILURES)
        .update(open_until=after(conf.LEASE))
    )


def drop_probe(channel: str) -> None:
    """Nothing was seen: let another worker look."""
    ChannelState.objects.filter(name=channel).update(open_until=None)


def note_failures(
    channel: str, *, count: int, code: str, wait: float = 0, is_probe: bool = False
) -> None:
    """Count failures that had nothing to do with a recipient; rest if too many.

    Each time a look shows that it still fails it rests twice as long. What
    others had under way when it began to rest shows nothing new.

    Args:
        count: how many there were, one after the other.
        code: the kind of the last one.
        wait: seconds that the provider asked us to wait.
        is_probe: the worker holds what :func:`take_probe` gave.
    """
    first, longest = conf.BREAKER_PAUSES
    limit = conf.BREAKER_FAILURES
    with _locked(channel) as state:
        pause = wait
        if is_probe:
            state.failures += 1
        elif state.failures < limit:
            state.failures = min(state.failures + count, limit)
        else:
            first = 0
        if state.failures >= limit:
            doubled = first * 2.0 ** min(state.failures - limit, 10)
            # Not all channels and installations at once.
            jitter = random.uniform(0.9, 1.1)  # noqa: S311 -- not for secrets
            pause = max(wait, min(doubled, longest) * jitter)
        state.code = code[:40]
        state.failing_since = state.failing_since or state.now
        until = state.now + dt.timedelta(seconds=pause)
        if pause and (is_probe or not state.open_until or state.open_until < until):
            state.open_until = until
        state.save()


def note_success(channel: str, *, is_probe: bool = False) -> None:
    """The channel works: forget its failures.

    One that rests goes on resting, unless it is the look at it that succeeded:
    the provider may have asked for the rest.
    """
    found = ChannelState.objects.filter(name=channel) if is_probe else _rested(channel)
    found.exclude(failures=0).update(
        failures=0, open_until=None, failing_since=None, told_at=None, code=""
    )


def _rested(channel: str) -> QuerySet[ChannelState]:
    """The channel's state, if it does not rest."""
    return ChannelState.objects.filter(
        Q(open_until=None) | Q(open_until__lte=Now()), name=channel
    )


@contextlib.contextmanager
def _locked(channel: str) -> Iterator[Any]:
    """The channel's state for this transaction alone, with ``now``."""
    with transaction.atomic():
        ChannelState.objects.get_or_create(name=channel)
        states = ChannelState.objects.select_for_update().annotate(now=Now())
        yield states.get(name=channel)


def limping_domains() -> set[str]:
    """Mail domains that have refused for now, and taken nothing since."""
    return set(DomainState.objects.values_list("domain", flat=True))


def slow_domains() -> dict[str, dt.datetime]:
    """Mail domains that asked to wait, and until when: few, and not for long."""
    return dict(_SLOW.rows())


def _slow() -> QuerySet[Any, Any]:
    slow = DomainState.objects.filter(slow_until__gt=Now())
    return slow.values_list("domain", "slow_until")


_SLOW = Prepared(_slow)


def note_domains(*, slow: Iterable[str], fine: Iterable[str]) -> None:
    """Let domains that refused for now wait, and forget it of those that took mail.

    Args:
        slow: answered with a 4yz reply about the recipient.
        fine: took a message.
    """
    first, *_rest, longest = conf.RETRY_PAUSES["tips"]
    for domain in set(slow):
        with transaction.atomic():
            state, _made = DomainState.objects.select_for_update().get_or_create(
                domain=domain
            )
            state.failures = F("failures") + 1
            state.save(update_fields=["failures"])
            state.refresh_from_db()
            if state.failures >= conf.DOMAIN_FAILURES:
                extra = min(state.failures - conf.DOMAIN_FAILURES, 10)
                DomainState.objects.filter(pk=state.pk).update(
                    slow_until=after(min(first * 2**extra, longest))
                )
    recovered = set(fine) - set(slow)
    if recovered:
        DomainState.objects.filter(domain__in=recovered).delete()
