"""Numbers and defaults of schedules, notices and calendars, each by its name, on both sides of the limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import calendars, schedule
from bot.engine.model import DAY, HOUR, MINUTE
from bot.engine.notices import notices
from bot.engine.world import Group, Layer, Override, Schedule
from tests.scenarios.company import START, company
from tests.scenarios.story import Story
from tests.sim.world import instant
from tests.unit.boundaries import Change, Limit, is_refused, layer, level, passes, refused, taken, world_of

S = "schedules.s"
L = f"{S}.layers[0]"
TOLD = [{"platform": "slack", "id": "C1"}]


def plan(**keys: object) -> Change:
    return {"schedules": {"s": keys}}


def told(**keys: object) -> Change:
    return plan(notices=keys)


def imported(**keys: object) -> Change:
    return plan(imports=[{"ical": "none.ics", **keys}])


LIMITS = (
    Limit("a schedule's name has 1-40 characters", lambda n: plan(name="x" * n), f"{S}.name", (1, 40), (0, 41),
          "1 to 40"),
    Limit("a schedule's name is unique", lambda name: {"schedules": {"t": {"name": name, "timezone": "UTC"}}},
          "schedules.t.name", ("T", "s"), ("S",), "Give each its own"),
    Limit("a schedule's description has up to 500 characters", lambda n: plan(description="x" * n),
          f"{S}.description", (0, 500), (501,), "longer than 500"),
    Limit("a layer's name has 1-40 characters", lambda n: layer(name="x" * n), f"{L}.name", (1, 40), (0, 41),
          "1 to 40"),
    Limit("a turn lasts at most 30 units", lambda n: layer(every=n), f"{L}.every", (1, 30), (31,), "above 30"),
    Limit("a turn lasts at least 1 unit", lambda n: layer(every=n), f"{L}.every", (), (0, -1), "below 1"),
    Limit("a unit is hour, day, week or month", lambda u: layer(unit=u), f"{L}.unit",
          ("hour", "day", "week", "month"), ("minute", "weeks", "year"), "'hour', 'day', 'week' or 'month'"),
    Limit("a weight is 0-200", lambda n: layer(weight=n), f"{L}.weight", (0, 200), (201,), "above 200"),
    Limit("a weight is 0 or more", lambda n: layer(weight=n), f"{L}.weight", (), (-1,), "below 0"),
    Limit("a handoff has a time of day", lambda t: layer(handoff=t), f"{L}.handoff",
          ("00:00", "09:00", "23:59"), ("24:00", "9:00"), "00:00 to 23:59"),
    Limit("turns of hours have no handoff", lambda u: layer(handoff="09:00", unit=u), L,
          ("day", "week", "month"), ("hour",), "Remove handoff"),
    Limit("a restriction has daily or weekly periods", lambda r: layer(restriction=r), f"{L}.restriction",
          ({"daily": [{"from": "09:00", "to": "24:00"}]}, {"weekly": [{"from": "mon 09:00", "to": "fri 18:00"}]}),
          ({}, {"daily": [{"from": "09:00", "to": "18:00"}], "weekly": [{"from": "mon 09:00", "to": "fri 18:00"}]}),
          "either daily or weekly"),
    Limit("days exclude weekly periods", lambda days: layer(days=days, restriction={
          "weekly": [{"from": "mon 09:00", "to": "fri 18:00"}]}), L, ([],), (["mon"],), "weekly periods already say"),
    Limit("continuous needs days", lambda days: layer(days=days, continuous=True), L, (["mon"],), ([],), "Add days"),
    Limit("a layer has members or groups", lambda groups: layer(members=None, groups=groups), L,
          ([{"primary": ["ann"]}], [{"primary": ["ann"], "backup": []}]), (None,), "one of the two"),
    Limit("a rotation has at least 1 member", lambda names: layer(members=names), f"{L}.members", (["ann"],), ([],),
          "at least one"),
    Limit("a notice comes up to 1 day before", lambda s: told(before=s), f"{S}.notices.before",
          ("5m", "30m", "24h"), ("24h5m", "2d"), "0s to 1d"),
    Limit("a notice comes in steps of 5 minutes", lambda s: told(before=s), f"{S}.notices.before",
          ("10m", "1h35m"), ("1m", "7m", "1h36m"), "steps of 5m"),
    Limit("a daily notice has a time of day", lambda t: told(daily=t), f"{S}.notices.daily", ("09:00",), ("9",),
          "00:00 to 23:59"),
    Limit("notices say something", lambda keys: told(**keys), f"{S}.notices", ({"before": "5m"},), ({"before": 0},),
          "daily"),
    Limit("notices reach somebody", lambda chats: told(before="5m", members=False, chats=chats), f"{S}.notices",
          (TOLD,), ([],), "Name chats"),
    Limit("a role that nobody has cannot be asked", lambda role: level(notify=[f"schedule:s/{role}"]),
          "channels.pay.rules[0].levels[0].notify[0]", ("primary",), ("backup",), "nobody has in the schedule"),
)  # fmt: skip


@taken(LIMITS)
def test_the_limit_itself_passes(change):
    passes(change)


@refused(LIMITS)
def test_beyond_the_limit_is_refused_with_the_field_and_the_cure(change, path, said):
    is_refused(change, path, said)


# --- defaults


def test_a_new_layer_turns_every_1_week_on_all_days_unfair_with_weight_0_and_hands_off_at_its_start():
    (made,) = world_of({}).schedules["s"].layers
    assert (made.unit, made.every, made.handoff, made.end) == ("week", 1, "", "")
    assert (made.day_mask, made.restriction, made.mask_continuous) == ((), (), False)
    assert (made.fair, made.weight, made.id) == (False, 0, "layer-1")
    assert list(made.groups[0].members) == ["primary"]


def test_days_that_are_named_count_from_sunday_0():
    (made,) = world_of(layer(days=["mon", "tue", "wed", "thu", "fri"])).schedules["s"].layers
    assert made.day_mask == (1, 2, 3, 4, 5)


def test_a_new_schedule_has_no_notices_and_members_are_told_once_there_are():
    assert (world_of({}).schedules["s"].notices.before, world_of({}).schedules["s"].notices.daily) == (0, "")
    made = world_of(told(before="30m", chats=TOLD)).schedules["s"].notices
    assert (made.before, made.members, [chat.address for chat in made.chats]) == (30 * MINUTE, True, ["C1"])


def test_a_new_calendar_works_monday_to_friday_without_holidays():
    made = world_of({"calendars": {"c": {"timezone": "Europe/Berlin"}}}).calendars["c"]
    assert (made.workdays, made.off, made.on) == ((1, 2, 3, 4, 5), frozenset(), frozenset())


def test_an_import_is_a_layer_named_import_1_of_weight_0_in_the_role_primary():
    is_refused(imported(), f"{S}.imports[0].ical", "cannot be read")
    is_refused(imported(weight=201), f"{S}.imports[0].weight", "above 200")


# --- what they mean


@pytest.mark.parametrize(("zone", "day", "works"), [
    ("Europe/Berlin", "2026-10-03T12:00", False), ("Europe/Berlin", "2026-10-02T12:00", True),
    ("Asia/Shanghai", "2026-02-14T04:00", True), ("Asia/Shanghai", "2026-02-17T04:00", False),
])  # fmt: skip
def test_public_holidays_are_off_and_make_up_days_are_worked(zone, day, works):
    country = {"Europe/Berlin": "DE", "Asia/Shanghai": "CN"}[zone]
    made = world_of({"calendars": {"c": {"timezone": zone, "holidays": country}}}).calendars["c"]
    assert calendars.is_workday(made, instant(day)) is works


def test_a_single_date_is_above_every_holiday():
    days = {"2026-10-03": "work", "2026-10-02": "off"}
    keys = {"timezone": "UTC", "holidays": "DE", "overrides": days}
    made = world_of({"calendars": {"c": keys}}).calendars["c"]
    assert [calendars.is_workday(made, instant(f"2026-10-0{n}T12:00")) for n in (2, 3)] == [False, True]


MONDAY = "2026-01-05T09:00"


def rotation(**changes: object) -> Schedule:
    people = tuple(Group(members={"primary": (name,)}) for name in ("ann", "bo"))
    return Schedule(
        id="s", name="S", zone="UTC", layers=(replace(Layer(id="l", groups=people, start=MONDAY), **changes),)
    )


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@settings(deadline=None, max_examples=40)
@given(every=st.integers(1, 30))
def test_a_turn_of_1_to_30_units_ends_where_the_next_begins(unit, every):
    first, second = list(
        schedule.shifts(rotation(unit=unit, every=every), instant(MONDAY), instant(MONDAY) + 3000 * DAY)
    )[:2]
    assert (first.start, first.end, first.member, second.member) == (instant(MONDAY), second.start, "ann", "bo")
    if unit != "month":
        assert first.end - first.start == every * {"day": 1, "week": 7}[unit] * DAY


@settings(deadline=None, max_examples=40)
@given(every=st.integers(1, 30))
def test_a_turn_of_1_to_30_hours_is_as_many_real_hours(every):
    shifts = list(schedule.shifts(rotation(unit="hour", every=every), instant(MONDAY), instant(MONDAY) + 3 * DAY))
    assert shifts[0].end - shifts[0].start == every * HOUR


def test_layers_add_together_and_an_override_replaces_them_all_inside_its_window():
    both = rotation()
    second = replace(both.layers[0], id="m", groups=(Group(members={"primary": ("cy",)}),))
    cover = Override(id="o", start=instant(MONDAY) + HOUR, end=instant(MONDAY) + 2 * HOUR, member="di")
    both = replace(both, layers=(*both.layers, second), overrides=(cover,))
    on = [sorted(d.member for d in schedule.on_call(both, instant(MONDAY) + n * HOUR)) for n in (0, 1, 2)]
    assert on == [["ann", "cy"], ["di"], ["ann", "cy"]]


def test_two_with_turns_of_12_hours_swap_nights_after_each_cycle_when_it_is_fair():
    def holder(fair: bool, hours: int) -> str:
        made = rotation(unit="hour", every=12, fair=fair)
        (duty,) = schedule.on_call(made, instant(MONDAY) + hours * HOUR)
        return duty.member

    assert [holder(False, hours) for hours in (0, 12, 24, 36)] == ["ann", "bo", "ann", "bo"]
    assert [holder(True, hours) for hours in (0, 12, 24, 36)] == ["ann", "bo", "bo", "ann"]


@pytest.mark.parametrize("before", [5, 30, 1440])
def test_a_notice_comes_that_many_minutes_before_the_handoff(before):
    made = rotation()
    made = replace(made, notices=replace(made.notices, before=before * MINUTE))
    handoff = instant(MONDAY) + 7 * DAY
    (found,) = [each for each in notices(made, handoff - 2 * DAY, handoff) if each.member == "bo"]
    assert found.at == handoff - before * MINUTE


@pytest.mark.parametrize(("days", "seen"), [(44, True), (46, False)])
def test_next_looks_45_days_ahead(days, seen):
    begin = instant(START) + days * DAY
    start = datetime.fromtimestamp(begin / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    only = Layer(id="l", groups=(Group(members={"primary": ("bo",)}),), start=start)
    world = replace(
        company(), schedules={"primary": Schedule(id="primary", name="Primary", zone="UTC", layers=(only,))}
    )
    assert ("Bo" in Story(world).say("bo", "next primary")) is seen


def test_an_empty_schedule_pages_the_catch_all_and_the_groups_still_get_the_card():
    world = replace(company(), schedules={"primary": Schedule(id="primary", name="Primary", zone="UTC")})
    Story(world).fire("disk").want("0m").page("di", "slack").nobody("bo").card("#ops", "disk")
