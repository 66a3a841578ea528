"""Teams: every card is a valid Adaptive Card within Teams' limits, shows text as it is, and pings whom it names."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given

from bot.cards import teams
from bot.cards.card import (
    Action,
    Card,
    Fact,
    Facts,
    Field,
    FieldKind,
    FormCard,
    Option,
    Paragraph,
    Quote,
    Span,
    Style,
)
from bot.cards.sample import STATES, sample_card
from bot.cards.teams.message import TEXT_MAX
from bot.cards.teams.pressing import TOKEN_MAX
from bot.playground.teams.cards import buttons, check_card, inputs, words
from bot.playground.teams.connector import MESSAGE_BYTES_MAX
from tests.cards.hostile import cards, giant
from tests.cards.test_renderers import many, strings

ANN = "00007001-0000-4000-8000-000000000000"
AT = re.compile(r"<at>(.*?)</at>")


def content_of(message: dict) -> dict:
    return message["attachments"][0]["content"]


def utf16_bytes(message: dict) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode("utf-16-le"))


@many
@example(giant)
@given(cards)
def test_teams_takes_every_card(card: Card):
    message = teams.render(card)
    assert utf16_bytes(message) < MESSAGE_BYTES_MAX
    if "attachments" not in message:
        assert message["textFormat"] == "plain"
        assert 0 < len(message["text"]) <= TEXT_MAX
        return
    content = content_of(message)
    check_card(content)  # the emulator, written from the vendor's schema, raises for anything that is wrong
    assert message["summary"].strip()
    assert all(len(each["data"]["token"]) <= TOKEN_MAX for each in buttons(content) if "data" in each)


@many
@example(giant)
@given(cards)
def test_teams_pings_only_whom_the_card_mentions(card: Card):
    message = teams.render(card)
    if "attachments" not in message:
        assert "<at>" not in message["text"] or "entities" not in message
        return
    content = content_of(message)
    entities = content["msteams"].get("entities", [])
    assert {each["mentioned"]["id"] for each in entities} <= {span.mention for span in card.mentions} & {ANN}
    named = [name for text in words(content) for name in AT.findall(text)]
    runs = [run["text"] for run in runs_of(content)]
    assert sorted(f"<at>{name}</at>" for name in named if f"<at>{name}</at>" not in "".join(runs)) == sorted(
        each["text"] for each in entities
    )
    assert not re.search(r"(?<!\w)[@＠](?:all|everyone|here|channel|bo)\b", "\n".join(words(content)))


def runs_of(value) -> list[dict]:
    if isinstance(value, list):
        return [run for each in value for run in runs_of(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if value.get("type") == "TextRun" else []
    return own + [run for each in value.values() for run in runs_of(each)]


def test_alert_text_that_looks_like_a_mention_pings_nobody():
    text = "<at>Ann Lee</at> @all {{TIME(2026-11-20T10:00:00Z)}} [x](http://e.com)"
    ann = Span(text="Ann Lee", mention=ANN)
    card = Card(
        kind="incident", title=text, fallback=text, severity=text, status=text, mentions=(ann,),
        body=(Quote(text=text), Facts(facts=(Fact(label=text, value=(Span(text=text),)),)),
              Paragraph(lines=((Span(text=text), Span(text="link", href="https://e.com")),))),
    )  # fmt: skip
    shown = words(content_of(teams.render(card)))
    blocks = [text for text in shown if AT.search(text)]
    assert blocks[-1] == "<at>Ann Lee</at>"
    for block in shown[:-1]:
        assert "{{" not in block
        if "**" in block or "\\" in block:  # what Teams reads as markdown
            assert not AT.search(block)
            assert "](http" not in block.replace("[link](https://e.com)", "")


def test_several_people_are_pinged_together_and_once():
    people = tuple(Span(text=name, mention=f"0000000{n}-0000-4000-8000-000000000000")
                   for n, name in enumerate(("Ann", "Bo", "Ann", "Bo")))  # fmt: skip
    card = replace(sample_card("triggered", "en", "teams"), mentions=(*people, people[0]))
    content = content_of(teams.render(card))
    line = content["body"][-2]["text"]
    assert [name.rstrip("\u2060") for name in AT.findall(line)] == ["Ann", "Bo", "Ann", "Bo"]
    texts = [each["text"] for each in content["msteams"]["entities"]]
    assert len(set(texts)) == 4
    check_card(content)


def test_instants_are_shown_in_the_readers_zone():
    at = 1_795_168_800_000
    line = (Span(text="since "), Span(text="2026-11-20 10:00", at=at), Span(text=", next "), Span(text="10:05", at=at))
    card = Card(kind="list", title="t", fallback="f", body=(Paragraph(lines=(line,)),))
    (text,) = [each for each in words(content_of(teams.render(card))) if "since" in each]
    when = "2026-11-20T10:00:00Z"
    assert text == f"since {{{{DATE({when}, SHORT)}}}} {{{{TIME({when})}}}}, next {{{{TIME({when})}}}}"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_rendering_is_pure_and_says_what_is_broken(state: str, lang: str):
    card = sample_card(state, lang, "teams")
    assert teams.render(card) == teams.render(card)
    assert card.title in "\n".join(strings(teams.render(card)))
    assert content_of(teams.render(card))["lang"] == lang
    offered = {t for a in card.actions for t in ([o.token for o in a.options] or [a.token])}
    assert {each["data"]["token"] for each in buttons(content_of(teams.render(card)))} == offered


def test_a_press_that_opens_a_form_asks_teams_for_a_dialog():
    asking = "note.WjyeDxfSuEY.2.ask-142.NLTZEuD5TE4H"
    menu = (Option(label="2 h", token="snooze.WjyeDxfSuEY.2.2h.NLTZEuD5TE4H"), Option(label="…", token=asking))
    card = replace(
        sample_card("triggered", "en", "teams"),
        actions=(Action(verb="note", label="Note", token=asking), Action(verb="more", label="More", options=menu)),
    )
    kinds = [(each["type"], each["data"].get("msteams")) for each in buttons(content_of(teams.render(card)))]
    fetch = ("Action.Submit", {"type": "task/fetch"})
    assert kinds == [fetch, ("Action.Execute", None), fetch]


def test_a_seventh_button_begins_a_set_of_its_own():
    actions = tuple(Action(verb="ack", label=f"b{n}", token=f"t{n}") for n in range(8))
    content = content_of(teams.render(replace(sample_card("triggered", "en", "teams"), actions=actions)))
    sets = [each["actions"] for each in content["body"] if each["type"] == "ActionSet"]
    assert [len(each) for each in sets] == [6, 2]


FORM = FormCard(
    verb="merge",
    title="Merge #142",
    submit="Merge",
    cancel="No",
    token="merge.tok.1.ask-142.seal",
    intro="It closes.",
    fields=(
        Field(name="into", label="Into", hint="#12", text_max=20),
        Field(name="why", label="Why", kind=FieldKind.TEXT, required=False, value="because\nof that"),
        Field(name="for", label="For", kind=FieldKind.CHOICE, value="2h",
              options=(Option(label="2 h", token="2h"), Option(label="1 d", token="1d"))),
        Field(name="who", label="Who", kind=FieldKind.PEOPLE, options=(Option(label="Ann", token="@ann"),)),
        Field(name="whoever", label="Who else", kind=FieldKind.PEOPLE, required=False),
    ),
)  # fmt: skip


def test_a_form_is_a_dialog_with_an_input_for_each_question():
    made = teams.render_form(FORM)
    content = made["card"]["content"]
    check_card(content)
    assert made["title"] == "Merge #142"
    assert [each["id"] for each in inputs(content)] == ["into", "why", "for", "who", "whoever"]
    assert [each["isRequired"] for each in inputs(content)] == [True, False, True, True, False]
    assert [each.get("value") for each in inputs(content)] == [None, "because\nof that", "2h", None, None]
    (send,) = content["actions"]
    assert send["data"] == {"form": FORM.token, "people": ["who", "whoever"]}
    assert "choices.data" not in next(each for each in inputs(content) if each["id"] == "who")
    assert next(each for each in inputs(content) if each["id"] == "whoever")["choices.data"]["type"] == "Data.Query"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*b*", "\\*b\\*"),
        ("_b_ a_b", "\\_b\\_ a_b"),
        ("[x](y)", "\\[x\\]\u2060(y)"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("# head", "\\# head"),
        ("`code`", "\\`code\\`"),
        ("a\\b", "a\\\\b"),
        ("3 < 4", "3 <\u2060 4"),
    ],
)
def test_marks_of_markdown_are_escaped(text: str, shown: str):
    facts = Facts(facts=(Fact(label="x", value=(Span(text=text, style=Style.CODE),)),))
    content = content_of(teams.render(Card(kind="list", title="t", fallback="f", body=(facts,))))
    assert content["body"][-1]["facts"][0]["value"] == shown
