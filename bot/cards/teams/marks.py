"""Text as Teams reads it: runs that know no markup, and the few marks of markdown that a text block knows.

Sources: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format and
https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from bot.cards.card import Line, Span, Style
from bot.cards.text import calm, shorten, utf16, web_address

TITLE_MAX: Final = 300
WORD_MAX: Final = 120
VALUE_MAX: Final = 600
LABEL_MAX: Final = 60

_CLOCK: Final = re.compile(r"\d\d:\d\d\Z")
_MARKUP: Final = re.compile(r"([\\*`\[\]~])|(?<![^\W_])(_)|(_)(?![^\W_])")
_LEADING: Final = re.compile(r"(?:[-+#>]|(?P<number>\d{1,9})(?P<point>[.)]))(?=\s|\Z)|#{1,6}(?=\s)|>|[-=]{3,}\Z")
_PAIRS: Final = re.compile(r"\{(?=\{)|<|\](?=\()|&(?=[#\w])")
"""Beginnings of functions, mentions, links, and of HTML's names for characters."""
BREAK: Final = "\u2060"
"""Between two characters that would mean something together, and invisible."""

Json = dict[str, Any]


def text_block(markdown: str) -> Json:
    """An element that reads markdown."""
    return {"type": "TextBlock", "text": markdown, "wrap": True}


def rich(runs: list[Json]) -> Json:
    """An element of runs."""
    return {"type": "RichTextBlock", "inlines": runs}


def run(text: str, **look: Any) -> Json:
    """Text that is shown as it stands."""
    return {"type": "TextRun", "text": text.replace("{{", f"{{{BREAK}{{"), **look}


def line_of(text: str) -> Json:
    """A plain line."""
    return rich([run(calm(text))])


def markdown_line(line: Line, room: int) -> str:
    """Spans as the few marks of markdown that Teams knows, from at most `room` characters of text."""
    parts: list[str] = []
    for span in line:
        text = shorten(edged(span.text), room, utf16)
        room -= utf16(text)
        if text:
            parts.append(markdown(span, text))
    return "".join(parts).strip()


def markdown(span: Span, text: str | None = None) -> str:
    """https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format."""
    shown = edged(span.text) if text is None else text
    if at := instant(span):
        clock = f"{{{{TIME({at})}}}}"
        return clock if _CLOCK.match(span.text) else f"{{{{DATE({at}, SHORT)}}}} {clock}"
    inner = literal(shown.strip())
    if not inner:
        return shown and " "
    if href := web_address(span.href):
        inner = f"[{inner}]({href.replace('(', '%28').replace(')', '%29')})"
    elif span.style is Style.BOLD:
        inner = f"**{inner}**"
    return " " * shown.startswith(" ") + inner + " " * shown.endswith(" ")


def instant(span: Span) -> str:
    """The instant as Teams' functions DATE and TIME take it, which show it in the reader's own zone and language."""
    if span.at is None or not 0 <= span.at // 1000 <= _INSTANT_MAX:
        return ""
    return datetime.fromtimestamp(span.at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_INSTANT_MAX: Final = 32_503_680_000  # the year 3000


def literal(text: str) -> str:
    """Text that shows as it is written: https://spec.commonmark.org/0.31.2/#backslash-escapes."""
    text = _PAIRS.sub(lambda found: found[0] + BREAK, text)
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", text)
    if leading := _LEADING.match(escaped):
        number = leading["number"]
        return f"{number}\\{escaped[len(number) :]}" if number else f"\\{escaped}"
    return escaped


def short(text: str, limit: int) -> str:
    """Harmless, on one line, and at most `limit` characters."""
    return shorten(" ".join(calm(text).split()), limit, utf16)


def edged(text: str) -> str:
    """A span on one line; the spaces around it belong to the line that it is part of."""
    inner = " ".join(calm(text).split())
    if not inner:
        return " " if text else ""
    return " " * text[0].isspace() + inner + " " * text[-1].isspace()
