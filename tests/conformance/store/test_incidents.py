"""Alerts, incidents and timelines, and what may be open only once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import Progress, Responder
from bot.store.base import StaleRevision
from tests.conformance.store.kit import ids
from tests.conformance.store.samples import alert, entry, incident


def test_an_alert_is_open_until_it_is_closed(store):
    store.run(lambda tx: tx.put_alerts([alert("x"), alert("y")]))
    store.run(lambda tx: tx.put_alerts([alert("x", closed_at=5_000)]))
    keys = [("prom", "x"), ("prom", "y"), ("prom", "z")]
    assert set(store.read(lambda tx: tx.open_alerts(keys))) == {("prom", "db", "y")}
    assert ids(store.read(lambda tx: tx.alerts_of("i", 9))) == ["x", "y"]


def test_one_key_has_one_open_alert(store):
    store.run(lambda tx: tx.put_alerts([alert("x", alert_key="k")]))
    with pytest.raises(StaleRevision):
        store.run(lambda tx: tx.put_alerts([alert("y", alert_key="k")]))
    successor = [alert("x", alert_key="k", closed_at=5_000), alert("y", alert_key="k")]
    store.run(lambda tx: tx.put_alerts(successor))
    assert ids(store.read(lambda tx: tx.open_alerts([("prom", "k")])).values()) == ["y"]


def test_a_key_changes_hands_within_one_work(store):
    """Also when the successor was saved first: the database sees the key free before it is taken."""
    store.run(lambda tx: tx.put_alerts([alert("x", alert_key="k")]))
    over, closed, reopened = (alert(one, alert_key="k", closed_at=at) for one, at in (("y", 1), ("x", 2), ("y", None)))
    store.run(lambda tx: tx.put_alerts([over, closed, reopened]))
    assert store.read(lambda tx: tx.open_alerts([("prom", "k")])) == {("prom", "db", "k"): reopened}


def test_a_key_is_open_once_in_each_channel(store):
    here, there = alert("x", alert_key="k"), alert("y", alert_key="k", channel="web")
    store.run(lambda tx: tx.put_alerts([here]))
    store.run(lambda tx: tx.put_alerts([there]))
    slots = {("prom", "db", "k"): here, ("prom", "web", "k"): there}
    assert store.read(lambda tx: tx.open_alerts([("prom", "k"), ("other", "k")])) == slots

    def recovered_there(tx):
        tx.put_alerts([alert("y", alert_key="k", channel="web", closed_at=5)])
        return tx.open_alerts([("prom", "k")])

    assert store.run(recovered_there) == {("prom", "db", "k"): here}
    with pytest.raises(StaleRevision):
        store.run(lambda tx: tx.put_alerts([alert("z", alert_key="k")]))
    store.run(lambda tx: tx.put_alerts([alert("z", alert_key="k", channel="web")]))


def test_active_alerts_are_open_and_were_heard_of_lately(store):
    rows = [alert("x", last_at=1_000), alert("y", last_at=3_000), alert("z", last_at=2_000, channel="web")]
    gone = [alert("c", last_at=4_000, closed_at=4_000), alert("o", last_at=4_000, integration="other")]
    store.run(lambda tx: tx.put_alerts([*rows, *gone]))
    assert ids(store.read(lambda tx: tx.active_alerts("prom", 2_000, 9))) == ["y", "z"]
    assert ids(store.read(lambda tx: tx.active_alerts("prom", 0, 2))) == ["y", "z"]

    def heard_again(tx):
        tx.put_alerts([alert("x", last_at=5_000)])
        return tx.active_alerts("prom", 2_000, 9)

    assert ids(store.run(heard_again)) == ["x", "y", "z"]


def test_alerts_of_the_same_work_are_closed_too(store):
    def work(tx):
        tx.put_alerts([alert("x"), alert("y")])
        tx.close_alerts("i", 5_000)

    store.run(work)
    assert [one.closed_at for one in store.read(lambda tx: tx.alerts_of("i", 9))] == [5_000, 5_000]


def test_a_key_may_hold_any_text(store):
    odd = [alert(str(n), alert_key=key) for n, key in enumerate(["a'\"[]", "\0", "a\0b", "é💥", "", "a\nb"])]
    store.run(lambda tx: tx.put_alerts(odd))
    keys = [("prom", one.alert_key) for one in odd]
    slots = [("prom", "db", one.alert_key) for one in odd]
    assert store.read(lambda tx: tx.open_alerts(keys)) == dict(zip(slots, odd, strict=True))


def test_closing_an_incident_closes_its_alerts_only(store):
    store.run(lambda tx: tx.put_alerts([alert("x"), alert("y", closed_at=2_000), alert("z", incident="other")]))
    store.run(lambda tx: tx.close_alerts("i", 5_000))
    assert [one.closed_at for one in store.read(lambda tx: tx.alerts_of("i", 9))] == [5_000, 2_000]
    assert [one.closed_at for one in store.read(lambda tx: tx.alerts_of("other", 9))] == [None]


def test_alerts_with_an_end_are_found_when_it_has_come(store):
    late, early = alert("x", resolve_at=6_000), alert("y", resolve_at=5_000)
    store.run(lambda tx: tx.put_alerts([late, early, alert("z"), alert("c", resolve_at=1, closed_at=2)]))
    assert store.read(lambda tx: tx.next_due()) == 5_000
    assert ids(store.read(lambda tx: tx.due_alerts(4_999, 9))) == []
    assert ids(store.read(lambda tx: tx.due_alerts(6_000, 9))) == ["y", "x"]
    assert ids(store.read(lambda tx: tx.due_alerts(6_000, 1))) == ["y"]


def test_an_incident_is_saved_only_over_what_it_was_loaded_as(store):
    """`rev` counts what a card shows; a change that no card shows must be noticed all the same."""
    first = incident("a")
    store.run(lambda tx: tx.put_incident(first, None))
    loaded = store.read(lambda tx: tx.incidents(["a"])["a"])
    hidden = replace(loaded, next_wake=9_000)
    store.run(lambda tx: tx.put_incident(hidden, loaded))
    assert hidden.rev == loaded.rev
    for before in (loaded, None, incident("a", num=2)):
        with pytest.raises(StaleRevision):
            store.run(lambda tx, before=before: tx.put_incident(replace(loaded, title="lost"), before))
    assert store.read(lambda tx: tx.incidents(["a"])) == {"a": hidden}


def test_an_incident_that_is_not_there_cannot_be_replaced(store):
    with pytest.raises(StaleRevision):
        store.run(lambda tx: tx.put_incident(incident("a"), incident("a")))


def test_a_group_has_one_incident_that_is_not_closed(store):
    first = incident("a", group_key="g")
    store.run(lambda tx: tx.put_incident(first, None))
    with pytest.raises(StaleRevision, match="group 'g'"):
        store.run(lambda tx: tx.put_incident(incident("b", group_key="g"), None))
    store.run(lambda tx: tx.put_incident(incident("b", group_key="g", channel="web"), None))
    closed = replace(first, progress=Progress.CLOSED)

    def succeed(tx):
        tx.put_incident(closed, first)
        tx.put_incident(incident("c", group_key="g"), None)

    store.run(succeed)
    with pytest.raises(StaleRevision):
        store.run(lambda tx: tx.put_incident(first, closed))
    assert store.read(lambda tx: tx.open_incidents([("db", "g")])[("db", "g")].id) == "c"


def test_a_group_changes_hands_within_one_work(store):
    """Also when the successor was saved first: the database sees the group free before it is taken."""
    first, second = incident("a", group_key="g"), incident("b", group_key="h")
    store.run(lambda tx: tx.put_incident(first, None))

    def work(tx):
        tx.put_incident(second, None)
        tx.put_incident(replace(first, progress=Progress.CLOSED), first)
        tx.put_incident(replace(second, group_key="g"), second)

    store.run(work)
    assert store.read(lambda tx: ids(tx.open_incidents([("db", "g"), ("db", "h")]).values())) == ["b"]


def test_a_refused_incident_does_not_confuse_the_rest_of_its_work(store):
    one, other = incident("a", group_key="g"), incident("b", group_key="h")

    def work(tx):
        tx.put_incident(one, None)
        tx.put_incident(other, None)
        with pytest.raises(StaleRevision):
            tx.put_incident(replace(other, group_key="g"), other)
        return tx.open_incidents([("db", "g"), ("db", "h")])

    assert store.run(work) == {("db", "g"): one, ("db", "h"): other}
    assert store.read(lambda tx: tx.incidents(["b"])) == {"b": other}


def test_incidents_opened_by_hand_belong_to_no_group(store):
    store.run(lambda tx: tx.put_incident(incident("a", group_key=""), None))
    store.run(lambda tx: tx.put_incident(incident("b", group_key=""), None))
    assert store.read(lambda tx: tx.open_incidents([("db", "")])) == {}


def test_incidents_are_listed_newest_first(store):
    bo = Responder(member="bo", since=1, how="level")
    rows = [
        incident("a", responders=(bo,)),
        incident("b", channel="web", responders=(replace(bo, member="bobby"), replace(bo, member="BO"))),
        incident("c", progress=Progress.CLOSED, responders=(bo,)),
        incident("d", responders=(replace(bo, member="cy"), bo)),
    ]
    for row in rows:
        store.run(lambda tx, row=row: tx.put_incident(row, None))

    def listed(**asked):
        return "".join(ids(store.read(lambda tx: tx.list_incidents(**{"open_only": False, "limit": 9, **asked}))))

    assert listed() == "dcba"
    assert listed(open_only=True) == "dba"
    assert listed(limit=2) == "dc"
    assert listed(channel="db") == "dca"
    assert listed(responder="bo") == "dca"
    assert listed(responder="bo", open_only=True, channel="db", limit=1) == "d"
    assert listed(responder="b") == ""


def test_the_newest_incident_has_the_number(store):
    store.run(lambda tx: tx.put_incident(incident("a", num=7), None))
    store.run(lambda tx: tx.put_incident(incident("b", num=7), None))
    assert store.read(lambda tx: tx.incident_by_num(7).id) == "b"
    assert store.read(lambda tx: tx.incident_by_num(8)) is None


def test_incidents_wake_in_order(store):
    store.run(lambda tx: tx.put_incident(incident("a", next_wake=6_000), None))
    store.run(lambda tx: tx.put_incident(incident("b", next_wake=5_000), None))
    store.run(lambda tx: tx.put_incident(incident("c"), None))
    assert store.read(lambda tx: tx.due_incidents(4_999, 9)) == []
    assert ids(store.read(lambda tx: tx.due_incidents(6_000, 9))) == ["b", "a"]
    assert ids(store.read(lambda tx: tx.due_incidents(6_000, 1))) == ["b"]


def test_numbers_count_from_one(store):
    assert store.run(lambda tx: [tx.next_num(), tx.next_num()]) == [1, 2]
    assert store.run(lambda tx: tx.next_num()) == 3


def test_the_timeline_keeps_its_order_and_every_word(store):
    lines = [entry(at=5, facts={"a": "b"}, level=2), entry(at=3, actor="bo"), entry(at=5)]
    store.run(lambda tx: tx.append_timeline("a", lines[:2]))
    store.run(lambda tx: tx.append_timeline("b", [entry()]))
    store.run(lambda tx: tx.append_timeline("a", lines[2:]))
    assert store.read(lambda tx: tx.timeline("a")) == lines
    assert store.read(lambda tx: tx.timeline("a", limit=3)) == lines
    assert store.read(lambda tx: tx.timeline("a", limit=2)) == [lines[0], lines[2]], "the first, and the latest"
