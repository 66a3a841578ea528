"""A line below a card: every code has its sentence, and whatever people write, it pings whom it should."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.cards import slack, teams, telegram
from bot.cards.build import remark_card
from bot.cards.build.remarks import QUOTED_MAX
from bot.cards.build.view import View, plain
from bot.cards.card import Quote
from bot.cards.i18n import TABLES
from bot.cards.sample import sample_view
from bot.engine.effects import Remark
from bot.playground.slack.contents import message_content
from tests.cards.hostile import MINTED, NASTY, texts, unhurried
from tests.cards.test_renderers import LEGAL, balanced, blocks_of, text_objects

CODES = sorted(
    key.removeprefix("remark.") for key in TABLES["en"] if key.startswith("remark.") and key != "remark.quoting"
)
FACTS = {"level": "2", "round": "2", "into": "141", "max": "30", "had": "ann", "platform": "slack", "why": "timeout"}
many = settings(unhurried, max_examples=60)


def view_of(lang: str = "en", **names: str) -> View:
    """The sample, where Bo is called as the test says and each platform knows him alone."""
    view = sample_view("triggered", lang, "slack")
    members = {name: replace(view.world.members[name], name=called) for name, called in names.items()}
    return replace(view, world=replace(view.world, members={**view.world.members, **members}))


def line(code: str, **fields) -> Remark:
    return Remark(number=1, code=code, **{"actor": "ann", "named": ("bo", "cara"), "facts": FACTS, **fields})


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("code", [code for code in CODES if code != "nobody"])
def test_every_line_is_a_whole_sentence_with_its_number(code, lang):
    card = remark_card(view_of(lang), line(code, pinged=("bo",)))
    assert card.fallback.startswith("#142 · ")
    assert "–" not in card.fallback, "a fact is missing"
    assert not card.actions


def test_all_who_are_paged_are_named_and_those_with_an_account_mentioned_together():
    view = replace(view_of(), mentions={"bo": "U0MINTED"})
    card = remark_card(view, line("level", pinged=("bo", "cara")))
    assert plain(card.body[0].lines[0]) == f"#142 · Escalated to level 2. Paged now: {view.names(('bo', 'cara'))}"
    assert [span.mention for span in card.mentions] == ["U0MINTED"]
    message = slack.render(card)
    assert message["text"].count("<@U0MINTED>") == 1
    assert "actions" not in {block["type"] for block in message["blocks"]}


def test_who_is_named_only_is_not_mentioned():
    view = replace(view_of(), mentions={"bo": "U0MINTED", "ann": "U0MINTED", "cara": "U0MINTED"})
    card = remark_card(view, line("unreachable"))
    assert "<@" not in str(slack.render(card))
    assert not card.mentions


def test_where_nobody_is_paged_it_says_so():
    assert remark_card(view_of(), line("level", named=())).fallback.endswith("Paged now: nobody")


def test_a_long_note_is_cut_and_whole_words_of_it_stay():
    card = remark_card(view_of(), line("note", facts={"text": "word " * 400}))
    (quote,) = (block for block in card.body if isinstance(block, Quote))
    assert len(quote.text) <= QUOTED_MAX
    assert quote.text.endswith("word…")


@many
@example(words="".join(NASTY), name=" ".join(NASTY), lang="en")
@given(words=texts, name=texts, lang=st.sampled_from(["en", "zh"]))
@pytest.mark.parametrize("code", ["note", "reopened", "assigned"])
def test_hostile_words_and_names_ping_nobody_and_break_nothing(code, words, name, lang):
    minted = dict(zip(("slack", "telegram", "teams"), MINTED, strict=True))
    view = view_of(lang, ann=name, cara=name)
    said = line(code, pinged=("bo",), facts={**FACTS, "text": words})

    on_slack = slack.render(remark_card(replace(view, mentions={"bo": minted["slack"]}), said))
    message_content(on_slack)  # the emulator refuses what Slack would
    mrkdwn = [t["text"] for t in text_objects(blocks_of(on_slack)) if t["type"] == "mrkdwn"]
    for text in (on_slack["text"], *mrkdwn):
        assert all(LEGAL.fullmatch(control) for control in re.findall(r"<([^>]*)>", text))
        assert not re.search(r"(?<!\w)[@＠](?:all|everyone|here|channel)\b", re.sub(r"<[^<>]*>", "", text))

    on_telegram = telegram.render(remark_card(replace(view, mentions={"bo": minted["telegram"]}), said))
    parsed = balanced(on_telegram["text"])
    assert set(parsed.links) <= {f"tg://user?id={minted['telegram']}"}
    assert not re.search(r"(?<!\w)[@＠]\w", parsed.text)

    on_teams = teams.render(remark_card(replace(view, mentions={"bo": minted["teams"]}), said))
    entities = on_teams["attachments"][0]["content"]["msteams"].get("entities", [])
    assert {each["mentioned"]["id"] for each in entities} <= {minted["teams"]}
