"""The inbox worker's step: order is kept within an integration, one bad body harms no other, nothing counts twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.clock import Ids, VirtualClock
from bot.engine.model import Event, EventStatus, Level, Rule, Severity, Target, TargetKind
from bot.engine.world import Channel, Integration, Member, World
from bot.intake import COMMIT_BYTES, LEASE, RETRY_AFTER, TRIES_MAX, Intake, Read
from bot.service import Service
from bot.store.base import Inbound, InboxState, Store
from bot.store.memory import MemoryStore

ANN = Target(kind=TargetKind.MEMBER, id="ann")
RULE = Rule(id="all", name="All", levels=(Level(targets=(ANN,)),))
FEEDS = {one: Integration(id=one, key=one, source="words", channel="db") for one in ("feed", "other")}
WORLD = World(
    members={"ann": Member(id="ann", name="Ann", email="ann@acme.example")},
    teams={},
    schedules={},
    channels={"db": Channel(id="db", name="Database", rules=(RULE,))},
    integrations=FEEDS,
    catch_all=(ANN,),
)


def words(row: Inbound, _: Integration) -> Read:
    """Bodies such as `disk` and `disk ok`; `bug` is what our own code cannot handle yet."""
    key, _, status = row.body.decode().partition(" ")
    if key == "bug":
        raise LookupError("a bug of ours")
    if key == "torn":
        return Read(why="it is torn", broken=True)
    over = status.strip() == "ok"
    event = Event(
        alert_key=key,
        status=EventStatus.OK if over else EventStatus.TRIGGER,
        severity=Severity.OK if over else Severity.CRITICAL,
        title=key,
        at=row.received_at,
    )
    return Read(events=(event,))


class House:
    """An intake over a memory store, on a clock that stands still."""

    def __init__(self) -> None:
        self.clock = VirtualClock(1_000_000)
        self.ids = Ids(seed=1)
        self.store = MemoryStore()
        self.service = Service(lambda: WORLD, self.clock, self.ids)
        self.intake = Intake(self.service, {"words": words}, lambda: WORLD, self.clock, self.ids)

    def receive(self, *texts: str, feed: str = "feed") -> None:
        now = self.clock.now()
        rows = [
            Inbound(
                id=f"{feed}:{text[:20]}", integration=feed, source="words", received_at=now, headers={}, path="/in",
                body=text.encode(),
            )
            for text in texts
        ]  # fmt: skip
        self.store.run(lambda tx: tx.append_inbox(rows))

    def pass_time(self, span: int) -> None:
        self.clock.set(self.clock.now() + span)

    def left(self, state: InboxState = InboxState.WAITING) -> list[str]:
        return [row.body.decode() for row in self.store.read(lambda tx: tx.inbox_by_state(state, 100))]

    def open_titles(self) -> list[str]:
        found = self.store.read(lambda tx: tx.list_incidents(open_only=True, limit=100))
        return sorted(incident.title for incident in found)


@pytest.fixture
def house() -> House:
    return House()


def test_a_batch_is_worked_off_in_order(house):
    house.receive("disk", "disk ok", "cpu")
    assert house.intake.step(house.store) == 3
    assert house.open_titles() == ["cpu"]
    assert house.left() == []
    assert house.intake.step(house.store) == 0


def test_a_body_that_fails_is_tried_again_and_nothing_of_its_integration_overtakes_it(house):
    house.receive("disk", "bug", "disk ok", "cpu")
    house.receive("cpu", feed="other")
    assert house.intake.step(house.store) == 5
    assert house.left() == ["bug", "disk ok", "cpu"]
    assert house.open_titles() == ["cpu", "disk"]
    assert house.intake.step(house.store) == 0
    house.pass_time(RETRY_AFTER)
    assert house.intake.step(house.store) == 3


def test_a_body_that_always_fails_becomes_a_dead_letter_with_an_alarm_and_lets_the_others_through(house):
    house.receive("disk", "bug", "disk ok")
    for attempt in range(1, TRIES_MAX + 1):
        house.intake.step(house.store)
        house.pass_time(RETRY_AFTER * attempt)
    assert house.left(InboxState.DEAD) == ["bug"]
    assert [alarm.code for alarm in house.store.read(lambda tx: tx.alarms(9))] == ["dead_letter"]
    house.intake.step(house.store)
    assert house.left() == []
    assert house.open_titles() == []


def test_an_unreadable_body_is_a_dead_letter_at_once_and_holds_nobody_up(house):
    house.receive("torn", "disk")
    house.intake.step(house.store)
    assert house.left(InboxState.DEAD) == ["torn"]
    assert house.open_titles() == ["disk"]


def test_large_bodies_share_no_commit_and_keep_their_order(house):
    commits: list[object] = []

    @dataclass
    class Counting:
        inner: Store

        def run(self, work: Any) -> Any:
            commits.append(work)
            return self.inner.run(work)

    house.receive("disk" + " " * COMMIT_BYTES, "disk ok", "cpu", "cpu ok")
    house.intake.step(Counting(house.store))
    assert len(commits) == 3  # the claim, the large body, the three small ones
    assert house.open_titles() == []


def test_a_worker_that_slept_past_its_lease_saves_nothing_twice(house):
    """Stopped between claim and handling for longer than the lease: another worker has done it all by then."""

    @dataclass
    class Sleepy:
        inner: Store
        slept: bool = False

        def run(self, work: Any) -> Any:
            result = self.inner.run(work)
            if not self.slept:
                self.slept = True
                house.pass_time(LEASE)
                Intake(house.service, {"words": words}, lambda: WORLD, house.clock, house.ids).step(self.inner)
                house.receive("disk ok")
                house.intake.step(self.inner)
            return result

    house.receive("disk", "torn")
    house.intake.step(Sleepy(house.store))
    everything = house.store.read(lambda tx: tx.list_incidents(open_only=False, limit=100))
    assert [incident.title for incident in everything] == ["disk"]
    assert house.open_titles() == []
    assert len(house.store.read(lambda tx: tx.alarms(9))) == 1
