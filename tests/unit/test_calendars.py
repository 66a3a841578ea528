"""Workdays, make-up days and the hours of rules: as plain dates, from the library, and in the choice of a rule."""

from __future__ import annotations

from datetime import date

import pytest

from bot.engine.calendars import Calendar, is_workday, within
from bot.engine.model import HOUR, Level, Rule, Severity, TimeWindow
from bot.engine.routing import choose_rule
from bot.engine.world import Channel, World
from bot.manifest import load
from bot.manifest.lint import lint
from tests.unit.manifests import problems_of, small
from tests.unit.rota_model import utc

NOW = utc(2026, 3, 1)
CHINA = Calendar(
    id="china", zone="Asia/Shanghai", off=frozenset({date(2026, 2, 17)}), on=frozenset({date(2026, 2, 14)})
)


def shanghai(month: int, day: int, hour: int = 12) -> int:
    return utc(2026, month, day, hour) - 8 * HOUR


@pytest.mark.parametrize(
    ("at", "works"),
    [
        (shanghai(2, 13), True),  # a Friday
        (shanghai(2, 14), True),  # a Saturday that is worked
        (shanghai(2, 15), False),  # a Sunday
        (shanghai(2, 17), False),  # a Tuesday off
        (shanghai(2, 18), True),
        (shanghai(2, 17, 0) - 1, True),  # a Monday in Shanghai, to its last millisecond
        (shanghai(2, 17, 0), False),
    ],
)
def test_a_day_is_that_of_the_calendars_zone(at: int, works: bool):
    assert is_workday(CHINA, at) is works


def opens(at: int, *windows: TimeWindow, zone: str = "UTC") -> bool:
    return within(windows, {"china": CHINA}, zone, at)


OFFICE = TimeWindow(start="09:00", end="18:00", days=(1, 2, 3, 4, 5))
FRIDAY_NIGHT = TimeWindow(start="22:00", end="06:00", days=(5,))


@pytest.mark.parametrize(
    ("at", "window", "zone", "expected"),
    [
        (utc(2026, 3, 2, 9), OFFICE, "UTC", True),
        (utc(2026, 3, 2, 9) - 1, OFFICE, "UTC", False),
        (utc(2026, 3, 2, 18) - 1, OFFICE, "UTC", True),
        (utc(2026, 3, 2, 18), OFFICE, "UTC", False),
        (utc(2026, 3, 1, 12), OFFICE, "UTC", False),
        (utc(2026, 3, 2, 1), OFFICE, "Asia/Shanghai", True),
        (utc(2026, 3, 6, 23), FRIDAY_NIGHT, "UTC", True),
        (utc(2026, 3, 7, 5, 59), FRIDAY_NIGHT, "UTC", True),
        (utc(2026, 3, 7, 6), FRIDAY_NIGHT, "UTC", False),
        (utc(2026, 3, 6, 5), FRIDAY_NIGHT, "UTC", False),  # the end of Thursday's night
        (utc(2026, 3, 1, 12), TimeWindow(), "UTC", True),
        (utc(2026, 3, 8, 7), TimeWindow(start="02:30", end="03:30"), "America/New_York", True),  # 03:00, after the gap
        (utc(2026, 3, 8, 7) - 1, TimeWindow(start="02:30", end="03:30"), "America/New_York", False),
        (utc(2026, 11, 1, 5, 45), TimeWindow(start="01:30", end="02:00"), "America/New_York", True),  # 01:45, first
        (utc(2026, 11, 1, 6, 15), TimeWindow(start="01:30", end="02:00"), "America/New_York", True),  # 01:15, again
        # Clocks go back at midnight, to 23:00: the new day has not begun yet, and the old window is still open.
        (utc(2026, 10, 24, 21, 30), TimeWindow(start="22:00", end="24:00"), "Asia/Beirut", True),
        # At 00:01 they once went back to 23:01: Sunday had begun, and goes on while the clock shows Saturday again.
        (utc(2010, 11, 7, 2, 45), TimeWindow(days=(0,)), "America/St_Johns", True),
        (utc(2010, 11, 7, 2, 29), TimeWindow(days=(0,)), "America/St_Johns", False),
        (utc(2026, 2, 14, 4), TimeWindow(calendar="china"), "Asia/Shanghai", True),
        (utc(2026, 2, 14, 4), TimeWindow(calendar="china", off=True), "Asia/Shanghai", False),
        (utc(2026, 2, 17, 4), TimeWindow(calendar="china", off=True), "Asia/Shanghai", True),
        (utc(2026, 2, 16, 19), TimeWindow(start="22:00", end="06:00", calendar="china"), "Asia/Shanghai", True),
        (utc(2026, 2, 17, 19), TimeWindow(start="22:00", end="06:00", calendar="china"), "Asia/Shanghai", False),
        (utc(2026, 2, 14, 4), TimeWindow(days=(1,), calendar="china"), "Asia/Shanghai", False),
        (utc(2026, 2, 15, 4), TimeWindow(calendar="nowhere"), "Asia/Shanghai", True),
    ],
)
def test_a_window(at: int, window: TimeWindow, zone: str, expected: bool):
    assert opens(at, window, zone=zone) is expected


