"""Who comes next in round robin: nobody is passed over, whoever joins or leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.turns import Turn, next_place


def turn(member: str, place: int) -> Turn:
    return Turn(channel="ops", rule="r", level=0, member=member, place=place)


def taken(*groups: str) -> str:
    """Who has each turn while the people are these, by the first letter."""
    last, had = None, ""
    for people in groups:
        place = next_place(last, people)
        last = turn(people[place], place)
        had += people[place]
    return had


def test_one_after_the_other():
    assert taken(*["abc"] * 7) == "abcabca"


def test_who_leaves_is_not_waited_for_and_nobody_else_is_passed_over():
    assert taken("abc", "abc", "ac", "ac", "ac") == "abcac", "the one whose place b had moves up"
    assert taken("abc", "abc", "abc", "ab", "ab") == "abcab", "c was the last: it begins anew"


def test_who_joins_waits_for_the_place():
    assert taken("ab", "ab", "abc", "abc", "abc") == "abcab"
    assert taken("ab", "xab", "xab", "xab") == "abxa"


@given(st.integers(1, 6), st.integers(0, 40))
def test_everybody_has_the_same_share(people: int, turns: int):
    had = taken(*["abcdef"[:people]] * turns)
    counts = [had.count(one) for one in "abcdef"[:people]]
    assert max(counts) - min(counts) <= 1
