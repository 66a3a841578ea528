"""Overrides that were made in chat: kept, taken once, dropped, and forgotten when they are long over."""

from __future__ import annotations

from dataclasses import replace

from bot.store.base_rota import ChatOverride
from tests.conformance.store.kit import ids


def override(one, **changes):
    made = {"schedule": "db", "role": "primary", "start": 1_000, "end": 2_000, "by": "ann", "at": 500, "member": "bo"}
    return ChatOverride(id=one, **{**made, **changes})


def test_overrides_come_in_the_order_in_which_they_were_made(store):
    rows = [
        override("b", at=3),
        override("a", at=3),
        override("c", at=1, swap=True, asked=("bo",)),
    ]
    store.run(lambda tx: [tx.put_chat_override(row) for row in rows])
    assert store.read(lambda tx: tx.chat_overrides()) == [rows[2], rows[1], rows[0]]


def test_one_that_is_there_stays_as_it_is(store):
    store.run(lambda tx: tx.put_chat_override(override("a")))
    store.run(lambda tx: tx.put_chat_override(override("a", member="cy")))
    assert store.read(lambda tx: tx.chat_overrides()) == [override("a")]


def test_a_wish_is_taken_once(store):
    wish = override("a", member="", asked=("bo", "cy"))
    store.run(lambda tx: tx.put_chat_override(wish))
    taken = [
        store.run(lambda tx, who=who: tx.take_chat_override(replace(wish, member=who, at=9))) for who in ("bo", "cy")
    ]
    assert taken == [True, False]
    assert store.read(lambda tx: tx.chat_overrides()) == [replace(wish, member="bo", at=9)]
    assert store.run(lambda tx: tx.take_chat_override(override("gone"))) is False


def test_dropped_ones_are_gone(store):
    store.run(lambda tx: tx.put_chat_override(override("a")))
    assert store.run(lambda tx: (tx.drop_chat_override("a"), tx.drop_chat_override("a"))) == (True, False)
    assert store.read(lambda tx: tx.chat_overrides()) == []


def test_what_is_long_over_is_forgotten(store):
    store.run(
        lambda tx: [tx.put_chat_override(override(one, end=end)) for one, end in (("a", 10), ("b", 20), ("c", 30))]
    )
    assert store.run(lambda tx: tx.prune(30, 1)) == 1
    assert ids(store.read(lambda tx: tx.chat_overrides())) == ["b", "c"]
    assert store.run(lambda tx: tx.prune(30, 9)) == 1
    assert ids(store.read(lambda tx: tx.chat_overrides())) == ["c"]


def test_what_is_rolled_back_was_never_there(store):
    def fails(tx):
        tx.put_chat_override(override("a"))
        raise LookupError

    results = store.run_all([fails, lambda tx: tx.chat_overrides()])
    assert results[1] == []
