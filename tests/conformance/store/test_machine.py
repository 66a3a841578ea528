"""Memory and SQLite are told the same story, drawn at random, and must agree on every answer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.engine.model import Progress, Responder
from bot.store.base import DeliveryState, InboxState, Lane, StaleRevision
from tests.conformance.store.kit import memory_store, sqlite_store
from tests.conformance.store.samples import alarm, alert, body, entry, identity, incident, page, token

few = st.sampled_from("abc")
channels = st.sampled_from(["db", "web"])
times = st.integers(1, 40)
maybe_times = times | st.none()
tokens = st.sampled_from(["", "w1", "w2"])
carriers = st.sampled_from(["slack", "sms"])
limits = st.integers(1, 3)


class BothStores(RuleBasedStateMachine):
    """Each rule is one or two works; `self.both` runs them on each store and compares results and exceptions."""

    @initialize()
    def open(self):
        self.folder = Path(mkdtemp(prefix="tocsin-machine-"))
        self.stores = (memory_store(self.folder), sqlite_store(self.folder))
        self.made = 0

    def teardown(self):
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    def both(self, *works):
        memory, sqlite = (self.outcomes(store, works) for store in self.stores)
        assert memory == sqlite
        return memory[0]

    @staticmethod
    def outcomes(store, works):
        if len(works) > 1:
            results = store.run_all(works)
        else:
            try:
                results = [store.run(works[0])]
            except (StaleRevision, LookupError) as error:
                results = [error]
        return [f"{type(one).__name__}: {one}" if isinstance(one, Exception) else one for one in results]

    def new_id(self, kind):
        self.made += 1
        return f"{kind}{self.made}"

    # -- inbox

    @rule(at=times, count=limits)
    def append(self, at, count):
        rows = [body(self.new_id("b"), received_at=at) for _ in range(count)]
        self.both(lambda tx: tx.append_inbox(rows))

    @rule(now=times, limit=limits, lease=times, held=tokens)
    def claim_bodies(self, now, limit, lease, held):
        self.both(lambda tx: tx.claim_inbox(now, limit, lease, held))

    @rule(
        held=tokens,
        now=times,
        state=st.sampled_from([InboxState.DONE, InboxState.DEAD]),
        picked=st.sets(st.integers(1, 30)),
    )
    def finish(self, held, now, state, picked):
        ids = [f"b{n}" for n in picked]
        self.both(lambda tx: tx.finish_inbox(ids, held, state, "why", now))

    @rule(held=tokens, due=times, picked=st.sets(st.integers(1, 30)))
    def release_or_revive(self, held, due, picked):
        ids = [f"b{n}" for n in picked]
        self.both(lambda tx: tx.release_inbox(ids, held, due), lambda tx: tx.revive_inbox(ids, due))

    # -- alerts

    @rule(
        one=few, key=few, channel=channels, closed=maybe_times, resolve=maybe_times, owner=few, first=times, last=times
    )
    def put_alert(self, one, key, channel, closed, resolve, owner, first, last):
        times_of = {"closed_at": closed, "resolve_at": resolve, "first_at": first, "last_at": last}
        row = alert(one + key + channel, alert_key=key, channel=channel, incident=owner, **times_of)
        self.both(lambda tx: tx.put_alerts([row]))

    @rule(key=few, channel=channels)
    def hand_over_a_key(self, key, channel):
        successor = alert(self.new_id("s"), alert_key=key, channel=channel)

        def work(tx):
            held = tx.open_alerts([("prom", key)])
            tx.put_alerts([*(replace(old, closed_at=7) for old in held.values()), successor])
            return held

        self.both(work)

    @rule(owner=few, now=times)
    def close_alerts(self, owner, now):
        self.both(lambda tx: tx.close_alerts(owner, now))

    # -- incidents

    @rule(group=st.sampled_from(["", "g", "h"]), wake=maybe_times, num=st.integers(1, 3), member=few)
    def open_incident(self, group, wake, num, member):
        people = (Responder(member=member, since=1, how="level"),)
        row = incident(self.new_id("i"), group_key=group, next_wake=wake, num=num, responders=people)
        self.both(lambda tx: tx.put_incident(row, None))

    @rule(
        picked=st.integers(1, 30),
        progress=st.sampled_from(Progress),
        group=st.sampled_from(["", "g", "h"]),
        wake=maybe_times,
        stale=st.booleans(),
    )
    def change_incident(self, picked, progress, group, wake, stale):
        def work(tx):
            known = tx.incidents([f"i{picked}"]).get(f"i{picked}")
            if known is None:
                return None
            before = replace(known, title="never stored") if stale else known
            tx.put_incident(replace(known, progress=progress, group_key=group, next_wake=wake), before)
            return tx.open_incidents([("db", "g"), ("db", "h"), ("db", "")])

        self.both(work)

    @rule(group=st.sampled_from(["g", "h"]), raises=st.booleans())
    def succeed_in_a_group(self, group, raises):
        """Close whoever holds the group and open another in the same work; maybe all for nothing."""
        successor = incident(self.new_id("i"), group_key=group)

        def work(tx):
            for held in tx.open_incidents([("db", group)]).values():
                tx.put_incident(replace(held, progress=Progress.CLOSED), held)
            tx.put_incident(successor, None)
            tx.append_timeline(successor.id, [entry()])
            tx.enqueue([page(successor.id, incident="a")])
            if raises:
                raise LookupError(tx.next_num())
            return tx.next_num()

        self.both(work, lambda tx: tx.open_incidents([("db", group)]))

    @rule(owner=few, at=times)
    def append_timeline(self, owner, at):
        self.both(lambda tx: tx.append_timeline(owner, [entry(at=at), entry(at=at + 1)]))

    # -- deliveries

    @rule(key=st.integers(1, 12), lane=st.sampled_from(Lane), due=times, owner=few, carrier=carriers, cycle=limits)
    def enqueue(self, key, lane, due, owner, carrier, cycle):
        one = self.new_id("d")
        row = page(one, key=str(key), lane=lane, due_at=due, incident=owner, carrier=carrier, cycle=cycle, ref=owner)
        self.both(lambda tx: tx.enqueue([row]))

    @rule(
        now=times,
        lease=st.integers(0, 10),
        held=st.sampled_from(["w1", "w2"]),
        state=st.sampled_from(DeliveryState),
        rev=st.integers(0, 3),
        wanted=st.integers(0, 4),
        lanes=st.sets(st.sampled_from(Lane), min_size=1),
    )
    def send(self, now, lease, held, state, rev, wanted, lanes):
        """Claim, let somebody want newer cards meanwhile, and settle; a slow worker lets another one claim first."""
        rows = self.both(lambda tx: tx.claim_deliveries(now, 3, lease, held, lanes))
        for row in rows:
            self.both(lambda tx, row=row: tx.want_cards(row.incident, wanted, now))
        if lease == 0:
            self.both(lambda tx: tx.claim_deliveries(now, 2, 5, "w3", lanes))
        settled = [replace(row, state=state, ref=f"r{row.id}", shown_rev=rev, provider_id="P") for row in rows]
        self.both(lambda tx: tx.settle(settled, held))

    @rule(owner=few, rev=st.integers(0, 5), now=times, cycle=limits)
    def change_wishes(self, owner, rev, now, cycle):
        self.both(lambda tx: tx.want_cards(owner, rev, now), lambda tx: tx.withdraw_pages(owner, cycle))

    @rule(carrier=carriers, state=st.sampled_from(DeliveryState))
    def receive_receipt(self, carrier, state):
        def work(tx):
            row = tx.delivery_by_provider(carrier, "P")
            return row and (row, tx.put_receipt(row.id, state, "why"), tx.delivery_by_ref(carrier, row.ref))

        self.both(work)

    # -- the rest

    @rule(key=few, now=times, expires=st.integers(0, 40))
    def once_only(self, key, now, expires):
        self.both(
            lambda tx: tx.first_sight("slack", key, now),
            lambda tx: tx.put_token(token(key, expires_at=expires)),
            lambda tx: tx.use_token(key, now),
            lambda tx: tx.token(key),
        )

    @rule(user=few, at=times)
    def link(self, user, at):
        self.both(lambda tx: tx.put_identity(identity(user, at=at)), lambda tx: tx.drop_identity("slack", "a"))

    @rule(code=few, at=times)
    def small_things(self, code, at):
        self.both(lambda tx: tx.raise_alarm(alarm(code, at)), lambda tx: tx.put_meta(code, str(at)))

    @rule(before=times, limit=limits)
    def prune(self, before, limit):
        self.both(lambda tx: tx.prune(before, limit))

    @invariant()
    def everything_that_can_be_read_is_the_same(self):
        memory, sqlite = (store.read(everything) for store in self.stores)
        assert memory == sqlite


def everything(tx):
    """All that a store can be asked."""
    return {
        "inbox": [tx.inbox_by_state(state, 99) for state in InboxState],
        "incidents": [tx.list_incidents(open_only=open_only, limit=99) for open_only in (True, False)],
        "asked": [tx.list_incidents(open_only=False, limit=2, channel="db", responder=member) for member in "ab"],
        "groups": tx.open_incidents([("db", "g"), ("db", "h")]),
        "nums": [tx.incident_by_num(num) for num in (1, 2, 3)],
        "waking": tx.due_incidents(20, 3),
        "alerts": [tx.alerts_of(owner, 99) for owner in "abci"],
        "keys": tx.open_alerts([("prom", key) for key in "abc"]),
        "active": tx.active_alerts("prom", 5, 3),
        "resolving": tx.due_alerts(20, 3),
        "timeline": [tx.timeline(owner, 9) for owner in "abc"],
        "deliveries": [tx.deliveries_of(owner) for owner in "abc"],
        "next": tx.next_due(),
        "people": tx.identities(),
        "alarms": tx.alarms(3),
        "settings": [tx.get_meta(key) for key in ("a", "b", "last_num")],
    }


TestBothStores = BothStores.TestCase
TestBothStores.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
