"""People, permissions, keys seen once, alarms, settings, and what prune deletes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.engine.model import Severity
from bot.store.base import InboxState
from tests.conformance.store.kit import claim_bodies, ids
from tests.conformance.store.samples import alarm, body, identity, incident, token


def test_identities_are_linked_replaced_and_dropped(store):
    store.run(lambda tx: tx.put_identity(identity("U2")))
    store.run(lambda tx: tx.put_identity(identity("U1")))
    store.run(lambda tx: tx.put_identity(identity("U2", member="cy", at=2_000)))
    linked = store.read(lambda tx: tx.identities())
    assert linked == [identity("U1"), identity("U2", member="cy", at=2_000)]
    assert store.run(lambda tx: (tx.drop_identity("slack", "U1"), tx.drop_identity("slack", "U1"))) == (True, False)


def test_a_permission_is_consumed_by_one_caller(store):
    store.run(lambda tx: tx.put_token(token("h", data={"a": "b"}, incident="i")))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda now: store.run(lambda tx: tx.use_token("h", now)), range(1, 25)))
    assert sorted(answers) == [False] * 23 + [True]
    used = store.read(lambda tx: tx.token("h"))
    assert used == token("h", data={"a": "b"}, incident="i", used_at=answers.index(True) + 1)
    store.run(lambda tx: tx.put_token(token("h")))
    assert store.run(lambda tx: tx.use_token("h", 99)) is False
    assert store.read(lambda tx: tx.token("unknown")) is None
    assert store.run(lambda tx: tx.use_token("unknown", 1)) is False


def test_an_expired_permission_is_nobodys(store):
    store.run(lambda tx: tx.put_token(token("h", expires_at=5_000)))
    assert store.run(lambda tx: tx.use_token("h", 5_000)) is False
    assert store.run(lambda tx: tx.use_token("h", 4_999)) is True


def test_a_key_is_first_seen_once(store):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda now: store.run(lambda tx: tx.first_sight("slack", "E1", now)), range(24)))
    assert sum(answers) == 1
    assert store.run(lambda tx: tx.first_sight("telegram", "E1", 1)) is True


def test_alarms_are_kept_newest_first(store):
    store.run(lambda tx: [tx.raise_alarm(alarm(code)) for code in "abc"])
    assert [one.code for one in store.read(lambda tx: tx.alarms(2))] == ["c", "b"]
    assert store.read(lambda tx: tx.alarms(1)) == [alarm("c")]


def test_settings_are_stored_and_replaced(store):
    store.run(lambda tx: tx.put_meta("k", "v"))
    store.run(lambda tx: tx.put_meta("k", "w"))
    assert store.read(lambda tx: (tx.get_meta("k"), tx.get_meta("unknown"))) == ("w", "")


def test_prune_deletes_what_is_over_and_old(store):
    store.run(lambda tx: tx.append_inbox([body(one) for one in ("old", "young", "waiting")]))
    claim_bodies(store, 1_000, limit=2)
    store.run(lambda tx: tx.finish_inbox(["old"], "w1", InboxState.DEAD, "", 2_000))
    store.run(lambda tx: tx.finish_inbox(["young"], "w1", InboxState.DONE, "", 8_000))
    store.run(lambda tx: [tx.first_sight("slack", "old", 2_000), tx.first_sight("slack", "young", 8_000)])
    store.run(lambda tx: [tx.put_token(token(one)) for one in ("old", "young", "unused")])
    store.run(lambda tx: [tx.use_token("old", 2_000), tx.use_token("young", 8_000)])
    store.run(lambda tx: tx.put_token(token("expired", expires_at=2_000)))
    assert store.run(lambda tx: tx.prune(5_000, 2)) == 2
    assert store.run(lambda tx: tx.prune(5_000, 9)) == 2
    assert store.run(lambda tx: tx.prune(5_000, 9)) == 0
    assert ids(store.read(lambda tx: tx.inbox_by_state(InboxState.DEAD, 9))) == []
    assert ids(store.read(lambda tx: tx.inbox_by_state(InboxState.DONE, 9))) == ["young"]
    assert ids(store.read(lambda tx: tx.inbox_by_state(InboxState.WAITING, 9))) == ["waiting"]
    assert [store.run(lambda tx, key=key: tx.first_sight("slack", key, 1)) for key in ("old", "young")] == [True, False]
    left = [store.read(lambda tx, one=one: tx.token(one)) is not None for one in ("old", "young", "unused", "expired")]
    assert left == [False, True, True, False]


def test_values_survive_the_store(store):
    severe = incident("a", severity=Severity.WARNING, labels={"a": "\0é"}, frozen=("title",), snoozed_until=7)
    store.run(lambda tx: tx.put_incident(severe, None))
    assert store.read(lambda tx: tx.incidents(["a"])["a"]) == severe
