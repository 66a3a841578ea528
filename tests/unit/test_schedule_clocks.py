"""Every change of the clocks from 2024 to 2034 in twenty zones: handoffs inside it, at its edges and around it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest

from bot.engine import schedule as rota
from bot.engine.model import DAY, HOUR, MINUTE
from bot.engine.world import DailyPeriod, Group, Layer, Schedule
from tests.unit.rota_model import ZONES, changes, clock, utc, walk

PEOPLE = tuple(Group(members={"primary": (name,)}) for name in ("ann", "bo", "chen"))
MOVING = [zone for zone in ZONES if changes(zone)]


@cache
def moments(zone: str) -> tuple[tuple[int, timedelta], ...]:
    """The first minute after each change of the clocks, and how far they were put forward (back: negative)."""
    found = []
    for day in changes(zone):
        for at in range(day, day + DAY, MINUTE):
            step = clock(at, zone) - clock(at - MINUTE, zone) - timedelta(minutes=1)
            if step:
                found.append((at, step))
    return tuple(found)


CHANGES = [
    pytest.param(zone, at, step, id=f"{zone}-{clock(at, zone)}") for zone in MOVING for at, step in moments(zone)
]


def daily(zone: str, handoff: datetime, **more: object) -> Schedule:
    """Daily turns that began a week before `handoff`, at its time of day."""
    start = (handoff - timedelta(days=7)).isoformat(timespec="minutes")
    return Schedule(
        id="s", name="s", zone=zone, layers=(Layer(id="l", groups=PEOPLE, unit="day", start=start, **more),)
    )


def test_there_are_changes_to_look_at():
    assert len(MOVING) >= 12
    assert {len(moments(zone)) for zone in ("Europe/London", "America/New_York", "Pacific/Chatham")} == {22}
    assert len(CHANGES) > 300


@pytest.mark.parametrize(("zone", "at", "step"), CHANGES)
def test_each_handoff_happens_once_at_the_first_instant_that_shows_its_time(zone: str, at: int, step: timedelta):
    after = clock(at, zone)
    before = after - step
    low, high = min(before, after), max(before, after)
    middle = low + abs(step) / 2
    for handoff in (low - timedelta(minutes=1), low, middle, high - timedelta(minutes=1), high):
        in_gap = step > timedelta() and low <= handoff < high
        # In a gap: the change itself. Elsewhere, counted back from the change (what the old clock showed then), or on.
        expected = at if in_gap else at + (handoff - (after if handoff >= max(before, after) else before)) // MS
        schedule = daily(zone, handoff)
        found = list(rota.shifts(schedule, at - 3 * DAY, at + 3 * DAY))
        assert expected in [shift.start for shift in found], f"handoff at {handoff}"
        assert [one.end for one in found[:-1]] == [two.start for two in found[1:]], "every instant has an owner"
        assert all(one.member != two.member for one, two in pairwise(found))
        assert all(20 * HOUR < shift.end - shift.start < 28 * HOUR for shift in found)
        (last,), (first,) = rota.on_call(schedule, expected - 1), rota.on_call(schedule, expected)
        assert (last.until, first.since) == (expected, expected), "half-open: the instant belongs to the next"
        assert list(rota.gaps(schedule, at - 3 * DAY, at + 3 * DAY)) == []


MS = timedelta(milliseconds=1)


@pytest.mark.parametrize(("zone", "at", "step"), CHANGES)
def test_a_night_shift_and_a_day_of_the_mask_across_the_change(zone: str, at: int, step: timedelta):
    """Periods that begin and end in the change, with a mask: each minute as the model has it."""
    middle = (clock(at, zone) - abs(step) / 2).strftime("%H:%M")
    today = int(clock(at - MINUTE, zone).strftime("%w"))
    for start, end in ((middle, "09:00"), ("21:00", middle)):
        schedule = daily(
            zone,
            clock(at, zone).replace(hour=12, minute=0),
            restriction=(DailyPeriod(start=start, end=end),),
            day_mask=(today, (today + 1) % 7),
            mask_continuous=start == middle,
        )
        shifts = list(rota.shifts(schedule, at - 3 * HOUR, at + 3 * HOUR))
        for minute, expected in walk(schedule, at - 3 * HOUR, at + 3 * HOUR):
            assert {(s.member, s.role, s.layer) for s in shifts if s.start <= minute < s.end} == expected


def test_ownership_is_total_over_eleven_years():
    schedule = daily("America/New_York", datetime.fromisoformat("2024-01-08T02:30"))
    shifts = list(rota.shifts(schedule, utc(2024, 1, 8), utc(2035, 1, 1)))
    assert [one.end for one in shifts[:-1]] == [two.start for two in shifts[1:]]
    lengths = {(shift.end - shift.start) / HOUR for shift in shifts}
    assert lengths == {23.5, 24, 25}
