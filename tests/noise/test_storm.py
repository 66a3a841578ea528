"""Ten thousand alerts in a minute: incidents stay within their limit, and the outbox within what people can read."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace

import pytest

from bot.cards.build.incident import incident_card
from bot.cards.build.view import View
from bot.clock import Ids, VirtualClock
from bot.engine.effects import Kind, Reason
from bot.engine.grouping import ALERTS_MAX, ALONE, Grouping
from bot.engine.inhibition import Inhibition
from bot.engine.model import Condition, Event, EventStatus, Severity
from bot.engine.silence import Silence
from bot.service import Service
from bot.store.base import Lane
from tests.conformance.store.kit import LEASE, STORES
from tests.scenarios.company import company
from tests.scenarios.story import changed
from tests.sim.world import instant

COUNT = 10_000
BODY = 50
"""Events that one request of a monitoring system brings."""
START = instant("2026-03-03T02:00")


class Night:
    """The service over a store, and a storm that blows into it."""

    def __init__(self, store, world):
        self.store = store
        self.world = world
        self.clock = VirtualClock(START)
        self.service = Service(lambda: self.world, self.clock, Ids(seed=1))
        self.feed = world.integrations["scripts"]

    def blow(self, count=COUNT, *, status=EventStatus.TRIGGER):
        for first in range(0, count, BODY):
            self.clock.set(START + first * 60_000 // count)
            events = [event(number, self.clock.now(), status) for number in range(first, first + BODY)]
            self.store.run(lambda tx, events=events: self.service.absorb(tx, self.feed, events))

    def incidents(self):
        return self.store.read(lambda tx: tx.list_incidents(open_only=False, limit=COUNT))

    def rows(self):
        ids = [one.id for one in self.incidents()]
        return self.store.read(lambda tx: [row for one in ids for row in tx.deliveries_of(one)])


def event(number, at, status):
    return Event(
        alert_key=f"host-{number}", status=status, severity=Severity.CRITICAL, at=at,
        title=f"Host web-{number} is unreachable", description=f"No answer from 10.0.{number % 256}.{number // 256}",
        labels={"service": "web", "host": f"web-{number}"},
    )  # fmt: skip


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    store = STORES[request.param](tmp_path)
    yield store
    store.close()


GROUPINGS = {
    "rules": Grouping(method="rules", by=("labels.service",)),
    "similar": Grouping(method="similar", fields=("title", "description")),
}


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_a_storm_in_one_channel(store, grouping):
    night = Night(store, changed(company(), "ops", grouping=GROUPINGS[grouping], storm=(100, 1000)))
    before = time.perf_counter()
    night.blow()
    took = time.perf_counter() - before
    incidents = night.incidents()
    assert sorted(one.alerts_total for one in incidents) == [ALERTS_MAX, ALERTS_MAX]
    assert {row.lane for row in night.rows()} == {Lane.PAGE, Lane.CARD}
    # The first page and two thresholds for each incident, and its card in two chats: five rows, whatever the storm.
    assert len(night.rows()) == 2 * 5
    assert all(len(store.read(lambda tx, one=one: tx.timeline(one.id, 9_999))) <= ALERTS_MAX + 50 for one in incidents)
    assert all(len(one.watches) <= 3 and len(one.responders) <= 3 for one in incidents)
    print(f"{COUNT} alerts in {took:.1f} s")
    assert took < 60, "a storm of a minute is worked off within that minute"


def test_a_storm_that_nothing_groups_is_counted_in_digests(store):
    """Twenty incidents of their own, then digests of at most 5,000: every alert is in one, the outbox bounded."""
    night = Night(store, changed(company(), "ops", grouping=ALONE))
    before = time.perf_counter()
    night.blow()
    took = time.perf_counter() - before
    incidents = night.incidents()
    alone = [one for one in incidents if not one.digest]
    counted = [one for one in incidents if one.digest]
    assert (len(alone), {one.alerts_total for one in alone}) == (20, {1})
    assert sum(one.alerts_total for one in counted) == COUNT - 20, "the digests count every alert that was not told"
    assert sorted(one.alerts_total for one in counted) == [COUNT - 20 - ALERTS_MAX, ALERTS_MAX]
    # A page and two cards each; the digests page again at 100 and at 1,000 alerts.
    assert len(night.rows()) == (20 + 2) * 3 + 2 * 2
    for one in counted:
        entries = store.read(lambda tx, one=one: tx.timeline(one.id, 9_999))
        joined = sum(entry.kind is Kind.ALERT_MERGE and entry.reason is Reason.DIGEST for entry in entries)
        assert joined == one.alerts_total - 1, "the timeline names each page that was left out"
    card = incident_card(View(
        incident=counted[-1], world=night.world, now=night.clock.now(), key=b"k",
    ))  # fmt: skip
    assert card.title.startswith(f"Alert storm: {counted[-1].alerts_total} alerts, the first: Host web-")
    print(f"{COUNT} alerts in {took:.1f} s")


def test_the_queue_stays_short_while_nothing_is_sent(store):
    """Cards coalesce: a card that is shown and wanted anew is one row, however often the incident changes."""
    night = Night(store, changed(company(), "ops", grouping=GROUPINGS["rules"]))
    night.blow(500)
    claimed = store.run(lambda tx: tx.claim_deliveries(night.clock.now(), 99, LEASE, "w", tuple(Lane)))
    assert len(claimed) == 3
    night.blow(500, status=EventStatus.OK)
    (incident,) = night.incidents()
    assert incident.closed_at is not None
    assert len(night.rows()) == 3


def test_memory_does_not_grow_with_the_storm(tmp_path):
    store = STORES["sqlite"](tmp_path)
    night = Night(store, changed(company(), "ops", grouping=GROUPINGS["rules"]))
    night.blow(1_000)
    tracemalloc.start()
    night.blow(2_000)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert kept < 4_000_000, "nothing of a storm stays in memory"
    assert peak < 40_000_000


def test_a_silenced_storm_queues_nothing_and_is_counted(store):
    hosts = ((Condition(key="title", oper="IN", vals=("Host *",)),),)
    quiet = Silence(id="s", channel="ops", filter=hosts, end=START + 3_600_000)
    night = Night(store, replace(company(), silences={"ops": (quiet,)}))
    night.blow(2_000)
    assert night.incidents() == []
    assert len(store.read(lambda tx: tx.muted_alerts("silence:s", COUNT))) == 2_000


def test_an_inhibited_storm_looks_at_no_more_than_a_thousand_alerts(store):
    host = ((Condition(key="title", oper="IN", vals=("Host *",)),),)
    switch = ((Condition(key="title", oper="IN", vals=("Switch*",)),),)
    night = Night(store, changed(company(), "ops", inhibitions=(Inhibition(id="i", source=switch, target=host),)))
    down = replace(event(0, START, EventStatus.TRIGGER), alert_key="switch", title="Switch down")
    store.run(lambda tx: night.service.absorb(tx, night.feed, [down]))
    night.blow(500)
    assert len(night.incidents()) == 1
    assert len(store.read(lambda tx: tx.muted_alerts("inhibit:i", COUNT))) == 500