def test_without_windows_always_and_of_several_any():
    assert opens(utc(2026, 3, 1, 12))
    assert opens(utc(2026, 3, 6, 23), OFFICE, FRIDAY_NIGHT)
    assert not opens(utc(2026, 3, 5, 23), OFFICE, FRIDAY_NIGHT)


def rule(name: str, *when: TimeWindow, zone: str = "UTC") -> Rule:
    return Rule(id=name, name=name, levels=(Level(targets=()),), when=when, zone=zone)


def test_the_rule_is_chosen_by_the_hour():
    channel = Channel(id="c", name="C", rules=(rule("office", OFFICE, zone="Asia/Shanghai"), rule("else")))
    world = World(
        members={}, teams={}, schedules={}, channels={"c": channel}, integrations={}, catch_all=(), calendars={}
    )

    def chosen(at: int) -> str:
        found = choose_rule(channel, "t", "", Severity.CRITICAL, {}, world=world, now=at)
        return found.name if found else ""

    assert [chosen(utc(2026, 3, 2, hour)) for hour in (0, 1, 9, 10)] == ["else", "office", "office", "else"]


def declared(**calendar: object) -> Calendar:
    text = small({"calendars": {"c": {"timezone": "Asia/Shanghai", **calendar}}})
    return load.read(text, file="t", env={}, now=NOW).world.calendars["c"]


def test_make_up_workdays_and_holidays_come_from_the_library():
    china = declared(holidays="CN")
    assert is_workday(china, shanghai(2, 14)), "a Saturday that makes up for the Spring Festival"
    assert not is_workday(china, shanghai(2, 17))
    assert not is_workday(china, shanghai(10, 1))
    assert is_workday(china, shanghai(10, 10))
    assert {day.year for day in china.off} == {2025, 2026, 2027, 2028}
    assert {day.year for day in china.on} == {2025, 2026}
    assert not china.off & china.on
    plain = declared()
    assert (plain.off, plain.on, plain.workdays) == (frozenset(), frozenset(), (1, 2, 3, 4, 5))


def test_a_date_by_hand_is_above_every_country():
    china = declared(holidays=["CN"], overrides={"2026-02-14": "off", "2026-02-17": "work", "2026-03-02": "off"})
    assert not is_workday(china, shanghai(2, 14))
    assert is_workday(china, shanghai(2, 17))
    assert not is_workday(china, shanghai(3, 2))
    assert not china.off & china.on


def test_the_parts_of_a_country_and_several_countries():
    bavaria, germany, both = declared(holidays="DE-BY"), declared(holidays="DE"), declared(holidays=["DE", "CN"])
    assert date(2026, 1, 6) in bavaria.off - germany.off
    assert germany.off < both.off
    assert date(2026, 2, 14) in both.on
    taiwan_too = declared(holidays=["CN", "TW"])  # 28 February: made up for in one, Peace Memorial Day in the other
    assert date(2026, 2, 28) in taiwan_too.off - taiwan_too.on


