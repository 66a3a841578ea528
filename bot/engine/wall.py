"""Wall clocks: one definition turns what a clock shows into an instant, and everything about shifts is built on it.

A wall time happens at the first instant at which the zone's clock shows that time or a later one. Hence a time inside
a gap means the first instant after the gap, and a time that occurs twice means its first occurrence.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.engine.model import Instant

DAY_MINUTES = 1440
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: wall times and UTC are told apart by name
_MILLISECOND = timedelta(milliseconds=1)

Stretch = tuple[Instant, Instant]
"""A half-open piece of time: start, end."""


def instant_of(wall: str, zone: str) -> Instant:
    """The first instant at which the clocks of `zone` show `wall` (`YYYY-MM-DDTHH:MM`) or a later time."""
    return first_instant(datetime.fromisoformat(wall), ZoneInfo(zone))


def shown(at: Instant, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows at `at`, naive."""
    return zone.fromutc((_EPOCH + timedelta(milliseconds=at)).replace(tzinfo=zone)).replace(tzinfo=None)


def first_instant(wall: datetime, zone: ZoneInfo) -> Instant:
    """The first instant at which the zone's clock shows `wall` (naive) or a later time.

    PEP 495: `fold=0` is read with the offset in force before a change, `fold=1` with the one after it. Only in a gap is
    the second offset larger; there, the two readings enclose the change, which is found by halving.
    """
    before, after = _offset(wall, zone, fold=0), _offset(wall, zone, fold=1)
    at = (wall - before - _EPOCH) // _MILLISECOND
    if before >= after:
        return at
    early, late = (wall - after - _EPOCH) // _MILLISECOND, at
    while late - early > 1:
        middle = (early + late) // 2
        if shown(middle, zone) >= wall:
            late = middle
        else:
            early = middle
    return late


def weekday(day: datetime) -> int:
    """The day of the week, counted from Sunday = 0."""
    return day.isoweekday() % 7


def minute_of_day(text: str) -> int:
    """`HH:MM` as minutes since midnight; `24:00` is 1440."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    """How far the zone's clock is ahead of UTC when it shows `wall`."""
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta()
