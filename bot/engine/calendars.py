"""Days that are worked and days that are not, and the hours in which a rule applies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.engine.model import Instant, TimeWindow
from bot.engine.wall import first_instant, minute_of_day, shown, weekday


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Which days a service works. No date is both in `off` and in `on`."""

    id: str
    zone: str
    """Whose midnights part the days."""
    workdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    """Days of the week, Sunday = 0."""
    off: frozenset[date] = frozenset()
    """Workdays that are not worked: holidays."""
    on: frozenset[date] = frozenset()
    """Dates that are worked although the week says otherwise: make-up days."""


def is_workday(calendar: Calendar, at: Instant) -> bool:
    """Whether the day that the calendar's zone has at `at` is worked: dates first, then the week."""
    day = shown(at, ZoneInfo(calendar.zone))
    if day.date() in calendar.on:
        return True
    return weekday(day) in calendar.workdays and day.date() not in calendar.off


def within(windows: Iterable[TimeWindow], calendars: Mapping[str, Calendar], zone: str, at: Instant) -> bool:
    """Whether any of the windows is open at `at`; without windows, always.

    A window opens and closes by the clocks of `zone`, half-open, and one that crosses midnight belongs to the day on
    which it opened: that day is looked up in `days`, and the calendar is asked about the moment of the opening. A
    calendar that is not there narrows nothing: better one page too many.
    """
    every = tuple(windows)
    return not every or any(_is_open(window, calendars, ZoneInfo(zone), at) for window in every)


def _is_open(window: TimeWindow, calendars: Mapping[str, Calendar], zone: ZoneInfo, at: Instant) -> bool:
    since, until = minute_of_day(window.start), minute_of_day(window.end)
    length = timedelta(minutes=until - since if until > since else until - since + 1440)
    today = datetime.combine(shown(at, zone).date(), time())
    # Tomorrow too: where clocks go back over midnight, tomorrow has begun once before the clock shows today again.
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        opening = day + timedelta(minutes=since)
        opens = first_instant(opening, zone)
        if not opens <= at < first_instant(opening + length, zone):
            continue
        if (not window.days or weekday(day) in window.days) and _calendar_agrees(window, calendars, opens):
            return True
    return False


def _calendar_agrees(window: TimeWindow, calendars: Mapping[str, Calendar], opens: Instant) -> bool:
    calendar = calendars.get(window.calendar)
    return calendar is None or is_workday(calendar, opens) != window.off
