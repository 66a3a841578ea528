"""A button token fits everywhere, comes back as it went out, and cannot be made up or changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.token import TOKEN_MAX, Token, fits, mint, read
from tests.cards.hostile import unhurried

KEY = b"k" * 32
INCIDENT = "5a3c9e0f17d2b846"

incidents = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
verbs = st.sampled_from(("ack", "unack", "resolve", "escalate", "snooze", "wake"))
args = st.text("abcXYZ0189_-", max_size=8)
keys = st.binary(min_size=1, max_size=64)


@unhurried
@given(keys, verbs, incidents, st.integers(0, 10**6), args, args)
def test_round_trip(key, verb, incident, rev, arg, holder):
    text = mint(key, verb, incident, rev, arg, holder=holder)
    assert len(text.encode()) <= TOKEN_MAX
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
    assert read(key, text) == Token(verb=verb, incident=incident, rev=rev, arg=arg, holder=holder)


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


def test_a_link_for_one_member_is_not_a_button():
    assert read(KEY, mint(KEY, "ack", INCIDENT, 3, holder="ann")).holder == "ann"
    assert read(KEY, mint(KEY, "ack", INCIDENT, 3, "ann")).holder == ""


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
    assert not fits(verb, incident, rev, arg)
    with pytest.raises(ValueError, match=r"[Bb]utton"):
        mint(KEY, verb, incident, rev, arg)


@pytest.mark.parametrize("key", [b"", (), (b"",)])
def test_no_key_no_button(key):
    with pytest.raises(ValueError, match="key"):
        mint(key, "ack", INCIDENT, 1)
