"""Schedules against a brute-force model that walks through time minute by minute, and the rules one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import rotation
from bot.engine import schedule as rota
from bot.engine.model import DAY, HOUR, MINUTE
from bot.engine.world import DailyPeriod, Group, Layer, Override, Schedule, Shift, WeeklyPeriod
from tests.unit.rota_model import ZONES, changes, clock, first_showing, utc, walk, wall

PEOPLE = ("ann", "bo", "chen", "dana")
UNITS = (("hour", 1), ("hour", 7), ("hour", 12), ("day", 1), ("day", 2), ("day", 7), ("week", 1), ("week", 2),
         ("month", 1), ("month", 3))  # fmt: skip
CLOCK = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
DAYS = st.integers(0, 6)


@st.composite
def groups(draw, most: int = 4) -> tuple[Group, ...]:
    some = st.lists(st.sampled_from(PEOPLE), max_size=2).map(tuple)
    both = st.fixed_dictionaries({"primary": some}, optional={"backup": some})
    return tuple(Group(members=members) for members in draw(st.lists(both, max_size=most)))


@st.composite
def hours(draw) -> dict:
    """A restriction, a mask, both, or neither."""
    daily = st.lists(st.builds(DailyPeriod, start=CLOCK, end=CLOCK), max_size=3).map(tuple)
    weekly = st.lists(
        st.builds(WeeklyPeriod, start_day=DAYS, start=CLOCK, end_day=DAYS, end=CLOCK), min_size=1, max_size=3
    ).map(tuple)
    masked = {
        "restriction": draw(daily),
        "day_mask": tuple(draw(st.sets(DAYS, max_size=6))),
        "mask_continuous": draw(st.booleans()),
    }
    return draw(st.sampled_from([{}, masked, masked, {"restriction": draw(weekly)}]))


@st.composite
def layers(draw, number: int, near: int, zone: str) -> Layer:
    """A rotation that began a few days, or years, before `near`, or a roster around it."""
    if draw(st.integers(0, 7)) == 7:
        begin = near + draw(st.integers(-48, 48)) * HOUR
        shift = Shift(member="ann", role="primary", layer="x", start=begin, end=begin + 9 * HOUR)
        return Layer(id=f"l{number}", fixed=(shift,), weight=draw(st.integers(0, 1)))
    around = st.integers(-6 * 96, 2 * 96).map(lambda n: clock(near, zone) + n * timedelta(minutes=15))
    long_ago = st.integers(0, 30000).map(lambda n: clock(utc(2024, 1, 1), zone) + n * timedelta(minutes=15))
    unit, every = draw(st.sampled_from(UNITS))
    end = draw(st.one_of(st.just(None), st.just(None), around))
    return Layer(
        id=f"l{number}",
        groups=draw(groups(7)),
        unit=unit,
        every=every,
        start=draw(st.one_of(around, long_ago)).isoformat(timespec="minutes"),
        end=end.isoformat(timespec="minutes") if end else "",
        handoff="" if unit == "hour" else draw(st.one_of(st.just(""), CLOCK)),
        fair=draw(st.booleans()),
        weight=draw(st.integers(0, 1)),
        **draw(hours()),
    )


@st.composite
def cases(draw) -> tuple[Schedule, int, int]:
    """A schedule, and where to begin and end walking: around a change of the clocks, or anywhere."""
    zone = draw(st.sampled_from(ZONES))
    near = draw(st.integers(utc(2024, 2, 1) // DAY, utc(2034, 11, 1) // DAY).map(lambda day: day * DAY))
    if changes(zone) and draw(st.booleans()):
        near = draw(st.sampled_from(changes(zone)))
    overrides = []
    for number in range(draw(st.integers(0, 2))):
        start = near + draw(st.integers(-24, 48)) * HOUR
        end = start + draw(st.integers(0, 40)) * HOUR
        role = draw(st.sampled_from(["primary", "backup"]))
        overrides.append(
            Override(id=f"o{number}", start=start, end=end, member=draw(st.sampled_from(PEOPLE)), role=role)
        )
    rotations = tuple(draw(layers(number, near, zone)) for number in range(draw(st.integers(1, 3))))
    schedule = Schedule(id="s", name="s", zone=zone, layers=rotations, overrides=tuple(overrides))
    return schedule, near - DAY, near + 2 * DAY


@settings(max_examples=80, deadline=None)
@given(cases())
def test_shifts_gaps_and_on_call_agree_with_walking_through_time(case: tuple[Schedule, int, int]):
    schedule, start, end = case
    shifts = list(rota.shifts(schedule, start, end))
    gaps = list(rota.gaps(schedule, start, end))
    assert [s.start for s in shifts] == sorted(s.start for s in shifts)
    assert all(s.start < s.end and s.start < end and s.end > start for s in shifts)
    for number, (at, expected) in enumerate(walk(schedule, start, end)):
        covering = [s for s in shifts if s.start <= at < s.end]
        found = [(s.member, s.role, s.layer) for s in covering]
        assert len({who[:2] for who in found}) == len(found), "nobody is counted twice"
        assert set(found) == expected, f"{clock(at, schedule.zone)} in {schedule.zone}"
        assert any(a <= at < b for a, b in gaps) == (not expected)
        if number % 360 == 0:
            duty = rota.on_call(schedule, at)
            assert [(d.member, d.role, d.layer, d.since, d.until) for d in duty] == [
                (s.member, s.role, s.layer, s.start, s.end) for s in rota.shifts(schedule, at, at + 1)
            ]
            bounds = {(s.member, s.role, s.layer): (s.start, s.end) for s in covering}
            assert {(d.member, d.role, d.layer): (d.since, d.until) for d in duty} == bounds


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(["day", "week", "month"]),
    every=st.integers(1, 5),
    begin=st.datetimes(datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2025-12-31")),
    data=st.data(),
)
def test_years_later_the_turn_is_the_one_counted_out_from_the_start(zone, unit, every, begin, data):
    begin = begin.replace(second=0, microsecond=0)
    layer = Layer(
        id="l", groups=(Group(members={}),), unit=unit, every=every, start=begin.isoformat(timespec="minutes")
    )
    members = tuple(Group(members={"primary": (name,)}) for name in PEOPLE[:3])
    schedule = Schedule(id="s", name="s", zone=zone, layers=(Layer(**{**fields(layer), "groups": members}),))
    late = st.integers(utc(2026, 1, 2) // MINUTE, utc(2034, 12, 1) // MINUTE).map(lambda n: n * MINUTE)
    moved = st.sampled_from(changes(zone)).map(lambda day: max(day, utc(2026, 1, 2))) if changes(zone) else late
    at = data.draw(st.one_of(late, moved))
    turn = 0
    while wall(layer, turn + 1) <= clock(at, zone) + timedelta(days=2):
        turn += 1
    while first_showing(wall(layer, turn), zone) > at:
        turn -= 1
    (duty,) = rota.on_call(schedule, at)
    assert duty.member == PEOPLE[turn % 3]
    assert duty.since == first_showing(wall(layer, turn), zone)
    assert duty.until == first_showing(wall(layer, turn + 1), zone)


def fields(layer: Layer) -> dict:
    return {name: getattr(layer, name) for name in Layer.__dataclass_fields__}


def one_layer(zone: str, unit: str, start: str, *, every: int = 1, end: str = "", names=("ann", "bo")) -> Schedule:
    people = tuple(Group(members={"primary": (name,)}) for name in names)
    layer = Layer(id="l", groups=people, unit=unit, every=every, start=start, end=end)
    return Schedule(id="s", name="s", zone=zone, layers=(layer,))


def starts(schedule: Schedule, start: int, end: int) -> list[int]:
    return [shift.start for shift in rota.shifts(schedule, start, end)]


@pytest.mark.parametrize(
    ("zone", "around", "lengths"),
    [
        ("America/New_York", utc(2026, 3, 5), [168, 167, 168]),
        ("America/New_York", utc(2026, 10, 28), [168, 169, 168]),
        ("Australia/Lord_Howe", utc(2026, 4, 1), [168, 168.5, 168]),
        ("Asia/Shanghai", utc(2026, 3, 5), [168, 168, 168]),
    ],
)
def test_a_week_follows_the_wall_clock(zone, around, lengths):
    schedule = one_layer(zone, "week", "2025-01-06T09:00")
    found = list(rota.shifts(schedule, around - 7 * DAY, around + 7 * DAY))
    assert [(s.end - s.start) / HOUR for s in found] == lengths
    assert {clock(s.start, zone).isoformat()[10:] for s in found} == {"T09:00:00"}


def test_hours_are_real_hours_over_a_change_of_the_clocks():
    schedule = one_layer("America/New_York", "hour", "2026-03-07T00:00", every=12)
    found = list(rota.shifts(schedule, utc(2026, 3, 7), utc(2026, 3, 10)))
    assert {s.end - s.start for s in found} == {12 * HOUR}
    assert clock(found[-1].start, "America/New_York").hour in (1, 13)


def test_a_handoff_in_a_gap_happens_at_the_first_instant_after_it():
    schedule = one_layer("America/New_York", "day", "2026-03-06T02:30")
    assert starts(schedule, utc(2026, 3, 8), utc(2026, 3, 9, 12)) == [
        utc(2026, 3, 7, 7, 30),
        utc(2026, 3, 8, 7),  # 03:00 EDT, where 02:30 would have been
        utc(2026, 3, 9, 6, 30),
    ]
    assert rota.instant_of("2026-10-04T02:15", "Australia/Lord_Howe") == utc(2026, 10, 3, 15, 30)
    assert rota.instant_of("2011-12-30T12:00", "Pacific/Apia") == utc(2011, 12, 30, 10)  # a day that never was


def test_a_handoff_that_would_happen_twice_happens_the_first_time():
    schedule = one_layer("America/New_York", "day", "2026-10-30T01:30")
    assert starts(schedule, utc(2026, 11, 1, 5, 45), utc(2026, 11, 1, 12)) == [utc(2026, 11, 1, 5, 30)]
    (duty,) = rota.on_call(schedule, utc(2026, 11, 1, 6, 15))  # 01:15 for the second time
    assert duty.since == utc(2026, 11, 1, 5, 30)


def test_a_month_that_is_too_short_hands_off_on_its_last_day_and_does_not_drift():
    schedule = one_layer("UTC", "month", "2024-01-31T09:00", names=("ann",))
    days = [clock(at, "UTC").strftime("%m-%d") for at in starts(schedule, utc(2026, 2, 1), utc(2026, 6, 1))]
    assert days == ["01-31", "02-28", "03-31", "04-30", "05-31"]


def test_handoffs_are_half_open():
    schedule = one_layer("UTC", "day", "2026-01-01T09:00", end="2026-01-03T12:00")
    who = [[d.member for d in rota.on_call(schedule, utc(2026, 1, 2, 9) + step)] for step in (-1, 0)]
    assert who == [["ann"], ["bo"]]
    edge = [len(rota.on_call(schedule, at)) for at in (utc(2026, 1, 1, 9) - 1, utc(2026, 1, 1, 9))]
    last = [len(rota.on_call(schedule, at)) for at in (utc(2026, 1, 3, 12) - 1, utc(2026, 1, 3, 12))]
    assert (edge, last) == ([0, 1], [1, 0])
    assert list(rota.gaps(schedule, utc(2026, 1, 1), utc(2026, 1, 4))) == [
        (utc(2026, 1, 1), utc(2026, 1, 1, 9)),
        (utc(2026, 1, 3, 12), utc(2026, 1, 4)),
    ]


def test_an_override_wins_expires_and_restores_what_was_there():
    base = one_layer("UTC", "week", "2026-01-05T09:00", names=("ann",))
    outer = Override(id="o1", start=utc(2026, 1, 6), end=utc(2026, 1, 9), member="bo")
    inner = Override(id="o2", start=utc(2026, 1, 7), end=utc(2026, 1, 8), member="chen")
    schedule = Schedule(id="s", name="s", zone="UTC", layers=base.layers, overrides=(outer, inner))
    found = [(s.member, s.layer, s.start, s.end) for s in rota.shifts(schedule, utc(2026, 1, 6), utc(2026, 1, 10))]
    assert found == [
        ("bo", "o1", utc(2026, 1, 6), utc(2026, 1, 7)),
        ("chen", "o2", utc(2026, 1, 7), utc(2026, 1, 8)),
        ("bo", "o1", utc(2026, 1, 8), utc(2026, 1, 9)),
        ("ann", "l", utc(2026, 1, 9), utc(2026, 1, 12, 9)),
    ]


def test_an_override_replaces_every_role_and_another_role_can_stand_beside_it():
    group = Group(members={"primary": ("ann",), "backup": ("bo",)})
    layer = Layer(id="l", groups=(group,), start="2026-01-05T09:00")
    dana = Override(id="o1", start=utc(2026, 1, 6), end=utc(2026, 1, 9), member="dana")
    chen = Override(id="o2", start=utc(2026, 1, 7), end=utc(2026, 1, 8), member="chen", role="backup")
    schedule = Schedule(id="s", name="s", zone="UTC", layers=(layer,), overrides=(dana, chen))
    found = [{(d.member, d.role) for d in rota.on_call(schedule, utc(2026, 1, day))} for day in (6, 7, 8, 9)]
    alone, both = {("dana", "primary")}, {("dana", "primary"), ("chen", "backup")}
    assert found == [alone, both, alone, {("ann", "primary"), ("bo", "backup")}]
    assert list(rota.gaps(schedule, utc(2026, 1, 6), utc(2026, 1, 9), "backup")) == [
        (utc(2026, 1, 6), utc(2026, 1, 7)),
        (utc(2026, 1, 8), utc(2026, 1, 9)),
    ]


def test_looking_ten_years_ahead_counts_no_turns(monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []
    handoff = rotation.Rotation.handoff
    monkeypatch.setattr(rotation.Rotation, "handoff", lambda self, turn: calls.append(turn) or handoff(self, turn))
    for unit in ("hour", "day", "week", "month"):
        calls.clear()
        assert rota.on_call(one_layer("America/New_York", unit, "2024-01-31T02:30"), utc(2034, 6, 1))
        assert len(calls) < 8, unit
