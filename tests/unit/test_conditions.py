"""The filter grammar, and a wildcard matcher that nothing can slow down."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.conditions import ValueKind, facts, is_key, kind_of, matches, wildcard
from bot.engine.model import Condition, Severity

DISK = facts(
    title="Disk full",
    description="",
    severity=Severity.CRITICAL,
    labels={"env": "prod", "host": "db-1.eu.example.com", "note": ""},
    integration="prom",
)


def test_of(key: str, oper: str, *vals: str) -> Condition:
    return Condition(key=key, oper=oper, vals=vals)


test_of.__test__ = False


@pytest.mark.parametrize(
    ("key", "oper", "vals", "expected"),
    [
        ("severity", "IN", ("Critical",), True),
        ("severity", "IN", ("critical",), False),
        ("severity", "IN", ("Warning", "Critical"), True),
        ("severity", "NOTIN", ("Warning", "Info"), True),
        ("severity", "NOTIN", ("Warning", "Critical"), False),
        ("title", "IN", ("Disk",), False),
        ("title", "IN", ("Disk*",), True),
        ("title", "IN", ("?isk full",), True),
        ("title", "IN", ("isk*",), False),
        ("integration", "IN", ("prom",), True),
        ("labels.host", "IN", ("db-?.*.example.com",), True),
        ("labels.env", "IN", ("*",), True),
        ("labels.note", "IN", ("*",), True),
        ("labels.none", "IN", ("*",), False),
        ("labels.env", "NOTIN", ("*",), False),
        ("labels.none", "NOTIN", ("*",), True),
        ("labels.none", "NOTIN", ("prod",), True),
        ("labels.none", "IN", ("",), False),
        ("labels.note", "IN", ("",), True),
    ],
)
def test_a_condition(key, oper, vals, expected):
    assert matches(((test_of(key, oper, *vals),),), DISK) is expected


def test_groups_are_alternatives_and_conditions_add_up():
    yes, no = test_of("labels.env", "IN", "prod"), test_of("labels.env", "IN", "dev")
    assert matches((), DISK)
    assert matches(((yes,), (no,)), DISK)
    assert not matches(((yes, no),), DISK)
    assert matches(((yes, no), (yes, yes)), DISK)
    assert not matches(((no,), (no,)), DISK)


def test_what_was_raised_by_hand_has_no_integration():
    raised = facts(title="x", description="", severity="Info", labels={})
    assert matches(((test_of("integration", "NOTIN", "*"),),), raised)


ALPHABET = st.text(alphabet="ab*?.\n陈", max_size=12)


@given(pattern=ALPHABET, text=st.text(alphabet="ab.\n陈*?", max_size=16))
def test_a_wildcard_means_what_the_same_regular_expression_means(pattern, text):
    spelled = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    assert wildcard(pattern, text) is (re.fullmatch(spelled, text, re.DOTALL) is not None)


class Counted(str):
    """Text that knows how many of its characters were read."""

    __slots__ = ("read",)

    def __iter__(self):
        self.read = 0
        for character in str.__iter__(self):
            self.read += 1
            yield character


@pytest.mark.parametrize("pattern", ["*a" * 200 + "b", "a*" * 200 + "b", "*?" * 200 + "b", "*" * 400 + "b"])
def test_each_character_is_read_once_whatever_the_pattern(pattern):
    text = Counted("a" * 5000)
    assert not wildcard(pattern, text)
    assert text.read == 5000


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("prod", ValueKind.EXACT),
        ("a/b", ValueKind.EXACT),
        ("/", ValueKind.EXACT),
        ("prod-*", ValueKind.WILDCARD),
        ("?", ValueKind.WILDCARD),
        ("/pro.*/", ValueKind.REGEX),
        ("cidr:10.0.0.0/24", ValueKind.CIDR),
        ("num:gt:90", ValueKind.NUMBER),
        ("num:eq:90", ValueKind.EXACT),
    ],
)
def test_the_kind_of_a_value(value, kind):
    assert kind_of(value) is kind


@pytest.mark.parametrize("key", ["severity", "title", "description", "integration", "labels.env", "labels.a.b/c"])
def test_keys(key):
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "labels", "labels.", "label.env", "Severity", "labels.a b", "data_source_id"])
def test_what_is_not_a_key(key):
    assert not is_key(key)
