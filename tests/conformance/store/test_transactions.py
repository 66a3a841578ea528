"""One commit for one work or for a group: what raised leaves nothing behind, and a read never writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import Progress
from bot.store.base import DeliveryState, InboxState, Lane, StaleRevision
from tests.conformance.store.kit import claim_deliveries, ids
from tests.conformance.store.samples import alert, body, entry, incident, page


def test_a_work_that_raises_leaves_nothing_behind(store):
    def work(tx):
        tx.put_incident(incident("a"), None)
        tx.put_alerts([alert("x")])
        tx.append_timeline("a", [entry()])
        tx.enqueue([page("p")])
        tx.append_inbox([body("b")])
        tx.put_meta("k", "v")
        tx.next_num()
        raise LookupError("half-way")

    with pytest.raises(LookupError, match="half-way"):
        store.run(work)
    assert store.read(lambda tx: tx.incidents(["a"])) == {}
    assert store.read(lambda tx: tx.open_alerts([("prom", "x")])) == {}
    assert store.read(lambda tx: tx.timeline("a")) == []
    assert store.read(lambda tx: tx.deliveries_of("i")) == []
    assert store.read(lambda tx: tx.inbox_by_state(InboxState.WAITING, 9)) == []
    assert store.read(lambda tx: tx.get_meta("k")) == ""
    assert store.run(lambda tx: tx.next_num()) == 1


def test_a_group_keeps_what_succeeded_and_undoes_what_raised_alone(store):
    def fails(tx):
        tx.put_incident(incident("bad"), None)
        tx.enqueue([page("bad")])
        raise LookupError("its own fault")

    def good(one):
        return lambda tx: (tx.put_incident(incident(one), None), tx.enqueue([page(one)]), one)[-1]

    first, failed, last = store.run_all([good("a"), fails, good("b")])
    assert (first, last) == ("a", "b")
    assert isinstance(failed, LookupError)
    assert set(store.read(lambda tx: tx.incidents(["a", "bad", "b"]))) == {"a", "b"}
    assert ids(store.read(lambda tx: tx.deliveries_of("i"))) == ["a", "b"]


def test_a_work_sees_what_an_earlier_one_of_its_group_wrote(store):
    opened = incident("a")
    closed = replace(opened, progress=Progress.CLOSED)
    results = store.run_all(
        [
            lambda tx: tx.put_incident(opened, None),
            lambda tx: tx.put_incident(closed, tx.incidents(["a"])["a"]),
            lambda tx: tx.incidents(["a"])["a"],
        ]
    )
    assert results == [None, None, closed]


def test_a_stale_work_of_a_group_fails_alone_and_at_its_place(store):
    opened = incident("a")
    results = store.run_all(
        [
            lambda tx: tx.put_incident(opened, None),
            lambda tx: tx.put_incident(opened, None),
            lambda tx: sorted(tx.incidents(["a"])),
        ]
    )
    assert results[0] is None
    assert isinstance(results[1], StaleRevision)
    assert results[2] == ["a"]


def test_an_empty_group_is_fine(store):
    assert store.run_all([]) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.put_incident(incident("a"), None),
        lambda tx: tx.put_alerts([alert("a")]),
        lambda tx: tx.append_timeline("a", [entry()]),
        lambda tx: tx.enqueue([page("a")]),
        lambda tx: tx.next_num(),
        lambda tx: tx.put_meta("k", "v"),
    ],
)
def test_a_read_cannot_write(store, write):
    with pytest.raises(RuntimeError, match="Give it to `run`"):
        store.read(write)
    assert store.read(lambda tx: (tx.incidents(["a"]), tx.timeline("a"), tx.get_meta("k"))) == ({}, [], "")


def test_a_transaction_reads_its_own_writes(store):
    def work(tx):
        first = incident("a", next_wake=5_000)
        tx.put_incident(first, None)
        tx.append_timeline("a", [entry(at=1), entry(at=2)])
        tx.put_alerts([alert("x", incident="a", resolve_at=7_000)])
        assert tx.incidents(["a", "b"]) == {"a": first}
        assert tx.open_incidents([("db", "a")]) == {("db", "a"): first}
        assert tx.incident_by_num(1) == first
        assert tx.list_incidents(open_only=True, limit=9) == [first]
        assert tx.due_incidents(5_000, 9) == [first]
        assert tx.next_due() == 5_000
        assert [line.at for line in tx.timeline("a")] == [1, 2]
        assert ids(tx.alerts_of("a", 9)) == ["x"]
        assert ids(tx.due_alerts(7_000, 9)) == ["x"]
        second = replace(first, progress=Progress.CLOSED, next_wake=None)
        tx.put_incident(second, first)
        tx.close_alerts("a", 9)
        assert tx.open_incidents([("db", "a")]) == {}
        assert tx.due_incidents(5_000, 9) == []
        assert tx.open_alerts([("prom", "x")]) == {}
        assert tx.next_due() is None

    store.run(work)


@pytest.mark.parametrize("lane", Lane)
def test_a_delivery_of_any_lane_is_due(store, lane):
    store.run(lambda tx: tx.enqueue([page("p", lane=lane, due_at=4_000)]))
    assert store.read(lambda tx: tx.next_due()) == 4_000


def test_the_earliest_of_all_is_due_next(store):
    assert store.read(lambda tx: tx.next_due()) is None
    store.run(lambda tx: tx.put_incident(incident("a", next_wake=6_000), None))
    assert store.read(lambda tx: tx.next_due()) == 6_000
    store.run(lambda tx: tx.append_inbox([body("b", received_at=3_000)]))
    store.run(lambda tx: tx.enqueue([page("p", due_at=2_000), page("q", due_at=1, state=DeliveryState.SENT)]))
    assert store.read(lambda tx: tx.next_due()) == 2_000
    claim_deliveries(store, 2_000)
    assert store.read(lambda tx: tx.next_due()) == 3_000
