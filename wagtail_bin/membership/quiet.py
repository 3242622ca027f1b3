"""Quiet hours and absences: when what can wait is kept for later."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone


def quiet_until(member: Any, now: dt.datetime | None = None) -> dt.datetime | None:
    """The moment at which the member may be disturbed again, in UTC.

    Args:
        member: a member, or as much of one: ``quiet_from`` and ``quiet_until`` are wall-clock times of the
            site's time zone and may span midnight; ``away_from`` and
            ``away_until`` are whole days.
        now: the moment that counts (aware; default: now).

    Returns:
        None when that is now.
    """
    if member.away_from is None and member.quiet_from is None:
        return None
    local = timezone.localtime(now)
    begin, end = member.away_from, member.away_until
    if begin and end and begin <= local.date() <= end:
        back = end + dt.timedelta(days=1)
        morning = dt.datetime.combine(back, dt.time(), local.tzinfo)
        return _quiet_hours_end(member, morning) or morning.astimezone(dt.UTC)
    return _quiet_hours_end(member, local)


def _quiet_hours_end(member: Any, local: dt.datetime) -> dt.datetime | None:
    begin, end = member.quiet_from, member.quiet_until
    if begin is None or end is None or begin == end:
        return None
    clock, day = local.time(), local.date()
    if begin < end:
        is_quiet = begin <= clock < end
    else:
        is_quiet = clock >= begin or clock < end
        if clock >= begin:
            day += dt.timedelta(days=1)
    if not is_quiet:
        return None
    # A time of day means its first occurrence, whatever fold it came with.
    over = dt.datetime.combine(day, end.replace(fold=0), local.tzinfo)
    # In UTC: moments of one zone are compared by what the clock shows.
    if over.astimezone(dt.UTC) <= local.astimezone(dt.UTC):
        # The clock was put back, and shows the end of the quiet hours twice.
        over = over.replace(fold=1)
    return over.astimezone(dt.UTC)
