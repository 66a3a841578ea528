"""Both languages say the same things, completely; spans and times read as people write them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot.cards.i18n import LANGUAGES, TABLES, duration, language, listing, local, moment, say, zone_name
from bot.engine.model import DAY, HOUR, MINUTE, SECOND
from tests.cards.hostile import unhurried

NOON = 1_795_176_000_000  # 2026-11-20 12:00 UTC


def test_both_languages_have_the_same_sentences():
    assert set(TABLES) == set(LANGUAGES)
    assert TABLES["en"].keys() == TABLES["zh"].keys()


@pytest.mark.parametrize("key", TABLES["en"])
def test_both_languages_use_the_same_facts(key: str):
    places = {lang: sorted(set(re.findall(r"\{(\w*)\}", TABLES[lang][key]))) for lang in LANGUAGES}
    assert places["en"] == places["zh"]


@pytest.mark.parametrize("key", TABLES["en"])
def test_chinese_is_chinese_and_english_is_not(key: str):
    assert not re.search(r"[\u2e80-\u9fff\uff00-\uffef]", TABLES["en"][key])
    names = "Tocsin|Slack|Teams|Telegram|ntfy|Pushover|Discord|Mattermost|Google Chat|Apprise"
    letters = re.sub(rf"\{{\w+\}}|`\w+`|{names}|#", "", TABLES["zh"][key])
    words = re.findall(r"[A-Za-z]{2,}", letters)
    assert not words or key in {"reply.bad_span", "reply.missing_ref"} or re.search(r"[\u2e80-\u9fff]", letters), words


def test_every_sentence_is_used():
    """By its name, or by a name that is put together: `f"state.{stands}"`."""
    house = Path(bot.__file__).parent
    paths = [
        path
        for root in (house, house.parent / "webhooks")
        for path in root.rglob("*")
        if path.suffix in {".py", ".html"}
    ]
    text = "\n".join(path.read_text() for path in paths if not path.stem.endswith(("_en", "_zh")))
    prefixes = {*re.findall(r'f"([a-z_]+\.[a-z_.]*)\{', text), "reply."}
    unused = [key for key in TABLES["en"] if f'"{key}"' not in text and not key.startswith(tuple(prefixes))]
    assert unused == []


@pytest.mark.parametrize(
    ("span", "en", "zh"),
    [
        (0, "0 s", "0 秒"),
        (-5, "0 s", "0 秒"),
        (999, "0 s", "0 秒"),
        (4 * SECOND, "4 s", "4 秒"),
        (MINUTE, "1 min", "1 分钟"),
        (4 * MINUTE + 30 * SECOND, "4 min", "4 分钟"),
        (80 * MINUTE, "1 h 20 min", "1 小时 20 分钟"),
        (2 * HOUR, "2 h", "2 小时"),
        (HOUR + 5 * SECOND, "1 h", "1 小时"),
        (2 * DAY + 3 * HOUR + 9 * MINUTE, "2 d 3 h", "2 天 3 小时"),
        (2 * DAY + 9 * MINUTE, "2 d", "2 天"),
    ],
)
def test_durations(span: int, en: str, zh: str):
    assert (duration(span, "en"), duration(span, "zh")) == (en, zh)


@pytest.mark.parametrize(
    ("at", "zone", "en", "zh"),
    [
        (NOON, "UTC", "12:00", "12:00"),
        (NOON, "Asia/Shanghai", "20:00", "20:00"),
        (NOON + 13 * HOUR, "UTC", "21 Nov 01:00", "11月21日 01:00"),
        (NOON + 5 * HOUR, "Asia/Shanghai", "21 Nov 01:00", "11月21日 01:00"),
        (NOON - 365 * DAY, "UTC", "20 Nov 2025 12:00", "2025年11月20日 12:00"),
        (NOON, "No/Where", "12:00", "12:00"),
        (NOON, "../../etc/passwd", "12:00", "12:00"),
        (NOON, "", "12:00", "12:00"),
    ],
)
def test_moments_are_local_and_dated_when_not_today(at: int, zone: str, en: str, zh: str):
    assert (moment(at, NOON, zone, "en"), moment(at, NOON, zone, "zh")) == (en, zh)


def test_moments_follow_daylight_saving():
    july, january = 1_784_030_400_000, 1_799_928_000_000  # 12:00 UTC both
    assert moment(july, july, "Europe/Berlin", "en") == "14:00"
    assert moment(january, january, "Europe/Berlin", "en") == "13:00"
    assert zone_name(july, "Europe/Berlin") == "UTC+2"
    assert zone_name(january, "America/St_Johns") == "UTC-3:30"


@unhurried
@given(
    st.integers(-(2**63), 2**63),
    st.integers(-(2**63), 2**63),
    st.sampled_from(("UTC", "Asia/Shanghai", "America/New_York")),
)
def test_no_instant_is_too_far(at: int, now: int, zone: str):
    assert moment(at, now, zone, "en")
    assert zone_name(at, zone).startswith("UTC")
    assert local(at, zone).utcoffset() is not None


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("zh", "zh"), ("zh-CN", "zh"), ("zh_Hans_CN", "zh"), ("ZH", "zh"), ("en-GB", "en"), ("de", "en"), ("", "en")],
)
def test_languages_by_tag(tag: str, lang: str):
    assert language(tag) == lang


def test_lists():
    assert listing([], "en") == ""
    assert listing(["Ann"], "en") == "Ann"
    assert listing(["Ann", "Bo", "Cara"], "en") == "Ann, Bo and Cara"
    assert listing(["李安", "王博", "赵可"], "zh") == "李安、王博和赵可"
    assert listing(["Ann", "Bo"], "zh") == "Ann 和 Bo"


def test_chinese_takes_spaces_around_latin_names_only():
    assert say("zh", "who.paging", who="Ann Lee") == "暂无人认领，正在通知 Ann Lee"
    assert say("zh", "who.paging", who="李安") == "暂无人认领，正在通知李安"


@unhurried
@given(st.text(max_size=30))
def test_facts_are_never_read_as_templates(text: str):
    assert text in say("en", "who.paging", who=text)
    assert say("en", "who.paging", who="{at} {0} %s") == "Nobody yet, paging {at} {0} %s"


def test_a_missing_fact_is_a_dash_and_a_missing_sentence_an_error():
    assert say("en", "who.paging") == "Nobody yet, paging –"
    with pytest.raises(KeyError):
        say("en", "no.such.sentence")
