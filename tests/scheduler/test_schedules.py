"""Schedules of Application Auto Scaling, and the calendar under them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.scheduler.scaling.civil import date_of, days_in, days_of, weekday_of
from shipway.scheduler.scaling.schedules import ScheduleError, next_moment

EPOCH = date(1970, 1, 1)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def shown(moment: int | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_the_calendar_is_the_calendar(day: date) -> None:
    """Compared with Python's own, which the scheduler may not import."""
    days = (day - EPOCH).days
    assert days_of(day.year, day.month, day.day) == days
    assert date_of(days) == (day.year, day.month, day.day)
    assert weekday_of(days) == day.isoweekday() % 7 + 1
    following = day.replace(day=28) + timedelta(days=4)
    assert days_in(day.year, day.month) == (following - timedelta(days=following.day)).day


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("at(2026-03-01T12:00:00)", "2026-03-01T11:59:59", "2026-03-01T12:00:00"),
        ("at(2026-03-01T12:00:00)", "2026-03-01T12:00:00", None),
        ("cron(0 9 * * ? *)", "2026-03-01T08:59:59", "2026-03-01T09:00:00"),
        ("cron(0 9 * * ? *)", "2026-03-01T09:00:00", "2026-03-02T09:00:00"),
        ("cron(*/15 8-9 ? * MON-FRI *)", "2026-02-27T09:45:00", "2026-03-02T08:00:00"),
        ("cron(0/20 * * * ? *)", "2026-03-01T10:20:30", "2026-03-01T10:40:00"),
        ("cron(30 0 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T00:30:00"),
        ("cron(0 0 29 FEB ? *)", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 1 1 ? 2027)", "2026-06-01T00:00:00", "2027-01-01T00:00:00"),
        ("cron(0 0 1 1 ? 2020)", "2026-06-01T00:00:00", None),
        ("cron(0 0 ? * 1 *)", "2026-03-02T00:00:00", "2026-03-08T00:00:00"),
        ("cron(5,10 1,3 * JUN,DEC ? *)", "2026-06-01T01:10:00", "2026-06-01T03:05:00"),
    ],
)
def test_moments_of_clock_and_calendar(schedule: str, after: str, expected: str | None) -> None:
    """Strictly after; speed does not change what o'clock it is."""
    assert shown(next_moment(schedule, 0, ms(after), lambda wait_ms: wait_ms // 10)) == expected


def test_a_rate_is_a_wait() -> None:
    """Counted from the action's creation, and shortened like other waits."""
    assert next_moment("rate(5 minutes)", 1_000, 1_000) == 301_000
    assert next_moment("rate(5 minutes)", 1_000, 301_000) == 601_000
    assert next_moment("rate(1 hour)", 0, 0, lambda wait_ms: wait_ms // 60) == 60_000
    assert next_moment("rate(2 days)", 0, 5) == 2 * 86_400_000


@pytest.mark.parametrize(
    "schedule",
    ["every day", "cron(0 9 * * ?)", "cron(60 9 * * ? *)", "cron(0 9 W * ? *)", "rate(5 weeks)", "at(now)"],
)
def test_what_is_not_understood_is_said(schedule: str) -> None:
    """By name."""
    with pytest.raises(ScheduleError):
        next_moment(schedule, 0, 0)
