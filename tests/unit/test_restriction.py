"""Hours, days, fairness and handoff times of a layer, rule by rule as docs/schedules.md numbers them."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.engine import restriction, rotation
from bot.engine import schedule as rota
from bot.engine.model import DAY, HOUR
from bot.engine.world import DailyPeriod, Group, Layer, Override, Schedule, Shift, WeeklyPeriod
from tests.unit.rota_model import clock, utc

NIGHT = (DailyPeriod(start="21:00", end="09:00"),)
MON_FRI = (1, 2, 3, 4, 5)
MONDAY = "2026-01-05T09:00"


def plan(*layers: Layer, zone: str = "UTC", overrides: tuple[Override, ...] = ()) -> Schedule:
    return Schedule(id="s", name="s", zone=zone, layers=layers, overrides=overrides)


def layer(*names: str, **more: object) -> Layer:
    groups = tuple(Group(members={"primary": (name,)}) for name in names or ("ann", "bo"))
    return Layer(**{"id": "l", "groups": groups, "start": MONDAY, **more})


def read(schedule: Schedule, start: int, end: int) -> list[str]:
    """`ann Mon 09:00 - Tue 09:00` for each shift."""
    return [
        f"{s.member} {clock(s.start, schedule.zone):%a %H:%M} - {clock(s.end, schedule.zone):%a %H:%M}"
        for s in rota.shifts(schedule, start, end)
    ]


WEEK = (utc(2026, 1, 5), utc(2026, 1, 12))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"restriction": (DailyPeriod(start="09:00", end="17:00"),), "day_mask": (1, 3)},
         ["ann Mon 09:00 - Mon 17:00", "ann Wed 09:00 - Wed 17:00"]),
        ({"day_mask": MON_FRI}, ["ann Mon 09:00 - Sat 00:00"]),
        ({"day_mask": MON_FRI, "unit": "day", "every": 3},
         ["ann Mon 09:00 - Thu 09:00", "bo Thu 09:00 - Sat 00:00"]),
        ({"day_mask": (5, 1), "unit": "day", "mask_continuous": True},
         ["ann Mon 09:00 - Tue 09:00", "ann Fri 09:00 - Sat 09:00"]),
        ({"day_mask": (1,), "mask_continuous": True}, ["ann Mon 09:00 - Mon 09:00"]),
        ({"day_mask": (2,), "mask_continuous": True}, []),
        ({"restriction": NIGHT, "day_mask": (5,)}, ["ann Fri 00:00 - Fri 09:00", "ann Fri 21:00 - Sat 00:00"]),
        ({"restriction": NIGHT, "day_mask": (5,), "mask_continuous": True}, ["ann Fri 21:00 - Sat 09:00"]),
        ({"restriction": (WeeklyPeriod(start_day=5, start="18:00", end_day=1, end="08:00"),)},
         ["ann Fri 18:00 - Mon 08:00"]),
        ({"restriction": (DailyPeriod(start="09:00", end="09:00"),)}, ["ann Mon 09:00 - Mon 09:00"]),
        ({"restriction": (DailyPeriod(start="00:00", end="12:00"), DailyPeriod(start="12:00", end="24:00"))},
         ["ann Mon 09:00 - Mon 09:00"]),
        ({"restriction": (WeeklyPeriod(start_day=3, start="10:00", end_day=3, end="10:00"),)},
         ["ann Mon 09:00 - Mon 09:00"]),
        ({"restriction": (WeeklyPeriod(start_day=6, start="20:00", end_day=0, end="02:00"),)},
         ["ann Sat 20:00 - Sun 02:00"]),
    ],
)  # fmt: skip
def test_hours_and_days(more: dict, expected: list[str]):
    assert [line for line in read(plan(layer(**more)), *WEEK) if not line.startswith("bo Mon")] == expected


def test_a_turn_that_is_cut_goes_on_behind_its_parts():
    weekly = layer(restriction=NIGHT, start="2026-01-05T00:00")
    assert read(plan(weekly), utc(2026, 1, 10), utc(2026, 1, 13)) == [
        "ann Fri 21:00 - Sat 09:00",
        "ann Sat 21:00 - Sun 09:00",
        "ann Sun 21:00 - Mon 00:00",  # the handoff of the week cuts the night
        "bo Mon 00:00 - Mon 09:00",
        "bo Mon 21:00 - Tue 09:00",
    ]


def test_gaps_are_what_the_hours_leave():
    found = list(rota.gaps(plan(layer(restriction=(DailyPeriod(start="09:00", end="17:00"),))), *WEEK))
    assert sum(end - start for start, end in found) == 7 * 16 * HOUR


def test_a_week_from_saturday_to_sunday_is_one_span():
    both = (DailyPeriod(start="22:00", end="02:00"),)
    assert restriction.hours_of(layer(restriction=both)).spans[-1] == (6 * 1440 + 1320, 7 * 1440 + 120)
    assert len(restriction.hours_of(layer(restriction=both)).spans) == 7
    assert restriction.hours_of(layer(day_mask=tuple(range(7)))) is None


def days_of(schedule: Schedule, weeks: int) -> dict[str, Counter]:
    """How often everybody had each hour of the week."""
    found: dict[str, Counter] = {}
    start = utc(2026, 1, 5, 9)
    for shift in rota.shifts(schedule, start, start + weeks * 7 * DAY - 1):
        found.setdefault(shift.member, Counter())[f"{clock(shift.start, 'UTC'):%a%H}"] += 1
    return found


SEVEN = tuple("abcdefg")


@pytest.mark.parametrize(
    ("names", "unit", "every", "places"),
    [(SEVEN, "day", 1, 7), (("a", "b"), "hour", 12, 14), (("a", "b", "c"), "hour", 8, 21), (SEVEN, "day", 2, 7)],
)
def test_fair_rotation_gives_everybody_every_place_of_the_week(names, unit, every, places):
    weeks = len(names) ** 2 * every * 2
    plain = days_of(plan(layer(*names, unit=unit, every=every)), weeks)
    fair = days_of(plan(layer(*names, unit=unit, every=every, fair=True)), weeks)
    assert {len(found) for found in plain.values()} != {places}, "without it, somebody keeps a part of the week"
    assert {len(found) for found in fair.values()} == {places}
    assert len({count for found in fair.values() for count in found.values()}) == 1, "and equally often"


@pytest.mark.parametrize(
    ("names", "unit", "every"),
    [(("a", "b", "c"), "day", 1), (("a", "b"), "week", 1), (("a", "b"), "month", 1), (("a", "b", "c"), "hour", 12),
     (("a",), "day", 7)],
)  # fmt: skip
def test_what_is_fair_already_is_left_alone(names, unit, every):
    window = (utc(2026, 1, 5), utc(2026, 9, 1))
    fair = plan(layer(*names, unit=unit, every=every, fair=True))
    assert list(rota.shifts(fair, *window)) == list(rota.shifts(plan(layer(*names, unit=unit, every=every)), *window))


def test_the_order_is_shifted_by_one_after_each_cycle():
    seven = plan(layer(*SEVEN, unit="day", fair=True))
    order = "".join(s.member for s in rota.shifts(seven, utc(2026, 1, 5, 9), utc(2026, 1, 26, 9)))
    assert order == "abcdefg" + "bcdefga" + "cdefgab"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"start": "2026-01-05T14:00", "handoff": "09:00"}, ["ann Mon 14:00 - Mon 09:00", "bo Mon 09:00 - Mon 09:00"]),
        ({"start": "2026-01-05T06:00", "handoff": "09:00"}, ["ann Mon 06:00 - Mon 09:00", "bo Mon 09:00 - Mon 09:00"]),
        ({"start": "2026-01-05T23:59", "handoff": "00:00", "unit": "day", "end": "2026-01-07T00:00"},
         ["ann Mon 23:59 - Tue 00:00", "bo Tue 00:00 - Wed 00:00"]),
        ({"start": "2026-01-31T14:00", "handoff": "09:00", "unit": "month"},
         ["ann Sat 14:00 - Sat 09:00", "bo Sat 09:00 - Tue 09:00"]),
    ],
)  # fmt: skip
def test_a_handoff_time_of_its_own_moves_every_handoff_but_the_first(more: dict, expected: list[str]):
    assert read(plan(layer(**more)), utc(2026, 1, 5), utc(2026, 3, 9))[:2] == expected


def test_the_lightest_layer_counts():
    heavy, light = layer("ann", id="heavy", weight=2), layer("ann", id="light", weight=1)
    assert [duty.layer for duty in rota.on_call(plan(heavy, light), utc(2026, 2, 1))] == ["light"]
    assert [duty.layer for duty in rota.on_call(plan(heavy, layer("ann", weight=2)), utc(2026, 2, 1))] == ["heavy"]


def test_a_restricted_layer_cuts_the_same_person_out_of_a_later_one_and_an_override_cuts_both():
    noon = layer("ann", id="noon", restriction=(DailyPeriod(start="12:00", end="13:00"),))
    over = Override(id="o", start=utc(2026, 1, 6, 12, 30), end=utc(2026, 1, 6, 14), member="bo")
    schedule = plan(noon, layer("ann", id="all"), overrides=(over,))
    found = [(s.layer, s.start, s.end) for s in rota.shifts(schedule, utc(2026, 1, 6), utc(2026, 1, 7))]
    assert found == [
        ("all", utc(2026, 1, 5, 13), utc(2026, 1, 6, 12)),
        ("noon", utc(2026, 1, 6, 12), utc(2026, 1, 6, 12, 30)),
        ("o", utc(2026, 1, 6, 12, 30), utc(2026, 1, 6, 14)),
        ("all", utc(2026, 1, 6, 14), utc(2026, 1, 7, 12)),
    ]


def test_fixed_shifts_are_a_layer_like_another():
    shift = Shift(member="ann", role="backup", layer="x", start=utc(2026, 1, 6), end=utc(2026, 1, 7))
    roster = Layer(id="import-1", fixed=(shift,))
    schedule = plan(roster, layer("bo"))
    assert [(d.member, d.role, d.layer) for d in rota.on_call(schedule, utc(2026, 1, 6, 12))] == [
        ("bo", "primary", "l"),
        ("ann", "backup", "import-1"),
    ]
    assert roster.people() == {("backup", "ann")}
    assert layer("bo").people() == {("primary", "bo")}


def test_a_question_ten_years_on_walks_no_turns_and_few_periods(monkeypatch: pytest.MonkeyPatch):
    # Measured where this was written, ten years after the start: 0.1 ms a question, with periods and a mask 0.25 ms.
    counted: list[object] = []
    handoff, first_instant = rotation.Rotation.handoff, restriction.first_instant
    monkeypatch.setattr(rotation.Rotation, "handoff", lambda self, turn: counted.append(turn) or handoff(self, turn))
    monkeypatch.setattr(restriction, "first_instant", lambda *wall: counted.append(wall) or first_instant(*wall))
    for unit in ("hour", "day", "week", "month"):
        counted.clear()
        busy = layer(*SEVEN, unit=unit, restriction=NIGHT, day_mask=MON_FRI, fair=True, start="2024-01-31T02:30")
        rota.on_call(plan(busy, zone="America/New_York"), utc(2034, 6, 1))
        assert 0 < len(counted) < 40, unit
