"""What there is to say about coming shifts, to whom and when: a pure function of the schedule and a stretch of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.engine.model import DAY, Chat, Instant, Span
from bot.engine.schedule import on_call, shifts
from bot.engine.wall import first_instant, minute_of_day, shown
from bot.engine.world import Schedule, Shift, World

CATCH_UP: Span = DAY
"""How far back `due` looks after an outage: older news about shifts is none."""


class NoticeKind(StrEnum):
    """Why a notice is given."""

    BEFORE = "before"
    """Somebody's duty begins soon."""
    DAILY = "daily"
    """The day that comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message: to a member, or to a chat (the other is empty)."""

    key: str
    """The same for the same news to the same receiver, however often it is worked out; for the outbox."""
    at: Instant
    """When it is due."""
    kind: NoticeKind
    schedule: str
    shifts: tuple[Shift, ...]
    """What it is about, by start; a member's notice has that member's alone."""
    member: str = ""
    chat: Chat | None = None


def notices(schedule: Schedule, since: Instant, until: Instant) -> Iterator[Notice]:
    """Everything that becomes due after `since`, up to and including `until`, in order.

    So calls with one `until` as the next `since` give each notice once. `before` tells of shifts that begin, unless
    the same person had the same role up to that instant: a turn that goes on is no news. `daily` tells of every shift
    in the 24 hours that follow.
    """
    wanted = schedule.notices
    found: list[Notice] = []
    if wanted.before:
        begins: dict[Instant, list[Shift]] = {}
        for shift in shifts(schedule, since + wanted.before + 1, until + wanted.before + 1):
            at = shift.start - wanted.before
            if since < at <= until and not _goes_on(schedule, shift):
                begins.setdefault(at, []).append(shift)
        for at, starting in begins.items():
            found += _to_all(schedule, NoticeKind.BEFORE, at, starting)
    if wanted.daily:
        for at in _daily(schedule, since, until):
            coming = list(shifts(schedule, at, at + DAY))
            if coming:
                found += _to_all(schedule, NoticeKind.DAILY, at, coming)
    found.sort(key=lambda notice: notice.at)
    return iter(found)


def due(world: World, last_run: Instant, now: Instant) -> Iterator[Notice]:
    """What is to be sent now, of all schedules, when everything up to `last_run` has been.

    After an outage, what came to nothing is left out: shifts that are over, days of which a newer notice tells, and
    everything that was due more than a day ago.
    """
    for schedule in world.schedules.values():
        newest: dict[str, Notice] = {}
        for notice in notices(schedule, max(last_run, now - CATCH_UP), now):
            if notice.kind is NoticeKind.DAILY:
                newest[notice.member or f"{notice.chat}"] = notice
            elif any(shift.end > now for shift in notice.shifts):
                yield notice
        yield from newest.values()


def _to_all(schedule: Schedule, kind: NoticeKind, at: Instant, about: list[Shift]) -> Iterator[Notice]:
    """The notice for each receiver: people about themselves, chats about everybody."""
    stem = f"notice/{schedule.id}/{kind}/{at}"
    for member in dict.fromkeys(shift.member for shift in about) if schedule.notices.members else ():
        own = tuple(shift for shift in about if shift.member == member)
        yield Notice(key=f"{stem}/member/{member}", at=at, kind=kind, schedule=schedule.id, shifts=own, member=member)
    for chat in schedule.notices.chats:
        key = f"{stem}/{chat.platform}/{chat.address}"
        yield Notice(key=key, at=at, kind=kind, schedule=schedule.id, shifts=tuple(about), chat=chat)


def _goes_on(schedule: Schedule, shift: Shift) -> bool:
    before = on_call(schedule, shift.start - 1)
    return any((duty.member, duty.role) == (shift.member, shift.role) for duty in before)


def _daily(schedule: Schedule, since: Instant, until: Instant) -> Iterator[Instant]:
    """Each instant after `since`, up to `until`, at which the clock first shows the time of the daily notice."""
    zone = ZoneInfo(schedule.zone)
    day = datetime.combine(shown(since, zone).date() - timedelta(days=1), time())
    while True:
        at = first_instant(day + timedelta(minutes=minute_of_day(schedule.notices.daily)), zone)
        if at > until:
            return
        if at > since:
            yield at
        day += timedelta(days=1)
