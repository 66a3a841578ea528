"""What is changed about alerts, or left out, before they go to a channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.dispatching import lets_in, targets
from bot.engine.feed import AlertDrop, AlertInhibit, DescriptionReset, Processing, Route, SeverityReset, TitleReset
from bot.engine.model import Alert, Condition, Event, EventStatus, Severity
from bot.engine.processing import inhibits, process
from bot.engine.world import Channel, Integration

EVENT = Event(
    alert_key="k",
    status=EventStatus.TRIGGER,
    severity=Severity.CRITICAL,
    title="Disk full",
    at=0,
    labels={"host": "db-1", "team": "Payments", "priority": "info"},
)
RECOVERY = replace(EVENT, status=EventStatus.OK, severity=Severity.OK, labels={})


def one(key: str, *vals: str, oper: str = "IN") -> tuple[tuple[Condition, ...], ...]:
    return ((Condition(key=key, oper=oper, vals=vals),),)


def never():
    raise AssertionError("nobody needs the active alerts")


def run(*rules: Processing, event: Event = EVENT, active=never, known: bool = False):
    return process(event, rules, "feed", "standard", active, known=known)


@pytest.mark.parametrize(
    ("does", "field", "expected"),
    [
        (TitleReset(text="Plain"), "title", "Plain"),
        (TitleReset(text="[TPL]${host}:\n{{.Title}}"), "title", "db-1: Disk full"),
        (TitleReset(text="[TPL]${none}"), "title", "<no value>"),
        (TitleReset(text="[TPL]{{.Labels.none}}"), "title", "Disk full"),
        (TitleReset(text="[TPL]{{.IntegrationType}} {{.IntegrationName}}"), "title", "standard feed"),
        (DescriptionReset(text="[TPL]On ${host}"), "description", "On db-1"),
        (DescriptionReset(text=""), "description", ""),
        (SeverityReset(text="Info"), "severity", Severity.INFO),
        (SeverityReset(text="[TPL]${priority}"), "severity", Severity.INFO),
        (SeverityReset(text="[TPL]${none}"), "severity", Severity.CRITICAL),
        (SeverityReset(text="[TPL]Ok"), "severity", Severity.CRITICAL),
    ],
)
def test_what_a_rule_changes(does, field, expected):
    made = run(Processing(does=does))
    assert getattr(made.event, field) == expected
    assert made.reason == ""


def test_rules_run_in_order_and_see_what_was_changed_before():
    loud = Processing(does=TitleReset(text="Quiet"))
    drop = Processing(does=AlertDrop(), filter=one("title", "Quiet"))
    assert run(loud, drop).reason == "alert_dropped"
    assert run(drop, loud).reason == ""


def test_a_recovery_is_never_touched():
    rules = (Processing(does=TitleReset(text="x")), Processing(does=AlertDrop(), filter=one("title", "*")))
    assert run(*rules, event=RECOVERY).event is RECOVERY
    assert run(*rules, event=RECOVERY).reason == ""


def alert(**changes) -> Alert:
    given = {
        "id": "a", "integration": "feed", "channel": "db", "alert_key": "switch", "severity": Severity.CRITICAL,
        "status": Severity.CRITICAL, "title": "Switch down", "description": "", "labels": {"rack": "r1"}, "links": (),
        "images": (), "first_at": 0, "last_at": 0, "events": 1,
    }  # fmt: skip
    return Alert(**{**given, **changes})


@pytest.mark.parametrize(
    ("source", "equals", "cause", "event", "expected"),
    [
        (one("title", "Switch*"), (), alert(), EVENT, True),
        (one("title", "Router*"), (), alert(), EVENT, False),
        (one("severity", "Critical"), (), alert(status=Severity.INFO), EVENT, False),
        (one("title", "*"), (), alert(alert_key="k"), EVENT, False),
        (one("title", "*"), ("rack",), alert(), EVENT, False),
        (one("title", "*"), ("rack",), alert(), replace(EVENT, labels={"rack": "r1"}), True),
        (one("title", "*"), ("rack",), alert(), replace(EVENT, labels={"rack": "r2"}), False),
        (one("title", "*"), ("row",), alert(), replace(EVENT, labels={"rack": "r1"}), False),
    ],
)
def test_what_explains_an_alert(source, equals, cause, event, expected):
    assert inhibits(AlertInhibit(source=source, equals=equals), cause, event) is expected


def test_an_alert_that_is_explained_is_left_out_unless_it_is_open_already():
    inhibit = Processing(does=AlertInhibit(source=one("title", "Switch*")), filter=one("labels.host", "db-*"))
    assert run(inhibit, active=lambda: [alert()]).reason == "alert_inhibited"
    assert run(inhibit, active=list).reason == ""
    assert run(inhibit, active=never, known=True).reason == ""
    assert run(inhibit, active=never, event=replace(EVENT, labels={})).reason == ""


# -- routes

CHANNELS = {
    "db": Channel(id="db", name="Database"),
    "pay": Channel(id="pay", name="Payments"),
    "pay2": Channel(id="pay2", name="Payments"),
    "ops": Channel(id="ops", name="Ops"),
}


def led(*routes: Route, event: Event = EVENT, default=(), open_in=()) -> tuple[str, ...]:
    feed = Integration(id="feed", key="", source="standard", channel="", routes=routes, default_route=default)
    return targets(event, feed, CHANNELS, open_in)


def to(*channels: str, stop: bool = False, vals: tuple[str, ...] = ("db-*",)) -> Route:
    return Route(filter=one("labels.host", *vals), channels=channels, stop=stop)


NAMED = Route(name_label="team")


@pytest.mark.parametrize(
    ("routes", "default", "expected"),
    [
        ((to("db"),), ("ops",), ("db",)),
        ((to("db"), to("ops")), (), ("db", "ops")),
        ((to("db", stop=True), to("ops")), (), ("db",)),
        ((to("db", stop=True, vals=("web",)), to("ops")), (), ("ops",)),
        ((to("db"), to("ops", "db")), (), ("db", "ops")),
        ((to("db", vals=("web",)),), ("ops", "db"), ("ops", "db")),
        ((to("db", vals=("web",)),), (), ()),
        ((NAMED,), ("ops",), ("pay", "pay2")),
        ((Route(name_label="host", stop=True), to("db")), ("ops",), ("db",)),
        ((Route(name_label="host"),), ("ops",), ("ops",)),
        ((Route(name_label="none"),), (), ()),
        ((), ("ops",), ("ops",)),
    ],
)
def test_where_an_event_goes(routes, default, expected):
    assert led(*routes, default=default) == expected


def test_a_recovery_goes_where_its_alert_is_open():
    assert led(to("db"), default=("ops",), event=RECOVERY, open_in=("pay", "gone")) == ("pay", "gone")
    assert led(to("db"), default=("ops",), event=RECOVERY) == ()


def test_an_integration_with_a_channel_leads_there():
    feed = Integration(id="feed", key="", source="standard", channel="db")
    assert targets(EVENT, feed, CHANNELS, ("pay",)) == ("db",)


def test_a_channel_lets_in_what_no_drop_rule_takes():
    picky = replace(CHANNELS["db"], drop=one("title", "Disk*"))
    assert not lets_in(picky, EVENT, "feed")
    assert lets_in(picky, replace(EVENT, title="CPU"), "feed")
    assert lets_in(picky, replace(RECOVERY, title="Disk full"), "feed")
    assert lets_in(CHANNELS["db"], EVENT, "feed")
