"""Marks of formatting in what an alert says are shown as they are, in lists and timelines as well as on cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.cards import slack, teams, telegram
from bot.cards.build import list_card, why_card
from bot.cards.build.replies import text_card
from bot.cards.card import Card, Fact, Facts, Paragraph, Span, Style
from bot.cards.sample import sample_view
from bot.engine.effects import Entry, Kind, Reason
from tests.cards.test_telegram_limits import checked, played

VIEW = sample_view("processing", "en", "slack")
TITLES = (
    "*x* is down", "_x_ is down", "~x~ is down", "`x` is down", "```x``` is down", "**x** __y__ ~~z~~ `w`",
    "a *b c* _d e_ ~f g~ `h i`", "(*x*), [_y_]", "*_~x~_*", "* x", "x *", "*", "__init__ *.py ~/x", "db_*", "*#7*",
)  # fmt: skip
WHOLE = ("disk_full_total", "3*4=12", "a~b", "snake_case_name is down")
"""Marks within words are none to any of the platforms: these must stay as they are, so that they can be copied."""
EDGE = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])|`")
LOOKS = str.maketrans("∗ˍ∼ˋ", "*_~`")


def listed(title: str) -> Card:
    incident = replace(VIEW.incident, title=title)
    return list_card([incident], VIEW.world, "en", zone="UTC", now=VIEW.now, url="https://t.example", key=VIEW.key)


def timeline(title: str) -> Card:
    entry = Entry(at=VIEW.now, kind=Kind.COMMENT, reason=Reason.BY_HAND, actor="bo", facts={"text": title})
    return why_card(replace(VIEW, entries=(entry,)), [f"{title} is why"])


def facts(title: str) -> Card:
    return Card(
        kind="list", title="t", fallback="f", body=(Facts(facts=(Fact(label="x", value=(Span(text=title),)),)),)
    )


def strings(part: Any) -> Iterator[str]:
    """What Slack reads as mrkdwn."""
    if isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            yield part["text"]
        else:
            for value in part.values():
                yield from strings(value)
    elif isinstance(part, list):
        for value in part:
            yield from strings(value)


@pytest.mark.parametrize("make", [listed, timeline])
@pytest.mark.parametrize("title", TITLES)
def test_slack_formats_nothing_of_it(title: str, make):
    payload = slack.render(make(title))
    (text,) = ["\n".join(strings(payload["blocks"]))]
    own = re.sub(r"<[^<>]*>", "", text)  # links and times are ours
    assert not EDGE.search(own), own
    assert title.replace(" ", "") in own.translate(LOOKS).replace(" ", ""), own


@pytest.mark.parametrize("title", WHOLE)
def test_slack_gets_what_is_within_words_unchanged(title: str):
    assert title in "\n".join(strings(slack.render(listed(title))["blocks"]))


def test_slack_quotes_nothing_that_begins_with_an_angle_bracket():
    (text,) = [one for one in strings(slack.render(facts("> 90 % of x"))) if "90" in one]
    assert not re.search(r"^&gt;", text, re.MULTILINE)
    assert "&gt; 90 % of x" in text


def test_slack_shows_the_words_that_our_own_sentences_quote_as_code():
    assert "`link`" in slack.render(text_card("Send `link` here.", "en"))["text"]
    assert "_x_" not in slack.render(text_card("Noted: _x_ and *y*", "en"))["text"]
    code = Card(kind="list", title="t", fallback="f", body=(Paragraph(lines=((Span(text="_a_", style=Style.CODE),),)),))
    assert "`_a_`" in "\n".join(strings(slack.render(code)))


@pytest.mark.parametrize("make", [listed, timeline])
@pytest.mark.parametrize("title", [*TITLES, *WHOLE, "<b>x</b> &amp; <i>"])
def test_telegram_formats_nothing_of_it(title: str, make):
    stored = checked(played(), telegram.render(make(title)))
    assert title in stored["text"]
    begin = len(stored["text"][: stored["text"].index(title)].encode("utf-16-le")) // 2
    for entity in stored.get("entities", []):
        if entity["type"] == "bot_command":
            continue  # Telegram finds /x in any text; who taps it says it
        assert entity["offset"] + entity["length"] <= begin or entity["offset"] >= begin + len(title), entity


@pytest.mark.parametrize("make", [listed, timeline])
@pytest.mark.parametrize("title", [*TITLES, *WHOLE])
def test_teams_formats_nothing_of_it(title: str, make):
    body = teams.render(make(title))["attachments"][0]["content"]["body"]
    marked = [block["text"] for block in body if block["type"] == "TextBlock"]  # a RichTextBlock knows no marks
    assert any(title in re.sub(r"\\(.)", r"\1", text) for text in marked), marked
    for text in marked:
        left = re.sub(r"\\.|\{\{[^}]*\}\}", "", text)
        assert not EDGE.search(left), text
