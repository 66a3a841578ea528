"""Quick silences, muted alerts, flapping keys, and kinds of alerts that a channel has seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.engine.flapping import Flaps
from bot.engine.model import DAY, Condition, Progress
from bot.engine.silence import Silence
from tests.conformance.store.kit import ids
from tests.conformance.store.samples import alert, incident

QUIET = ((Condition(key="severity", oper="IN", vals=("Info",)),),)


def silence(one, **changes):
    return Silence(**{"id": one, "channel": "db", "filter": QUIET, "end": 9_000, "by": "bo", **changes})


def flaps(key, *changes, **more):
    return Flaps(integration="prom", channel="db", alert_key=key, changes=changes, **more)


def test_silences_are_put_replaced_and_dropped(store):
    store.run(lambda tx: [tx.put_silence(silence("b")), tx.put_silence(silence("a"))])
    store.run(lambda tx: tx.put_silence(silence("b", channel="web")))
    store.run(lambda tx: tx.put_silence(silence("b", end=10_000, reason="longer")))
    known = store.read(lambda tx: tx.silences())
    assert known == [silence("a"), silence("b", end=10_000, reason="longer"), silence("b", channel="web")]
    assert store.run(lambda tx: (tx.drop_silence("db", "b"), tx.drop_silence("db", "b"))) == (True, False)
    assert ids(store.read(lambda tx: tx.silences())) == ["a", "b"]


def test_an_alert_is_due_at_the_end_of_its_mute_or_of_its_life(store):
    both = alert("both", resolve_at=6_000, muted="silence:s", muted_until=5_000)
    store.run(lambda tx: tx.put_alerts([both, alert("muted", muted="silence:s", muted_until=7_000)]))
    assert store.read(lambda tx: tx.next_due()) == 5_000
    assert ids(store.read(lambda tx: tx.due_alerts(5_000, 9))) == ["both"]
    assert ids(store.read(lambda tx: tx.due_alerts(7_000, 9))) == ["both", "muted"]


def test_muted_alerts_are_found_by_their_reason_while_they_are_open(store):
    rows = [alert("x", muted="silence:s"), alert("y", muted="silence:t"), alert("c", muted="silence:s", closed_at=2)]
    store.run(lambda tx: tx.put_alerts([*rows, alert("z", muted="silence:s"), alert("plain")]))
    assert ids(store.read(lambda tx: tx.muted_alerts("silence:s", 9))) == ["x", "z"]
    assert ids(store.read(lambda tx: tx.muted_alerts("silence:s", 1))) == ["x"]
    store.run(lambda tx: tx.put_alerts([alert("x"), alert("z", muted="flapping")]))
    assert ids(store.read(lambda tx: tx.muted_alerts("silence:s", 9))) == []
    assert ids(store.read(lambda tx: tx.muted_alerts("flapping", 9))) == ["z"]


def test_alerts_of_a_channel_latest_first(store):
    rows = [alert("old", last_at=1_000), alert("young", last_at=3_000), alert("late", last_at=3_000, integration="zbx")]
    others = [alert("closed", last_at=4_000, closed_at=5_000), alert("there", last_at=4_000, channel="web")]
    store.run(lambda tx: tx.put_alerts(rows + others))
    assert ids(store.read(lambda tx: tx.alerts_in("db", 1_000, 9))) == ["late", "young", "old"]
    assert ids(store.read(lambda tx: tx.alerts_in("db", 1_001, 9))) == ["late", "young"]
    assert ids(store.read(lambda tx: tx.alerts_in("db", 0, 1))) == ["late"]
    assert store.read(lambda tx: tx.alerts(["old", "unknown"])) == {"old": rows[0]}


def test_flaps_are_kept_by_key(store):
    one, other = flaps("k", 1, 2, incident="i"), flaps("\0", 3)
    store.run(lambda tx: tx.put_flaps([one, other]))
    key, missing = ("prom", "db", "k"), ("prom", "web", "k")
    assert store.read(lambda tx: tx.flaps([key, missing])) == {key: one}
    assert store.read(lambda tx: tx.flaps([("prom", "db", "\0")])) == {("prom", "db", "\0"): other}

    def work(tx):
        tx.put_flaps([flaps("k", 1, 2, 3)])
        return tx.flaps([key])

    assert store.run(work) == {key: flaps("k", 1, 2, 3)} == store.read(lambda tx: tx.flaps([key]))


def test_a_kind_is_seen_first_once(store):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda now: store.run(lambda tx: tx.first_seen("db", "f", now)), range(24)))
    assert sum(answers) == 1
    assert store.run(lambda tx: tx.first_seen("web", "f", 1)) is True


def test_what_was_not_seen_for_long_is_forgotten(store):
    seen = lambda one, now: store.run(lambda tx: tx.first_seen("db", one, now))  # noqa: E731
    assert [seen("old", 1_000), seen("again", 1_000), seen("again", 1_000 + DAY)] == [True, True, False]
    store.run(lambda tx: tx.put_flaps([flaps("old", 1_000), flaps("young", 1_000 + DAY)]))
    assert store.run(lambda tx: tx.prune(2_000, 1)) == 1
    assert store.run(lambda tx: tx.prune(2_000, 9)) == 1
    assert store.run(lambda tx: tx.prune(2_000, 9)) == 0
    assert list(store.read(lambda tx: tx.flaps([("prom", "db", "old"), ("prom", "db", "young")]))) == [
        ("prom", "db", "young")
    ]
    assert [seen("old", 2 * DAY), seen("again", 2 * DAY)] == [True, False]


def test_the_newest_incidents_of_a_channel(store):
    rows = [incident(one) for one in "abc"] + [incident("w", channel="web")]
    rows += [incident(one, progress=Progress.CLOSED) for one in "xy"]
    store.run(lambda tx: [tx.put_incident(row, None) for row in rows])
    assert ids(store.read(lambda tx: tx.newest_open("db", 2))) == ["c", "b"]
    assert ids(store.read(lambda tx: tx.newest_closed("db", 9))) == ["y", "x"]
    closed = incident("c", progress=Progress.CLOSED)

    def work(tx):
        tx.put_incident(closed, tx.incidents(["c"])["c"])
        return ids(tx.newest_open("db", 9)), ids(tx.newest_closed("db", 9))

    assert store.run(work) == (["b", "a"], ["y", "x", "c"])
