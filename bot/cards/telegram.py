"""A card as the body of Telegram's `sendMessage`, without the chat: HTML, and buttons below it.

Limits: https://core.telegram.org/bots/api#sendmessage, #formatting-options, #inlinekeyboardbutton, and
https://limits.tginfo.me/en for entities and buttons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from bot.cards.card import Action, ActionStyle, Card, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import say
from bot.cards.text import calm, one_line, shorten, utf16, web_address

TEXT_MAX: Final = 4_096
"""UTF-16 units after the entities are parsed."""
ENTITIES_MAX: Final = 100
BUTTONS_MAX: Final = 100
ROW_MAX: Final = 4
"""Telegram allows 8; on a phone more than 4 cannot be read."""
CALLBACK_MAX: Final = 64
"""Bytes of `callback_data`."""
LABEL_MAX: Final = 64
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
}
_STYLES: Final = {ActionStyle.PRIMARY: "success", ActionStyle.DANGER: "danger"}
_TAGS: Final = {Style.BOLD: "b", Style.CODE: "code"}

_HOST: Final = re.compile(r"https?://[^\s/.]+\.[^\s/]", re.IGNORECASE)
"""Telegram refuses a message with a button to a bare host such as `localhost` ("Wrong HTTP URL")."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of sendMessage (or editMessageText) without `chat_id`: total, and within every limit above."""
    quotes = [block for block in card.body if isinstance(block, Quote)]
    bare = _Sheet()
    _write(bare, card, 0)
    sheet = _Sheet()
    _write(sheet, card, min(QUOTE_SHOWN, (bare.room - 8 * len(quotes)) // max(len(quotes), 1)))
    message: Json = {"text": sheet.html(), "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    if keyboard := _keyboard(card):
        message["reply_markup"] = {"inline_keyboard": keyboard}
    return message


@dataclass(slots=True)
class _Sheet:
    """HTML in the making, and how much of Telegram's patience is left."""

    room: int = TEXT_MAX
    entities: int = ENTITIES_MAX
    parts: list[str] = field(default_factory=list)

    def put(self, text: str, tag: str = "", attribute: str = "") -> None:
        """Add text, shortened to what fits and then escaped, inside a tag while entities are left."""
        text = shorten(text, self.room, utf16)
        self.room -= utf16(text)
        inside = escape(text, quote=False)
        if tag and text.strip() and self.entities > 0:
            self.entities -= 1
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


def _keyboard(card: Card) -> list[list[Json]]:
    """Buttons two in a row; the choices of a menu in rows of their own, because Telegram has no menus."""
    rows: list[list[Json]] = []
    pair: list[Json] = []
    for action in card.actions:
        if action.options:
            choices = list(_choices(action))
            pair = []
            rows += [choices[index : index + ROW_MAX] for index in range(0, len(choices), ROW_MAX)]
        elif button := _button(action):
            pair = [*pair, button] if len(pair) == 1 else [button]
            rows = [*rows[:-1], pair] if len(pair) == 2 else [*rows, pair]
    kept: list[list[Json]] = []
    for row in rows:
        if sum(map(len, kept)) + len(row) > BUTTONS_MAX:
            break
        kept.append(row)
    return kept


def _choices(action: Action) -> Iterator[Json]:
    for option in action.options:
        if 0 < len(option.token.encode("utf-8", "replace")) <= CALLBACK_MAX:
            yield {"text": _label(action.verb, option.label), "callback_data": option.token}


def _button(action: Action) -> Json | None:
    button: Json = {"text": _label(action.verb, action.label or action.verb)}
    if _HOST.match(href := web_address(action.href)):
        return {**button, "url": href}
    if not 0 < len(action.token.encode("utf-8", "replace")) <= CALLBACK_MAX:
        return None
    button["callback_data"] = action.token
    if style := _STYLES.get(action.style):
        button["style"] = style
    return button


def _label(verb: str, label: str) -> str:
    sign = _VERB_SIGNS.get(verb, "")
    return shorten(f"{sign} {one_line(label)}".strip(), LABEL_MAX, utf16) or "…"
