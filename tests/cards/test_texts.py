"""What texts say: reply codes while there is room, links that yield to titles, bundles that count everybody."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.vendors.contract import Words
from bot.cards import sms
from bot.cards.card import Card
from bot.cards.sample import sample_card
from tests.cards.hostile import cards, giant, unhurried

many = settings(unhurried, max_examples=60)


def page(lang: str = "en", **changes: object) -> Card:
    return replace(sample_card("triggered", lang, "sms"), **changes)


@pytest.mark.parametrize(
    ("lang", "line"), [("en", "Reply 7a ack, 7r resolve, 7e escalate"), ("zh", "回复 7a 认领，7r 关闭，7e 升级")]
)
def test_codes_stand_between_title_and_link(lang: str, line: str):
    head, codes, link = sms.render(page(lang, reply_code=7))["text"].split("\n")
    assert "#142" in head
    assert codes == line
    assert "https://" in link


def test_without_a_number_there_are_no_codes():
    assert "Reply" not in sms.render(page(reply_code=0))["text"]


def test_codes_get_shorter_then_the_link_goes_then_the_title_is_cut():
    title = "数据库主从延迟超过阈值"
    texts = [sms.render(page("zh", reply_code=12, title=title * times))["text"] for times in (1, 3, 9)]
    assert "12a 认领" in texts[0]
    assert "https" in texts[0]
    assert "回复 12a 12r 12e" in texts[1]
    assert "https" in texts[1]
    assert "12a" in texts[2]
    assert all(sms.segments(text) <= 2 for text in texts)
    assert texts[2].count("数") > texts[1].count("数")


@many
@example(giant, 99)
@given(cards, st.integers(0, 99))
def test_every_text_has_its_codes_whole_and_fits(card: Card, number: int):
    words = Words(**sms.render(replace(card, reply_code=number)))
    assert words.text
    assert sms.segments(words.text) <= 2
    if number and len(card.severity + card.ref) < 40:
        assert all(f"{number}{letter}" in words.text for letter in "are")
    assert set(words.values) == {"severity", "incident", "title", "channel", "attempt"}
    assert not any(re.search("https?://", value) for value in words.values.values())
    assert all(len(value) <= 200 for value in words.values.values())


def test_values_are_for_templates_that_take_no_links():
    title = "Disk full, see https://wiki.example/disk now"
    values = sms.render(page(title=title, attempt=3, reply_code=1))["values"]
    assert values == {
        "severity": "Critical",
        "incident": "142",
        "title": "Disk full, see now",
        "channel": "Shop",
        "attempt": "3",
    }


def burst(count: int, lang: str = "en", title: str = "Disk is full again on the shop's host") -> list[Card]:
    return [page(lang, reply_code=n, ref=f"#{140 + n}", title=f"{title} {n}") for n in range(1, count + 1)]


def test_a_bundle_names_each_with_its_code():
    text = sms.render_bundle(burst(3))["text"]
    assert text.splitlines() == [
        "3 incidents need you:",
        "1a #141 Disk is full again on the shop's host 1",
        "2a #142 Disk is full again on the shop's host 2",
        "3a #143 Disk is full again on the shop's host 3",
        "Reply 1a 2a 3a to acknowledge",
    ]


def test_titles_get_shorter_before_anybody_is_only_counted():
    five, twenty = (sms.render_bundle(burst(count, "zh", "商城磁盘再次写满"))["text"] for count in (5, 20))
    assert all(f"#{140 + n}" in five for n in range(1, 6))
    assert "20 个故障" in twenty
    rest = re.search(r"另有 (\d+) 个", twenty)
    assert rest
    assert int(rest[1]) + len(re.findall(r"#\d+", twenty)) == 20
    assert sms.segments(five) <= 2 >= sms.segments(twenty)


def test_a_bundle_for_somebody_who_may_not_act_has_no_codes():
    text = sms.render_bundle([replace(card, reply_code=0) for card in burst(4)])["text"]
    assert "Reply" not in text
    assert "#141 Disk" in text


@many
@given(st.lists(st.tuples(cards, st.integers(0, 99)), min_size=1, max_size=20))
def test_every_bundle_fits_and_counts_everybody(several: list[tuple[Card, int]]):
    made = sms.render_bundle([replace(card, reply_code=number) for card, number in several])
    assert sms.segments(made["text"]) <= 2
    assert str(len(several)) in made["text"]
    Words(**made)


def test_a_bundle_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        sms.render_bundle([])
