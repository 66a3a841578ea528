"""Calendars: public holidays and make-up workdays from the `holidays` library, kept as plain dates for the engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from bot.engine.calendars import Calendar
from bot.engine.model import Instant, Span
from bot.manifest import schedules as declared

ARRANGED = ("CN",)
"""Countries that announce each year which weekends are worked instead: the State Council does in autumn, for China."""
YEARS_BACK, YEARS_AHEAD = 1, 2
"""The dates that a calendar knows, counted from the year in which the manifest is read."""


def calendar_of(key: str, calendar: declared.Calendar, now: Instant) -> Calendar:
    """The dates off and on, from last year to the year after next. A date by hand is above every country.

    With several countries, a day is off when it is a holiday in one of them, whatever the others make up for.
    """
    this = _year(now)
    years = range(this - YEARS_BACK, this + YEARS_AHEAD + 1)
    off: set[date] = set()
    on: set[date] = set()
    for code in calendar.holidays:
        found = _of_country(code, years)
        off.update(found)
        on.update(day for day in found.weekend_workdays if day.year in years)
    on -= off
    for text, kind in calendar.overrides.items():
        day = date.fromisoformat(text)
        (on if kind == "work" else off).add(day)
        (off if kind == "work" else on).discard(day)
    return Calendar(id=key, zone=calendar.timezone, workdays=calendar.workdays, off=frozenset(off), on=frozenset(on))


def years_not_arranged(calendar: declared.Calendar, now: Instant, ahead: Span) -> Iterator[tuple[str, int]]:
    """Country and year, of the years until `now + ahead`, for which no make-up workday is known."""
    for code in calendar.holidays:
        if code.partition("-")[0] not in ARRANGED:
            continue
        for year in range(_year(now), _year(now + ahead) + 1):
            if not any(day.year == year for day in _of_country(code, range(year, year + 1)).weekend_workdays):
                yield code, year


def _of_country(code: str, years: range) -> Any:
    """The library's mapping of dates; its `weekend_workdays` are the make-up days."""
    import holidays

    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None, years=years)


def _year(at: Instant) -> int:
    return datetime.fromtimestamp(at / 1000, UTC).year
