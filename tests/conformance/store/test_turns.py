"""The turns of round robin: kept by channel, rule and level, and taken one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.engine.turns import Turn
from bot.store.base import StaleRevision


def turn(member="ann", place=0, **changes):
    return Turn(**{"channel": "db", "rule": "db/all", "level": 0, "member": member, "place": place, **changes})


def test_a_turn_is_found_in_its_channel(store):
    others = [turn(channel="web"), turn(rule="db/other"), turn(level=1)]
    store.run(lambda tx: [tx.put_turn(one, None) for one in (turn(), *others)])
    assert store.read(lambda tx: tx.turns("db")) == {one.slot: one for one in (turn(), *others[1:])}
    assert store.read(lambda tx: tx.turns("nowhere")) == {}


def test_the_next_turn_follows_the_last(store):
    store.run(lambda tx: tx.put_turn(turn(), None))
    store.run(lambda tx: tx.put_turn(turn("bo", 1), turn()))
    assert store.read(lambda tx: tx.turns("db")) == {turn().slot: turn("bo", 1)}


@pytest.mark.parametrize("last", [None, turn("cy", 0), turn("ann", 1)])
def test_a_turn_that_was_taken_meanwhile_is_not_taken_again(store, last):
    store.run(lambda tx: tx.put_turn(turn(), None))
    with pytest.raises(StaleRevision, match="db/all"):
        store.run(lambda tx: tx.put_turn(turn("bo", 1), last))
    assert store.read(lambda tx: tx.turns("db")) == {turn().slot: turn()}


def test_a_first_turn_must_be_the_first(store):
    with pytest.raises(StaleRevision):
        store.run(lambda tx: tx.put_turn(turn("bo", 1), turn()))
    assert store.read(lambda tx: tx.turns("db")) == {}


def test_what_is_rolled_back_takes_no_turn(store):
    def fails(tx):
        tx.put_turn(turn(), None)
        raise LookupError

    with pytest.raises(LookupError):
        store.run(fails)
    first, second = store.run_all([fails, lambda tx: tx.put_turn(turn("bo"), None)])
    assert isinstance(first, LookupError)
    assert second is None
    assert store.read(lambda tx: tx.turns("db")) == {turn().slot: turn("bo")}


def test_threads_take_turns_one_after_the_other(store):
    def take(_):
        def work(tx):
            last = tx.turns("db").get(turn().slot)
            tx.put_turn(turn("one", last.place + 1 if last else 0), last)

        store.run(work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(take, range(20)))
    assert store.read(lambda tx: tx.turns("db"))[turn().slot].place == 19
