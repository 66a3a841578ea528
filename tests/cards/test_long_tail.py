"""Cards for webhooks and phones: total, within the vendors' limits, and nothing in them pings anybody."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import example, given, settings

from bot.cards import discord, google_chat, mattermost
from bot.cards.card import Card, Fact, Facts, Paragraph, Quote, Span, Tone
from bot.cards.push import apprise, ntfy, pushover
from bot.cards.sample import STATES, sample_card
from bot.playground import discord as discord_server
from bot.playground import google_chat as google_server
from bot.playground import mattermost as mattermost_server
from bot.playground import ntfy as ntfy_server
from bot.playground.hub import Hub
from bot.playground.pushover import PushoverEmulator
from tests.cards.hostile import cards, giant, unhurried

many = settings(unhurried, max_examples=30)
USER = "u" * 30
PHONE = PushoverEmulator(Hub(time.time), "t" * 30, {USER: "Ann"})
LIVE = re.compile(r"[@＠](?!\u2060)")
TAG = re.compile(r"<(?=[!@#/a-zA-Z])")


def strings(value) -> list[str]:
    if isinstance(value, dict):
        return [s for each in value.values() for s in strings(each)]
    if isinstance(value, list):
        return [s for each in value for s in strings(each)]
    return [value] if isinstance(value, str) else []


def addresses(text: str) -> str:
    """The text without the addresses of links, which may have an @ and ping nobody."""
    return re.sub(r"https?://[^\s\"<>]+", "", text)


@many
@example(giant)
@given(cards)
def test_discord_takes_every_card_and_pings_nobody(card: Card):
    said = discord.render(card)
    discord_server.judge(said)
    assert said["allowed_mentions"] == {"parse": []}
    bare = {name: value for name, value in said.items() if name != "allowed_mentions"}
    assert discord_server.pinged(bare) == []  # even if that were forgotten, the words would not ping
    for text in strings(said):
        assert not LIVE.search(addresses(text)), text


PARTED = Card(
    kind="incident",
    title="",
    fallback="",
    body=(Paragraph(lines=((Span(text="<"), Span(text="!channel>"), Span(text="a<"), Span(text="https://x|y>")),)),),
)
"""A tag in pieces: each is harmless, and together they are not."""


@many
@example(giant)
@example(PARTED)
@given(cards)
def test_mattermost_takes_every_card_and_mentions_nobody(card: Card):
    (post,) = mattermost_server.as_shown(mattermost_server.judge(mattermost.render(card)))
    assert post["mentions"] == []
    said = mattermost.render(card)
    assert sum(map(len, strings(said))) <= 7_600
    for text in strings({name: value for name, value in said.items() if name != "title_link"}):
        assert not TAG.search(text), text


@many
@example(giant)
@given(cards)
def test_google_chat_takes_every_card_and_mentions_nobody(card: Card):
    said = google_chat.render(card)
    google_server.judge(json.dumps(said, ensure_ascii=False).encode())
    google_server.judge(json.dumps(said).encode())  # as it is sent: every Chinese character takes six bytes
    for text in (said.get("text", ""), said.get("fallbackText", "")):
        assert not TAG.search(text)
        assert not LIVE.search(text)


@many
@example(giant)
@given(cards)
def test_ntfy_takes_every_card(card: Card):
    said = ntfy.render(card)
    body = ntfy_server.judge(json.dumps({"topic": "tocsin-ann", **said}).encode())
    assert body["message"].strip()
    assert all(action["action"] == "view" for action in body.get("actions", ()))


@many
@example(giant)
@given(cards)
def test_pushover_takes_every_card(card: Card):
    said = {name: str(value) for name, value in pushover.render(card).items()}
    ring = {"retry": "60", "expire": "1800"} if said["priority"] == "2" else {}
    PHONE.judge({"user": USER, **said, **ring})
    assert (said["priority"] == "2") == (card.kind == "incident" and card.tone is Tone.CRITICAL)


@many
@example(giant)
@given(cards)
def test_apprise_gets_words_that_no_service_takes_for_a_mention(card: Card):
    said = apprise.render(card)
    assert said["title"].strip()
    assert said["body"].strip()
    assert said["type"] in {"info", "success", "warning", "failure"}
    for text in (said["title"], said["body"]):
        assert not LIVE.search(addresses(text))
        assert not TAG.search(text)


ENEMY = Card(
    kind="incident",
    title="@everyone <!channel> <users/all> [x](https://evil.example) **b** `c` # h",
    fallback="@here <@123456> <users/all>",
    tone=Tone.CRITICAL,
    severity="Critical",
    status="@all",
    ref="#142",
    incident="5a3c9e0f17d2b846",
    body=(
        Facts(facts=(Fact(label="@here", value=(Span(text="<@&42> <https://evil.example|nice> a_@channel"),)),)),
        Paragraph(lines=((Span(text="- @channel\n1. <!here>"),),)),
        Quote(text="# @everyone\n> <@1>\n- <https://evil.example|nice>\n![x](https://evil.example/p.png)"),
    ),
)


@pytest.mark.parametrize("card", [ENEMY, Card(kind="text", title="", fallback=ENEMY.title + ENEMY.body[2].text)])
def test_the_words_that_ping_are_broken_everywhere(card: Card):
    for render in (discord.render, mattermost.render, google_chat.render, apprise.render):
        for text in strings(render(card)):
            assert not re.search(r"@(everyone|here|channel|all|123456)", text), (render.__module__, text)
    shown = strings(mattermost.render(card)) + strings(apprise.render(card))
    assert not [text for text in shown if "<!" in text or "<@" in text or "<http" in text or "<users" in text]
    assert not [text for text in strings(google_chat.render(card)) if re.search(r"<(users|http|!|@)", text)]


def test_markup_from_outside_is_shown_and_not_read():
    said = discord.render(ENEMY)["embeds"][0]
    assert r"\[x\]\(https://evil.example\)" in said["title"]
    assert r"\# " in said["description"]
    field = mattermost.render(ENEMY)["attachments"][0]["fields"][0]
    assert "](" not in field["value"]
    shown = mattermost_server.as_shown(mattermost.render(ENEMY))[0]["attachments"][0]
    assert "](" not in shown["fields"][0]["value"]  # Slack's <url|name> did not become a link


@pytest.mark.parametrize("module", [discord, mattermost, google_chat, ntfy, pushover, apprise])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_state_says_what_is_broken_and_how_it_stands(module, state, lang):
    platform = module.__name__.rpartition(".")[2]
    card = sample_card(state, lang, platform)
    assert module.render(card) == module.render(card)
    shown = "\n".join(strings(module.render(card)))
    assert card.title in shown
    assert card.status in shown
    assert f"/i/142?t={card.url.partition('t=')[2]}" in shown or platform == "pushover"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_colour_or_a_priority_tells_how_bad_it_is(lang):
    seen = {}
    for state in STATES:
        card = sample_card(state, lang, "discord")
        seen[state] = (discord.render(card)["embeds"][0]["color"], mattermost.render(card)["attachments"][0]["color"])
    assert len(set(seen.values())) == len(STATES)
    assert [ntfy.render(sample_card(state, lang, "ntfy"))["priority"] for state in STATES] == [5, 4, 4, 3]
    assert [pushover.render(sample_card(state, lang, "pushover"))["priority"] for state in STATES] == [2, 1, 1, 0]


def test_a_push_leads_to_the_page_that_asks_and_names_its_incident():
    card = sample_card("triggered", "en", "ntfy")
    labels = [action["label"] for action in ntfy.render(card)["actions"]]
    assert labels == ["Acknowledge", "Escalate", "Open incident #142"]
    assert all("/a/" in action["url"] for action in ntfy.render(card)["actions"][:2])
    ringing = pushover.render(sample_card("triggered", "en", "pushover"))
    assert "/i/142" in ringing["url"]  # it is acknowledged on the phone itself
    assert ringing["tags"] == "incident-142"
    quiet = pushover.render(sample_card("processing", "en", "pushover"))
    assert "/a/ack" in quiet["url"]


def test_times_are_told_in_the_readers_zone_where_discord_can():
    assert "<t:1795168800:f>" in json.dumps(discord.render(sample_card("triggered", "en", "discord")))


def test_what_does_not_fit_is_left_out_from_the_end():
    said = discord.render(giant)["embeds"][0]
    assert said["title"].startswith("T")
    assert 0 < len(said["fields"]) <= 25
    assert len(google_chat.render(giant)["cardsV2"][0]["card"]["sections"][0]["widgets"]) <= 100
