"""Text from outside is made harmless, and cut only where people see an edge."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.text import calm, clusters, columns, neutral, one_line, shorten, utf16, web_address
from tests.cards.hostile import texts, unhurried


@unhurried
@given(texts)
def test_neutral_text_hides_nothing(text: str):
    clean = neutral(text)
    clean.encode()
    assert not {c for c in clean if unicodedata.category(c) in {"Cc", "Zl", "Zp"}} - {"\n"}
    assert not set(clean) & set("\u200b\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad")
    assert neutral(clean) == clean
    assert "\n" not in one_line(text)


@unhurried
@given(st.text("abc XYZ.,é字한😀שم\n"))
def test_ordinary_words_stay(text: str):
    assert neutral(text).split() == text.split()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),  # Persian needs its joiner
        ("a\u200db", "ab"),
        ("\u200d\u200dx", "x"),
        ("Z" + "\u0301" * 30 + "!", "Z" + "\u0301" * 4 + "!"),
        ("ok\u202eexe.txt", "okexe.txt"),
        ("a\r\nb\u2028c\x85d", "a\nb\nc\nd"),
        ("a\n\n\n\nb   c", "a\n\nb c"),
        ("\ud83d", "\ufffd"),
    ],
)
def test_neutral(text: str, kept: str):
    assert neutral(text) == kept


@pytest.mark.parametrize("text", ["@all", "x @here y", "(@everyone)", "＠all", "ends with @"])
def test_calm_breaks_names_in_plain_text(text: str):
    assert calm(text) != text
    assert calm(text).replace("\u2060", "") == text


def test_calm_leaves_addresses_alone():
    assert calm("mail ann@example.org, 5 @ 3") == "mail ann@example.org, 5 @ 3"


@unhurried
@given(texts, st.integers(0, 80))
def test_shorten_keeps_within_the_limit_and_whole_clusters(text: str, limit: int):
    text = neutral(text[:300])
    short = shorten(text, limit, utf16)
    assert utf16(short) <= limit
    if short != text and short:
        kept = short.removesuffix("…")
        whole = list(clusters(text))
        sizes = [len("".join(whole[:count]).rstrip()) for count in range(len(whole) + 1)]
        assert text.startswith(kept)
        assert len(kept) in sizes


@unhurried
@given(st.text(max_size=60))
def test_clusters_lose_nothing(text: str):
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize("whole", ["👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "e\u0301", "1\ufe0f\u20e3", "ᄒ\u1161\u11ab", "नि", "❤️"])
def test_what_people_see_as_one_is_not_parted(whole: str):
    assert list(clusters(f"{whole}x")) == [whole, "x"]
    assert shorten(f"{whole}{whole}{whole}", utf16(whole) + 2, utf16) == f"{whole}…"


def test_flags_part_between_pairs():
    assert list(clusters("🇩🇪🇫🇷🇨🇳")) == ["🇩🇪", "🇫🇷", "🇨🇳"]


def test_shorten_prefers_a_word_boundary():
    assert shorten("disk of db-7 almost full", 20) == "disk of db-7 almost…"
    assert shorten("x" * 30, 10) == "x" * 9 + "…"


def test_columns_count_chinese_double():
    assert (columns("abc"), columns("严重"), columns("")) == (3, 4, 0)


@pytest.mark.parametrize(
    "href",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "/i/1",
        "//x",
        "https://",
        "https:///x",
        "tg://user?id=1",
        " https://x",
        "x" * 9,
    ],
)
def test_only_web_addresses_are_links(href: str):
    assert web_address(href) == ""


def test_a_web_address_cannot_end_its_own_markup():
    assert web_address("https://x.example/a|b>c\"d'e f") == "https://x.example/a%7Cb%3Ec%22d%27e%20f"
    assert web_address("https://x.example/" + "y" * 3000) == ""
