"""Silences: alerts that nobody wants to hear of for a while, and when that while is over.

A silence looks at what begins, never at an incident that is open; what it hides is asked about again when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Literal
from zoneinfo import ZoneInfo

from bot.engine import calendars
from bot.engine.calendars import Calendar
from bot.engine.conditions import VALUE_MAX, ValueKind, kind_of, matches
from bot.engine.model import DAY, HOUR, MINUTE, Condition, Filter, Incident, Instant, Span, TimeWindow
from bot.engine.wall import first_instant, minute_of_day, shown

QUICK: Span = DAY
"""How long a quick silence lasts unless told."""
PRESETS: tuple[Span, ...] = (30 * MINUTE, HOUR, 12 * HOUR, DAY, 7 * DAY, 14 * DAY)
QUICK_MAX: Span = 90 * DAY
"""Our own choice: whatever should be quiet for longer belongs into the manifest, where somebody reviews it."""
AHEAD: Span = 60 * DAY
"""How far `ends_at` looks."""

Mode = Literal["drop", "mark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is not to be heard of in a channel, and when: from `start` to `end`, and within the hours of `when`."""

    id: str
    channel: str
    filter: Filter
    """Never empty: nobody silences everything by leaving something out."""
    start: Instant | None = None
    end: Instant | None = None
    when: tuple[TimeWindow, ...] = ()
    zone: str = "UTC"
    """Whose clocks the windows follow."""
    mode: Mode = "mark"
    """`drop` leaves no trace but a reason; `mark` keeps the alert without an incident, and asks again at the end."""
    by: str = ""
    """The member who made a quick silence; empty for one that the manifest declares."""
    reason: str = ""
    incident: str = ""
    """The incident that a quick silence was made from."""
    created_at: Instant = 0


def active(silence: Silence, known: Mapping[str, Calendar], at: Instant) -> bool:
    """Whether it is quiet at `at`. The end is not part of it."""
    if silence.start is not None and at < silence.start:
        return False
    if silence.end is not None and at >= silence.end:
        return False
    return calendars.within(silence.when, known, silence.zone, at)


def ends_at(silence: Silence, known: Mapping[str, Calendar], at: Instant, ahead: Span = AHEAD) -> Instant:
    """The first instant from `at` on at which it is not quiet; `at + ahead` where that lies beyond."""
    horizon = at + ahead
    for instant in sorted({at, *_endings(silence, at, horizon)}):
        if at <= instant < horizon and not active(silence, known, instant):
            return instant
    return horizon


def end_in_sight(silence: Silence, known: Mapping[str, Calendar], at: Instant) -> Instant | None:
    """When it is not quiet any more, as one would say it: far away its own end, and None where it has none."""
    end = ends_at(silence, known, at)
    return end if end < at + AHEAD else silence.end


def that_hides(
    silences: Iterable[Silence], known: Mapping[str, Calendar], facts: Mapping[str, str], at: Instant
) -> Silence | None:
    """The silence that hides an alert with these facts at `at`: a dropping one before one that only marks."""
    hiding = [each for each in silences if each.filter and matches(each.filter, facts) and active(each, known, at)]
    return min(hiding, key=lambda each: each.mode != "drop", default=None)


def like(incident: Incident) -> Filter:
    """What a quick silence from an incident hides: its severity and labels, or its title where it has no labels.

    A severity that a person set is left out: the alerts that come know nothing of it, and would never match.
    """
    wanted = {f"labels.{name}": value for name, value in incident.labels.items() if value}
    if not wanted:
        wanted["title"] = incident.title
    if "severity" not in incident.frozen:
        wanted = {"severity": incident.severity.value, **wanted}
    return (tuple(Condition(key=key, oper="IN", vals=(to_the_letter(value),)) for key, value in wanted.items()),)


def to_the_letter(text: str) -> str:
    """A value of a condition that fits this text, also where the grammar would read it as a pattern or a number."""
    if len(text) > VALUE_MAX:
        text = f"{text[: VALUE_MAX - 1]}*"
    return text if kind_of(text) in (ValueKind.EXACT, ValueKind.WILDCARD) else f"?{text[1:]}"


def quick_id(channel: str, tests: Filter) -> str:
    """The name of a quick silence by what it hides: asking for the same again edits the same one."""
    return sha256(repr((channel, tests)).encode()).hexdigest()[:6]


def _endings(silence: Silence, since: Instant, until: Instant) -> Iterator[Instant]:
    """Every instant of the stretch at which it may end: its own end, and the closing of each window of each day."""
    if silence.end is not None:
        yield silence.end
    zone = ZoneInfo(silence.zone)
    day = datetime.combine(shown(since, zone).date(), time()) - timedelta(days=1)
    last = shown(until, zone)
    while silence.when and day <= last:
        for window in silence.when:
            opens, closes = minute_of_day(window.start), minute_of_day(window.end)
            closing = day + timedelta(minutes=closes if closes > opens else closes + 1440)
            instant = first_instant(closing, zone)
            if since <= instant < until:
                yield instant
        day += timedelta(days=1)
