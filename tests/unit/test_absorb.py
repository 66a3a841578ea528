"""From an event to its alerts and incidents: the pipeline as a whole, on the real service over the store in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.clock import Ids, VirtualClock
from bot.engine.effects import Kind
from bot.engine.enrichment import enrich
from bot.engine.events import Resolve
from bot.engine.feed import (
    AlertDrop,
    AlertInhibit,
    Composition,
    Enrichment,
    Lookup,
    Processing,
    Route,
    SeverityReset,
    Table,
    TitleReset,
)
from bot.engine.model import MINUTE, Condition, Event, EventStatus, Level, Progress, Rule, Severity, Target, TargetKind
from bot.engine.world import Channel, Integration, Member, World
from bot.intake import Intake, Read
from bot.service import Absorbed, Service
from bot.simulation import Fired, simulate
from bot.store.base import Inbound
from bot.store.memory import MemoryStore

ANN = Target(kind=TargetKind.MEMBER, id="ann")
RULE = Rule(id="all", name="All", levels=(Level(targets=(ANN,)),))


def one(key: str, *vals: str) -> tuple[tuple[Condition, ...], ...]:
    return ((Condition(key=key, oper="IN", vals=vals),),)


def channel(key: str, **changes: Any) -> Channel:
    return Channel(id=key, name=key.title(), rules=(RULE,), **changes)


def shared(*routes: Route, **changes: Any) -> Integration:
    return Integration(id="feed", key="", source="standard", channel="", routes=routes, **changes)


class House:
    """A service on a clock that stands still, whose one integration a test may change."""

    def __init__(self, feed: Integration, **channels: Channel) -> None:
        self.feed = feed
        self.channels = {"db": channel("db"), "web": channel("web"), **channels}
        self.clock = VirtualClock(1_000_000)
        self.store = MemoryStore()
        self.service = Service(self.world, self.clock, Ids(seed=1))

    def world(self) -> World:
        return World(
            members={"ann": Member(id="ann", name="Ann", email="ann@acme.example")},
            teams={},
            schedules={},
            channels=self.channels,
            integrations={"feed": self.feed},
            catch_all=(ANN,),
        )

    def absorb(self, *events: Event, **more: Any) -> list[Absorbed]:
        return self.store.run(lambda tx: self.service.absorb(tx, self.feed, events, **more))

    def told(self, *events: Event) -> list[tuple[str, str]]:
        return [(each.reason, each.channel) for each in self.absorb(*events)]

    def incidents(self, *, open_only: bool = True) -> dict[str, list[str]]:
        """The titles of incidents by channel."""
        found: dict[str, list[str]] = {}
        for incident in self.store.read(lambda tx: tx.list_incidents(open_only=open_only, limit=99)):
            found.setdefault(incident.channel, []).append(incident.title)
        return found


def event(key: str = "disk", severity: Severity = Severity.CRITICAL, **changes: Any) -> Event:
    status = EventStatus.OK if severity is Severity.OK else EventStatus.TRIGGER
    given = {"title": key.title(), "at": 0, "labels": {"host": "db-1"}}
    return Event(alert_key=key, status=status, severity=severity, **{**given, **changes})


def ok(key: str = "disk") -> Event:
    return event(key, Severity.OK, labels={})


BOTH = Route(channels=("db", "web"))


def test_each_channel_has_an_alert_and_an_incident_of_its_own():
    house = House(shared(BOTH))
    made = house.absorb(event())
    assert [(each.reason, each.channel) for each in made] == [("new_alert", "db"), ("new_alert", "web")]
    assert len({each.incident for each in made}) == 2
    assert house.incidents() == {"db": ["Disk"], "web": ["Disk"]}
    assert house.told(event()) == [("duplicate", "db"), ("duplicate", "web")]
    assert house.told(event(title="Worse")) == [("updated", "db"), ("updated", "web")]
    assert house.incidents() == {"db": ["Disk"], "web": ["Disk"]}


def test_closing_one_leaves_the_other_open():
    house = House(shared(BOTH))
    mine, _ = house.absorb(event())
    house.store.run(lambda tx: house.service.happen(tx, mine.incident, Resolve(by="ann")))
    assert house.incidents() == {"web": ["Disk"]}
    assert house.told(event()) == [("new_alert", "db"), ("duplicate", "web")]


def test_a_recovery_finds_its_alerts_though_it_lacks_the_labels_that_led_them_there():
    house = House(shared(Route(filter=one("labels.host", "db-*"), channels=("db", "web"))))
    house.absorb(event())
    assert house.told(ok()) == [("recovered", "db"), ("recovered", "web")]
    assert house.incidents() == {}
    assert house.told(ok()) == [("recovery_without_alert", "")]


def test_a_recovery_finds_its_alert_where_it_was_before_the_routes_changed():
    house = House(shared(Route(channels=("db",))))
    house.absorb(event())
    house.feed = shared(Route(channels=("web",)))
    assert house.told(event(), ok()) == [("new_alert", "web"), ("recovered", "db"), ("recovered", "web")]
    assert house.incidents() == {}


def test_several_events_of_one_key_in_one_batch_follow_each_other():
    house = House(shared(BOTH))
    reasons = [reason for reason, _ in house.told(event(), ok(), event(), event())]
    assert reasons == ["new_alert"] * 2 + ["recovered"] * 2 + ["new_alert"] * 2 + ["duplicate"] * 2


def test_what_no_route_takes_is_rejected_with_a_reason():
    house = House(shared(Route(filter=one("labels.host", "web-*"), channels=("web",))))
    assert house.told(event()) == [("no_route", "")]
    assert house.incidents(open_only=False) == {}
    house.feed = replace(house.feed, default_route=("db",))
    assert house.told(event()) == [("new_alert", "db")]


def test_enrich_then_process_then_route():
    table = Table(keys=("host",), results=("owner",), rows={("db-1",): ("Db",)})
    feed = shared(
        Route(filter=one("title", "Db: *"), name_label="owner"),
        enrich=(Enrichment(does=table), Enrichment(does=Composition(template="${owner}: ${host}", label="place"))),
        process=(
            Processing(does=TitleReset(text="[TPL]${place}"), filter=one("labels.owner", "*")),
            Processing(does=SeverityReset(text="Warning"), filter=one("title", "Db: *")),
        ),
    )
    house = House(feed)
    assert house.told(event()) == [("new_alert", "db")]
    (incident,) = house.store.read(lambda tx: tx.list_incidents(open_only=True, limit=9))
    assert (incident.title, incident.severity, incident.labels["owner"]) == ("Db: db-1", Severity.WARNING, "Db")


def test_a_dropped_alert_leaves_a_reason_and_nothing_else():
    house = House(shared(BOTH, process=(Processing(does=AlertDrop(), filter=one("title", "Disk")),)))
    assert house.told(event(), event("cpu")) == [("alert_dropped", ""), ("new_alert", "db"), ("new_alert", "web")]
    assert house.told(ok()) == [("recovery_without_alert", "")]


def test_a_drop_rule_of_a_channel_is_its_own_affair():
    house = House(shared(BOTH), web=channel("web", drop=one("severity", "Warning")))
    assert house.told(event(severity=Severity.WARNING)) == [("new_alert", "db"), ("dropped", "web")]
    assert house.incidents(open_only=False) == {"db": ["Disk"]}
    assert house.told(ok()) == [("recovered", "db")]


def test_a_drop_rule_lets_the_recovery_of_what_is_open_in():
    house = House(shared(BOTH))
    house.absorb(event())
    house.channels["web"] = channel("web", drop=one("title", "*"))
    assert house.told(ok()) == [("recovered", "db"), ("recovered", "web")]


def inhibiting(**changes: Any) -> Integration:
    inhibit = AlertInhibit(source=one("title", "Switch"), equals=("rack",))
    rule = Processing(does=inhibit, filter=one("labels.host", "*"))
    return Integration(id="feed", key="", source="standard", channel="db", process=(rule,), **changes)


SWITCH = event("switch", labels={"rack": "r1"})
HOST = event("host", labels={"rack": "r1", "host": "db-1"})


def test_an_alert_is_left_out_while_another_one_explains_it():
    house = House(inhibiting())
    assert house.told(SWITCH, HOST) == [("new_alert", "db"), ("alert_inhibited", "")]
    assert house.told(replace(HOST, labels={"rack": "r2", "host": "db-9"}, alert_key="other")) == [("new_alert", "db")]
    assert house.told(ok("switch"), HOST) == [("recovered", "db"), ("new_alert", "db")]


def test_an_alert_that_began_before_its_cause_goes_on():
    house = House(inhibiting())
    assert house.told(HOST, SWITCH) == [("new_alert", "db"), ("new_alert", "db")]
    assert house.told(replace(HOST, title="Worse")) == [("updated", "db")]


def test_a_cause_that_was_not_heard_of_for_ten_minutes_explains_nothing_any_more():
    house = House(inhibiting())
    house.absorb(SWITCH)
    house.clock.set(house.clock.now() + 10 * MINUTE)
    assert house.told(HOST) == [("alert_inhibited", "")]
    house.clock.set(house.clock.now() + 1)
    assert house.told(HOST) == [("new_alert", "db")]


LOOKUP = Lookup(url="https://cmdb.example.com/", results=("owner",))


def test_answers_of_a_lookup_lead_the_event():
    feed = shared(Route(name_label="owner"), enrich=(Enrichment(does=LOOKUP),), default_route=("db",))
    house = House(feed)
    question = enrich(event(), feed.enrich, "feed").question
    assert [each.channel for each in house.absorb(event(), answers={question: {"owner": "Web"}})] == ["web"]
    assert [each.channel for each in house.absorb(event("cpu"))] == ["db"]


def test_the_outcome_of_every_event_is_kept_with_its_body():
    house = House(shared(Route(filter=one("labels.host", "db-*"), channels=("db", "web"))))
    bodies = {"a": (event(), event("cpu", labels={})), "b": ()}
    intake = Intake(
        house.service,
        {"standard": lambda row, _: Read(events=bodies[row.id], why="")},
        house.world,
        house.clock,
        Ids(seed=2),
    )
    rows = [
        Inbound(id=one, integration="feed", source="standard", received_at=1, headers={}, path="/in", body=b"")
        for one in bodies
    ]
    house.store.run(lambda tx: tx.append_inbox(rows))
    assert intake.step(house.store) == 2
    kept = json.loads(house.store._tx._tables.bodies["a"].outcome)["events"]
    assert [(one["alert_key"], one["reason"], one["channel"], bool(one["incident"])) for one in kept] == [
        ("disk", "new_alert", "db", True),
        ("disk", "new_alert", "web", True),
        ("cpu", "no_route", "", False),
    ]


def test_the_worker_asks_before_it_writes_and_lets_others_go_first():
    feed = shared(Route(name_label="owner"), enrich=(Enrichment(does=LOOKUP),), default_route=("db",))
    house = House(feed)
    plain = replace(feed, id="plain", enrich=(), routes=(), default_route=(), channel="web")
    house.world = lambda: replace(House.world(house), integrations={"feed": house.feed, "plain": plain})
    house.service = Service(house.world, house.clock, Ids(seed=1))
    seen = []

    def learn(events):
        seen.append(([(one.id, each.alert_key) for one, each in events], house.incidents()))
        return {enrich(each, one.enrich, one.id).question: {"owner": "Web"} for one, each in events}

    def parse(row, _):
        if row.id == "torn":
            raise LookupError("a bug of ours")
        return Read(events=(event(row.id),))

    intake = Intake(house.service, {"standard": parse}, house.world, house.clock, Ids(seed=2), learn)
    rows = [
        Inbound(id=key, integration=of, source="standard", received_at=1, headers={}, path="/in", body=b"")
        for key, of in (("disk", "feed"), ("cpu", "plain"), ("torn", "feed"))
    ]
    house.store.run(lambda tx: tx.append_inbox(rows))
    assert intake.step(house.store) == 3
    assert seen == [([("feed", "disk")], {"web": ["Cpu"]})]
    assert house.incidents() == {"web": ["Disk", "Cpu"]}


def test_an_alert_comes_through_whatever_happens_to_its_questions():
    house = House(shared(enrich=(Enrichment(does=LOOKUP),), default_route=("db",)))

    def learn(_):
        raise RuntimeError("a bug of ours")

    read = {"standard": lambda row, _: Read(events=(event(row.id),))}
    intake = Intake(house.service, read, house.world, house.clock, Ids(seed=2), learn)
    row = Inbound(id="disk", integration="feed", source="standard", received_at=1, headers={}, path="/in", body=b"")
    house.store.run(lambda tx: tx.append_inbox([row]))
    assert intake.step(house.store) == 1
    assert house.incidents() == {"db": ["Disk"]}


def test_the_simulation_takes_the_same_way():
    house = House(shared(BOTH, process=(Processing(does=AlertDrop(), filter=one("title", "Cpu")),)))
    told = simulate(house.world(), [Fired(integration=house.feed, event=event())])
    assert [(line.channel, line.incident) for line in told if line.kind is Kind.NEW] == [("db", 1), ("web", 2)]
    (only,) = simulate(house.world(), [Fired(integration=house.feed, event=event("cpu"))])
    assert (only.reason, only.by) == ("alert_dropped", "1")


@pytest.mark.parametrize("gone", ["db", "web"])
def test_a_recovery_is_heard_in_a_channel_that_the_manifest_lost(gone):
    house = House(shared(BOTH))
    house.absorb(event())
    house.feed = shared(default_route=("db" if gone == "web" else "web",))
    del house.channels[gone]
    assert sorted(house.told(ok())) == [("recovered", "db"), ("recovered", "web")]
    stored = house.store.read(lambda tx: tx.list_incidents(open_only=False, limit=9))
    assert {incident.progress for incident in stored} == {Progress.CLOSED}
