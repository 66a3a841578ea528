"""A button token fits everywhere, comes back as it went out, and cannot be made up or changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.token import LINK_MAX, TOKEN_MAX, Link, Token, can_hold, mint, mint_link, read, read_link
from bot.engine.model import MINUTE
from tests.cards.hostile import unhurried

KEY = b"k" * 32
INCIDENT = "5a3c9e0f17d2b846"

incidents = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
verbs = st.sampled_from(("ack", "unack", "resolve", "escalate", "snooze", "wake"))
args = st.text("abcXYZ0189_-", max_size=8)
keys = st.binary(min_size=1, max_size=64)


@unhurried
@given(keys, verbs, incidents, st.integers(0, 10**6), args)
def test_round_trip(key, verb, incident, rev, arg):
    text = mint(key, verb, incident, rev, arg)
    assert len(text.encode()) <= TOKEN_MAX
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
    assert read(key, text) == Token(verb=verb, incident=incident, rev=rev, arg=arg)


@settings(unhurried, max_examples=20)
@given(keys, verbs, incidents, st.integers(0, 10**6), args)
def test_one_flipped_bit_fails(key, verb, incident, rev, arg):
    whole = mint(key, verb, incident, rev, arg).encode()
    for bit in range(len(whole) * 8):
        raw = bytearray(whole)
        raw[bit // 8] ^= 1 << bit % 8
        assert read(key, raw.decode("latin-1")) is None


@unhurried
@given(keys, st.one_of(st.text(max_size=80), st.text("ack.0189AZaz_-", max_size=64)))
def test_nothing_made_up_is_read(key, text):
    assert read(key, text) is None


@unhurried
@given(keys, keys)
def test_another_key_reads_nothing(one, other):
    if one.ljust(64, b"\0") != other.ljust(64, b"\0"):  # HMAC pads keys with zeros
        assert read(other, mint(one, "ack", INCIDENT, 3)) is None


def test_rotation_seals_with_the_first_key_and_reads_with_all():
    old, new = b"old", b"new"
    before = mint(old, "ack", INCIDENT, 3)
    assert mint((new, old), "ack", INCIDENT, 3) == mint(new, "ack", INCIDENT, 3) != before
    assert read((new, old), before) == Token(verb="ack", incident=INCIDENT, rev=3)
    assert read((new,), before) is None


LINK = Link(verb="escalate", incident=INCIDENT, rev=3, holder="ann-2_b", until=29_000_000 * MINUTE)


@unhurried
@given(keys, verbs, incidents, st.integers(0, 10**6), st.text("abc019_-", min_size=1, max_size=39), st.integers(0))
def test_a_link_comes_back_as_it_went_out_to_the_minute(key, verb, incident, rev, holder, minutes):
    link = Link(verb=verb, incident=incident, rev=rev, holder=holder, until=minutes % 10**9 * MINUTE)
    text = mint_link(key, link)
    assert len(text) <= LINK_MAX
    assert read_link(key, text) == link


def test_a_link_is_no_button_and_a_button_no_link():
    assert read(KEY, mint_link(KEY, LINK)) is None
    assert read_link(KEY, mint(KEY, "ack", INCIDENT, 3)) is None


def test_one_flipped_bit_of_a_link_fails():
    whole = mint_link(KEY, LINK).encode()
    for bit in range(len(whole) * 8):
        raw = bytearray(whole)
        raw[bit // 8] ^= 1 << bit % 8
        assert read_link(KEY, raw.decode("latin-1")) is None


def test_a_link_is_read_with_every_key_and_made_with_the_first():
    assert read_link((b"new", KEY), mint_link(KEY, LINK)) == LINK
    assert read_link((b"new",), mint_link((KEY, b"new"), LINK)) is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"verb": ""}, "carry"),
        ({"holder": ""}, "carry"),
        ({"holder": "mailto:a@b.c"}, "carry"),
        ({"holder": "a" * 100}, "shorten"),
        ({"incident": "142"}, "incident"),
        ({"until": -1}, "incident"),
    ],
)
def test_a_link_that_cannot_be_made_is_refused_loudly(change, what):
    with pytest.raises(ValueError, match=what):
        mint_link(KEY, replace(LINK, **change))


@pytest.mark.parametrize(("holder", "can"), [("ann", True), ("", False), ("mailto:a@b.c", False), ("a" * 65, False)])
def test_only_a_member_can_hold_a_link(holder, can):
    assert can_hold(holder) is can


@pytest.mark.parametrize(
    ("verb", "incident", "rev", "arg"),
    [
        ("ack", INCIDENT, 1, "x" * 40),
        ("ack", INCIDENT, 1, "a.b"),
        ("ack", INCIDENT, 1, "ä"),
        ("ack", INCIDENT, 1, "2h\n"),
        ("", INCIDENT, 1, ""),
        ("Ack", INCIDENT, 1, ""),
        ("ack.x", INCIDENT, 1, ""),
        ("ack", "142", 1, ""),
        ("ack", INCIDENT.upper(), 1, ""),
        ("ack", INCIDENT, -1, ""),
    ],
)
def test_what_does_not_fit_is_refused_loudly(verb, incident, rev, arg):
    with pytest.raises(ValueError, match=r"[Bb]utton"):
        mint(KEY, verb, incident, rev, arg)


@pytest.mark.parametrize("key", [b"", (), (b"",)])
def test_no_key_no_button(key):
    with pytest.raises(ValueError, match="key"):
        mint(key, "ack", INCIDENT, 1)
