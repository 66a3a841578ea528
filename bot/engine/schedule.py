"""Who is on call: turns of rotations, cut by overrides, found from the wall-clock rule without walking from its start.

One definition decides every handoff: a wall time happens at the first instant at which the zone's clock shows that time
or a later one. Hence a time inside a gap means the first instant after the gap, and a time that occurs twice means its
first occurrence; every handoff is half-open, so a covered schedule leaves no instant without an owner.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from bot.engine.model import HOUR, Instant
from bot.engine.world import Layer, OnCall, Schedule, Shift

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: wall times and UTC are told apart by name
_MILLISECOND = timedelta(milliseconds=1)
_DAYS = {"day": 1, "week": 7}

Stretch = tuple[Instant, Instant]
"""A half-open piece of time: start, end."""


def on_call(schedule: Schedule, at: Instant) -> tuple[OnCall, ...]:
    """Everybody on call at `at`, each once per role; who began first comes first.

    `since` and `until` are the bounds of the shift that `shifts` yields around `at`: one turn of the rotation, less
    what overrides take away. Whose next turn follows at once has two shifts, so `until` is always known.
    """
    return tuple(
        OnCall(member=shift.member, role=shift.role, layer=shift.layer, since=shift.start, until=shift.end)
        for shift in shifts(schedule, at, at + 1)
    )


def shifts(schedule: Schedule, start: Instant, end: Instant) -> Iterator[Shift]:
    """Every shift that overlaps the half-open window, sorted by start, with its true bounds (not cut to the window).

    Rules:

    - A layer starts at a wall time of the schedule's zone and gives its groups one turn after the other. Turns of days,
      weeks and months end at the same wall time whatever the clocks do (a day of 23 or 25 hours is one day); a month
      that lacks the day of the start hands off on its last day, and the next one returns to the day of the start. Turns
      of hours are real hours, counted from the start.
    - Layers add together. Who would be on call twice in the same role is counted for the layer that comes first; the
      shift of the later layer is cut there. (In two roles, a person is on call in both.)
    - An override replaces every layer, in every role, inside its window. Where overrides of the same role overlap, the
      one declared last wins; where it ends, what it covered is back. Its shift bears the override's id as the layer.
    """
    found: list[tuple[Instant, int, Shift]] = []
    windows = [(one.start, one.end) for one in schedule.overrides]
    for rank, override in enumerate(schedule.overrides):
        if override.start >= end or override.end <= start:
            continue
        later = [(two.start, two.end) for two in schedule.overrides[rank + 1 :] if two.role == override.role]
        piece = partial(Shift, member=override.member, role=override.role, layer=override.id)
        found += (
            (since, -1, piece(start=since, end=until))
            for since, until in _without((override.start, override.end), later)
            if since < end and until > start
        )
    rotations = [_Rotation.of(layer, schedule.zone) for layer in schedule.layers if any(_people(layer))]
    for rank, rotation in enumerate(rotations):
        earlier = rotations[:rank]
        for turn in rotation.turns(start, end):
            for role, member in turn.people:
                piece = partial(Shift, member=member, role=role, layer=rotation.layer.id)
                taken = (other.stretches(role, member, turn.start, turn.end) for other in earlier)
                found += (
                    (since, rank, piece(start=since, end=until))
                    for since, until in _without((turn.start, turn.end), chain(windows, *taken))
                    if since < end and until > start
                )
    found.sort(key=lambda item: item[:2])
    return (shift for _, _, shift in found)


def gaps(schedule: Schedule, start: Instant, end: Instant, role: str = "") -> Iterator[Stretch]:
    """The parts of the window in which nobody is on call (nobody in `role`, where one is given), in order."""
    covered = ((shift.start, shift.end) for shift in shifts(schedule, start, end) if role in ("", shift.role))
    return _without((start, end), covered)


def instant_of(wall: str, zone: str) -> Instant:
    """The first instant at which the clocks of `zone` show `wall` (`YYYY-MM-DDTHH:MM`) or a later time."""
    return _resolve(datetime.fromisoformat(wall), ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class _Turn:
    """One group's turn: whole, or cut by the end of its layer."""

    start: Instant
    end: Instant
    people: tuple[tuple[str, str], ...]
    """(role, member), each once."""


