"""A schedule as a calendar file (iCalendar, RFC 5545) that calendar programs can show and subscribe to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.engine import schedule as rota
from bot.engine.model import Instant
from bot.engine.world import Schedule, World

REVISIONS_SINCE: Instant = 1_577_836_800_000
"""2020-01-01: SEQUENCE counts the seconds from here, so that a later file wins and the number stays below 2**31."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_ical(world: World, schedule: Schedule, start: Instant, end: Instant, now: Instant) -> str:
    """Every shift that overlaps the window as one event, whole, with CRLF line ends.

    Times are in UTC, so that no reader needs to know our zones. A shift keeps its UID as long as layer, role, person
    and start stay; `now` is the DTSTAMP, and gives the SEQUENCE by which a reader tells newer from older.
    """
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Tocsin//on call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", icalendar.vText(schedule.name))  # as text: else it would not be escaped
    calendar.add("x-wr-calname", icalendar.vText(schedule.name))
    for shift in rota.shifts(schedule, start, end):
        member = world.members.get(shift.member)
        event = icalendar.Event()
        event.add("uid", f"{schedule.id}.{shift.layer}.{shift.role}.{shift.member}.{shift.start}@tocsin")
        event.add("dtstamp", _utc(now))
        event.add("sequence", max(0, now - REVISIONS_SINCE) // 1000)
        event.add("dtstart", _utc(shift.start))
        event.add("dtend", _utc(shift.end))
        event.add("summary", member.name if member else shift.member)
        event.add("description", f"On call for {schedule.name} as {shift.role} ({shift.layer})")
        event.add("categories", [shift.role])
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


def _utc(at: Instant) -> datetime:
    return _EPOCH + timedelta(milliseconds=at)
