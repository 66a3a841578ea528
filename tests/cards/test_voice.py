"""What calls say: speakable, short enough, with every number in it, and nothing that is not for ears."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.vendors.contract import Words
from bot.cards import voice
from bot.cards.build import text_card
from bot.cards.card import Card
from bot.cards.i18n import LANGUAGES
from bot.cards.sample import STATES, sample_card
from bot.cards.speech import PAUSES, READ_MAX, digits, speakable
from tests.cards.hostile import NASTY, cards, giant, texts, unhurried

many = settings(unhurried, max_examples=80)
SPOKEN = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})


def assert_speakable(text: str) -> None:
    for character in text:
        assert character in " '" or character in PAUSES or unicodedata.category(character) in SPOKEN, repr(character)
    assert "://" not in text
    assert "  " not in text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Disk full on db-01.prod", "Disk full on D B 01 dot prod"),
        ("Checkout API 5xx above 5%", "Checkout A P I 5 x x above 5 percent"),
        ("error rate 7.3 % & rising.", "error rate 7.3 percent and rising."),
        ("p99 4.1 s, 350ms, 1GB, 20 GiB", "p 99 4.1 seconds, 350 milliseconds, 1 gigabyte, 20 gibibytes"),
        ("HTTP 503 from 10.0.0.1:8080", "H T T P 5 0 3 from 10 dot 0 dot 0 dot 1 port 8080"),
        ("status=404", "status 4 0 4"),
        ("1 min left, 2 min gone", "1 minute left, 2 minutes gone"),
        ("payment_gateway v1.2.3", "payment gateway version 1 dot 2 dot 3"),
        ("HTTPServerError in PaymentGateway", "H T T P Server Error in Payment Gateway"),
        ("k8s CPU > 90%", "kubernetes C P U above 90 percent"),
        ("since 03:05", "since 3:05 AM"),
        ("at 13:30", "at 1:30 PM"),
        ("midnight is 00:10", "midnight is 12:10 AM"),
        ("5 req/s", "5 request per second"),
        ("1GB/s", "1 gigabyte per second"),
        ("-5 degrees, 2-5 hosts", "minus 5 degrees, 2 5 hosts"),
        ("see https://wiki.example/x?a=1 now", "see now"),
        ("fire 🔥🔥 (really)", "fire, really"),
        ("it's 'quoted' \"twice\"", "it's quoted twice"),
        ("#142 closed", "number 142 closed"),
        ("1st and 2nd host", "1st and 2nd host"),
        ("wait...what?!", "wait what?"),
        ("🔥", ""),
        ("", ""),
    ],
)
def test_english(written: str, said: str):
    assert speakable(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("结算接口 5xx 错误率超过 5%", "结算接口 5 x x 错误率超过 百分之5"),
        ("磁盘使用率>=95%，主机 db-01.prod", "磁盘使用率大于等于百分之95，主机 db 01点prod"),
        ("HTTP 503，延迟 350ms", "HTTP 5 0 3，延迟 350毫秒"),
        ("错误码：500", "错误码 5 0 0"),
        ("03:05 开始，10:00 结束", "3点05分 开始，10点整 结束"),
        ("来自 10.0.0.1", "来自 10点0点0点1"),
        ("内存剩余 2GB", "内存剩余 2 G"),
        ("CPU 过高🔥（严重）", "CPU 过高，严重"),
        ("#142 已关闭", "编号142 已关闭"),
    ],
)
def test_chinese(written: str, said: str):
    assert speakable(written, "zh") == said


@many
@example("".join(NASTY))
@example("5_GB v1_2.3.4:5%%--_- x.5 5.x 1:2:3 12:34.5 10:05 AM")
@given(texts)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_only_what_can_be_said_is_left_and_once_is_enough(lang: str, text: str):
    said = speakable(text, lang)
    assert_speakable(said)
    if len(said) < READ_MAX:
        assert speakable(said, lang) == said
    assert len(speakable(text, lang, 50)) <= 50
    assert_speakable(speakable(text, lang, 50))


soup = st.lists(
    st.one_of(
        st.integers(0, 10**9).map(str),
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.sampled_from(("5%", "350ms", "20 GB", "db-01.prod", "10.0.0.1", "v1.2.3", "HTTP 503", "5xx", "p99", "#7")),
    ),
    min_size=1,
    max_size=12,
).map(" ".join)


@many
@given(soup)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_keeps_its_digits(lang: str, text: str):
    assert re.findall(r"\d", speakable(text, lang)) == re.findall(r"\d", text)


def weight(text: str) -> int:
    return sum(3 if unicodedata.category(character) == "Lo" else 1 for character in text)


@many
@example(giant)
@given(cards)
def test_a_call_is_never_empty_and_never_long(card: Card):
    made = voice.render(card)
    words = Words(**made)
    assert_speakable(words.text)
    assert 0 < len(words.text) <= voice.SAID_MAX
    assert weight(words.text.replace("。", "")) <= voice.SAID_MAX + 30
    assert words.lang in LANGUAGES
    assert set(words.values) == {"severity", "incident", "title", "channel", "attempt"}
    assert re.fullmatch(r"\d{0,9}", words.values["incident"])
    for value in words.values.values():
        assert_speakable(value)


@many
@given(cards, texts)
def test_the_keys_are_heard_however_long_the_title(card: Card, title: str):
    open_card = replace(sample_card("triggered", "en", "voice"), title=title * 9)
    text = voice.render(open_card)["text"]
    assert text.endswith("Press 1 to acknowledge, 2 to resolve, 3 to escalate, star to hear it again.")
    assert "incident 142" in text


def test_the_sample_is_said_in_both_languages():
    assert voice.render(sample_card("triggered", "en", "voice")) == {
        "text": "This is Tocsin. Critical incident 142 in Shop: Checkout A P I 5 x x above 5 percent. Open since "
        "10:00 AM. Press 1 to acknowledge, 2 to resolve, 3 to escalate, star to hear it again.",
        "values": {
            "severity": "Critical",
            "incident": "142",
            "title": "Checkout A P I 5 x x above 5 percent",
            "channel": "Shop",
            "attempt": "1",
        },
        "lang": "en",
    }
    assert voice.render(sample_card("triggered", "zh", "voice"))["text"] == (
        "这里是 Tocsin。商城，严重故障，编号 1 4 2：结算接口 5 x x 错误率超过 百分之5。开始于 18点整。"
        "认领请按 1，关闭请按 2，升级请按 3，重听请按星号键。"
    )


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_keys_are_offered_while_there_is_something_to_do(state: str, lang: str):
    text = voice.render(sample_card(state, lang, "voice"))["text"]
    assert ("3" in text.rpartition("2")[2]) == (state != "closed")


def test_keys_that_would_do_nothing_are_not_offered():
    assert "Press" not in voice.render(replace(sample_card("triggered", "en", "voice"), keys=False))["text"]


def test_a_text_without_an_incident_is_said_too():
    made = voice.render(text_card("Test for Bo:\nTocsin can reach you here", "en"))
    assert made["values"]["title"] == "Test for Bo. Tocsin can reach you here"
    assert made["text"] == "This is Tocsin. Test for Bo. Tocsin can reach you here."
    assert len(voice.render(text_card("long " * 900, "en"))["text"]) <= voice.SAID_MAX


def test_long_numbers_are_read_digit_by_digit():
    card = replace(sample_card("triggered", "en", "voice"), ref="#10042")
    assert "incident 1 0 0 4 2 in" in voice.render(card)["text"]
    assert digits("#1042") == "1 0 4 2"


@pytest.mark.parametrize(
    ("lang", "text", "said"),
    [
        ("en", "#42: You have it now.", "number 42: You have it now. Goodbye."),
        ("en", "", "Goodbye."),
        ("zh", "#42：现在由你负责。", "编号42：现在由你负责。再见。"),
    ],
)
def test_the_answer_to_a_key(lang: str, text: str, said: str):
    assert voice.spoken_reply(lang, text) == said


@many
@given(texts)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_can_be_said(lang: str, text: str):
    assert_speakable(voice.spoken_reply(lang, text))
    assert len(voice.spoken_reply(lang, text)) <= voice.SAID_MAX + 20


def test_an_unknown_key_is_told_which_there_are():
    assert voice.unknown_key("en").startswith("That key means nothing here. Press 1")
    assert voice.unknown_key("zh-CN").startswith("该按键没有对应的操作。认领请按 1")
