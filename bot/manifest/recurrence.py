"""Repeated events of calendar files (RFC 5545, 3.3.10) as wall times, in a bounded number of steps.

Written out instead of taken from a library, because a rule that never matches (the 30th of February) makes the known
ones walk to the year 9999, and one that repeats by the second makes millions: here both are refused, or cost nothing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

STEPS_MAX = 200_000
"""Days, weeks, months or years looked at in one file: well below a second."""
COUNT_MAX = 2000
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}


class Unreadable(Exception):
    """What a calendar file says is not understood, or too much; the text is a sentence without its full stop."""


@dataclass(slots=True)
class Budget:
    """The steps that are left for a file."""

    steps: int = STEPS_MAX

    def spend(self) -> None:
        """Take one. Raises Unreadable when none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise Unreadable("its events repeat too often to be worked out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """One RRULE. Days of the week count from Monday = 0, as in the format; an ordinal of 0 means every such day."""

    freq: str
    start: datetime
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    """The last wall time that may be meant; inclusive."""
    days: tuple[tuple[int, int], ...] = ()
    """(ordinal, day of the week)."""
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    def between(self, since: datetime, end: datetime, budget: Budget) -> Iterator[datetime]:
        """Every occurrence from `since` until before `end`, in order."""
        found = 0
        last = end if self.until is None else min(end, self.until + timedelta(microseconds=1))
        number = 0 if self.count else self._skip(since)
        while True:
            budget.spend()
            opening, days = self._period(number)
            number += 1
            if opening is None or datetime.combine(opening, self.start.time()) >= last:
                return
            for day in self._picked(sorted(set(days))):
                when = datetime.combine(day, self.start.time())
                if when < self.start:
                    continue
                if when >= last:
                    return
                found += 1
                if self.count and found > self.count:
                    return
                if when >= since:
                    yield when

    def _skip(self, since: datetime) -> int:
        """A period that surely lies before `since`, or the first."""
        days = (since - self.start).days - 1
        length = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}[self.freq] * self.interval
        return max(0, days // length - 1)

    def _period(self, number: int) -> tuple[date | None, Iterable[date]]:
        """The first day of a period, counted from the one of the start, and its days; None beyond the calendar."""
        step, first = number * self.interval, self.start.date()
        try:
            if self.freq == "DAILY":
                day = first + timedelta(days=step)
                return day, [day] if self._fits(day) else []
            if self.freq == "WEEKLY":
                week = first - timedelta(days=(first.weekday() - self.week_start) % 7) + timedelta(weeks=step)
                wanted = {day for _, day in self.days} or {first.weekday()}
                week_days = (week + timedelta(days=number) for number in range(7))
                return week, [d for d in week_days if d.weekday() in wanted and d.month in (self.months or (d.month,))]
            if self.freq == "MONTHLY":
                years, month = divmod(first.month - 1 + step, 12)
                opening = date(first.year + years, month + 1, 1)
                return opening, self._of_month(opening) if opening.month in (self.months or (opening.month,)) else []
            return date(first.year + step, 1, 1), self._of_year(first.year + step)
        except (OverflowError, ValueError):
            return None, []

    def _fits(self, day: date) -> bool:
        """The filters of a daily rule."""
        return (
            (not self.months or day.month in self.months)
            and (not self.month_days or day.day in _month_days(day, self.month_days))
            and (not self.days or day.weekday() in {weekday for _, weekday in self.days})
        )

    def _of_month(self, opening: date) -> Iterator[date]:
        length = monthrange(opening.year, opening.month)[1]
        every = [opening.replace(day=day) for day in range(1, length + 1)]
        if self.month_days:
            wanted = _month_days(opening, self.month_days)
            weekdays = {weekday for _, weekday in self.days}
            return (day for day in every if day.day in wanted and (not weekdays or day.weekday() in weekdays))
        if self.days:
            return _named_days(every, self.days)
        return (day for day in every if day.day == self.start.day)

    def _of_year(self, year: int) -> Iterator[date]:
        if self.months or self.month_days:
            for month in self.months or range(1, 13):
                yield from self._of_month(date(year, month, 1))
        elif self.days:
            first, last = date(year, 1, 1), date(year, 12, 31)
            every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
            yield from _named_days(every, self.days)
        elif self.start.day <= monthrange(year, self.start.month)[1]:
            yield date(year, self.start.month, self.start.day)

    def _picked(self, days: list[date]) -> list[date]:
        if not self.positions:
            return days
        places = {place - 1 if place > 0 else len(days) + place for place in self.positions}
        return [day for place, day in enumerate(days) if place in places]


def recurrence(rule: Mapping[str, Any], start: datetime, until: datetime | None) -> Recurrence:
    """Read a rule as the parser gives it: upper-case keys, lists as values. `until` is its end as a wall time.

    Raises Unreadable for what is not understood: nothing is ever guessed.
    """
    keys = {str(key).upper(): value for key, value in rule.items()}
    freq = str(_one(keys, "FREQ", ""))
    if freq not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise Unreadable(f"an event repeats by FREQ={freq or '?'}; daily, weekly, monthly and yearly are understood")
    if unknown := sorted(keys.keys() - _KNOWN):
        raise Unreadable(f"an event repeats by {unknown[0]}, which is not understood")
    days = tuple(_weekday(str(each)) for each in keys.get("BYDAY", ()))
    month_days, positions = _numbers(keys, "BYMONTHDAY", 31), _numbers(keys, "BYSETPOS", 366)
    if any(ordinal for ordinal, _ in days) and (freq in ("DAILY", "WEEKLY") or month_days):
        raise Unreadable("an event repeats on a numbered day of the week where days have no numbers")
    if positions and freq in ("DAILY", "WEEKLY"):
        raise Unreadable("an event repeats by BYSETPOS within a day or week, which is not understood")
    if month_days and freq == "WEEKLY":
        raise Unreadable("an event repeats weekly by BYMONTHDAY, which the format forbids")
    count = keys.get("COUNT") and _number(_one(keys, "COUNT", 0), 1, COUNT_MAX, "COUNT")
    return Recurrence(
        freq=freq,
        start=start,
        interval=_number(_one(keys, "INTERVAL", 1), 1, 10_000, "INTERVAL"),
        count=count or None,
        until=until,
        days=days,
        month_days=month_days,
        months=tuple(sorted(_number(each, 1, 12, "BYMONTH") for each in keys.get("BYMONTH", ()))),
        positions=positions,
        week_start=_weekday(str(_one(keys, "WKST", "MO")))[1],
    )


def _named_days(every: list[date], wanted: Iterable[tuple[int, int]]) -> Iterator[date]:
    """The days of a month or year that are asked for by name: `MO`, or `2TU`, or `-1FR`."""
    for ordinal, weekday in wanted:
        named = [day for day in every if day.weekday() == weekday]
        if not ordinal:
            yield from named
        elif abs(ordinal) <= len(named):
            yield named[ordinal - 1 if ordinal > 0 else ordinal]


def _month_days(day: date, wanted: Iterable[int]) -> set[int]:
    """Days of the month, those counted from its end turned into those from its beginning."""
    length = monthrange(day.year, day.month)[1]
    return {number if number > 0 else length + 1 + number for number in wanted}


def _weekday(text: str) -> tuple[int, int]:
    """`2TU` → (2, 1)."""
    ordinal, name = text[:-2], text[-2:].upper()
    if name not in _DAYS:
        raise Unreadable(f"an event repeats on {text!r}, which is no day")
    return _number(ordinal, -53, 53, "BYDAY") if ordinal else 0, _DAYS.index(name)


def _one(keys: Mapping[str, Any], key: str, default: Any) -> Any:
    found = keys.get(key, default)
    return (found[0] if found else default) if isinstance(found, list | tuple) else found


def _numbers(keys: Mapping[str, Any], key: str, most: int) -> tuple[int, ...]:
    return tuple(_number(each, -most, most, key) for each in keys.get(key, ()))


def _number(value: Any, low: int, high: int, key: str) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise Unreadable(f"an event repeats by {key}={value!r}, which is no number") from None
    if not low <= number <= high or (low < 0 and not number):
        raise Unreadable(f"an event repeats by {key}={number}; the limits are {low} to {high}")
    return number
