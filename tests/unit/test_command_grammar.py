"""What follows `/toc`: which words are incidents, and which belong to what is to be done with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import grammar, vocabulary
from bot.commands.grammar import Asked, Merge, Move
from bot.commands.vocabulary import VERBS
from bot.engine.model import MINUTE


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
    grammar.people(text)
    grammar.span(text)
    assert grammar.read(text)


@given(st.sampled_from(sorted(VERBS)), st.data())
def test_a_slip_of_the_finger_leads_to_the_word_that_was_meant(verb: str, data: st.DataObject):
    if len(verb) < 4:
        return
    at = data.draw(st.integers(1, len(verb) - 2))
    slips = [
        verb[:at] + verb[at + 1 :],
        verb[:at] + verb[at] + verb[at:],
        verb[:at] + verb[at + 1] + verb[at] + verb[at + 2 :],
    ]
    for slip in slips:
        asked = grammar.read(slip)
        if isinstance(asked, grammar.Misread):
            assert asked.code == "unknown_command"
            assert vocabulary.find(asked.facts["suggestion"]), slip


def test_what_is_like_nothing_gets_no_suggestion():
    asked = grammar.read("xyzzy 1")
    assert isinstance(asked, grammar.Misread)
    assert asked.facts == {"word": "xyzzy", "suggestion": ""}


def test_no_word_means_two_commands():
    words = [word for verb in VERBS.values() for word in (verb.name, *verb.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ann @bo", ["@ann", "@bo"]),
        ("ann, bo and cy", ["ann", "bo", "cy"]),
        ("@ann and @bo", ["@ann", "@bo"]),
        ("Bo Berg, Cy Cole", ["Bo Berg", "Cy Cole"]),
        ("王博、赵可", ["王博", "赵可"]),
        ("<@U1> <@U2|bo>", ["U1", "U2"]),
        ('<at>Bo Berg</at> <at id="0">Cy</at>', ["Bo Berg", "Cy"]),
        ("schedule:primary/backup", ["schedule:primary/backup"]),
        (" , ", []),
        ("", []),
    ],
)
def test_people(text: str, names: list[str]):
    assert grammar.people(text) == names


@pytest.mark.parametrize(
    ("text", "verb", "rest"),
    [
        ("oncall me 2h for db", "override", "db @me 2h"),
        ("oncall @bo 45m for db team", "override", "db team @bo 45m"),
        ("oncall me for db", "override", "db @me 1h"),
        ("oncall me 2h", "override", "@me 2h"),
        ("oncall me", "me", ""),
        ("oncall db", "oncall", "db"),
        ("oncall @bo", "oncall", "@bo"),
        ("oncall at 18:00", "oncall", "at 18:00"),
        ("whoisoncall", "oncall", ""),
    ],
)
def test_opsgenie_says_who_is_on_call_by_the_same_word(text: str, verb: str, rest: str):
    asked = grammar.read(text)
    assert isinstance(asked, Asked)
    assert (asked.verb, asked.rest) == (verb, rest)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30", 30), ("90m", 90), ("2h", 120), ("1h30m", 90), ("1d", 1440), ("2w", 20160), ("1w1d", 11520)],
)
def test_spans(text: str, minutes: int):
    assert grammar.span(text) == minutes * MINUTE


def test_a_command_may_be_typed_as_the_answers_write_it():
    assert grammar.read("/toc test last") == grammar.read("test last")
    assert grammar.read("/toc") == grammar.read("")
