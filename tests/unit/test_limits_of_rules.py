"""Numbers and defaults of escalation rules, each by its name, on both sides of the limit."""

from __future__ import annotations

import pytest

from bot.engine import dynamic, routing
from bot.engine.model import HOUR, MINUTE, SECOND, Level, Rule, Severity, Target, TargetKind
from bot.engine.world import World
from tests.scenarios.company import company, member
from tests.scenarios.story import Story, changed
from tests.unit.boundaries import (
    LEVEL,
    Limit,
    channel,
    is_refused,
    layer,
    level,
    passes,
    refused,
    rule,
    taken,
    world_of,
)

RULE = "channels.pay.rules[0]"
LVL = f"{RULE}.levels[0]"


def repeat(every: str) -> dict:
    return level(repeat={"every": every, "times": 1})


def conditions(key: str) -> dict:
    return rule(filter=[[{"key": key, "oper": "IN", "vals": ["Critical"]}]])


LIMITS = (
    Limit("a rule's name has 1-39 characters", lambda n: rule(name="x" * n), f"{RULE}.name", (1, 39), (0, 40),
          "1 to 39"),
    Limit("a priority is 0-200", lambda n: rule(priority=n), f"{RULE}.priority", (0, 200), (201,), "above 200"),
    Limit("a priority is 0 or more", lambda n: rule(priority=n), f"{RULE}.priority", (), (-1,), "below 0"),
    Limit(
        "a delay is 0-3600 s", lambda s: rule(delay=s), f"{RULE}.delay",
        (0, "1s", "3600s", "60m"), ("3601s", "2h"), "0s to 1h",
    ),
    Limit("a rule has at least 1 level", lambda n: rule(levels=[LEVEL] * n), f"{RULE}.levels", (1,), (0,),
          "at least one"),
    Limit("a rule has at most 20 levels", lambda n: rule(levels=[LEVEL] * n), f"{RULE}.levels", (20,), (21,), "20"),
    Limit("a rule has 1-10 rounds", lambda n: rule(rounds=n), f"{RULE}.rounds", (1, 10), (11,), "above 10"),
    Limit("a rule has 1 round or more", lambda n: rule(rounds=n), f"{RULE}.rounds", (), (0,), "below 1"),
    Limit(
        "a level repeats every 0.5-120 min", repeat, f"{LVL}.repeat.every",
        ("0.5m", "30s", "120m", "2h"), ("29s", "121m", "120m30s"), "30s to 2h",
    ),
    Limit(
        "repeats go in steps of 0.5 min", repeat, f"{LVL}.repeat.every",
        ("1m", "1.5m", "1h59m30s"), ("31s", "45s", "59m59s"), "steps of 30s",
    ),
    Limit(
        "a level repeats 0-6 times", lambda n: level(repeat={"every": "5m", "times": n}), f"{LVL}.repeat.times",
        (0, 6), (7,), "above 6",
    ),
    Limit(
        "a level escalates after 1-720 min", lambda s: level(escalate_after=s), f"{LVL}.escalate_after",
        ("1m", "30m", "720m", "12h"), ("59s", "721m", "12h1s", 0), "1m to 12h",
    ),
    Limit(
        "an acknowledgement lasts 5 min to 24 h", lambda s: rule(ack_timeout=s), f"{RULE}.ack_timeout",
        ("5m", "24h"), ("4m59s", "24h1s"), "5m to 1d",
    ),
    Limit(
        "hours are HH:MM", lambda t: rule(when=[{"from": t}]), f"{RULE}.when[0].from",
        ("00:00", "23:59"), ("24:00", "9:00", "23:60"), "00:00 to 23:59",
    ),
    Limit(
        "days are sun-sat", lambda d: rule(when=[{"days": [d]}]), f"{RULE}.when[0].days[0]",
        ("sun", "sat"), ("0", "sunday"), "sun",
    ),
    Limit("off needs a calendar", lambda o: rule(when=[{"off": o}]), f"{RULE}.when[0]", (False,), (True,),
          "Add calendar"),
    Limit(
        "a condition asks for severity, not for its older names", conditions, f"{RULE}.filter[0][0].key",
        ("severity",), ("alert_severity", "incident_severity"), "Did you mean `severity`?",
    ),
    Limit("data_source_id is called integration", conditions, f"{RULE}.filter[0][0].key", (), ("data_source_id",),
          "integration"),
    Limit(
        "a target is member:, team:, schedule:ID or schedule:ID/ROLE", lambda t: level(notify=[t]), f"{LVL}.notify[0]",
        ("member:ann", "schedule:s", "schedule:s/primary"), ("ann", "role:primary", "schedule:"), "Write member:ID",
    ),
    Limit(
        "a person's own ladder has up to 10 steps",
        lambda n: {"members": {"ann": {"ladder": {"info": [{"after": f"{k + 1}m", "via": ["im"]} for k in range(n)]}}}},
        "members.ann.ladder.info", (1, 10), (11,), "longer than 10",
    ),
    Limit(
        "a step of it comes 1 s to 1 h after the first page",
        lambda s: {"members": {"ann": {"ladder": {"info": [{"after": s, "via": ["im"]}]}}}},
        "members.ann.ladder.info[0].after", ("1s", "60m"), (0, "61m"), "1s to 1h",
    ),
)  # fmt: skip


