"""The part of every week in which a layer is on duty: its periods and its days, as one set of wall minutes.

Whatever a layer says about hours and days becomes spans of the week, merged once; only then is time looked at. So a
period that crosses midnight, a week that crosses Sunday and two periods that touch need no case of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.engine.model import Instant
from bot.engine.wall import DAY_MINUTES, Stretch, first_instant, minute_of_day, shown, weekday
from bot.engine.world import DailyPeriod, Layer, WeeklyPeriod

WEEK_MINUTES = 7 * DAY_MINUTES

_Span = tuple[int, int]
"""Minutes since Sunday 00:00: from, to. The end may lie in the following week."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Spans of the week: sorted, apart from each other, and together less than a week."""

    spans: tuple[_Span, ...]

    def stretches(self, zone: ZoneInfo, start: Instant, end: Instant) -> Iterator[Stretch]:
        """Every stretch of duty that overlaps the half-open window, in order, with its true bounds."""
        here = shown(start, zone)
        sunday = datetime.combine(here.date() - timedelta(days=weekday(here) + 7), time())
        while self.spans:
            for since, until in self.spans:
                closing = sunday + timedelta(minutes=until)
                if closing <= here:
                    continue  # it was over when the window began
                opens = first_instant(sunday + timedelta(minutes=since), zone)
                if opens >= end:
                    return
                closes = first_instant(closing, zone)
                if closes > max(start, opens):
                    yield opens, closes
            sunday += timedelta(days=7)


def hours_of(layer: Layer) -> Hours | None:
    """When the layer is on duty in a week; None where that is always, or is for whole turns to say (`keeps_turn`).

    - A period runs from its start to its end; an end that is not later than the start is on the next day (of a weekly
      period: in the next week). A period belongs to the day on which it starts.
    - The day mask keeps what falls on its days, from midnight to midnight; with `mask_continuous` it keeps the periods
      that start on its days, whole.
    """
    days = layer.day_mask
    if layer.restriction:
        spans = list(_periods(layer.restriction))
        if days and layer.mask_continuous:
            spans = [span for span in spans if span[0] // DAY_MINUTES in days]
        elif days:
            spans = [(max(a, c), min(b, d)) for a, b in _cut_at_sunday(spans) for c, d in _whole(days)]
    elif days and not layer.mask_continuous:
        spans = list(_whole(days))
    else:
        return None
    merged = _merged(_cut_at_sunday(spans))
    return None if merged == [(0, WEEK_MINUTES)] else Hours(_joined_at_sunday(merged))


def keeps_turn(layer: Layer, start: datetime) -> bool:
    """Whether the mask leaves a turn on duty: decided by its first day (`start`, what the clock shows then).

    It concerns whole turns only where the mask is continuous and no periods say when shifts start.
    """
    whole_turns = layer.day_mask and layer.mask_continuous and not layer.restriction
    return not whole_turns or weekday(start) in layer.day_mask


def _periods(restriction: Iterable[DailyPeriod | WeeklyPeriod]) -> Iterator[_Span]:
    for period in restriction:
        since, until = minute_of_day(period.start), minute_of_day(period.end)
        if isinstance(period, WeeklyPeriod):
            since += period.start_day * DAY_MINUTES
            until += period.end_day * DAY_MINUTES
            yield since, until if until > since else until + WEEK_MINUTES
            continue
        until += DAY_MINUTES if until <= since else 0
        for day in range(0, WEEK_MINUTES, DAY_MINUTES):
            yield day + since, day + until


def _whole(days: Iterable[int]) -> Iterator[_Span]:
    return ((day * DAY_MINUTES, (day + 1) * DAY_MINUTES) for day in days)


def _cut_at_sunday(spans: Iterable[_Span]) -> Iterator[_Span]:
    """The same minutes of the week, none beyond its end."""
    for since, until in spans:
        yield since, min(until, WEEK_MINUTES)
        if until > WEEK_MINUTES:
            yield 0, until - WEEK_MINUTES


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """The same minutes in spans that are sorted and apart."""
    found: list[_Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


def _joined_at_sunday(spans: list[_Span]) -> tuple[_Span, ...]:
    """What ends with the week and what begins it are one span."""
    if len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == WEEK_MINUTES:
        return (*spans[1:-1], (spans[-1][0], WEEK_MINUTES + spans[0][1]))
    return tuple(spans)
