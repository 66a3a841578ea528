"""Shifts from a calendar file (iCalendar, RFC 5545) that somebody else keeps: read as a whole, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.engine.model import DAY, Instant, Span
from bot.engine.wall import first_instant, shown
from bot.engine.world import Shift
from bot.manifest.recurrence import Budget, Recurrence, Unreadable, recurrence

SIZE_MAX = 1_000_000
"""Bytes of a file; an exported team calendar of many years fits."""
BACK: Span = 35 * DAY
AHEAD: Span = 365 * DAY
"""The window that is worked out around now: 400 days."""
INSTANCES_MAX = 2000
"""Shifts inside the window."""
LENGTH_MAX = timedelta(days=3660)
YEARS = range(1970, 2200)
_NOT_COMING = ("DECLINED", "DELEGATED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """How a member can be named in a file."""

    id: str
    name: str
    email: str


@dataclass(slots=True)
class Roster:
    """What a file comes to. `unknown` maps a name that is nobody's to the first shift that it stands in."""

    shifts: tuple[Shift, ...] = ()
    unknown: dict[str, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Event:
    """One VEVENT with its times read. `length` is wall time from its start to its end."""

    uid: str
    start: datetime
    zone: ZoneInfo
    length: timedelta
    instance: Instant | None
    """Which instance of a repeated event this one replaces; None where it is the event itself."""
    cancelled: bool
    rule: Recurrence | None
    added: tuple[Instant, ...]
    without: frozenset[Instant]
    attendees: tuple[tuple[str, ...], ...]
    """Of each who did not decline, the names: address, common name."""
    summary: tuple[str, ...]
    """The names that the summary may hold."""

    def instances(self, since: Instant, end: Instant, budget: Budget) -> Iterator[tuple[Instant, Instant]]:
        """Start and end of each instance that overlaps the window."""
        early = shown(since, self.zone) - self.length - timedelta(days=1)
        late = shown(end, self.zone) + timedelta(days=1)
        walls = self.rule.between(early, late, budget) if self.rule else iter((self.start,))
        starts = {first_instant(wall, self.zone) for wall in walls} | set(self.added)
        for start in sorted(starts - self.without):
            until = first_instant(shown(start, self.zone) + self.length, self.zone)
            if start < until and start < end and until > since:
                yield start, until


def read_roster(data: bytes, people: Iterable[Person], *, zone: str, layer: str, role: str, now: Instant) -> Roster:
    """The shifts in a file from 35 days before `now` to 365 after it, in the order of their starts.

    Times without a zone, and whole days, are read by the clocks of `zone`. People are the attendees, by address or
    name; where none of them is known, those whom the summary names (parted by `,`, `;`, `&`, `+` or `/`). Where the
    shifts of one person overlap, the later one is cut. Raises Unreadable.
    """
    if len(data) > SIZE_MAX:
        raise Unreadable(f"it has more than {SIZE_MAX // 1_000_000} MB")
    events = list(_events(data, zone))
    replaced = {(event.uid, event.instance) for event in events if event.instance is not None}
    known, budget, roster = _names(people), Budget(), Roster()
    found: list[tuple[Instant, Instant, str]] = []
    count = 0
    for event in events:
        if event.cancelled:
            continue
        for start, end in event.instances(now - BACK, now + AHEAD, budget):
            if event.instance is None and (event.uid, start) in replaced:
                continue
            count += 1
            if count > INSTANCES_MAX:
                raise Unreadable(f"it has more than {INSTANCES_MAX} shifts within 400 days")
            members, strangers = _who(event, known)
            found += ((start, end, member) for member in members)
            for name in strangers:
                roster.unknown.setdefault(name, start)
    roster.shifts = tuple(_apart(found, layer, role))
    return roster


def _apart(found: list[tuple[Instant, Instant, str]], layer: str, role: str) -> Iterator[Shift]:
    """The shifts, each person's without overlaps."""
    busy: dict[str, Instant] = {}
    for start, end, member in sorted(found):
        since = max(start, busy.get(member, start))
        if since < end:
            busy[member] = end
            yield Shift(member=member, role=role, layer=layer, start=since, end=end)


def _names(people: Iterable[Person]) -> Mapping[str, str]:
    """Every way to name somebody, without regard to case; a name that two people share names nobody."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for person in people:
        for name in {person.id.casefold(), person.name.casefold(), person.email.casefold()} - {""}:
            if name in found:
                shared.add(name)
            found[name] = person.id
    return {name: member for name, member in found.items() if name not in shared}


def _events(data: bytes, zone: str) -> Iterator[_Event]:
    import icalendar

    try:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
        if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
            raise Unreadable("it is not a calendar file (it does not begin with BEGIN:VCALENDAR)")
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
        for event in events:
            if event.errors:
                raise Unreadable(f"its {event.errors[0][0]} cannot be read: {event.errors[0][1]}")
            yield _event(event, zone)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Unreadable(f"it is not a calendar file ({error})") from error


def _event(event: Any, zone: str) -> _Event:
    if event.get("DTSTART") is None:
        raise Unreadable("one of its events has no DTSTART")
    start, home = _wall(event["DTSTART"], zone)
    rules = event.get("RRULE")
    if isinstance(rules, list):
        raise Unreadable("one of its events has two RRULEs")
    instance = event.get("RECURRENCE-ID")
    return _Event(
        uid=str(event.get("UID", "")),
        start=start,
        zone=home,
        length=_length(event, start, home, zone),
        instance=None if instance is None else _instant(instance, zone),
        cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
        rule=None if rules is None else recurrence(rules, start, _until(rules, home)),
        added=tuple(_instants(event.get("RDATE"), zone)),
        without=frozenset(_instants(event.get("EXDATE"), zone)),
        attendees=tuple(_attendees(event)),
        summary=tuple(_parts(str(event.get("SUMMARY", "")))),
    )


def _wall(prop: Any, zone: str) -> tuple[datetime, ZoneInfo]:
    """The wall time of a date property, and the zone that it is told in."""
    moment = prop.dt
    if moment.year not in YEARS:
        raise Unreadable(f"one of its events is in the year {moment.year}")
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time()), ZoneInfo(zone)
    named = prop.params.get("TZID")
    if moment.tzinfo is None:
        if named:
            raise Unreadable(f"the time zone {named} is not known; use an IANA name such as Europe/Berlin")
        return moment, ZoneInfo(zone)
    if moment.utcoffset() == timedelta() and not named:
        return moment.replace(tzinfo=None), ZoneInfo("UTC")
    if not isinstance(moment.tzinfo, ZoneInfo):
        raise Unreadable(f"the time zone {named} is of its own making; use an IANA name such as Europe/Berlin")
    return moment.replace(tzinfo=None, fold=0), moment.tzinfo


def _instant(prop: Any, zone: str) -> Instant:
    return first_instant(*_wall(prop, zone))


def _instants(props: Any, zone: str) -> Iterator[Instant]:
    """The instants of EXDATE or RDATE: absent, one property, or several, each a list."""
    for prop in props if isinstance(props, list) else [] if props is None else [props]:
        for each in prop.dts:
            if isinstance(each.dt, tuple):
                raise Unreadable("one of its events adds periods by RDATE, which are not understood")
            each.params = prop.params
            yield _instant(each, zone)


def _length(event: Any, start: datetime, home: ZoneInfo, zone: str) -> timedelta:
    if event.get("DTEND") is not None:
        end, there = _wall(event["DTEND"], zone)
        if there.key != home.key:
            end = shown(first_instant(end, there), home)
        length = end - start
    elif event.get("DURATION") is not None:
        length = event["DURATION"].dt
    else:
        length = timedelta(days=0 if isinstance(event["DTSTART"].dt, datetime) else 1)
    if not timedelta() <= length <= LENGTH_MAX:
        raise Unreadable(f"one of its events lasts {length.days} days")
    return length


def _until(rule: Mapping[str, Any], home: ZoneInfo) -> datetime | None:
    """The end of a rule as a wall time; a date means all of that day."""
    until = rule.get("UNTIL")
    if not until:
        return None
    last = until[0] if isinstance(until, list) else until
    if not isinstance(last, datetime):
        return datetime.combine(last, time(23, 59, 59))
    return last.astimezone(home).replace(tzinfo=None) if last.tzinfo else last


def _attendees(event: Any) -> Iterator[tuple[str, ...]]:
    attendees = event.get("ATTENDEE", [])
    for one in attendees if isinstance(attendees, list) else [attendees]:
        if str(one.params.get("PARTSTAT", "")).upper() not in _NOT_COMING:
            address = str(one).strip()
            address = address[7:] if address[:7].casefold() == "mailto:" else address
            yield tuple(filter(None, (address, str(one.params.get("CN", "")).strip())))


def _parts(summary: str) -> Iterator[str]:
    for mark in ",;&+/":
        summary = summary.replace(mark, "\n")
    return (name.strip() for name in summary.splitlines() if name.strip())


def _who(event: _Event, known: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The members in an event, and the names in it that are nobody's."""
    ways = (event.attendees, tuple((name,) for name in event.summary))
    missed: list[list[str]] = []
    for way in ways:
        hits = [[known[name.casefold()] for name in names if name.casefold() in known] for names in way]
        missed.append([names[0] for names, hit in zip(way, hits, strict=True) if names and not hit])
        if members := [hit[0] for hit in hits if hit]:
            return list(dict.fromkeys(members)), missed[-1]
    return [], missed[0] or missed[1] or [f"event {event.uid}"]