@taken(LIMITS)
def test_the_limit_itself_passes(change):
    passes(change)


@refused(LIMITS)
def test_beyond_the_limit_is_refused_with_the_field_and_the_cure(change, path, said):
    is_refused(change, path, said)


def test_mail_is_a_target_once_mail_is_declared():
    mail = {"platforms": {"email": {"host": "smtp.example.com", "from": "t@example.com"}}}
    passes(level(notify=["email:ops@example.com"]) | mail)
    is_refused(level(notify=["email:ops@example.com"]), f"{LVL}.notify[0]", "platforms.email")


# --- defaults


def test_a_new_rule_has_one_level_of_30_minutes_without_a_loop_by_everybodys_own_preference():
    (made,) = world_of(rule()).channels["pay"].rules
    (only,) = made.levels
    assert only.escalate_after == 30 * MINUTE
    assert (only.repeat_every, only.repeat_times) == (0, 0)
    assert only.ways is None
    assert only.even_if_acked is False  # "not closed and not acked" is the condition of climbing
    assert only.round_robin is False


def test_a_new_rule_is_enabled_has_priority_0_no_filter_no_hours_no_delay_and_3_rounds():
    (made,) = world_of(rule()).channels["pay"].rules
    assert (made.enabled, made.priority, made.filter, made.when, made.delay) == (True, 0, (), (), 0)
    assert (made.rounds, made.ack_timeout) == (3, 0)


def test_hours_without_times_are_the_whole_day_from_00_00_to_24_00_on_all_days():
    (made,) = world_of(rule(when=[{}])).channels["pay"].rules
    (window,) = made.when
    assert (window.start, window.end, window.days, window.calendar, window.off) == ("00:00", "24:00", (), "", False)


def test_days_count_from_sunday_0_to_saturday_6():
    (made,) = world_of(rule(when=[{"days": ["sat", "sun", "mon"]}])).channels["pay"].rules
    assert made.when[0].days == (0, 1, 6)


# --- which rule takes it


def chosen(world: World, severity: Severity = Severity.CRITICAL) -> str:
    pay = world.channels["pay"]
    rule = routing.choose_rule(pay, "disk", "", severity, {}, world=world, now=0)
    return rule.name if rule else ""


def rules(*declared: dict) -> dict:
    return channel(rules=[{"levels": [LEVEL], **each} for each in declared])


def test_low_priority_goes_first_and_the_first_match_stops():
    assert chosen(world_of(rules({"name": "a", "priority": 200}, {"name": "b", "priority": 0}))) == "b"
    assert chosen(world_of(rules({"name": "a", "priority": 7}, {"name": "b", "priority": 7}))) == "a"


def test_a_rule_that_is_disabled_takes_nothing():
    assert chosen(world_of(rules({"name": "a", "enabled": False}, {"name": "b"}))) == "b"
    assert chosen(world_of(rules({"name": "a", "enabled": False}))) == ""


@pytest.mark.parametrize(("severity", "takes"), [("Critical", "r"), ("Warning", ""), ("Info", "")])
def test_a_filter_by_severity_takes_that_severity_and_no_other(severity, takes):
    assert chosen(world_of(conditions("severity")), Severity(severity)) == takes


@pytest.mark.parametrize("severity", ["critical", "CRITICAL", "Ok", "Emergency"])
def test_severities_are_critical_warning_info_and_their_case_counts(severity):
    change = rule(filter=[[{"key": "severity", "oper": "IN", "vals": [severity]}]])
    is_refused(change, f"{RULE}.filter[0][0]", "no incident has the severity")


def test_ways_go_by_severity_and_an_absent_one_follows_each_persons_preference():
    (made,) = world_of(level(via={"critical": ["im", "slack"]})).channels["pay"].rules
    assert made.levels[0].ways == {Severity.CRITICAL: ("im", "slack")}


# --- what comes when no rule does


def test_what_no_rule_takes_pages_the_catch_all_every_5_minutes_4_times_in_half_an_hour():
    world = world_of(channel(rules=[]))
    made = routing.catch_all_rule(world)
    assert made.levels == (
        Level(targets=world.catch_all, repeat_every=5 * MINUTE, repeat_times=3, escalate_after=30 * MINUTE),
    )
    assert made.rounds == 1


def test_a_manifest_without_a_catch_all_is_refused():
    is_refused({"catch_all": []}, "catch_all", "at least one")


