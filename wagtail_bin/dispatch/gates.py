"""What holds sending back: the switch, a foreign database, rest and pace.

All of it stands in the database, so that it holds for every worker.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
from collections.abc import Iterable, Mapping

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.models import ChannelState, DomainState, SendingSwitch

PAUSED = "paused"
COPIED = "copied"

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


def failures_of(channel: str) -> int:
    """Failures in a row that had nothing to do with a recipient."""
    found = ChannelState.objects.filter(name=channel)
    return found.values_list("failures", flat=True).first() or 0


def reserve(channel: str, *, rate: float, wanted: int) -> int:
    """Take part of what a channel's rate allows to all workers together.

    Args:
        rate: messages per second; 0: no limit.
        wanted: how many a worker would send now; negative: gives back as many.

    Returns:
        How many it may send: at most a second's worth.
    """
    if not rate:
        return wanted
    with transaction.atomic():
        state, _made = ChannelState.objects.select_for_update().get_or_create(
            name=channel
        )
        now = timezone.now()
        if wanted > 0:
            if state.free_at and state.free_at > now:
                return 0
            wanted = min(wanted, max(1, int(rate)))
        state.free_at = (state.free_at or now) + dt.timedelta(seconds=wanted / rate)
        if wanted > 0:
            state.free_at = max(
                state.free_at, now + dt.timedelta(seconds=wanted / rate)
            )
        state.save(update_fields=["free_at"])
    return wanted


def note_failures(channel: str, *, count: int, code: str, wait: float = 0) -> None:
    """Count failures that had nothing to do with a recipient; rest if too many.

    Args:
        count: how many there were, one after the other.
        code: the kind of the last one.
        wait: seconds that the provider asked us to wait.
    """
    first, longest = conf.BREAKER_PAUSES
    with transaction.atomic():
        state, _made = ChannelState.objects.select_for_update().get_or_create(
            name=channel
        )
        before = state.failures
        state.failures += count
        state.code = code[:40]
        state.failing_since = state.failing_since or timezone.now()
        pause = wait
        if state.failures >= conf.BREAKER_FAILURES:
            # Each time it rests it rests twice as long; not all workers at once.
            rests = min(max(before - conf.BREAKER_FAILURES + 1, 0), 10)
            pause = max(wait, min(first * 2**rests, longest))
            pause *= random.uniform(0.9, 1.1)  # noqa: S311 -- not for secrets
        if pause:
            state.open_until = timezone.now() + dt.timedelta(seconds=pause)
        state.save()


def note_success(channel: str) -> None:
    """The channel works: forget its failures."""
    ChannelState.objects.filter(name=channel).exclude(failures=0).update(
        failures=0, open_until=None, failing_since=None, told_at=None, code=""
    )


def limping_domains() -> set[str]:
    """Mail domains that have refused for now, and taken nothing since."""
    return set(DomainState.objects.values_list("domain", flat=True))


def slow_domains(domains: Iterable[str]) -> Mapping[str, dt.datetime]:
    """Those of the mail domains that asked to wait, and until when."""
    found = DomainState.objects.filter(domain__in=set(domains), slow_until__gt=Now())
    return {state.domain: state.slow_until for state in found if state.slow_until}


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
