"""Telegram's limits, held against the constants of python-telegram-bot, its HTML, and the strict emulator's own reader:
every card, state and language, and ten thousand hostile cards and forms."""

from __future__ import annotations

import json
import random
import time
from html.parser import HTMLParser

import pytest
from telegram import InlineKeyboardMarkup, MessageEntity
from telegram.constants import InlineKeyboardButtonLimit, InlineKeyboardMarkupLimit, MessageLimit, ReplyLimit

from bot.adapters.telegram import hidden
from bot.cards import telegram
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
    Tone,
)  # fmt: skip
from bot.cards.sample import STATES, sample_card
from bot.playground.hub import Hub, Json
from bot.playground.telegram.config import TelegramChat, TelegramConfig, TelegramUser
from bot.playground.telegram.methods import send_message
from bot.playground.telegram.world import World
from tests.cards.hostile import NASTY

HOSTILE_CARDS = 10_000
HOSTILE_TEXTS = 100_000
SECONDS_MAX = 60
PEOPLE = (TelegramUser(7001, "Ann", started=True),)


class Balance(HTMLParser):
    """Whether every tag that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        assert tag in {"b", "code", "a", "blockquote"}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def played() -> World:
    """A Telegram that takes anything that the real one takes, and as often as it likes."""
    config = TelegramConfig(users=PEOPLE, chats=(TelegramChat(-1, "ops", (7001,)),), rate_limits=False)
    return World(Hub(time.time), config)


def checked(world: World, message: Json) -> Json:
    """The message as Telegram stores it. Fails where any of the three judges finds a fault."""
    balance = Balance()
    balance.feed(message["text"])
    balance.close()
    assert not balance.open
    assert 0 < len(balance.text.encode("utf-16-le")) // 2 <= MessageLimit.MAX_TEXT_LENGTH
    markup = message.get("reply_markup", {})
    rows = markup.get("inline_keyboard", [])
    InlineKeyboardMarkup.de_json({"inline_keyboard": rows}, None)
    assert sum(map(len, rows)) <= InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER
    for row in rows:
        assert 0 < len(row) <= InlineKeyboardMarkupLimit.BUTTONS_PER_ROW
        for button in row:
            data = button.get("callback_data")
            assert (data is None) == ("url" in button)
            assert data is None or 1 <= len(data.encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
    if "force_reply" in markup:
        hint = markup["input_field_placeholder"]
        assert 1 <= len(hint) <= ReplyLimit.MAX_INPUT_FIELD_PLACEHOLDER
    stored: Json = send_message(world, {"chat_id": -1, **message})  # raises as Telegram refuses
    entities = stored.get("entities", [])
    assert len(entities) <= MessageLimit.MESSAGE_ENTITIES
    assert stored["text"].strip() == balance.text.strip(), "the emulator and the HTML reader see different words"
    units = stored["text"].encode("utf-16-le")
    for entity in MessageEntity.de_list(entities, None):
        assert entity.type in MessageEntity.ALL_TYPES
        assert entity.length > 0
        marked = units[2 * entity.offset : 2 * (entity.offset + entity.length)]
        assert len(marked) == 2 * entity.length, "an entity ends behind the text"
        marked.decode("utf-16-le")  # raises where an entity begins or ends within a character
    return stored


def links(stored: Json) -> list[str]:
    return [entity["url"] for entity in stored.get("entities", []) if entity["type"] == "text_link"]


def pages(stored: Json) -> list[list[list[Json]]]:
    """Every page that the adapter makes of what the message carries."""
    shown = stored.get("reply_markup", {}).get("inline_keyboard", [])
    carried = hidden.menus(links(stored))
    made = []
    for data in (button.get("callback_data", "") for row in shown for button in row):
        if data.startswith("#"):
            page = hidden.turned(data, carried, shown)
            assert page is not None, data
            made.append(page.keyboard)
    return made


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", ["en", "zh", "de"])
def test_every_card_of_ours_is_taken_and_every_menu_opens(state: str, lang: str):
    world = played()
    card = sample_card(state, lang, "telegram")
    stored = checked(world, telegram.render(card))
    shown = {b.get("callback_data") for row in stored["reply_markup"]["inline_keyboard"] for b in row}
    reachable = shown | {b.get("callback_data") for page in pages(stored) for row in page for b in row}
    for action in card.actions:
        for token in [option.token for option in action.options] or [action.token]:
            assert token in reachable, action.verb
        if action.confirm:
            assert action.token not in shown, "it asks first"
    for page in pages(stored):
        checked(world, {"text": "x", "parse_mode": "HTML", "reply_markup": {"inline_keyboard": page}})


class Enemy:
    """Makes up cards and forms from what is dangerous; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.texts = 0

    def text(self) -> str:
        self.texts += 1
        pick = self.chance.random()
        if pick < 0.008:
            return (self.chance.choice(NASTY) * 6000)[: self.chance.randrange(6000)]
        if pick < 0.15:
            return "".join(chr(self.chance.randrange(0x110000)) for _ in range(self.chance.randrange(30)))
        return self.chance.choice(("", " ")).join(self.chance.choices(NASTY, k=self.chance.randrange(6)))

    def some(self, make, most: int) -> tuple:
        return tuple(make() for _ in range(self.chance.randrange(most + 1)))

    def token(self) -> str:
        return self.chance.choice(("", "ack.x.1", "x" * 64, "x" * 65, "#1/2", "#=x", self.text()))

    def href(self) -> str:
        return self.chance.choice(("", "https://x.example/" + "y" * self.chance.randrange(2500), self.text()))

    def span(self) -> Span:
        mention = self.chance.choice(("", "", "7001", "12x"))
        return Span(text=self.text(), style=self.chance.choice(list(Style)), href=self.href(), mention=mention)

    def option(self) -> Option:
        return Option(label=self.text(), token=self.token())

    def action(self) -> Action:
        options = self.some(self.option, 60) if self.chance.random() < 0.3 else ()
        confirm = self.text() if self.chance.random() < 0.4 else ""
        return Action(
            verb=self.chance.choice(("ack", "more", "x" * 200)), label=self.text(), token=self.token(), confirm=confirm,
            options=options, href=self.href() if self.chance.random() < 0.1 else "",
        )  # fmt: skip

    def block(self):
        match self.chance.randrange(3):
            case 0:
                return Quote(text=self.text())
            case 1:
                return Paragraph(lines=self.some(lambda: self.some(self.span, 4), 4))
            case _:
                return Facts(facts=self.some(lambda: Fact(label=self.text(), value=self.some(self.span, 3)), 6))

    def card(self) -> Card:
        return Card(
            kind="incident", title=self.text(), fallback=self.text(), severity=self.text(), status=self.text(),
            ref=self.text(), url=self.href(), tone=self.chance.choice(list(Tone)), body=self.some(self.block, 5),
            actions=self.some(self.action, 8), mentions=self.some(self.span, 3), lang=self.chance.choice(("en", "zh")),
        )  # fmt: skip

    def field(self) -> Field:
        return Field(
            name=f"f{self.chance.randrange(9)}", label=self.text(), kind=self.chance.choice(list(FieldKind)),
            value=self.text(), hint=self.text(), required=self.chance.random() < 0.5,
            options=self.some(self.option, 50),
        )  # fmt: skip

    def form(self) -> FormCard:
        return FormCard(
            verb="note", title=self.text(), submit=self.text(), cancel=self.text(), token="note.x.1.ask-1",
            fields=(self.field(), *self.some(self.field, 3)), intro=self.text(), lang=self.chance.choice(("en", "zh")),
        )  # fmt: skip


