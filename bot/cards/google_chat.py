"""A card as a message of a Google Chat webhook: one card of `cardsV2`, in the thread of its incident.

Source: https://developers.google.com/workspace/chat/api/reference/rest/v1/cards and
https://developers.google.com/workspace/chat/format-messages#card-formatting; a webhook's message is never edited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from bot.cards.card import Block, Card, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import say
from bot.cards.text import neutral, one_line, shorten, web_address

MESSAGE_MAX: Final = 32_000
"""Bytes of a message, text and cards together
(https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create)."""
BYTES_MAX: Final = 24_000
"""Our own share of them: how Google counts what it makes of our JSON is not documented."""
TEXT_MAX: Final = 4_000
WIDGETS_MAX: Final = 100
"""https://developers.google.com/workspace/chat/api/reference/rest/v1/cards#section"""
TITLE_MAX: Final = 400
FALLBACK_MAX: Final = 500
LABEL_MAX: Final = 100
VALUE_MAX: Final = 1_000
QUOTE_SHOWN: Final = 1_000
BUTTONS_MAX: Final = 3
LINK_MAX: Final = 1_500

_COLOURS: Final = {
    Tone.CRITICAL: "#D72D30",
    Tone.WARNING: "#B4570B",
    Tone.INFO: "#5B6B7F",
    Tone.PROCESSING: "#12719E",
    Tone.SNOOZED: "#6B46C1",
    Tone.CLOSED: "#1E7F4F",
}
_PINGS: Final = re.compile(r"([@＠])")
_TAGS: Final = re.compile(r"<(?=[^\s=]|\Z)")

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The `Message` of spaces.messages.create: total. Its thread is the incident's, wherever it is posted."""
    if card.kind == "text":
        return {"text": _plain(neutral(card.fallback), TEXT_MAX) or "…"}
    widgets = [_paragraph(f'<font color="{_COLOURS[card.tone]}"><b>{status}</b></font>') for status in _status(card)]
    widgets += [widget for block in card.body for widget in _block(block)]
    buttons = _buttons(card)
    kept = _within(widgets, BYTES_MAX - _size(buttons))[: WIDGETS_MAX - 1]
    kept += [{"buttonList": {"buttons": buttons}}] if buttons else []
    said: Json = {
        "fallbackText": _plain(one_line(card.fallback), FALLBACK_MAX) or "Tocsin",
        "cardsV2": [
            {
                "cardId": f"{card.incident or card.kind}-{card.rev}"[-60:],
                "card": {
                    "header": {"title": _plain(one_line(card.title or card.fallback), TITLE_MAX) or "Tocsin"},
                    "sections": [{"widgets": kept or [_paragraph("…")]}],
                },
            }
        ],
    }
    if card.incident.isalnum() and card.incident.isascii():
        said["thread"] = {"threadKey": f"incident-{card.incident}"[:200]}
    return said


def _status(card: Card) -> Iterator[str]:
    words = " · ".join(filter(None, map(one_line, (card.severity, card.status, card.ref))))
    if words:
        yield _fit(words, VALUE_MAX)


def _block(block: Block) -> Iterator[Json]:
    match block:
        case Facts():
            for fact in block.facts:
                value = _line(fact.value, VALUE_MAX).strip() or "–"
                label = _plain(one_line(fact.label), 2 * LABEL_MAX)
                shown: Json = {"topLabel": label} if label else {}
                yield {"decoratedText": {**shown, "text": value, "wrapText": True}}
        case Paragraph():
            if lines := [text for line in block.lines if (text := _line(line, VALUE_MAX).strip())]:
                yield from map(_paragraph, _packed(lines))
        case Quote():
            if text := _fit(neutral(block.text), QUOTE_SHOWN):
                yield _paragraph(f"<i>{text}</i>")


def _packed(lines: list[str]) -> Iterator[str]:
    """Lines joined into texts of a bearable size."""
    text = ""
    for line in lines:
        if text and len(text) + len(line) > 2 * VALUE_MAX:
            yield text
            text = ""
        text += f"\n{line}" if text else line
    yield text


def _buttons(card: Card) -> list[Json]:
    """Links only: whoever posts by a webhook hears no press."""
    wanted = [(action.label or action.verb, web_address(action.href)) for action in card.actions if action.href]
    wanted.append((say(card.lang, "action.open", ref=one_line(card.ref)), web_address(card.url)))
    good = {href: label for label, href in wanted if href and len(href) <= LINK_MAX}
    return [
        {"text": _plain(one_line(label), 2 * LABEL_MAX) or "…", "onClick": {"openLink": {"url": href}}}
        for href, label in list(good.items())[-BUTTONS_MAX:]
    ]


def _within(widgets: list[Json], room: int) -> list[Json]:
    kept: list[Json] = []
    for widget in widgets:
        room -= _size(widget)
        if room < 0:
            kept.append(_paragraph("…"))
            break
        kept.append(widget)
    return kept


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _paragraph(text: str) -> Json:
    return {"textParagraph": {"text": text}}


def _line(line: Line, limit: int) -> str:
    text = ""
    for span in line:
        text += _span(span, limit - len(text))
    return text


def _span(span: Span, room: int) -> str:
    href = web_address(span.href)
    before, after = ("", "")
    if href and len(href) <= LINK_MAX:
        before, after = f'<a href="{escape(href)}">', "</a>"
    elif one_line(span.text) and span.style in {Style.BOLD, Style.CODE}:
        before, after = "<b>", "</b>"
    inside = _fit(one_line(span.text), room - len(before) - len(after))
    if before:
        return f"{before}{inside}{after}" if inside else ""
    edges = (" " * span.text[:1].isspace(), " " * span.text[-1:].isspace() * bool(inside))
    return inside.join(edges) if len(inside) + 2 <= room else inside


def _fit(text: str, limit: int) -> str:
    """Shortened so that it fits once it is escaped, and escaped: the widgets read a little HTML."""
    return _PINGS.sub("\\1\u2060", escape(shorten(text, limit, _escaped_length)))


def _escaped_length(text: str) -> int:
    return len(escape(text)) + len(_PINGS.findall(text))


def _plain(text: str, limit: int) -> str:
    """For texts outside widgets, which have no escapes: no `<users/all>`, no `<url|name>`, no `@all`."""
    return _TAGS.sub("‹", _PINGS.sub("\\1\u2060", shorten(text, limit // 2)))
