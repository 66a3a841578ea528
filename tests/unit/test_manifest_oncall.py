"""`tocsin oncall` as data: the documented keys, with the offset of the schedule's zone."""

from __future__ import annotations

import pytest

from bot.engine.world import Group, Layer, Schedule
from bot.manifest.oncall import in_zone, on_call_at, read_time, shifts_between

LAYER = Layer(
    id="weekly",
    groups=tuple(Group(members={"primary": (name,)}) for name in ("ann", "bo")),
    unit="week",
    start="2026-03-16T09:00",
)
SCHEDULE = Schedule(id="ops", name="Ops", zone="Europe/Berlin", layers=(LAYER,))


def test_who_is_on_call_at_a_time():
    assert on_call_at(SCHEDULE, read_time("2026-03-25T12:00:00Z", SCHEDULE.zone)) == {
        "schedule": "ops",
        "at": "2026-03-25T13:00:00+01:00",
        "on_call": [
            {
                "member": "bo",
                "role": "primary",
                "layer": "weekly",
                "since": "2026-03-23T09:00:00+01:00",
                "until": "2026-03-30T09:00:00+02:00",
            }
        ],
    }


def test_the_shifts_of_a_window():
    start, end = (read_time(day, SCHEDULE.zone) for day in ("2026-03-25", "2026-04-01"))
    assert shifts_between(SCHEDULE, start, end) == {
        "schedule": "ops",
        "shifts": [
            {"member": "bo", "role": "primary", "layer": "weekly",
             "start": "2026-03-23T09:00:00+01:00", "end": "2026-03-30T09:00:00+02:00"},
            {"member": "ann", "role": "primary", "layer": "weekly",
             "start": "2026-03-30T09:00:00+02:00", "end": "2026-04-06T09:00:00+02:00"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T09:00", "2026-07-01T09:00:00+02:00"),
        ("2026-07-01T09:00:00Z", "2026-07-01T11:00:00+02:00"),
        ("2026-07-01T09:00:00.250-04:00", "2026-07-01T15:00:00.250+02:00"),
        ("2026-03-29T02:30", "2026-03-29T03:00:00+02:00"),
        ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_times_are_read_and_written_with_the_clocks_of_the_zone(text, expected):
    at = read_time(text, "Europe/Berlin")
    assert in_zone(at, "Europe/Berlin") == expected
    assert read_time(expected, "UTC") == at


@pytest.mark.parametrize("text", ["", "now", "2026-13-01T00:00", "12:00", "9999-12-31T23:59:59-12:00x"])
def test_what_is_not_a_time_is_told_with_an_example(text):
    with pytest.raises(ValueError, match=r"is not a time\. Write 2026-01-05T09:00 \(time of UTC\)"):
        read_time(text, "UTC")
