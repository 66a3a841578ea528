"""The filter grammar, and a wildcard matcher that nothing can slow down."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import conditions
from bot.engine.conditions import ValueKind, facts, fault, is_key, kind_of, matches, wildcard
from bot.engine.model import Condition, Severity

DISK = facts(
    title="Disk full",
    description="",
    severity=Severity.CRITICAL,
    labels={
        "env": "prod",
        "host": "db-1.eu.example.com",
        "note": "",
        "path": "/var/log/",
        "ip": "10.0.0.7",
        "instance": "10.0.0.7:9100",
        "used": "90.5",
        "percent": "95%",
    },
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
        ("title", "IN", ("/^disk/",), False),
        ("title", "IN", ("/(?i)^disk/",), True),
        ("title", "IN", ("/k f/",), True),
        ("title", "NOTIN", ("/(?i)cpu|memory/",), True),
        ("labels.none", "IN", ("/.*/",), False),
        ("labels.note", "IN", ("/.*/",), True),
        ("labels.path", "IN", ("/^/var/log/$/",), True),
        ("labels.ip", "IN", ("cidr:10.0.0.0/24",), True),
        ("labels.ip", "IN", ("cidr:10.0.1.0/24", "cidr:10.0.0.7"), True),
        ("labels.instance", "IN", ("cidr:10.0.0.0/24",), True),
        ("labels.host", "NOTIN", ("cidr:0.0.0.0/0",), True),
        ("labels.used", "IN", ("num:gt:90",), True),
        ("labels.used", "IN", ("num:ge:90.5",), True),
        ("labels.used", "IN", ("num:lt:90.5",), False),
        ("labels.used", "IN", ("num:le:90.5",), True),
        ("labels.percent", "IN", ("num:gt:90",), False),
        ("labels.none", "NOTIN", ("num:gt:90",), True),
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


@pytest.mark.parametrize(
    ("network", "fact", "expected"),
    [
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", " 10.1.1.1 ", True),
        ("10.0.0.0/8", "10.1.1.1:http", False),
        ("10.0.0.0/8", "10.1.1.1:", False),
        ("10.0.0.0/8", "10.1.1.1:9100:1", False),
        ("10.0.0.0/8", "10.1.1.01", False),
        ("10.0.0.0/8", "::ffff:10.1.1.1", True),
        ("10.0.0.0/8", "[::ffff:10.1.1.1]:80", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "10.1.1.1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "[2001:db8::1]", True),
        ("2001:db8::/32", "[2001:db8::1]:9100", True),
        ("2001:db8::/32", "[2001:db8::1]9100", False),
        ("2001:db8::/32", "[2001:db8::1", False),
        ("2001:db8::/32", "2001:db9::1", False),
    ],
)
def test_an_address_in_a_network(network, fact, expected):
    known = facts(title="", description="", severity="Info", labels={"a": fact})
    assert matches(((test_of("labels.a", "IN", f"cidr:{network}"),),), known) is expected


@pytest.mark.parametrize(
    ("fact", "expected"),
    [("91", True), ("+91", True), ("9.1e1", True), ("91.", True), (".91e2", True), ("90", False), ("-91", False),
     ("nan", False), ("inf", False), ("9_1", False), ("", False), (" 91", False), ("٩١", False), ("1e999", True)],
)  # fmt: skip
def test_a_number_above_a_limit(fact, expected):
    known = facts(title="", description="", severity="Info", labels={"a": fact})
    assert matches(((test_of("labels.a", "IN", "num:gt:90"),),), known) is expected


@pytest.mark.parametrize(
    "value",
    [
        "//",
        "/(/",
        "/(?=a)/",
        "cidr:",
        "cidr:10.0.0.1/8",
        "cidr:10.0.0.0/33",
        "cidr:x",
        "num:gt:",
        "num:gt:x",
        "x" * 513,
    ],
)
def test_a_value_with_a_fault_is_said_and_matches_nothing(value):
    assert fault(value)
    for fact in (value, "10.0.0.1", "1", "a", ""):
        known = facts(title=fact, description="", severity="Info", labels={})
        assert not matches(((test_of("title", "IN", value),),), known)


VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["/", "//", "cidr:", "num:gt:", "num:gt:1e9999", "*"]),
    st.builds(lambda a, b: a + b, st.sampled_from(["/", "cidr:", "num:le:", "num:gt:"]), st.text(max_size=12)),
    st.builds(lambda a: f"/{a}/", st.text(max_size=12)),
)


@settings(max_examples=300)
@given(value=VALUES, fact=st.one_of(st.text(max_size=20), st.sampled_from(["10.0.0.1:80", "[::1]:1", "1e5", "[", ":"])))
def test_matching_is_total_and_notin_is_the_opposite_of_in(value, fact):
    known = facts(title=fact, description="", severity="Info", labels={})
    within = matches(((test_of("title", "IN", value),),), known)
    assert matches(((test_of("title", "NOTIN", value),),), known) is not within
    assert not (within and fault(value))


def test_a_value_is_compiled_once():
    conditions._test_of.cache_clear()
    for _ in range(50):
        assert matches(((test_of("title", "IN", "/full$/"),),), DISK)
    assert conditions._test_of.cache_info().misses == 1


@pytest.mark.parametrize("key", ["severity", "title", "description", "integration", "labels.env", "labels.a.b/c"])
def test_keys(key):
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "labels", "labels.", "label.env", "Severity", "labels.a b", "data_source_id"])
def test_what_is_not_a_key(key):
    assert not is_key(key)
