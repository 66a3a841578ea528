"""A card as the body of a Teams bot's message: an Adaptive Card 1.5 and the sentence of its notification.

Elements: https://adaptivecards.io/explorer; what Teams takes of them:
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from bot.cards.card import Block, Card, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.teams.frame import CARD_TYPE, Names, framed
from bot.cards.teams.marks import (
    TITLE_MAX,
    VALUE_MAX,
    WORD_MAX,
    edged,
    instant,
    line_of,
    literal,
    markdown,
    markdown_line,
    rich,
    run,
    short,
    text_block,
)
from bot.cards.teams.pressing import sets_of
from bot.cards.text import calm, one_line, shorten, utf16, web_address

MESSAGE_BYTES_MAX: Final = 27_000
"""UTF-16 bytes of the whole message. The vendor says 100 KB now, said 40 KB before, and 28 KB for what people and
connectors post (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages)."""
BUTTONS_BYTES_MAX: Final = 15_000
TEXT_MAX: Final = 4_000
SUMMARY_MAX: Final = 500
QUOTE_SHOWN: Final = 1_000
FACTS_MAX: Final = 20
LINES_MAX: Final = 30
MENTIONS_MAX: Final = 20

_STYLES: Final = {
    Tone.CRITICAL: "attention",
    Tone.WARNING: "warning",
    Tone.INFO: "emphasis",
    Tone.PROCESSING: "accent",
    Tone.SNOOZED: "emphasis",
    Tone.CLOSED: "good",
}
_SIGNS: Final = {
    Tone.CRITICAL: "🔴",
    Tone.WARNING: "🟠",
    Tone.INFO: "🔵",
    Tone.PROCESSING: "🛠",
    Tone.SNOOZED: "💤",
    Tone.CLOSED: "✅",
}
_SEPARATOR: Final = "  ·  "
_ACCOUNT: Final = re.compile(r"(?:29:[\w-]{1,200}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.ASCII)
"""A user as Teams names one to this bot, or an object id of Entra ID."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of an activity without its conversation: total, and within every limit above."""
    if card.kind == "text" and not card.actions:
        text = shorten(calm(card.fallback), TEXT_MAX, utf16) or "…"
        return {"type": "message", "textFormat": "plain", "text": text}
    names = Names()
    head, pings = list(_head(card)), list(_pings(card, names))
    summary = shorten(one_line(card.fallback), SUMMARY_MAX, utf16) or "…"
    frame = [*head, *pings] or [line_of(summary)]
    room = MESSAGE_BYTES_MAX - _size(_message(summary, frame, lang=card.lang, names=names))
    buttons, used = _fitting(iter(sets_of(card)), min(room, BUTTONS_BYTES_MAX))
    body, _ = _fitting(_blocks(card), room - used)
    shown = [*head, *body, *pings] or ([] if buttons else frame)
    return _message(summary, [*shown, *buttons] or frame, lang=card.lang, names=names)


def _fitting(items: Iterator[Json], room: int) -> tuple[list[Json], int]:
    """The first of the items, as many as fit into `room` bytes, and how many bytes they take."""
    kept: list[Json] = []
    used = 0
    for item in items:
        size = _size(item) + 2 * len(", ")
        if used + size > room:
            break
        kept.append(item)
        used += size
    return kept, used


def _message(summary: str, body: list[Json], *, lang: str, names: Names) -> Json:
    attachment = {"contentType": CARD_TYPE, "content": framed(body, lang=lang, fallback=summary, names=names)}
    return {"type": "message", "summary": summary, "attachments": [attachment]}


def _size(message: Json) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))


def _head(card: Card) -> Iterator[Json]:
    """What is broken and how bad, on the colour of its tone."""
    items: list[Json] = []
    words = [f"**{text}**" for word in (card.severity, card.status) if (text := literal(short(word, WORD_MAX)))]
    if words:
        ref = [markdown(Span(text=short(card.ref, WORD_MAX), href=card.url))] if one_line(card.ref) else []
        items.append(text_block(f"{_SIGNS[card.tone]} " + _SEPARATOR.join([*words, *ref])))
    if title := short(card.title, TITLE_MAX):
        items.append(rich([run(title, weight="Bolder", size="Large" if card.kind == "incident" else "Medium")]))
    if card.kind == "incident" and items:
        yield {"type": "Container", "style": _STYLES[card.tone], "bleed": True, "items": items}
    else:
        yield from items


def _blocks(card: Card) -> Iterator[Json]:
    for block in card.body:
        yield from _BLOCKS[type(block)](block)


def _facts(block: Facts) -> Iterator[Json]:
    facts = [
        {"title": title, "value": value}
        for fact in block.facts[:FACTS_MAX]
        if (title := literal(short(fact.label, WORD_MAX))) and (value := markdown_line(fact.value, VALUE_MAX))
    ]
    if facts:
        yield {"type": "FactSet", "facts": facts}


def _paragraph(block: Paragraph) -> Iterator[Json]:
    """A line without links and instants is made of runs, which know no markup at all."""
    for number, line in enumerate(block.lines[:LINES_MAX]):
        item = _paragraph_line(line)
        if item:
            yield {**item, "spacing": "None"} if number else item


def _paragraph_line(line: Line) -> Json | None:
    if any(web_address(span.href) or instant(span) for span in line):
        text = markdown_line(line, QUOTE_SHOWN)
        return text_block(text) if text else None
    return rich(runs) if (runs := list(_runs(line, QUOTE_SHOWN))) else None


def _runs(line: Line, room: int) -> Iterator[Json]:
    shown = False
    for span in line:
        text = shorten(edged(span.text), room, utf16)
        if not text or not (shown or text.strip()):
            continue
        shown, room = True, room - utf16(text)
        look: Json = {}
        match span.style:
            case Style.BOLD:
                look["weight"] = "Bolder"
            case Style.MUTED:
                look["isSubtle"] = True
            case Style.CODE:
                look["fontType"] = "Monospace"
            case Style.PLAIN:
                pass
        yield run(text, **look)


def _quote(block: Quote) -> Iterator[Json]:
    """Text from outside is made of runs: Teams reads no markup in them."""
    lines = [line for line in shorten(calm(block.text), QUOTE_SHOWN, utf16).split("\n") if line.strip()]
    if lines:
        items = [rich([run(line)]) for line in lines[:LINES_MAX]]
        yield {
            "type": "Container",
            "style": "emphasis",
            "items": [items[0], *({**i, "spacing": "None"} for i in items[1:])],
        }


_BLOCKS: Final[dict[type[Block], Callable[[Any], Iterator[Json]]]] = {
    Facts: _facts,
    Paragraph: _paragraph,
    Quote: _quote,
}


def _pings(card: Card, names: Names) -> Iterator[Json]:
    """One line that pings everybody together; whoever stands elsewhere on the card is named without a ping."""
    people = {span.mention: span for span in card.mentions if _ACCOUNT.match(span.mention)}
    if people:
        yield text_block(" ".join(names.mention(span) for span in list(people.values())[:MENTIONS_MAX]))
