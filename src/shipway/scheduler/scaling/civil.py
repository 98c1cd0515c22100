"""The calendar, as arithmetic: days since 1970-01-01 from a date and back, in UTC."""

from __future__ import annotations

MINUTE_MS = 60_000
DAY_MS = 86_400_000
DAYS_A_CYCLE = 146_097  # 400 years of the Gregorian calendar
DAYS_TO_1970 = 719_468  # from the first of March of the year 0


def days_of(year: int, month: int, day: int) -> int:
    """Years begin in March here, so that the odd day of a leap year comes last."""
    shifted = year - (month <= 2)
    cycle, in_cycle = divmod(shifted, 400)
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return cycle * DAYS_A_CYCLE + in_cycle * 365 + in_cycle // 4 - in_cycle // 100 + in_year - DAYS_TO_1970


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month, day."""
    cycle, in_cycle = divmod(days + DAYS_TO_1970, DAYS_A_CYCLE)
    year = (in_cycle - in_cycle // 1460 + in_cycle // 36524 - in_cycle // 146096) // 365
    in_year = in_cycle - (365 * year + year // 4 - year // 100)
    month = (5 * in_year + 2) // 153
    day = in_year - (153 * month + 2) // 5 + 1
    number = month + 3 if month < 10 else month - 9
    return year + cycle * 400 + (number <= 2), number, day


def days_in(year: int, month: int) -> int:
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return days_of(*following, 1) - days_of(year, month, 1)


def weekday_of(days: int) -> int:
    """1 is Sunday, 7 is Saturday, as in cron expressions of AWS. 1970-01-01 was a Thursday."""
    return (days + 4) % 7 + 1
