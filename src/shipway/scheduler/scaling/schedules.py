"""Schedules of Application Auto Scaling: `at(...)`, `rate(...)` and `cron(...)`, in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable

from shipway.scheduler.scaling.civil import DAY_MS, MINUTE_MS, date_of, days_in, days_of, weekday_of

AT = re.compile(r"at\((\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\)")
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
UNITS_MS = {"minute": MINUTE_MS, "hour": 60 * MINUTE_MS, "day": DAY_MS}
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
DAYS_AHEAD_MAX = 8 * 366  # the 29th of February may be eight years away

Scaled = Callable[[int], int]


class ScheduleError(Exception):
    """Not a schedule that is understood here."""


def next_moment(
    schedule: str, created_at: int, after: int, scaled: Scaled = lambda wait_ms: wait_ms
) -> int | None:
    """The first moment later than `after`; None when there is none. A rate is a wait, counted from the
    action's creation; moments of clock and calendar are what they are.
    """
    if found := AT.fullmatch(schedule):
        year, month, day, hour, minute, second = (int(part) for part in found.groups())
        moment = days_of(year, month, day) * DAY_MS + (hour * 60 + minute) * MINUTE_MS + second * 1000
        return moment if moment > after else None
    if found := RATE.fullmatch(schedule):
        every = max(1, scaled(int(found[1]) * UNITS_MS[found[2]]))
        return created_at + every * max(1, (after - created_at) // every + 1)
    if found := CRON.fullmatch(schedule):
        return Cron(*found.groups()).after(after)
    raise ScheduleError(f"{schedule} is neither at(...), rate(...) nor cron(...) as local ECS reads it.")


class Cron:
    """Six fields: minutes, hours, day of month, month, day of week, year."""

    def __init__(self, *fields: str) -> None:
        minutes, hours, day, month, weekday, year = fields
        self._minutes = numbers(minutes, range(60))
        self._hours = numbers(hours, range(24))
        self._last_day = day == "L"
        self._days = numbers("*" if day in ("?", "L") else day, range(1, 32))
        self._months = numbers(month, range(1, 13), MONTHS)
        self._weekdays = numbers("*" if weekday == "?" else weekday, range(1, 8), WEEKDAYS)
        self._years = numbers(year, range(1970, 2200))

    def after(self, moment: int) -> int | None:
        minute = moment // MINUTE_MS + 1
        first_day = minute * MINUTE_MS // DAY_MS
        for days in range(first_day, first_day + DAYS_AHEAD_MAX):
            if not self._on(days):
                continue
            earliest = minute - days * (DAY_MS // MINUTE_MS) if days == first_day else 0
            of_day = (hour * 60 + part for hour in self._hours for part in self._minutes)
            found = next((each for each in of_day if each >= earliest), None)
            if found is not None:
                return days * DAY_MS + found * MINUTE_MS
        return None

    def _on(self, days: int) -> bool:
        year, month, day = date_of(days)
        if self._last_day and day != days_in(year, month):
            return False
        on_day = day in self._days and weekday_of(days) in self._weekdays
        return on_day and month in self._months and year in self._years


def numbers(field: str, allowed: range, names: dict[str, int] | None = None) -> tuple[int, ...]:
    """`*`, lists, ranges, steps and names, as sorted numbers."""
    chosen: set[int] = set()
    for part in field.upper().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = allowed.start if first == "*" else number(first, names)
        open_ended = first == "*" or (bool(slash) and not dash)
        end = number(last, names) if dash else allowed.stop - 1 if open_ended else begin
        stride = number(step, None) if slash else 1
        if begin not in allowed or end not in allowed or stride < 1:
            raise ScheduleError(f"'{field}' is not a field of a cron expression as local ECS reads it.")
        chosen.update(range(begin, end + 1, stride))
    return tuple(sorted(chosen))


def number(text: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not text.isdigit():
        raise ScheduleError(f"'{text}' is not a number in a cron expression.")
    return int(text)
