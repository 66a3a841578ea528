"""Who is on call, found the slow way: minute by minute, from the latest time that the clock on the wall has shown.

`so_far` is that time. Everything but turns of hours is decided by it alone: a handoff, a period or a day begins when it
is reached. In a gap it jumps; in a fold it waits. Nothing here is taken from the engine but its plain data.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from bot.engine.model import DAY, HOUR, MINUTE
from bot.engine.world import Group, Layer, Schedule, WeeklyPeriod

ZONES = (
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/New_York",
    "Europe/London",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Pacific/Auckland",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Gaza",
    "America/Santiago",
    "Europe/Dublin",
    "Asia/Beirut",
    "America/Havana",
    "Atlantic/Azores",
    "America/Nuuk",
    "Antarctica/Troll",
    "UTC",
)
LOOK_BACK = 26 * HOUR
"""Longer than any clock has ever been put back."""


def clock(at: int, zone: str) -> datetime:
    """What a clock on the wall shows."""
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).replace(tzinfo=None)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return round(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


@cache
def changes(zone: str) -> tuple[int, ...]:
    """Days from 2024 to 2034 in which the zone's clocks are changed."""
    days = [utc(2024, 1, 1) + n * DAY for n in range(11 * 365 + 3)]
    return tuple(a for a in days if clock(a + DAY, zone) - clock(a, zone) != timedelta(days=1))


def wall(layer: Layer, turn: int) -> datetime:
    """The wall time of a handoff, counted out on a calendar."""
    start, count = datetime.fromisoformat(layer.start), turn * layer.every
    at = time.fromisoformat(layer.handoff) if layer.handoff and turn else start.time()
    if layer.unit == "month":
        year, month = start.year, start.month
        for _ in range(count):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return datetime.combine(date(year, month, min(start.day, monthrange(year, month)[1])), at)
    return datetime.combine(start.date() + timedelta(days=count * (7 if layer.unit == "week" else 1)), at)


@cache
def first_showing(when: datetime, zone: str) -> int:
    """The first minute at which the clock shows that time or a later one."""
    at = round(when.replace(tzinfo=UTC).timestamp() * 1000) - LOOK_BACK
    while clock(at, zone) < when:
        at += MINUTE
    return at


@cache
def day_number(day: date) -> int:
    return ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat").index(day.strftime("%a"))


@cache
def at_minute(day: date, text: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(text))


@dataclass
class Walker:
    """Carries one layer through time."""

    layer: Layer
    zone: str
    turn: int = -1
    next_wall: datetime = field(init=False)
    turns: dict[int, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.next_wall = wall(self.layer, 0)

    def people(self, at: int, so_far: datetime) -> list[tuple[str, str, str]]:
        layer = self.layer
        if layer.fixed:
            return [(s.member, s.role, layer.id) for s in layer.fixed if s.start <= at < s.end]
        self.advance(at, so_far)
        ended = layer.end != "" and so_far >= datetime.fromisoformat(layer.end)
        if self.turn < 0 or ended or not layer.groups or not self.is_on_duty(so_far):
            return []
        if self.turn not in self.turns:
            self.turns[self.turn] = self.order(self.turn // len(layer.groups))[self.turn % len(layer.groups)]
        group = self.turns[self.turn]
        return [(m, role, layer.id) for role, members in group.members.items() for m in members]

    def advance(self, at: int, so_far: datetime) -> None:
        if self.turn < 0 and so_far < wall(self.layer, 0):
            return
        if self.layer.unit == "hour":
            first = first_showing(wall(self.layer, 0), self.zone)
            self.turn = (at - first) // (self.layer.every * HOUR)
            return
        while so_far >= self.next_wall:
            self.turn += 1
            self.next_wall = wall(self.layer, self.turn + 1)

    def order(self, cycle: int) -> list[Group]:
        """The groups in the order of a cycle."""
        groups = list(self.layer.groups)
        if self.layer.fair and self.layer.unit != "month":
            hours = self.layer.every * {"hour": 1, "day": 24, "week": 168}[self.layer.unit]
            all_starts = {turn * hours % 168 for turn in range(168)}
            of_one = {turn * hours * len(groups) % 168 for turn in range(168)}
            for _ in range(cycle % len(groups) if all_starts != of_one else 0):
                groups.append(groups.pop(0))
        return groups

    def is_on_duty(self, so_far: datetime) -> bool:
        layer, mask = self.layer, self.layer.day_mask
        if not layer.restriction:
            if not mask:
                return True
            return day_number(self.turn_day() if layer.mask_continuous else so_far.date()) in mask
        inside = [day_number(day) for day in self.period_days(so_far)]
        if mask and layer.mask_continuous:
            return any(day in mask for day in inside)
        return bool(inside) and (not mask or day_number(so_far.date()) in mask)

    def turn_day(self) -> date:
        """The day that the clock shows when the turn begins."""
        if self.layer.unit == "hour":
            first = first_showing(wall(self.layer, 0), self.zone) + self.turn * self.layer.every * HOUR
        else:
            first = first_showing(wall(self.layer, self.turn), self.zone)
        return clock(first, self.zone).date()

    def period_days(self, so_far: datetime) -> Iterator[date]:
        """The first day of each period that is on."""
        today = so_far.date()
        weekly = any(isinstance(period, WeeklyPeriod) for period in self.layer.restriction)
        for back in range(9 if weekly else 2):
            day = today - timedelta(days=back)
            for period in self.layer.restriction:
                if isinstance(period, WeeklyPeriod):
                    if day_number(day) != period.start_day:
                        continue
                    last = day + timedelta(days=(period.end_day - period.start_day) % 7)
                    late = timedelta(days=7)
                else:
                    last, late = day, timedelta(days=1)
                begins, ends = at_minute(day, period.start), at_minute(last, period.end)
                if begins <= so_far < (ends if ends > begins else ends + late):
                    yield day


def walk(schedule: Schedule, start: int, end: int):
    """Yields each minute and who is on call in it: (member, role, layer)."""
    walkers = [Walker(layer, schedule.zone) for layer in sorted(schedule.layers, key=lambda layer: layer.weight)]
    so_far = max(clock(at, schedule.zone) for at in range(start - LOOK_BACK, start, MINUTE))
    for at in range(start, end, MINUTE):
        so_far = max(so_far, clock(at, schedule.zone))
        layered = [who for walker in walkers for who in walker.people(at, so_far)]
        ruling = {o.role: (o.member, o.role, o.id) for o in schedule.overrides if o.start <= at < o.end}
        if ruling:
            yield at, set(ruling.values())
            continue
        once: dict[tuple[str, str], tuple[str, str, str]] = {}
        for who in layered:
            once.setdefault(who[:2], who)
        yield at, set(once.values())
