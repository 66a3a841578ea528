"""The turns of one layer, found from the wall-clock rule without walking from its start; and layers of fixed shifts."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import gcd
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.engine.model import HOUR, Instant
from bot.engine.restriction import Hours, hours_of, keeps_turn
from bot.engine.wall import Stretch, first_instant, shown
from bot.engine.world import Layer

_DAYS = {"day": 1, "week": 7}
_HOURS = {"hour": 1, "day": 24, "week": 168}

Person = tuple[str, str]
"""Role, member."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch in which people are on duty together: a turn, or what hours and days leave of it."""

    start: Instant
    end: Instant
    people: tuple[Person, ...]
    """Each once."""


class Duty(Protocol):
    """What a layer comes to, however it is written."""

    layer: Layer

    def pieces(self, start: Instant, end: Instant) -> Iterator[Piece]:
        """Every piece that overlaps the half-open window, in order, with its true bounds."""
        ...

    def stretches(self, person: Person, start: Instant, end: Instant) -> Iterator[Stretch]:
        """The pieces of one person that overlap the window, in order."""
        ...


def duty_of(layer: Layer, zone: str) -> Duty:
    """The layer with its wall times read."""
    return Roster(layer) if layer.fixed else Rotation.of(layer, zone)


@dataclass(slots=True)
class Roster:
    """A layer of shifts that somebody else worked out."""

    layer: Layer

    def pieces(self, start: Instant, end: Instant) -> Iterator[Piece]:
        """As they are written, in the order of their starts."""
        found = (each for each in self.layer.fixed if each.start < each.end and each.start < end and each.end > start)
        for shift in sorted(found, key=lambda each: each.start):
            yield Piece(shift.start, shift.end, ((shift.role, shift.member),))

    def stretches(self, person: Person, start: Instant, end: Instant) -> Iterator[Stretch]:
        """The shifts of one person."""
        return ((piece.start, piece.end) for piece in self.pieces(start, end) if person in piece.people)


@dataclass(slots=True)
class Rotation:
    """A layer of groups that take turns. `last` is the first instant after the layer, None where it has no end."""

    layer: Layer
    zone: ZoneInfo
    anchor: datetime
    """The wall time from which later handoffs are counted: the day of the start, at the time of handoffs."""
    first: Instant
    last: Instant | None
    groups: tuple[tuple[Person, ...], ...]
    hours: Hours | None
    """None: at all hours."""
    moves_on: bool
    """Whether the order is shifted by one after each cycle."""

    @classmethod
    def of(cls, layer: Layer, zone_name: str) -> Rotation:
        """Read the layer with the clocks of a zone."""
        zone = ZoneInfo(zone_name)
        wall = datetime.fromisoformat(layer.start)
        anchor = datetime.combine(wall.date(), time.fromisoformat(layer.handoff)) if layer.handoff else wall
        last = first_instant(datetime.fromisoformat(layer.end), zone) if layer.end else None
        groups = tuple(_people(layer))
        moves_on = layer.fair and _week_is_unfair(layer, len(groups))
        return cls(layer, zone, anchor, first_instant(wall, zone), last, groups, hours_of(layer), moves_on)

    def pieces(self, start: Instant, end: Instant) -> Iterator[Piece]:
        """Turns, or what the hours and days of the layer leave of them."""
        if not any(self.groups):
            return
        for turn in self.turns(start, end):
            if turn.end <= start or not keeps_turn(self.layer, shown(turn.start, self.zone)):
                continue
            if self.hours is None:
                yield turn
                continue
            for since, until in self.hours.stretches(self.zone, max(turn.start, start), min(turn.end, end)):
                yield Piece(max(since, turn.start), min(until, turn.end), turn.people)

    def stretches(self, person: Person, start: Instant, end: Instant) -> Iterator[Stretch]:
        """The pieces of one person."""
        if any(person in group for group in self.groups):
            for piece in self.pieces(start, end):
                if person in piece.people:
                    yield piece.start, piece.end

    def turns(self, start: Instant, end: Instant) -> Iterator[Piece]:
        """Every turn that overlaps the window, in order, cut by the end of the layer; perhaps the one before it."""
        stop = end if self.last is None else min(end, self.last)
        number = self.turn_near(start)
        since = self.handoff(number)
        while since < stop:
            number += 1
            until = self.handoff(number)
            cut = until if self.last is None else min(until, self.last)
            if cut > since:
                yield Piece(since, cut, self.groups[self.position(number - 1)])
            since = until

    def position(self, turn: int) -> int:
        """Whose turn it is: in order, and one further after every cycle where that makes the weeks fair."""
        cycle, place = divmod(turn, len(self.groups))
        return (place + cycle) % len(self.groups) if self.moves_on else place

    def handoff(self, turn: int) -> Instant:
        """When turn number `turn` (from 0) begins."""
        count = turn * self.layer.every
        if turn == 0:
            return self.first
        if self.layer.unit == "hour":
            return self.first + count * HOUR
        if self.layer.unit == "month":
            return first_instant(_add_months(self.anchor, count), self.zone)
        return first_instant(self.anchor + timedelta(days=count * _DAYS[self.layer.unit]), self.zone)

    def turn_near(self, at: Instant) -> int:
        """The number of the turn that `at` falls into, or of the one before; 0 for anything before the layer."""
        if self.layer.unit == "hour":
            return max(0, (at - self.first) // (self.layer.every * HOUR))
        local = shown(at, self.zone)
        if self.layer.unit == "month":
            passed = (local.year - self.anchor.year) * 12 + local.month - self.anchor.month
        else:
            passed = (local - self.anchor).days // _DAYS[self.layer.unit]
        turn = max(0, passed // self.layer.every)
        # The estimate counts calendar days; days that a month lacks, and clocks that were changed, make it one too far.
        while turn > 0 and self.handoff(turn) > at:
            turn -= 1
        return turn


def _people(layer: Layer) -> Iterator[tuple[Person, ...]]:
    """Each group as (role, member) pairs, without repetitions."""
    for group in layer.groups:
        yield tuple(dict.fromkeys((role, member) for role, members in group.members.items() for member in members))


def _week_is_unfair(layer: Layer, groups: int) -> bool:
    """Whether the cycle gives a group fewer of the week's turns than there are: always the same days, or hours.

    Turns of n hours begin at every multiple of gcd(n, 168) hours of the week; those of one group, at the multiples of
    gcd(cycle, 168) alone. Seven people with daily turns: each has one day of the week for ever. Months fit no week.
    """
    if layer.unit not in _HOURS or not groups:
        return False
    turn, week = layer.every * _HOURS[layer.unit], _HOURS["week"]
    return gcd(turn * groups, week) != gcd(turn, week)


def _add_months(wall: datetime, count: int) -> datetime:
    """The same day and time `count` months later, or the last day of a month that is shorter."""
    years, month = divmod(wall.month - 1 + count, 12)
    year = wall.year + years
    return wall.replace(year=year, month=month + 1, day=min(wall.day, monthrange(year, month + 1)[1]))
