"""People's regular expressions: RE2's grammar, bounded size, and no pattern that stalls."""

from __future__ import annotations

import time

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.engine import patterns

HOSTILE = [
    "^(a+)+$",
    "(a|a)*b",
    "(a|aa)+$",
    "(x+x+)+y",
    "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]b",
    "(?:a?){1000}a{1000}b",
]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_hostile_pattern_takes_a_bounded_number_of_steps_for_each_byte(pattern):
    """RE2 visits each instruction of the program at most once a byte, so the size of the program is the bound."""
    compiled, why = patterns._compiled(pattern)
    assert not why
    assert isinstance(compiled, re2._Regexp)
    assert 0 < compiled.programsize <= patterns.PROGRAM_MAX
    assert 0 < compiled.reverseprogramsize <= 2 * patterns.PROGRAM_MAX


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_hostile_pattern_is_done_long_before_backtracking_would_be(pattern):
    """Python's `re` would take longer than the age of the universe for most of these; RE2 takes milliseconds."""
    began = time.process_time()
    assert patterns.found(pattern, "a" * 1_000_000 + "!") in (True, False)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=a)", "RE2 says: invalid perl operator"),
        (r"(a)\1", "RE2 says"),
        ("(a", "missing )"),
        ("a{1001}", "repetition"),
        (r"\pL{200}", "too large"),
        (r"\pL{20}", "4096 instructions"),
        ("|".join(f"a[ab]{{{n}}}c" for n in range(500, 570)), "4096 instructions"),
        ("x" * 1025, "1024 bytes"),
        ("陈" * 342, "1024 bytes"),
        ("\ud800", "no character"),
    ],
)
def test_what_cannot_be_used_is_said_and_matches_nothing(pattern, said):
    assert said in patterns.fault(pattern)
    assert not patterns.found(pattern, "aaaa" + "x" * 2000)
    assert patterns.extract(pattern, "aaaa") == ""
    assert not patterns.has_result(pattern)


@pytest.mark.parametrize("pattern", ["x" * 1024, r"(?i)\p{Han}+", r"[\pL\pN]+-[\pL\pN]+", "", "a\0b"])
def test_what_can_be_used(pattern):
    assert patterns.fault(pattern) == ""


def test_a_search_looks_at_so_much_and_no_more():
    assert patterns.found("b$", "a" * (patterns.SUBJECT_MAX - 1) + "b")
    assert not patterns.found("b", "a" * patterns.SUBJECT_MAX + "b")
    assert not patterns.found("x", "陈" * patterns.SUBJECT_MAX + "x")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"host=(?P<result>[\w.]+)", "disk on host=db-1", "db"),
        (r"host=(?P<result>\S+)", "disk on host=db-1 now, host=web", "db-1"),
        (r"(?<result>陈.)", "请找陈伟", "陈伟"),
        (r"(?P<result>x)?y", "y", ""),
        (r"(?P<other>x)", "x", ""),
        (r"(?P<result>.*)", "a\ud800b", "a?b"),
    ],
)
def test_an_extraction(pattern, text, expected):
    assert patterns.extract(pattern, text) == expected


@settings(max_examples=300, deadline=None)
@given(pattern=st.text(alphabet=st.sampled_from("ab*+?.()[]{}|\\^$P<>:,0159\ud800\0é"), max_size=20), text=st.text())
@example(pattern="(?P<result>)", text="")
def test_nothing_raises_whatever_is_written(pattern, text):
    assert isinstance(patterns.fault(pattern), str)
    assert patterns.found(pattern, text) in (True, False)
    assert isinstance(patterns.extract(pattern, text), str)