@dataclass(frozen=True, slots=True)
class _Rotation:
    """A layer with its wall times read. `last` is the first instant after the layer, None where it has no end."""

    layer: Layer
    zone: ZoneInfo
    wall: datetime
    first: Instant
    last: Instant | None
    people: tuple[tuple[tuple[str, str], ...], ...]

    @classmethod
    def of(cls, layer: Layer, zone_name: str) -> _Rotation:
        zone = ZoneInfo(zone_name)
        wall = datetime.fromisoformat(layer.start)
        last = _resolve(datetime.fromisoformat(layer.end), zone) if layer.end else None
        return cls(layer, zone, wall, _resolve(wall, zone), last, tuple(_people(layer)))

    def handoff(self, turn: int) -> Instant:
        """When turn number `turn` (from 0) begins."""
        count = turn * self.layer.every
        if self.layer.unit == "hour":
            return self.first + count * HOUR
        if self.layer.unit == "month":
            return _resolve(_add_months(self.wall, count), self.zone)
        return _resolve(self.wall + timedelta(days=count * _DAYS[self.layer.unit]), self.zone)

    def turn_near(self, at: Instant) -> int:
        """The number of the turn that `at` falls into, or of the one before; 0 for anything before the layer."""
        if self.layer.unit == "hour":
            return max(0, (at - self.first) // (self.layer.every * HOUR))
        local = _local(at, self.zone)
        if self.layer.unit == "month":
            passed = (local.year - self.wall.year) * 12 + local.month - self.wall.month
        else:
            passed = (local - self.wall).days // _DAYS[self.layer.unit]
        turn = max(0, passed // self.layer.every)
        # The estimate counts calendar days; days that a month lacks, and clocks that were changed, make it one too far.
        while turn > 0 and self.handoff(turn) > at:
            turn -= 1
        return turn

    def turns(self, start: Instant, end: Instant) -> Iterator[_Turn]:
        """Every turn that overlaps the window, in order; perhaps the one before it as well."""
        stop = end if self.last is None else min(end, self.last)
        number = self.turn_near(start)
        since = self.handoff(number)
        while since < stop:
            number += 1
            until = self.handoff(number)
            cut = until if self.last is None else min(until, self.last)
            if cut > since:
                yield _Turn(since, cut, self.people[(number - 1) % len(self.people)])
            since = until

    def stretches(self, role: str, member: str, start: Instant, end: Instant) -> Iterator[Stretch]:
        """The turns of one person in one role that overlap the window, in order."""
        if any((role, member) in group for group in self.people):
            for turn in self.turns(start, end):
                if (role, member) in turn.people:
                    yield turn.start, turn.end


def _people(layer: Layer) -> Iterator[tuple[tuple[str, str], ...]]:
    """Each group as (role, member) pairs, without repetitions."""
    for group in layer.groups:
        yield tuple(dict.fromkeys((role, member) for role, members in group.members.items() for member in members))


def _without(whole: Stretch, taken: Iterable[Stretch]) -> Iterator[Stretch]:
    """What is left of `whole` when `taken` (in any order, overlapping or not) is cut out."""
    since, end = whole
    for start, until in sorted((a, b) for a, b in taken if a < b and a < end and b > since):
        if start > since:
            yield since, start
        since = max(since, until)
    if since < end:
        yield since, end


def _add_months(wall: datetime, count: int) -> datetime:
    """The same day and time `count` months later, or the last day of a month that is shorter."""
    years, month = divmod(wall.month - 1 + count, 12)
    year = wall.year + years
    return wall.replace(year=year, month=month + 1, day=min(wall.day, monthrange(year, month + 1)[1]))


def _local(at: Instant, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows at `at`, naive."""
    return zone.fromutc((_EPOCH + timedelta(milliseconds=at)).replace(tzinfo=zone)).replace(tzinfo=None)


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    """How far the zone's clock is ahead of UTC when it shows `wall`."""
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta()


def _resolve(wall: datetime, zone: ZoneInfo) -> Instant:
    """The first instant at which the zone's clock shows `wall` or a later time.

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
        if _local(middle, zone) >= wall:
            late = middle
        else:
            early = middle
    return late
