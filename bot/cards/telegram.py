"""A card as the body of Telegram's `sendMessage`, without the chat: HTML, and buttons below it.

Telegram has no menus and no questions before a press: what they need travels in an invisible link of the message,
which comes back with every press and every reply, so that nothing is remembered (`docs/platforms/telegram.md`).
Limits: https://core.telegram.org/bots/api#sendmessage, #formatting-options, #inlinekeyboardbutton, and
https://limits.tginfo.me/en for entities and buttons.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from bot.cards.card import (
    Action,
    ActionStyle,
    Card,
    Facts,
    Field,
    FieldKind,
    FormCard,
    Line,
    Option,
    Paragraph,
    Quote,
    Span,
    Style,
    Tone,
)
from bot.cards.i18n import say
from bot.cards.text import calm, columns, one_line, shorten, utf16, web_address

TEXT_MAX: Final = 4_096
"""UTF-16 units after the entities are parsed."""
ENTITIES_MAX: Final = 100
BUTTONS_MAX: Final = 100
ROW_MAX: Final = 4
"""Telegram allows 8; on a phone more than 4 cannot be read."""
PAIR: Final = 2
"""Buttons in a row of the card itself, and of options whose labels are long."""
SHORT: Final = 8
"""Columns of a label that still fits four in a row on a phone; a Chinese character takes two."""
CALLBACK_MAX: Final = 64
"""Bytes of `callback_data`."""
LABEL_MAX: Final = 64
SIZE_MAX: Final = 8_800
"""Characters of the text and of all addresses in it. Telegram refuses more than about 9,500 as ENTITIES_TOO_LONG
(https://github.com/tdlib/telegram-bot-api/issues/165, no number is published)."""
HIDDEN_MAX: Final = 3_000
"""Characters of the invisible link; a card whose menus need more shows all options at once."""
HIDDEN: Final = "https://t.me/#toc-"
"""Where the invisible link begins; it leads nowhere. The way of stateless questions:
https://github.com/EdJoPaTo/telegraf-stateless-question"""
INVISIBLE: Final = "\u200c"
"""What the invisible link is put on. It comes first: of more than 100 entities, found ones included, the last go."""
MENU, FORM = "m", "f"
"""What the invisible link carries: the menus of a card, or what a form is for."""
TURN: Final = "#"
"""How `callback_data` begins that turns a page or picks an answer; no token does (`cards.token`)."""
PICK: Final = "#="
CANCEL: Final = "#x"
OPTIONS_MAX: Final = 40
"""Options of one menu or question that are shown as buttons."""
OPTIONS_NAMED: Final = 4
"""Options that are named in a line about another question."""
ASK_MAX: Final = 600
"""UTF-16 units of a question's title, introduction, label and hint each."""
PLACEHOLDER_MAX: Final = 64
"""Characters: https://core.telegram.org/bots/api#forcereply"""
TOAST_SHOWN: Final = 200
"""Characters of the question before a press, which is a toast as well: #answercallbackquery."""
QUOTE_SHOWN: Final = 1_200
"""Our own: more belongs on the incident's page."""
TITLE_SHOWN: Final = 300

_SIGNS: Final = {
    Tone.CRITICAL: "🔴",
    Tone.WARNING: "🟠",
    Tone.INFO: "🔵",
    Tone.PROCESSING: "🛠",
    Tone.SNOOZED: "💤",
    Tone.CLOSED: "✅",
}
_VERB_SIGNS: Final = {
    "ack": "✅",
    "resolve": "🏁",
    "escalate": "⏫",
    "snooze": "💤",
    "wake": "⏰",
    "unack": "↩️",
    "more": "⋯",
    "reopen": "↩️",
}
_STYLES: Final = {ActionStyle.PRIMARY: "success", ActionStyle.DANGER: "danger"}
_TAGS: Final = {Style.BOLD: "b", Style.CODE: "code"}

_HOST: Final = re.compile(r"https?://[^\s/.]+\.[^\s/]", re.IGNORECASE)
"""Telegram refuses a message with a button to a bare host such as `localhost` ("Wrong HTTP URL")."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of sendMessage (or editMessageText) without `chat_id`: total, and within every limit above."""
    keyboard, hidden = _keyboard(card)
    quotes = [block for block in card.body if isinstance(block, Quote)]
    reserved = utf16(INVISIBLE) if hidden else 0
    bare = _Sheet(room=TEXT_MAX - reserved)
    _write(bare, card, 0)
    sheet = _Sheet(room=TEXT_MAX - reserved, entities=ENTITIES_MAX - reserved, links=SIZE_MAX - TEXT_MAX - len(hidden))
    _write(sheet, card, min(QUOTE_SHOWN, (bare.room - 8 * len(quotes)) // max(len(quotes), 1)))
    message = _message(hidden + sheet.html())
    if keyboard:
        message["reply_markup"] = {"inline_keyboard": keyboard}
    return message


def render_form(form: FormCard) -> Json:
    """A form as a message that asks for a reply, in the same shape as `render`: Telegram opens no dialogs.

    The first question that must be answered is asked: by buttons where it has few enough options, else by a request
    for a reply (https://core.telegram.org/bots/api#forcereply), `selective`, so that it opens for the person alone
    whom the adapter mentions in front. The invisible link brings the token and the names of the fields back.
    """
    first = next((each for each in form.fields if each.required), form.fields[0])
    asked = (first, *(each for each in form.fields if each is not first))
    sheet = _Sheet(room=TEXT_MAX - utf16(INVISIBLE), entities=ENTITIES_MAX - 1)
    sheet.put(_asked_line(form.title) or "…", "b")
    for text in (form.intro, first.label, first.hint):
        if line := _asked_line(text):
            sheet.put(f"\n{line}")
    picks = _picks(form, first)
    how = "ask.or_reply" if picks else "ask.reply"
    sheet.put("\n" + say(form.lang, how))
    if len(asked) > 1:
        labels = say(form.lang, "list.comma").join(_line_of(each, form.lang) for each in asked)
        sheet.put("\n" + say(form.lang, "ask.lines", labels=labels))
    message = _message(_asked_for(form.token, asked) + sheet.html())
    placeholder = shorten(one_line(first.hint or first.label), PLACEHOLDER_MAX, utf16) or "…"
    reply = {"force_reply": True, "selective": True, "input_field_placeholder": placeholder}
    message["reply_markup"] = {"inline_keyboard": picks} if picks else reply
    return message


def _asked_for(token: str, asked: Sequence[Field]) -> str:
    """The invisible link of a question: the token, and each field with what stands in it and the words for its options.

    Too much to carry: first without the words, then with the asked field alone, whose answer is read as typed.
    """
    plain = [[each.name, each.value] for each in asked]
    words = ([[one_line(o.label), o.token] for o in each.options if _is_choice(each)] for each in asked)
    worded = [[*pair, said] for pair, said in zip(plain, words, strict=True)]
    for fields in (worded, plain):
        if len(hidden := _hidden(FORM, {"t": token, "f": fields})) <= HIDDEN_MAX:
            return hidden
    return _hidden(FORM, {"t": token, "f": [[asked[0].name, ""]]})


def _is_choice(asked: Field) -> bool:
    return asked.kind is FieldKind.CHOICE


def _line_of(asked: Field, lang: str) -> str:
    """What a line of the reply is about, with its options where they are few."""
    label = _asked_line(asked.label)
    if not _is_choice(asked) or not 0 < len(asked.options) <= OPTIONS_NAMED:
        return label
    words = " / ".join(_asked_line(option.label) for option in asked.options)
    return say(lang, "ask.choice", label=label, words=shorten(words, ASK_MAX, utf16))


def _message(html: str) -> Json:
    return {"text": html, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _asked_line(text: str) -> str:
    return shorten(_calm_line(text), ASK_MAX, utf16)


def _picks(form: FormCard, first: Field) -> list[list[Json]]:
    """The options of a question as buttons, and a way out; none where a reply says it better."""
    if first.kind not in (FieldKind.CHOICE, FieldKind.PEOPLE) or not 0 < len(first.options) <= OPTIONS_MAX:
        return []
    buttons = [
        {"text": _label("", option.label), "callback_data": f"{PICK}{option.token}"}
        for option in first.options
        if _fits(f"{PICK}{option.token}")
    ]
    return [*_rows(buttons), [{"text": _label("", form.cancel), "callback_data": CANCEL}]] if buttons else []


def _hidden(kind: str, content: object) -> str:
    """An invisible link that carries JSON; a lone surrogate, which no JSON can carry, becomes a question mark."""
    packed = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return f'<a href="{HIDDEN}{kind}.{urlsafe_b64encode(packed).decode().rstrip("=")}">{INVISIBLE}</a>'


@dataclass(slots=True)
class _Sheet:
    """HTML in the making, and how much of Telegram's patience is left."""

    room: int = TEXT_MAX
    entities: int = ENTITIES_MAX
    links: int = SIZE_MAX - TEXT_MAX
    """Characters that addresses may still take."""
    parts: list[str] = field(default_factory=list)

    def put(self, text: str, tag: str = "", attribute: str = "") -> None:
        """Add text, shortened to what fits and then escaped, inside a tag while entities are left."""
        text = shorten(text, self.room, utf16)
        self.room -= utf16(text)
        inside = escape(text, quote=False)
        if tag and text.strip() and self.entities > 0 and len(attribute) <= self.links:
            self.entities -= 1
            self.links -= len(attribute)
            inside = f"<{tag}{attribute}>{inside}</{tag}>"
        self.parts.append(inside)

    def html(self) -> str:
        """What was put, without a ragged end; never empty."""
        return "".join(self.parts).strip() or "…"


def _write(sheet: _Sheet, card: Card, quote_max: int) -> None:
    _head(sheet, card)
    for block in card.body:
        if sheet.room <= 0:
            return
        match block:
            case Facts():
                sheet.put("\n")
                for fact in block.facts:
                    sheet.put("\n")
                    sheet.put(_calm_line(fact.label), "b")
                    sheet.put(say(card.lang, "fact.colon"))
                    _put_line(sheet, fact.value)
            case Paragraph():
                sheet.put("\n")
                for line in block.lines:
                    sheet.put("\n")
                    _put_line(sheet, line)
            case Quote():
                text = shorten(calm(block.text), quote_max, utf16) if quote_max > 0 else ""
                if text:
                    sheet.put("\n\n")
                    sheet.put(text, "blockquote", " expandable")
    if pings := [span for span in card.mentions if span.mention not in _mentioned(card)]:
        sheet.put("\n\n")
        for span in pings:
            _put_span(sheet, span)
            sheet.put(" ")


def _head(sheet: _Sheet, card: Card) -> None:
    if card.severity or card.status:
        sheet.put(f"{_SIGNS[card.tone]} ")
        sheet.put(" · ".join(filter(None, (_calm_line(card.severity), _calm_line(card.status)))), "b")
        sheet.put(" · ")
        _put_span(sheet, Span(text=card.ref, href=card.url))
        sheet.put("\n")
    if title := shorten(_calm_line(card.title), TITLE_SHOWN, utf16):
        sheet.put(title, "b")
    elif not card.body:
        sheet.put(calm(card.fallback))


def _put_line(sheet: _Sheet, line: Line) -> None:
    for span in line:
        if sheet.room > 0:
            _put_span(sheet, span)


def _put_span(sheet: _Sheet, span: Span) -> None:
    text = _kept_edges(span.text)
    if span.mention.isdecimal() and span.mention.isascii():
        sheet.put(text or "…", "a", f' href="tg://user?id={span.mention}"')
    elif href := web_address(span.href):
        sheet.put(text or href, "a", f' href="{escape(href)}"')
    else:
        sheet.put(text, _TAGS.get(span.style, ""))


def _kept_edges(text: str) -> str:
    """A span on one line; the spaces around it belong to the line that it is part of."""
    inner = _calm_line(text)
    before = " " * (len(text) - len(text.lstrip(" ")))
    after = " " * (len(text) - len(text.rstrip(" ")))
    return before + inner + after if inner else before


def _calm_line(text: str) -> str:
    return " ".join(calm(text).split())


def _mentioned(card: Card) -> frozenset[str]:
    def lines() -> Iterator[Line]:
        for block in card.body:
            if isinstance(block, Facts):
                yield from (fact.value for fact in block.facts)
            elif isinstance(block, Paragraph):
                yield from block.lines

    return frozenset(span.mention for line in lines() for span in line if span.mention)


def _keyboard(card: Card) -> tuple[list[list[Json]], str]:
    """The buttons two in a row, and the invisible link with what they open.

    A menu and a button that asks first carry `#<page>/<rows>`: the adapter puts that page below the first so many
    rows, so that nobody's Acknowledge ever moves away from under the thumb.
    """
    buttons: list[Json] = []
    pages: list[list[Any]] = []
    for action in card.actions:
        if page := _page(action):
            pages.append(page)
            mark = "" if page[0] else " ▾"
            buttons.append({**_styled(action, mark), "callback_data": f"{TURN}{len(pages)}"})
        elif button := _button(action):
            buttons.append(button)
    buttons = buttons[: BUTTONS_MAX - OPTIONS_MAX - PAIR]
    rows = [buttons[index : index + PAIR] for index in range(0, len(buttons), PAIR)]
    hidden = _hidden(MENU, {"b": say(card.lang, "ask.back"), "p": pages}) if pages else ""
    if len(hidden) > HIDDEN_MAX:
        return _spread(card), ""
    for button in buttons:
        if button.get("callback_data", "").startswith(TURN) and "url" not in button:
            button["callback_data"] += f"/{len(rows)}"
    return rows, hidden


def _page(action: Action) -> list[Any]:
    """What a button opens: its question, if any, and rows of `[label, token, style]`; empty if it opens nothing."""
    if action.options:
        options = [[_label("", option.label), option.token, ""] for option in _choices(action)]
        width = ROW_MAX if all(columns(one_line(o.label)) <= SHORT for o in action.options) else PAIR
        return ["", [options[index : index + width] for index in range(0, len(options), width)]] if options else []
    question = shorten(one_line(action.confirm), TOAST_SHOWN, utf16)
    if not question or action.href or not _is_token(action.token):
        return []
    yes = [_label(action.verb, action.label or action.verb), action.token, _STYLES.get(action.style, "")]
    return [question, [[yes]]]


def _spread(card: Card) -> list[list[Json]]:
    """Every option in sight: the way out of a card whose menus are too large to travel with it."""
    rows: list[list[Json]] = []
    for action in card.actions:
        choices: list[Json] = [
            {"text": _label(action.verb, option.label), "callback_data": option.token} for option in _choices(action)
        ]
        single = None if action.options else _button(action)
        rows += _rows(choices) if choices else [[single]] if single else []
    kept: list[list[Json]] = []
    for row in rows:
        if sum(map(len, kept)) + len(row) > BUTTONS_MAX:
            break
        kept.append(row)
    return kept


def _rows(buttons: Sequence[Json]) -> list[list[Json]]:
    width = ROW_MAX if all(columns(button["text"]) <= SHORT for button in buttons) else PAIR
    return [list(buttons[index : index + width]) for index in range(0, len(buttons), width)]


def _choices(action: Action) -> list[Option]:
    return [option for option in action.options if _is_token(option.token)][:OPTIONS_MAX]


def _is_token(text: str) -> bool:
    return _fits(text) and not text.startswith(TURN)


def _fits(data: str) -> bool:
    packed = data.encode("utf-8", "ignore")  # a lone surrogate cannot be sent at all
    return 0 < len(packed) <= CALLBACK_MAX and packed.decode() == data


def _button(action: Action) -> Json | None:
    if _HOST.match(href := web_address(action.href)):
        return {"text": _label(action.verb, action.label or action.verb), "url": href}
    return {**_styled(action), "callback_data": action.token} if _is_token(action.token) else None


def _styled(action: Action, mark: str = "") -> Json:
    button: Json = {"text": _label(action.verb, (action.label or action.verb) + mark)}
    if style := _STYLES.get(action.style):
        button["style"] = style
    return button


def _label(verb: str, label: str) -> str:
    sign = _VERB_SIGNS.get(verb, "")
    return shorten(f"{sign} {one_line(label)}".strip(), LABEL_MAX, utf16) or "…"