def test_ten_thousand_hostile_cards_and_forms_are_taken():
    world, enemy = played(), Enemy(20_261_123)
    began = time.monotonic()
    for number in range(HOSTILE_CARDS):
        if number % 5:
            stored = checked(world, telegram.render(enemy.card()))
            pages(stored)
        else:
            form = enemy.form()
            stored = checked(world, telegram.render_form(form))
            question = hidden.question(links(stored))
            assert question is not None, "the question would not be understood when it comes back"
            assert question.token == form.token
            names = {field.name for field in question.fields}
            assert names <= {field.name for field in form.fields}
            assert names == {field.name for field in form.fields} or sum(len(f.value) for f in form.fields) > 500
    assert enemy.texts > HOSTILE_TEXTS
    assert time.monotonic() - began < SECONDS_MAX


def test_the_largest_card_keeps_room_for_its_menus():
    big = Option(label="字" * 60, token="t" * 64)
    card = Card(
        kind="incident", title="t", fallback="f", body=(Quote(text="&" * 9000),),
        actions=(Action(verb="more", label="More", options=(big,) * 30),),
    )  # fmt: skip
    stored = checked(played(), telegram.render(card))
    rows = stored["reply_markup"]["inline_keyboard"]
    assert sum(map(len, rows)) == 30, "menus too large to travel are shown at once"
    assert json.dumps(stored).count("#toc-") == 0
