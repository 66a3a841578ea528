"""A card as the body of a Discord webhook: one embed with a coloured bar, whatever is in it pings nobody.

Limits: https://discord.com/developers/docs/resources/message#embed-object-embed-limits; the webhook itself:
https://discord.com/developers/docs/resources/webhook#execute-webhook; markup:
https://discord.com/developers/docs/reference#message-formatting
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from bot.cards.card import Block, Card, Fact, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import say
from bot.cards.text import columns, neutral, one_line, shorten, utf16, web_address

CONTENT_MAX: Final = 2_000
TITLE_MAX: Final = 256
DESCRIPTION_MAX: Final = 4_096
FIELDS_MAX: Final = 25
NAME_MAX: Final = 256
VALUE_MAX: Final = 1_024
TOTAL_MAX: Final = 6_000
"""Characters of all titles, descriptions and fields of a message together."""
LINES_MAX: Final = 2_600
"""Characters of the description, our own: the facts shall have their share of the total."""
QUOTE_SHOWN: Final = 1_000
GRID_MAX: Final = 20
"""Columns, our own: three fields stand side by side."""
LINK_MAX: Final = 1_000
SUPPRESS_EMBEDS: Final = 1 << 2
"""No preview of a link in a bare text (https://discord.com/developers/docs/resources/message#message-object-message-flags)."""

_COLOURS: Final = {
    Tone.CRITICAL: 0xD72D30,
    Tone.WARNING: 0xE8912D,
    Tone.INFO: 0x5B6B7F,
    Tone.PROCESSING: 0x1D9BD1,
    Tone.SNOOZED: 0x8A63D2,
    Tone.CLOSED: 0x2EB67D,
}
_MARKUP: Final = re.compile(r"([\\*_~`|\[\]()<>#])")
_LIST: Final = re.compile(r"^(\s*)([-+]|\d+\.)(?=\s)", re.MULTILINE)
_PINGS: Final = re.compile(r"([@＠])")
_CLOCK: Final = re.compile(r"\d\d:\d\d\Z")
_DATE_MAX: Final = 8_640_000_000_000
"""Seconds: beyond it Discord's clients, which are JavaScript, have no date."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of "execute webhook" or of an edit: total. `allowed_mentions` lets nothing ping, wherever it stands."""
    nobody: Json = {"allowed_mentions": {"parse": []}}
    if card.kind == "text":
        text = _fit(neutral(card.fallback), CONTENT_MAX) or "…"
        return {"content": text, "embeds": [], "flags": SUPPRESS_EMBEDS, **nobody}
    return {"content": "", "embeds": [_embed(card)], **nobody}


def _embed(card: Card) -> Json:
    title = _fit(one_line(card.title), TITLE_MAX) or _fit(one_line(card.fallback), TITLE_MAX) or "Tocsin"
    embed: Json = {"title": title, "color": _COLOURS[card.tone]}
    if url := _page(card):
        embed["url"] = url
    room = TOTAL_MAX - utf16(title)
    if description := _description(card):
        embed["description"] = description
        room -= utf16(description)
    if fields := _fields(card, room):
        embed["fields"] = fields
    return embed


def _page(card: Card) -> str:
    href = web_address(card.url)
    return href if len(href) <= LINK_MAX else ""


def _description(card: Card) -> str:
    """The state, what is said in sentences, and the way to the incident's page; facts stand below."""
    kept: list[str] = []
    open_it = ""
    if url := _page(card):
        open_it = f"[{_fit(say(card.lang, 'action.open', ref=one_line(card.ref)), NAME_MAX) or '…'}]({_bare(url)})"
    room = LINES_MAX - utf16(open_it)
    for line in (_status(card), *(each for block in card.body for each in _sentences(block))):
        room -= utf16(line) + 1
        if room < 0:
            kept.append("…")
            break
        if line:
            kept.append(line)
    return "\n".join(filter(None, (*kept, open_it)))


def _status(card: Card) -> str:
    words = [f"**{_fit(one_line(word), NAME_MAX)}**" for word in (card.severity, card.status) if one_line(word)]
    if ref := _fit(one_line(card.ref), NAME_MAX):
        words.append(ref)
    return " · ".join(words)


def _sentences(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield from (_line(line, VALUE_MAX) for line in block.lines)
        case Quote():
            quoted = _fit(neutral(block.text), QUOTE_SHOWN).splitlines()
            yield "\n".join(f"> {line}" if line.strip() else ">" for line in quoted)
        case Facts():
            return


def _fields(card: Card, room: int) -> list[Json]:
    """Facts as fields, side by side where they are short; what does not fit into `room` is left out from the end."""
    fields: list[Json] = []
    for fact in (fact for block in card.body if isinstance(block, Facts) for fact in block.facts):
        field = _field(fact)
        room -= utf16(field["name"]) + utf16(field["value"])
        if room < 0 or len(fields) == FIELDS_MAX:
            break
        fields.append(field)
    return fields


def _field(fact: Fact) -> Json:
    short = sum(columns(span.text) for span in fact.value) <= GRID_MAX
    # Neither may be empty or blank.
    name = _fit(one_line(fact.label), NAME_MAX) or "–"
    return {"name": name, "value": _line(fact.value, VALUE_MAX).strip() or "–", "inline": short}


def _line(line: Line, limit: int) -> str:
    """Spans of at most `limit` characters; one that does not fit is shortened or left out, never cut in its markup."""
    text = ""
    for span in line:
        text += _span(span, limit - utf16(text))
    return text


def _span(span: Span, room: int) -> str:
    if span.at is not None and 0 <= span.at // 1000 <= _DATE_MAX:
        stamp = f"<t:{span.at // 1000}:{'t' if _CLOCK.match(span.text) else 'f'}>"
        return stamp if len(stamp) <= room else ""
    href = web_address(span.href)
    before, after = ("", "")
    if href and len(href) <= LINK_MAX:
        before, after = "[", f"]({_bare(href)})"
    elif one_line(span.text) and span.style in {Style.BOLD, Style.CODE}:
        before = after = "**"
    inside = _fit(one_line(span.text), room - utf16(before) - utf16(after))
    if before:
        return f"{before}{inside}{after}" if inside else ""
    edges = (" " * span.text[:1].isspace(), " " * span.text[-1:].isspace() * bool(inside))
    return inside.join(edges) if utf16(inside) + 2 <= room else inside


def _bare(href: str) -> str:
    """An address that cannot end the parenthesis around it early."""
    return href.replace("(", "%28").replace(")", "%29")


def _fit(text: str, limit: int) -> str:
    """Shortened so that it fits once it is escaped, and escaped."""
    return _escape(shorten(text, limit, _escaped_length))


def _escaped_length(text: str) -> int:
    return utf16(text) + len(_MARKUP.findall(text)) + len(_PINGS.findall(text)) + 2 * len(re.findall("[-+.]", text))


def _escape(text: str) -> str:
    """Every sign that Discord reads as markup gets a backslash, and every `@name` an invisible break."""
    text = _PINGS.sub("\\1\u2060", _MARKUP.sub(r"\\\1", text))
    return _LIST.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", text)
