"""A card as the body of a Mattermost incoming webhook: one message attachment with a coloured bar.

Source: https://developers.mattermost.com/integrate/reference/message-attachments/ and
https://developers.mattermost.com/integrate/webhooks/incoming/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from bot.cards.card import Block, Card, Fact, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import say
from bot.cards.text import columns, neutral, one_line, shorten, web_address

TEXT_MAX: Final = 3_900
"""Characters of a bare text, our own: a post has 16,383 of them, and 4,000 on servers with an old database
(https://docs.mattermost.com/administration-guide/upgrade/important-upgrade-notes.html, 5.0)."""
TOTAL_MAX: Final = 7_000
"""Characters of an attachment, our own: old servers refuse more than 7,600, new ones split a post above 16,383."""
BODY_MAX: Final = 3_500
TITLE_MAX: Final = 250
FALLBACK_MAX: Final = 500
NAME_MAX: Final = 150
VALUE_MAX: Final = 800
QUOTE_SHOWN: Final = 1_000
FIELDS_MAX: Final = 25
GRID_MAX: Final = 30
"""Columns, our own: two short fields stand side by side."""
LINK_MAX: Final = 1_000

_COLOURS: Final = {
    Tone.CRITICAL: "#D72D30",
    Tone.WARNING: "#E8912D",
    Tone.INFO: "#5B6B7F",
    Tone.PROCESSING: "#1D9BD1",
    Tone.SNOOZED: "#8A63D2",
    Tone.CLOSED: "#2EB67D",
}
_MARKUP: Final = re.compile(r"([\\*_~`|\[\]()#!>])")
_LIST: Final = re.compile(r"^(\s*)([-+]|\d+\.)(?=\s)", re.MULTILINE)
_PINGS: Final = re.compile(r"([@＠])")
_TAGS: Final = re.compile(r"<(?=[^\s=]|\Z)")

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of an incoming webhook: total. Nothing in it mentions anybody, in Mattermost's words or in Slack's."""
    if card.kind == "text":
        return {"text": _fit(neutral(card.fallback), TEXT_MAX) or "…"}
    return {"attachments": [_attachment(card)]}


def _attachment(card: Card) -> Json:
    shown: Json = {
        "fallback": _plain(one_line(card.fallback), FALLBACK_MAX) or "Tocsin",
        "color": _COLOURS[card.tone],
    }
    heading = one_line(card.title) or one_line(card.fallback)
    url = web_address(card.url)
    if url and len(url) <= LINK_MAX:
        # With a link the title is shown as it is; without one it is read as Markdown.
        shown |= {"title": _plain(heading, TITLE_MAX) or "Tocsin", "title_link": url}
    else:
        shown["title"] = _fit(heading, TITLE_MAX) or "Tocsin"
    shown["text"] = _text(card)
    room = TOTAL_MAX - sum(map(len, shown.values()))
    fields: list[Json] = []
    for fact in (fact for block in card.body if isinstance(block, Facts) for fact in block.facts):
        field = _field(fact)
        room -= len(field["title"]) + len(field["value"])
        if room < 0 or len(fields) == FIELDS_MAX:
            break
        fields.append(field)
    return shown | ({"fields": fields} if fields else {})


def _text(card: Card) -> str:
    kept: list[str] = []
    open_it = ""
    url = web_address(card.url)
    if url and len(url) <= LINK_MAX:
        open_it = f"[{_fit(say(card.lang, 'action.open', ref=one_line(card.ref)), NAME_MAX) or '…'}]({_bare(url)})"
    room = BODY_MAX - len(open_it)
    for line in (_status(card), *(each for block in card.body for each in _sentences(block))):
        room -= len(line) + 1
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


def _field(fact: Fact) -> Json:
    short = sum(columns(span.text) for span in fact.value) <= GRID_MAX
    return {
        "short": short,
        "title": _fit(one_line(fact.label), NAME_MAX) or "–",
        "value": _line(fact.value, VALUE_MAX).strip() or "–",
    }


def _line(line: Line, limit: int) -> str:
    """Spans of at most `limit` characters; one that does not fit is shortened or left out, never cut in its markup."""
    text = ""
    for span in line:
        text += _span(span, limit - len(text))
    return text


def _span(span: Span, room: int) -> str:
    href = web_address(span.href)
    before, after = ("", "")
    if href and len(href) <= LINK_MAX:
        before, after = "[", f"]({_bare(href)})"
    elif one_line(span.text) and span.style in {Style.BOLD, Style.CODE}:
        before = after = "**"
    inside = _fit(one_line(span.text), room - len(before) - len(after))
    if before:
        return f"{before}{inside}{after}" if inside else ""
    edges = (" " * span.text[:1].isspace(), " " * span.text[-1:].isspace() * bool(inside))
    return inside.join(edges) if len(inside) + 2 <= room else inside


def _bare(href: str) -> str:
    """An address that cannot end the parenthesis around it early."""
    return href.replace("(", "%28").replace(")", "%29").replace("@", "%40")


def _plain(text: str, limit: int) -> str:
    """For what is not read as Markdown: it may still be searched for names."""
    return _TAGS.sub("‹", _PINGS.sub("\\1\u2060", shorten(text, limit // 2)))


def _fit(text: str, limit: int) -> str:
    """Shortened so that it fits once it is escaped, and escaped."""
    return _escape(shorten(text, limit, _escaped_length))


def _escaped_length(text: str) -> int:
    return len(text) + len(_MARKUP.findall(text)) + len(_PINGS.findall(text)) + 2 * len(re.findall("[-+.]", text))


def _escape(text: str) -> str:
    """Markdown gets backslashes, `@name` an invisible break, and `<` of `<!channel>` or `<url|name>` a look-alike.

    Mattermost turns Slack's tags into mentions and links before it reads Markdown, so that no backslash stops them.
    """
    text = _TAGS.sub("‹", _PINGS.sub("\\1\u2060", _MARKUP.sub(r"\\\1", text)))
    return _LIST.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", text)
