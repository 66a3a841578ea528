"""A service on a clock that stands still, with one integration and one channel `db`: what events come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from bot.clock import Ids, VirtualClock
from bot.engine.model import Alert, Event, EventStatus, Incident, Level, Rule, Severity, Target, TargetKind
from bot.engine.world import Channel, Integration, Member, World
from bot.noise import Absorbed
from bot.service import Service
from bot.store.base import Tx
from bot.store.memory import MemoryStore

Result = TypeVar("Result")
ANN = Target(kind=TargetKind.MEMBER, id="ann")
RULE = Rule(id="all", name="All", levels=(Level(targets=(ANN,)),))


class House:
    """`feed` and `channels` may be changed between events."""

    def __init__(self, *channels: Channel, **feed: Any) -> None:
        self.channels = {each.id: each for each in channels or (channel(),)}
        lead = {} if feed.get("routes") else {"channel": next(iter(self.channels))}
        self.feed = Integration(**{"id": "feed", "key": "", "source": "standard", "channel": "", **lead, **feed})
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

    def absorb(self, *events: Event) -> list[Absorbed]:
        return self.store.run(lambda tx: self.service.absorb(tx, self.feed, events))

    def reasons(self, *events: Event) -> list[str]:
        return [each.reason for each in self.absorb(*events)]

    def look(self, question: Callable[[Tx], Result]) -> Result:
        return self.store.read(question)

    def alerts(self) -> list[Alert]:
        """Those that are open, the latest first."""
        return self.look(lambda tx: [alert for each in self.channels for alert in tx.alerts_in(each, 0, 10_000)])

    def incidents(self) -> list[Incident]:
        return self.look(lambda tx: tx.list_incidents(open_only=True, limit=99))


def channel(key: str = "db", **changes: Any) -> Channel:
    return replace(Channel(id=key, name=key.title(), rules=(RULE,)), **changes)


def event(key: str = "disk", severity: Severity = Severity.CRITICAL, **changes: Any) -> Event:
    status = EventStatus.OK if severity is Severity.OK else EventStatus.TRIGGER
    given = {"title": key.title(), "at": 0, "labels": {"host": "db-1"}}
    return Event(alert_key=key, status=status, severity=severity, **{**given, **changes})


def ok(key: str = "disk", **changes: Any) -> Event:
    return event(key, Severity.OK, **{"labels": {}, **changes})
