"""Quiet hours and absences, by the clock on the wall."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wagtail_bin.membership.quiet import quiet_until
from wagtail_bin.models import Member

BRUSSELS = ZoneInfo("Europe/Brussels")
# Both nights on which the clock is changed, and a quiet one.
DAYS = st.sampled_from(
    [dt.date(2026, 3, 28), dt.date(2026, 10, 24), dt.date(2026, 6, 1)]
)
MINUTES = st.integers(0, 2 * 24 * 60)
TIMES = st.times().map(lambda time: time.replace(second=0, microsecond=0))


def at(text: str, *, fold: int = 0) -> dt.datetime:
    """A moment that the clock in Brussels shows, in UTC."""
    local = dt.datetime.fromisoformat(text).replace(tzinfo=BRUSSELS, fold=fold)
    return local.astimezone(dt.UTC)


def moment(day: dt.date, minutes: int) -> dt.datetime:
    midnight = dt.datetime.combine(day, dt.time(), BRUSSELS).astimezone(dt.UTC)
    return midnight + dt.timedelta(minutes=minutes)


@given(DAYS, MINUTES, TIMES, TIMES)
@example(dt.date(2026, 10, 24), 24 * 60 + 3 * 60 + 10, dt.time(22), dt.time(2, 30))
def test_f22_quiet_hours_end_later_and_then_are_over(
    day: dt.date, minutes: int, begin: dt.time, end: dt.time
) -> None:
    now = moment(day, minutes)
    member = Member(quiet_from=begin, quiet_until=end)
    until = quiet_until(member, now)
    clock = now.astimezone(BRUSSELS).time()
    is_over_midnight = begin > end
    inside = (clock >= begin, clock < end)
    is_quiet = any(inside) if is_over_midnight else all(inside)
    assert (until is not None) == is_quiet
    if until:
        # A moment that is past would be tried again and again.
        assert now < until <= now + dt.timedelta(hours=25)
        # Where the clock skips that moment the next quiet hours may have begun.
        later = quiet_until(member, until)
        assert later is None or until < later
        assert later is None or quiet_until(member, later) is None


@given(DAYS, MINUTES, TIMES, TIMES, st.integers(0, 3), st.integers(0, 3))
@example(dt.date(2026, 3, 28), 0, dt.time(0), dt.time(2, fold=1), 0, 0)
def test_f22_an_absence_ends_later_and_then_is_over(
    day: dt.date,
    minutes: int,
    begin: dt.time,
    end: dt.time,
    before: int,
    after: int,
) -> None:
    now = moment(day, minutes)
    today = now.astimezone(BRUSSELS).date()
    member = Member(
        quiet_from=begin,
        quiet_until=end,
        away_from=today - dt.timedelta(days=before),
        away_until=today + dt.timedelta(days=after),
    )
    until = quiet_until(member, now)
    assert until is not None
    assert until.astimezone(BRUSSELS).date() > today + dt.timedelta(days=after)
    later = quiet_until(member, until)
    assert later is None or until < later


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at("2026-03-28 23:00"), at("2026-03-29 07:00")),
        # The hour after two o'clock does not exist that night.
        (at("2026-03-29 01:59"), at("2026-03-29 07:00")),
        (at("2026-10-25 02:10", fold=0), at("2026-10-25 07:00")),
        (at("2026-10-25 02:10", fold=1), at("2026-10-25 07:00")),
        (at("2026-10-25 07:00"), None),
        (at("2026-10-25 21:59"), None),
    ],
)
def test_f22_a_night_may_have_an_hour_more_or_less(
    now: dt.datetime, until: dt.datetime | None
) -> None:
    member = Member(quiet_from=dt.time(22), quiet_until=dt.time(7))
    assert quiet_until(member, now) == until


def test_who_set_nothing_is_never_quiet() -> None:
    assert quiet_until(Member(), at("2026-01-01 03:00")) is None
    same = Member(quiet_from=dt.time(7), quiet_until=dt.time(7))
    assert quiet_until(same, at("2026-01-01 03:00")) is None
    open_ended = Member(away_from=dt.date(2026, 1, 1))
    assert quiet_until(open_ended, at("2026-01-01 03:00")) is None