@pytest.mark.parametrize(
    ("calendar", "path", "code"),
    [
        ({"holidays": "XX"}, "calendars.c.holidays", "country"),
        ({"holidays": ["DE-XX"]}, "calendars.c.holidays[0]", "country"),
        ({"holidays": "cn"}, "calendars.c.holidays", "country"),
        ({"workdays": ["monday"]}, "calendars.c.workdays[0]", "weekday"),
        ({"overrides": {"2026-13-01": "off"}}, "calendars.c.overrides.2026-13-01", "date"),
        ({"overrides": {"2026-01-01": "maybe"}}, "calendars.c.overrides.2026-01-01", "literal_error"),
    ],
)
def test_what_is_no_calendar(calendar: dict, path: str, code: str):
    found = problems_of(small({"calendars": {"c": {"timezone": "UTC", **calendar}}}))
    assert [(each.path, each.code) for each in found] == [(path, code)]
    assert all(each.cure[-1] in ".?" and each.line > 1 for each in found)


@pytest.mark.parametrize(
    ("window", "path", "code"),
    [
        ({"from": "9:00"}, "channels.pay.rules[0].when[0].from", "clock"),
        ({"to": "24:01"}, "channels.pay.rules[0].when[0].to", "clock"),
        ({"days": ["so"]}, "channels.pay.rules[0].when[0].days[0]", "weekday"),
        ({"calendar": "none"}, "channels.pay.rules[0].when[0].calendar", "unknown_calendar"),
        ({"off": True}, "channels.pay.rules[0].when[0]", "off"),
    ],
)
def test_what_is_no_window(window: dict, path: str, code: str):
    text = small({"channels": {"pay": {"rules": [{"name": "A", "when": [window], "levels": [LEVEL]}]}}})
    assert [(each.path, each.code) for each in problems_of(text)] == [(path, code)]


LEVEL = {"notify": ["member:ann"]}


def test_the_hours_of_a_rule_reach_the_engine_with_their_zone():
    window = {"from": "22:00", "to": "06:00", "days": ["fri", "sun", "fri"], "calendar": "c", "off": True}
    rules = [
        {"name": "A", "when": [window], "levels": [LEVEL]},
        {"name": "B", "timezone": "Europe/Berlin", "levels": [LEVEL]},
    ]
    change = {"calendars": {"c": {"timezone": "UTC"}}, "channels": {"pay": {"rules": rules, "timezone": "Asia/Tokyo"}}}
    first, second = load.read(small(change), file="t", env={}, now=NOW).world.channels["pay"].rules
    assert first.when == (TimeWindow(start="22:00", end="06:00", days=(0, 5), calendar="c", off=True),)
    assert (first.zone, second.zone, second.when) == ("Asia/Tokyo", "Europe/Berlin", ())


def warnings(change: dict, now: int) -> list[tuple[str, str]]:
    found = lint(load.read(small(change), file="t", env={}, now=now), now)
    return [(each.code, each.path) for each in found if each.code in ("holidays_unknown", "shadowed_rule")]


def test_check_warns_of_a_year_whose_arrangement_is_not_published():
    def unknown(now: int, country: str = "CN") -> list[tuple[str, str]]:
        return warnings({"calendars": {"c": {"timezone": "UTC", "holidays": country}}}, now)

    assert unknown(utc(2026, 3, 1)) == []
    far = utc(2059, 6, 1)  # as far as no government plans
    assert unknown(far) == [("holidays_unknown", "calendars.c.holidays")]
    assert unknown(far, "DE") == []
    assert unknown(utc(2025, 12, 31)) == [], "2026 was published in time"


def test_a_rule_with_hours_shadows_only_a_rule_with_the_same_hours():
    def shadows(first: dict, second: dict) -> bool:
        rules = [{"name": "A", "levels": [LEVEL], **first}, {"name": "B", "levels": [LEVEL], **second}]
        return bool(warnings({"channels": {"pay": {"rules": rules}}}, NOW))

    hours = {"when": [{"from": "09:00"}]}
    assert [shadows({}, hours), shadows(hours, {}), shadows(hours, hours)] == [True, False, True]
    assert not shadows(hours, hours | {"timezone": "Asia/Tokyo"})
