"""Every verdict of `explain`: rules, silences and inhibitions, levels and people, paged and not paged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.events import Acknowledge, AlertChange, AlertSeen, Assign, Escalate, Fresh, Happening, Resolve, Wake
from bot.engine.explain import as_opened, explain
from bot.engine.incident import step
from bot.engine.inhibition import Inhibition
from bot.engine.model import (
    MINUTE,
    Alert,
    Condition,
    Incident,
    Instant,
    Level,
    Rule,
    Severity,
    TimeWindow,
)
from bot.engine.silence import Silence
from bot.engine.verdicts import MemberVerdict, Verdicts
from bot.engine.world import Member, Override, Rung, World
from tests.scenarios.company import CRITICAL, company, member, schedule
from tests.scenarios.story import changed
from tests.sim.world import instant

AT = instant("2026-03-03T02:00")


def asks(key: str, *vals: str, oper: str = "IN") -> tuple[tuple[Condition, ...], ...]:
    return ((Condition(key=key, oper=oper, vals=vals),),)


def rule(name: str, *levels: Level, **more: object) -> Rule:
    return Rule(id=f"ops/{name}", name=name, levels=levels or (Level(targets=(member("bo"),)),), **more)


def opened(world: World, *, severity: Severity = Severity.CRITICAL, num: int = 1, **labels: str) -> Incident:
    alert = Alert(
        id="a", integration="scripts", channel="ops", alert_key="k", severity=severity, status=severity,
        title="disk full", description="", labels=labels, links=(), images=(), first_at=AT, last_at=AT, events=1,
    )  # fmt: skip
    seen = AlertSeen(alert=alert, change=AlertChange.NEW, group_key="g", fresh=Fresh(id="i", num=num))
    return step(None, seen, world, AT).incident


def then(incident: Incident, world: World, *events: tuple[Instant, Happening]) -> Incident:
    for after, event in events:
        incident = step(incident, event, world, AT + after).incident
    return incident


def verdicts(incident: Incident, world: World, now: Instant = AT) -> Verdicts:
    return explain(incident, as_opened(incident, ()), world, now)


def about(name: str, incident: Incident, world: World, now: Instant = AT) -> MemberVerdict:
    found = verdicts(incident, world, now).member(name)
    assert found is not None
    return found


def ruled(*rules: Rule, world: World | None = None) -> World:
    return changed(world or company(), "ops", rules=rules)


def test_every_rule_has_a_verdict_in_the_order_in_which_they_are_asked():
    world = ruled(
        rule("last", priority=9),
        rule("off", enabled=False),
        rule("day", when=(TimeWindow(start="09:00", end="18:00"),)),
        rule("info", filter=asks("severity", "Info")),
        rule("env", filter=(*asks("labels.env", "prod"), *asks("labels.env", "*", oper="NOTIN"))),
        rule("mine", filter=CRITICAL),
    )
    found = verdicts(opened(world, env="dev"), world).rules
    assert [(one.rule, one.why.value) for one in found] == [
        ("off", "disabled"),
        ("day", "hours"),
        ("info", "filter"),
        ("env", "filter"),
        ("mine", "chosen"),
        ("last", "shadowed"),
    ]
    assert found[2].fails == asks("severity", "Info")[0]
    assert [each.vals for each in found[3].fails] == [("prod",), ("*",)], "one condition of each group"
    assert found[5].by == "mine"


def test_the_severity_is_that_of_the_opening():
    world = ruled(rule("info", filter=asks("severity", "Info")), rule("all"))
    alert = AlertSeen(alert=replace(_alert(), severity=Severity.INFO), change=AlertChange.NEW, group_key="g",
                      fresh=Fresh(id="i", num=1))  # fmt: skip
    made = step(None, alert, world, AT)
    worse = replace(made.incident, severity=Severity.CRITICAL)
    found = explain(worse, as_opened(worse, made.entries), world, AT).rules
    assert [one.why.value for one in found] == ["chosen", "shadowed"]
    assert as_opened(worse, made.entries).integration == "scripts"


def _alert() -> Alert:
    return Alert(
        id="a", integration="scripts", channel="ops", alert_key="k", severity=Severity.CRITICAL, title="t",
        status=Severity.CRITICAL, description="", labels={}, links=(), images=(), first_at=AT, last_at=AT, events=1,
    )  # fmt: skip


def test_what_no_rule_takes_is_the_catch_alls():
    world = ruled(rule("info", filter=asks("severity", "Info")))
    found = verdicts(opened(world), world).rules
    assert [(one.rule, one.why.value) for one in found] == [("info", "filter"), ("catch-all", "chosen")]


def test_a_rule_that_came_later_is_told_apart_from_one_that_was_there():
    before, after = ruled(rule("old")), ruled(rule("new"), rule("old"))
    found = verdicts(opened(before), after).rules
    assert [(one.rule, one.why.value) for one in found] == [("new", "since"), ("old", "chosen")]


def test_given_to_somebody_by_hand():
    world = ruled(rule("all"))
    incident = then(opened(world), world, (MINUTE, Assign(by="bo", targets=(member("ann"),))))
    found = verdicts(incident, world).rules
    assert [(one.rule, one.why.value) for one in found] == [("all", "by_hand"), ("direct assignment", "chosen")]


def test_what_keeps_alerts_quiet_and_did_not_keep_this_one():
    silences = (
        Silence(id="s1", channel="ops", filter=asks("labels.env", "dev"), reason="deploy"),
        Silence(id="s2", channel="ops", filter=CRITICAL, end=AT),
        Silence(id="s3", channel="ops", filter=CRITICAL),
    )
    inhibitions = (
        Inhibition(id="i1", source=asks("title", "net*"), target=asks("title", "disk*")),
        Inhibition(id="i2", source=asks("title", "disk*"), target=CRITICAL),
        Inhibition(id="i3", source=asks("title", "net*"), target=asks("title", "mem*")),
    )
    world = replace(
        changed(company(), "ops", inhibitions=inhibitions, drop=asks("severity", "Info")), silences={"ops": silences}
    )
    found = verdicts(opened(world), world).quiet
    assert [(one.kind, one.name, one.why.value) for one in found] == [
        ("drop", "drop", "filter"),
        ("silence", "deploy", "filter"),
        ("silence", "s2", "hours"),
        ("silence", "s3", "later"),
        ("inhibition", "i1", "no_cause"),
        ("inhibition", "i2", "is_cause"),
        ("inhibition", "i3", "filter"),
    ]


def test_levels_tell_who_stands_behind_each_target_and_by_which_shift():
    world = ruled(rule("all", Level(targets=(schedule("primary", "primary"), member("cy")))))
    plan = world.schedules["primary"]
    away = replace(plan, overrides=(Override(id="o1", start=AT, end=AT + 60 * MINUTE, member="ann"),))
    incident = opened(world)
    first, last = verdicts(incident, world).levels
    bo, cy = first.targets[0].people[0], first.targets[1].people[0]
    assert (bo.member, bo.duty.layer, bo.override) == ("bo", "weekly", False)
    assert bo.duty.since <= AT < bo.duty.until
    assert (cy.member, cy.duty) == ("cy", None)
    assert (first.current, last.current) == (True, False)
    over = verdicts(incident, replace(world, schedules={"primary": away})).levels[0].targets[0].people
    assert [(one.member, one.override, one.duty.layer) for one in over] == [("ann", True, "o1")]


def test_what_is_closed_is_told_as_it_opened():
    world = ruled(rule("all", Level(targets=(schedule("primary", "primary"),))))
    week = 7 * 24 * 60 * MINUTE
    incident = opened(world)
    assert about("ann", incident, world, AT + week).why == "delayed", "still open: the people of now"
    closed = then(incident, world, (MINUTE, Resolve(by="bo")))
    found = verdicts(closed, world, AT + week)
    assert (found.at, found.levels[0].targets[0].people[0].member) == (AT, "bo")


TWO = (Level(targets=(schedule("primary", "primary"),), escalate_after=5 * MINUTE), Level(targets=(member("cy"),)))


@pytest.mark.parametrize(
    ("name", "events", "why", "level"),
    [
        ("bo", (), "paged", 0),
        ("cy", (), "later", 1),
        ("di", (), "later", 2),
        ("ann", (), "not_on_call", None),
        ("ed", (), "not_named", None),
        ("bo", ((5 * MINUTE, Wake()),), "earlier", 0),
        ("cy", ((5 * MINUTE, Wake()),), "paged", 1),
        ("bo", ((MINUTE, Acknowledge(by="bo")),), "acked", 0),
        ("cy", ((MINUTE, Acknowledge(by="bo")),), "somebody_has_it", 1),
        ("ed", ((MINUTE, Acknowledge(by="ed")),), "acked", None),
        ("cy", ((MINUTE, Resolve(by="bo")),), "closed", 1),
        ("bo", ((MINUTE, Escalate(by="bo")),), "earlier", 0),
        ("ann", ((MINUTE, Assign(by="bo", targets=(member("ann"),))),), "paged", 0),
    ],
)
def test_everybody_has_a_verdict(name, events, why, level):
    world = ruled(rule("all", *TWO))
    incident = then(opened(world), world, *events)
    found = about(name, incident, world, incident.last_at)
    assert (found.why.value, found.level) == (why, level)


def test_a_delay_is_not_a_page():
    world = ruled(rule("all", *TWO, delay=MINUTE))
    assert about("bo", opened(world), world).why == "delayed"


def test_nobody_on_call_makes_the_last_resort_paged():
    world = ruled(rule("all", Level(targets=(schedule("primary", "shadow"),))))
    found = about("di", opened(world), world)
    assert (found.why, found.through) == ("paged", "team:leads")


def test_whoever_cannot_be_reached():
    world = company()
    mute = Member(id="mute", name="Mute")
    world = replace(world, members={**world.members, "mute": mute})
    world = ruled(rule("all", Level(targets=(member("mute"),))), world=world)
    assert about("mute", opened(world), world).why == "no_way"


def test_somebody_elses_turn():
    world = ruled(rule("all", Level(targets=(member("bo"), member("ann")), round_robin=True)))
    incident = opened(world, num=1)
    ann, bo = about("ann", incident, world), about("bo", incident, world)
    assert (ann.why, ann.turn, bo.why) == ("not_the_turn", "bo", "paged")
    assert verdicts(incident, world).levels[0].turn == "bo"


@pytest.mark.parametrize(
    ("unified", "own", "ways", "by"),
    [
        ({Severity.CRITICAL: ("sms", "im")}, {Severity.CRITICAL: ("email",)}, ("sms", "slack"), "unified"),
        ({Severity.INFO: ("sms",)}, {Severity.CRITICAL: ("email",)}, ("email",), "own"),
        (None, {Severity.CRITICAL: ("feishu",)}, ("slack",), "default"),
        (None, {}, ("slack",), "default"),
    ],
)
def test_by_which_ways_and_why(unified, own, ways, by):
    world = company()
    ladder = {Severity.CRITICAL: (Rung(after=MINUTE, ways=("sms", "voice")),)}
    person = replace(world.members["bo"], ways=own, ladder=ladder)
    world = replace(world, members={**world.members, "bo": person})
    world = ruled(rule("all", Level(targets=(member("bo"),), ways=unified)), world=world)
    found = about("bo", opened(world), world)
    assert (found.ways, found.by) == (ways, by)
    assert found.ladder == (() if by == "unified" else (Rung(after=MINUTE, ways=("sms",)),))
