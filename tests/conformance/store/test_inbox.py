"""Raw bodies wait in the order in which they came, leased to whoever reads them."""

from __future__ import annotations

from dataclasses import replace

from bot.store.base import InboxState
from tests.conformance.store.kit import LEASE, claim_bodies, ids
from tests.conformance.store.samples import body


def test_bodies_are_claimed_in_the_order_in_which_they_came(store):
    store.run(lambda tx: tx.append_inbox([body("late", received_at=2_000), body("early", received_at=1_000)]))
    store.run(lambda tx: tx.append_inbox([body("last", received_at=1_500, integration="mail")]))
    assert ids(claim_bodies(store, 3_000, limit=2)) == ["late", "early"]
    assert ids(claim_bodies(store, 3_000)) == ["last"]


def test_a_claimed_body_comes_back_as_it_was(store):
    original = body("b", body=b"\x00\xff", headers={"x": "é"}, path="/in/x?y=1")
    store.run(lambda tx: tx.append_inbox([original]))
    assert claim_bodies(store, 1_000) == [replace(original, attempts=1, token="w1")]


def test_a_dead_workers_bodies_are_due_again_after_the_lease(store):
    store.run(lambda tx: tx.append_inbox([body("b")]))
    claim_bodies(store, 1_000)
    assert claim_bodies(store, 1_000 + LEASE - 1, "w2") == []
    (again,) = claim_bodies(store, 1_000 + LEASE, "w2")
    assert (again.attempts, again.token) == (2, "w2")


def test_a_lost_lease_settles_no_body(store):
    store.run(lambda tx: tx.append_inbox([body("b")]))
    claim_bodies(store, 1_000)
    claim_bodies(store, 1_000 + LEASE, "w2")
    store.run(lambda tx: tx.release_inbox(["b"], "w1", 0))
    assert claim_bodies(store, 1_000 + LEASE, "w3") == []
    assert store.run(lambda tx: tx.finish_inbox(["b"], "w1", InboxState.DONE, "", 1)) == 0
    assert store.run(lambda tx: tx.finish_inbox(["b"], "", InboxState.DONE, "", 1)) == 0
    assert store.run(lambda tx: tx.finish_inbox(["b"], "w2", InboxState.DONE, "", 1)) == 1
    assert store.run(lambda tx: tx.finish_inbox(["b"], "w2", InboxState.DONE, "", 1)) == 0


def test_nobody_holds_a_body_that_was_never_claimed(store):
    store.run(lambda tx: tx.append_inbox([body("b")]))
    assert store.run(lambda tx: tx.finish_inbox(["b"], "", InboxState.DONE, "", 1)) == 0


def test_a_released_body_waits_until_it_is_due(store):
    store.run(lambda tx: tx.append_inbox([body("b")]))
    claim_bodies(store, 1_000)
    store.run(lambda tx: tx.release_inbox(["b"], "w1", 5_000))
    assert store.read(lambda tx: tx.next_due()) == 5_000
    assert claim_bodies(store, 4_999) == []
    assert ids(claim_bodies(store, 5_000)) == ["b"]


def test_a_dead_letter_can_be_revived(store):
    store.run(lambda tx: tx.append_inbox([body("b"), body("c")]))
    claim_bodies(store, 1_000)
    store.run(lambda tx: tx.finish_inbox(["b"], "w1", InboxState.DEAD, "not JSON", 1_000))
    store.run(lambda tx: tx.finish_inbox(["c"], "w1", InboxState.DONE, "", 1_000))
    assert ids(store.read(lambda tx: tx.inbox_by_state(InboxState.DEAD, 9))) == ["b"]
    assert store.run(lambda tx: tx.revive_inbox(["b", "c"], 2_000)) == 1
    (again,) = claim_bodies(store, 2_000)
    assert (again.id, again.attempts) == ("b", 1)


def test_no_body_overtakes_an_earlier_one_of_its_integration(store):
    store.run(lambda tx: tx.append_inbox([body("trigger"), body("other", integration="mail")]))
    assert ids(claim_bodies(store, 1_000, limit=1)) == ["trigger"]
    store.run(lambda tx: tx.append_inbox([body("recovery")]))
    assert ids(claim_bodies(store, 1_000, "w2")) == ["other"]
    assert ids(claim_bodies(store, 1_000 + LEASE, "w3")) == ["trigger", "other", "recovery"]


def test_a_body_that_is_tried_again_later_is_not_overtaken_either(store):
    store.run(lambda tx: tx.append_inbox([body("trigger")]))
    claim_bodies(store, 1_000)
    store.run(lambda tx: tx.release_inbox(["trigger"], "w1", 3_000))
    store.run(lambda tx: tx.append_inbox([body("recovery")]))
    assert claim_bodies(store, 2_999) == []
    assert ids(claim_bodies(store, 3_000)) == ["trigger", "recovery"]


def test_what_was_settled_holds_nobody_up(store):
    store.run(lambda tx: tx.append_inbox([body("first")]))
    claim_bodies(store, 1_000)
    store.run(lambda tx: tx.append_inbox([body("second")]))
    store.run(lambda tx: tx.finish_inbox(["first"], "w1", InboxState.DONE, "", 1_000))
    assert ids(claim_bodies(store, 1_000, "w2")) == ["second"]
