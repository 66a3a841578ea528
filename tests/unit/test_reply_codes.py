"""Reply codes as people type them, the numbers behind them, and who wants no texts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import optouts, replying
from bot.cards.sample import sample_view
from bot.commands.texting import START_WORDS, STOP_WORDS, Code, codes
from bot.engine.model import MINUTE, Incident
from bot.store.memory import MemoryStore

T0 = 1_800_000_000_000
ONE = sample_view("triggered", "en", "sms").incident


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1a", [("ack", 1)]),
        (" 1 A ", [("ack", 1)]),
        ("12r.", [("resolve", 12)]),
        ("1a 2a", [("ack", 1), ("ack", 2)]),
        ("1a,2r; 3e", [("ack", 1), ("resolve", 2), ("escalate", 3)]),
        ("1a2r", [("ack", 1), ("resolve", 2)]),
        ("1a 1a", [("ack", 1)]),
        ("１ａ", [("ack", 1)]),
        ("2 认领、3关闭", [("ack", 2), ("resolve", 3)]),
        ("1 ack 2 resolve", [("ack", 1), ("resolve", 2)]),
        ("a", [("ack", 0)]),
        ("ACK!", [("ack", 0)]),
        ("认领", [("ack", 0)]),
        ("r", [("resolve", 0)]),
    ],
)
def test_codes_are_read_as_people_type_them(text: str, meant: list[tuple[str, int]]):
    assert codes(text) == tuple(Code(verb=verb, number=number) for verb, number in meant)


@pytest.mark.parametrize(
    "text",
    ["", "ack 1", "1", "0a", "100a", "1x", "1a thanks", "1all", "list mine", "a b", "thanks 1a", "1a 2", "stop", "1 2"],
)
def test_everything_else_is_no_code(text: str):
    assert codes(text) == ()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_reading_is_total(text: str):
    for code in codes(text):
        assert 0 <= code.number <= 99
        assert code.verb in {"ack", "resolve", "escalate"}


def test_the_words_of_the_carriers_are_all_there():
    assert {"stop", "stopall", "unsubscribe", "cancel", "end", "quit"} == STOP_WORDS
    assert {"start", "unstop", "yes"} == START_WORDS


def incident(number: int, closed_at: int | None = None) -> Incident:
    return replace(ONE, id=f"i{number}", num=number, group_key=f"g{number}", closed_at=closed_at)


def test_numbers_are_the_lowest_free_ones_and_rest_after_the_closing():
    store = MemoryStore()

    def night(tx) -> None:
        given = []
        for number in (1, 2, 3):
            tx.put_incident(incident(number), None)
            given.append(replying.give(tx, "bo", incident(number), T0))
        assert given == [1, 2, 3]
        assert replying.give(tx, "bo", incident(2), T0) == 2
        assert replying.give(tx, "ann", incident(3), T0) == 1
        tx.put_incident(incident(2, closed_at=T0), incident(2))
        for number in (4, 5):
            tx.put_incident(incident(number), None)
        assert replying.give(tx, "bo", incident(4), T0 + replying.REST - 1) == 4
        assert replying.number_of(tx, "bo", "i2") == 2
        assert replying.give(tx, "bo", incident(5), T0 + replying.REST + MINUTE) == 2
        assert {n: one.id for n, one in replying.incidents(tx, "bo").items()} == {1: "i1", 2: "i5", 3: "i3", 4: "i4"}
        assert [*replying.incidents(tx, "bo")] == [1, 2, 3, 4]
        assert replying.number_of(tx, "bo", "i2") == replying.number_of(tx, "cy", "i1") == 0

    store.run(night)


def test_when_every_number_is_taken_there_is_none():
    store = MemoryStore()

    def night(tx) -> None:
        for number in range(1, replying.NUMBERS_MAX + 2):
            tx.put_incident(incident(number), None)
            assert replying.give(tx, "bo", incident(number), T0) == (number if number < 100 else 0)

    store.run(night)


def test_stop_and_start_are_remembered_once():
    store = MemoryStore()

    def night(tx) -> None:
        assert optouts.stop(tx, "+1", T0)
        assert not optouts.stop(tx, "+1", T0 + 1)
        assert optouts.stop(tx, "+2", T0)
        assert optouts.stopped(tx) == {"+1": T0, "+2": T0}
        assert optouts.start(tx, "+1")
        assert not optouts.start(tx, "+1")
        assert optouts.stopped(tx) == {"+2": T0}

    store.run(night)
