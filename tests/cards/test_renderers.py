"""Renderers are total, stay within the vendors' limits, escape once, and ping only whom the card mentions."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from slack_sdk.models.blocks import Block
from telegram import InlineKeyboardMarkup
from telegram.constants import InlineKeyboardButtonLimit, MessageLimit

from bot.cards import email, slack, sms, telegram
from bot.cards.card import Card
from bot.cards.sample import STATES, sample_card
from bot.playground.slack.contents import message_content
from bot.playground.telegram.keyboards import reply_markup
from bot.playground.telegram.markup import detected, parse_html
from tests.cards.hostile import MINTED, cards, giant, unhurried

LEGAL = re.compile(rf"@({'|'.join(MINTED)})|https?://[^|<>\s]+\|[^|<>]*|!date\^\d+\^[^|^<>]+\|[^|<>]*", re.IGNORECASE)
"""What may stand between angle brackets in mrkdwn: a minted mention, a link, a date."""

many = settings(unhurried, max_examples=50)


def blocks_of(payload: dict) -> list[dict]:
    return [b for a in payload.get("attachments", ()) for b in a["blocks"]] + payload.get("blocks", [])


def strings(value) -> list[str]:
    if isinstance(value, dict):
        return [s for each in value.values() for s in strings(each)]
    if isinstance(value, list):
        return [s for each in value for s in strings(each)]
    return [value] if isinstance(value, str) else []


# --- Slack ------------------------------------------------------------------------------------------------------------


@many
@example(giant)
@given(cards)
def test_slack_takes_every_card(card: Card):
    payload = slack.render(card)
    json.dumps(payload).encode()
    message_content(payload)  # the emulator, which is as strict as Slack, raises for anything that is wrong
    blocks = blocks_of(payload)
    assert len(blocks) <= 50
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()  # slack_sdk validates the lengths here
    assert 0 < len(payload["text"]) <= 40_000
    ids = [block["block_id"] for block in blocks]
    assert len(set(ids)) == len(ids)


@many
@example(giant)
@given(cards)
def test_slack_pings_only_whom_the_card_mentions(card: Card):
    payload = slack.render(card)
    parsed = [payload["text"], *(a["fallback"] for a in payload.get("attachments", ()))]
    parsed += [t["text"] for t in text_objects(blocks_of(payload)) if t["type"] == "mrkdwn"]
    for text in parsed:
        for control in re.findall(r"<([^>]*)>", text):
            assert LEGAL.fullmatch(control), control
        assert "<" not in re.sub(r"<[^<>]*>", "", text)
        assert not re.search(r"(?<!\w)[@＠](?:all|everyone|here|channel|bo)\b", re.sub(r"<[^<>]*>", "", text))


def text_objects(value) -> list[dict]:
    if isinstance(value, list):
        return [t for each in value for t in text_objects(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if value.get("type") in {"mrkdwn", "plain_text"} else []
    return own + [t for each in value.values() for t in text_objects(each)]


def test_slack_bodies_differ_between_revisions_in_every_block_id():
    one, two = (blocks_of(slack.render(sample_card(state, "en", "slack"))) for state in ("triggered", "processing"))
    assert not {b["block_id"] for b in one} & {b["block_id"] for b in two}


# --- Telegram ---------------------------------------------------------------------------------------------------------


class Balance(HTMLParser):
    """Telegram's HTML: known tags only, properly nested, and nothing that it would refuse to parse."""

    KNOWN = frozenset({"b", "code", "a", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.entities = 0
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in self.KNOWN
        self.open.append(tag)
        self.entities += 1
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def balanced(text: str) -> Balance:
    parser = Balance()
    parser.feed(text)
    parser.close()
    assert not parser.open
    return parser


@many
@example(giant)
@given(cards)
def test_telegram_takes_every_card(card: Card):
    payload = telegram.render(card)
    json.dumps(payload).encode()
    parsed = balanced(payload["text"])
    assert 0 < len(parsed.text.encode("utf-16-le")) // 2 <= MessageLimit.MAX_TEXT_LENGTH
    assert parsed.entities <= MessageLimit.MESSAGE_ENTITIES
    assert not re.search(r"&(?!(?:amp|lt|gt|quot|#x27|#39);)", payload["text"])
    keyboard = payload.get("reply_markup", {"inline_keyboard": [[]]})["inline_keyboard"]
    InlineKeyboardMarkup.de_json({"inline_keyboard": keyboard}, None)
    plain, entities = parse_html(payload["text"])  # the emulator's own reader, written from the vendor's page
    assert plain == parsed.text
    assert len(entities) <= MessageLimit.MESSAGE_ENTITIES
    reply_markup(payload)
    buttons = [button for row in keyboard for button in row]
    assert len(buttons) <= 100
    for button in buttons:
        assert button["text"].strip()
        assert ("url" in button) != ("callback_data" in button)
        if "callback_data" in button:
            assert 1 <= len(button["callback_data"].encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA


@many
@example(giant)
@given(cards)
def test_telegram_pings_only_whom_the_card_mentions(card: Card):
    parsed = balanced(telegram.render(card)["text"])
    for link in parsed.links:
        assert link == "tg://user?id=7001" or re.match(r"https?://", link, re.IGNORECASE)
    assert not re.search(r"(?<!\w)[@＠]\w", parsed.text)
    assert not [entity for entity in detected(parsed.text) if entity["type"] == "mention"]


# --- mail -------------------------------------------------------------------------------------------------------------


@many
@example(giant)
@given(cards)
def test_mail_can_be_sent_and_read_back(card: Card):
    made = email.render(card)
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["Subject"], message["From"], message["To"] = made["subject"], "tocsin@example.org", "ann@example.org"
    for name, value in made["headers"].items():
        message[name] = value
    message.set_content(made["text"])
    message.add_alternative(made["html"], subtype="html")
    back = BytesParser(policy=SMTP).parsebytes(message.as_bytes())
    assert {"Bcc", "Cc"}.isdisjoint(back.keys())
    assert back.get_body(("plain",)).get_content().split() == made["text"].split()
    assert len(made["html"].encode()) < 400_000


class Page(HTMLParser):
    """A mail's HTML: balanced, no script, no foreign picture, links that lead to the web only."""

    TAGS = frozenset({"style"}) | frozenset(
        {
            "html",
            "head",
            "meta",
            "title",
            "body",
            "div",
            "table",
            "tr",
            "td",
            "b",
            "h1",
            "a",
            "br",
            "span",
            "code",
            "style",
        }
    )
    ATTRIBUTES = frozenset(
        {
            "lang",
            "charset",
            "name",
            "content",
            "style",
            "role",
            "width",
            "cellpadding",
            "cellspacing",
            "align",
            "valign",
            "href",
            "class",
        }
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in self.TAGS
        assert {name for name, _ in attrs} <= self.ATTRIBUTES
        assert all(re.match(r"https?://", value, re.IGNORECASE) for name, value in attrs if name == "href")
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@many
@example(giant)
@given(cards)
def test_mail_html_is_balanced_and_loads_nothing(card: Card):
    page = Page()
    page.feed(email.render(card)["html"])
    page.close()
    assert not page.open


def test_mails_of_an_incident_stay_in_one_conversation():
    made = [email.render(sample_card(state, "en", "email")) for state in STATES]
    assert len({m["subject"] for m in made}) == 1
    assert len({m["headers"]["References"] for m in made}) == 1


def test_an_answer_joins_the_conversation_and_says_that_a_machine_wrote_it():
    card = sample_card("triggered", "en", "email")
    page = email.render(card)
    back = email.render(replace(card, answers="<CAF+1@mail.gmail.com>", reply_to="reply+abc@in.example"))
    assert back["subject"] == f"Re: {page['subject']}"
    assert back["headers"]["References"] == f"{page['headers']['References']} <CAF+1@mail.gmail.com>"
    assert back["headers"]["In-Reply-To"] == "<CAF+1@mail.gmail.com>"
    assert (page["headers"]["Auto-Submitted"], back["headers"]["Auto-Submitted"]) == ("auto-generated", "auto-replied")
    assert back["headers"]["Reply-To"] == "reply+abc@in.example"


def test_only_a_mail_that_can_be_answered_says_how():
    card = sample_card("triggered", "en", "email")
    for part in ("text", "html"):
        assert "Answer this mail" not in email.render(card)[part]
        assert "Answer this mail with ack" in email.render(replace(card, reply_to="reply+abc@in.example"))[part]


def test_a_server_may_tell_that_a_page_did_not_arrive():
    """`All`, and NDR with it, would make Exchange swallow the very report that brings the next medium."""
    suppressed = email.render(sample_card("triggered", "en", "email"))["headers"]["X-Auto-Response-Suppress"]
    assert {word.strip() for word in suppressed.split(",")} == {"DR", "RN", "NRN", "OOF", "AutoReply"}


# --- SMS --------------------------------------------------------------------------------------------------------------


@many
@example(giant)
@given(cards)
def test_sms_is_at_most_two_segments(card: Card):
    text = sms.render(card)["text"]
    assert text
    assert sms.segments(text) <= 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff\u202a-\u202e]", text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 151, 2),  # the escape pair does not fit into the first 153
        ("a" * 152 + "€" + "a" * 152, 3),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 67 units hold 33 surrogate pairs
        ("", 1),
    ],
)
def test_segments_are_counted_as_carriers_do(text: str, count: int):
    assert sms.segments(text) == count


def test_sms_keeps_the_link_whole_when_the_title_is_long():
    from dataclasses import replace

    card = sample_card("triggered", "zh", "sms")
    text = sms.render(replace(card, title="数据库主从延迟超过阈值" * 30))["text"]
    href = next(a.href for a in card.actions if a.verb == "ack")
    assert href in text
    assert "…" in text or "..." in text


# --- everywhere -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("render", [slack.render, telegram.render, email.render, sms.render])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_rendering_is_pure_and_says_what_is_broken(render, state, lang):
    card = sample_card(state, lang, "sms" if render is sms.render else "slack")
    assert render(card) == render(card)
    assert card.title in html.unescape("\n".join(strings(render(card))))