def test_the_last_resort_pages_the_catch_all_every_30_minutes_7_times():
    last = world_of({}).last_resort()
    assert (last.repeat_every, last.repeat_times, last.escalate_after) == (30 * MINUTE, 6, 210 * MINUTE)
    assert last.escalate_after == 7 * 30 * MINUTE < 4 * HOUR


def test_a_direct_assignment_pages_by_personal_preference_and_cannot_be_escalated():
    made = routing.direct_rule((Target(kind=TargetKind.SCHEDULE, id="s"),))
    assert made.direct
    assert made.levels[0].ways is None
    assert (made.levels[0].repeat_every, made.levels[0].repeat_times) == (5 * MINUTE, 3)


def test_an_empty_schedule_is_no_error():
    passes(layer(end="2026-01-05T09:01") | level(notify=["schedule:s"]))


# --- what the numbers mean on the clock


def story(*levels: Level, **changes: object) -> Story:
    only = Rule(id="r", name="R", levels=levels, **{"rounds": 1, **changes})
    return Story(changed(company(), "ops", rules=(only,))).fire("disk")


def minutes(told: Story, who: str, until: str) -> list[float]:
    """When somebody was paged on Slack, in minutes to the nearest half."""
    return [round(page.at / (30 * SECOND)) / 2 for page in told.between("0m", until).seen(who, "slack")]


def test_a_level_that_repeats_6_times_every_half_minute_pages_7_times_and_no_8th():
    level = Level(targets=(member("bo"),), repeat_every=30 * SECOND, repeat_times=6, escalate_after=720 * MINUTE)
    assert minutes(story(level), "bo", "60m") == [0, 0.5, 1, 1.5, 2, 2.5, 3]


def test_a_level_that_repeats_every_120_minutes_pages_again_after_120():
    level = Level(targets=(member("bo"),), repeat_every=120 * MINUTE, repeat_times=1, escalate_after=720 * MINUTE)
    assert minutes(story(level), "bo", "300m") == [0, 120]


@pytest.mark.parametrize("after", [1, 30, 720])
def test_the_next_level_is_paged_after_as_many_minutes_as_the_first_one_has(after):
    told = story(Level(targets=(member("bo"),), escalate_after=after * MINUTE), Level(targets=(member("di"),)))
    assert minutes(told, "di", f"{after + 1}m") == [after]


def test_by_default_the_next_level_is_paged_after_30_minutes_unless_somebody_acknowledged():
    levels = (Level(targets=(member("bo"),)), Level(targets=(member("ann"),)))
    assert minutes(story(*levels), "ann", "40m") == [30]
    acked = story(*levels).at("29m")
    acked.say("bo", "ack 1")
    assert minutes(acked, "ann", "90m") == []


def test_with_even_if_acked_it_is_paged_although_somebody_acknowledged_and_not_once_it_is_closed():
    levels = (Level(targets=(member("bo"),), even_if_acked=True), Level(targets=(member("ann"),)))
    acked, closed = story(*levels).at("1m"), story(*levels).at("1m")
    acked.say("bo", "ack 1")
    closed.say("bo", "resolve 1")
    assert (minutes(acked, "ann", "40m"), minutes(closed, "ann", "90m")) == ([30], [])


def test_a_delay_of_3600_seconds_pages_after_an_hour_and_what_closes_meanwhile_pages_nobody():
    level = Level(targets=(member("bo"),))
    assert minutes(story(level, delay=3600 * SECOND), "bo", "70m") == [60]
    closed = story(level, delay=3600 * SECOND).at("59m").recover("disk")
    closed.never_after("0m").page()


def test_three_rounds_come_before_the_last_resort():
    told = story(Level(targets=(member("bo"),), escalate_after=10 * MINUTE), rounds=3)
    assert minutes(told, "bo", "29m") == [0, 10, 20]
    assert minutes(told, "di", "100m") == [30, 60, 90]


@pytest.mark.parametrize(("named", "paged"), [(50, 50), (51, 50)])
def test_a_label_names_up_to_50_people_for_a_level(named, paged):
    world = world_of(rule())
    emails = ",".join(f"p{n}@example.com" for n in range(named))
    made = dynamic.retarget(world.channels["pay"].rules[0], {"layer_person_reset_0_emails": emails}, world)
    assert len(made.levels[0].targets) == paged


def test_labels_count_levels_from_0_and_leave_the_others_and_what_is_not_there_alone():
    world = world_of(rule(levels=[LEVEL, LEVEL]))
    labels = {"layer_person_reset_1_emails": "x@example.com", "layer_person_reset_2_emails": "y@example.com"}
    made = dynamic.retarget(world.channels["pay"].rules[0], labels, world)
    assert [[target.id for target in level.targets] for level in made.levels] == [["ann"], ["x@example.com"]]
