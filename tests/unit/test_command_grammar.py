"""What follows `/toc`: which words are incidents, and which belong to what is to be done with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import grammar
from bot.commands.grammar import Asked, Merge, Move
from bot.commands.vocabulary import VERBS


@pytest.mark.parametrize(
    ("text", "refs", "rest"),
    [
        ("ack 1 #2 3", (1, 2, 3), ""),
        ("ack 1 1 2", (1, 2), ""),
        ("unack 1 2", (1, 2), ""),
        ("show 1 2", (1,), "2"),
        ("why 1 2", (1,), "2"),
        ("resolve 1 2", (1, 2), ""),
        ("resolve 1 2 disks", (1,), "2 disks"),
        ("resolve #1 #2 2 disks", (1, 2), "2 disks"),
        ("note 1 2", (1,), "2"),
        ("note disk is full to 7", (7,), "disk is full"),
        ("snooze 1 30", (1,), "30"),
        ("snooze 1 2 30", (1, 2), "30"),
        ("snooze 1 2 2h", (1, 2), "2h"),
        ("escalate 1", (1,), ""),
        ("escalate 1 2", (1,), "2"),
        ("escalate #1 #2", (1, 2), ""),
        ("sev 1 2 info", (1, 2), "info"),
        ("assign 1 2 @ann", (1, 2), "@ann"),
        ("set 1 2 title 3 disks", (1, 2), "title 3 disks"),
        ("merge 1 2 into 3 one disk", (1, 2), "into 3 one disk"),
        ("move 1 c0ffee to 2", (1,), "c0ffee to 2"),
        ("trigger 3 disks", (), "3 disks"),
        ("own 5", (5,), ""),
    ],
)
def test_the_incidents_come_first(text: str, refs: tuple[int, ...], rest: str):
    asked = grammar.read(text)
    assert isinstance(asked, Asked)
    assert (asked.refs, asked.rest) == (refs, rest)


@pytest.mark.parametrize(
    ("rest", "read"),
    [
        ("into #3", Merge(into=3)),
        ("INTO 3 they are one", Merge(into=3, comment="they are one")),
        ("to 3", Merge(into=3)),
        ("into", None),
        ("into x", None),
        ("3", None),
        ("", None),
    ],
)
def test_merging(rest: str, read: Merge | None):
    assert grammar.merging(rest) == read


@pytest.mark.parametrize(
    ("rest", "read"),
    [
        ("a1b2, c3d4 to #3", Move(alerts=("a1b2", "c3d4"), into=3)),
        ("a1b2 to new", Move(alerts=("a1b2",))),
        ("a1b2 into new 'Slow disk to fix'", Move(alerts=("a1b2",), title="Slow disk to fix")),
        ("a1b2 to 3 x", None),
        ("to 3", None),
        ("a1b2 to", None),
        ("a1b2", None),
        ("", None),
    ],
)
def test_moving(rest: str, read: Move | None):
    assert grammar.moving(rest) == read


@given(st.text(max_size=80), st.sampled_from(sorted(VERBS)))
def test_every_text_is_read(text: str, verb: str):
    asked = grammar.read(f"{verb} {text}")
    assert len(getattr(asked, "refs", ())) <= grammar.REFS_MAX
    grammar.merging(text)
    grammar.moving(text)
