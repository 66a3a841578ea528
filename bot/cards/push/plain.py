"""A card as plain lines, the most important first: what a notification has room for.

Total: every card gives some text, within the limit that the caller measures in the carrier's own unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.cards.card import Block, Card, Facts, Line, Paragraph, Quote
from bot.cards.i18n import say
from bot.cards.text import neutral, one_line, shorten, web_address

LINE_MAX = 300
"""Characters of one line, our own: a phone shows about four lines before somebody unfolds them."""
QUOTE_SHOWN = 600


def octets(text: str) -> int:
    """The length in UTF-8, which is how servers count that take bytes."""
    return len(text.encode("utf-8", "replace"))


def headline(card: Card, limit: int, measure: Callable[[str], int] = len) -> str:
    """`Critical · #142 Checkout API 5xx above 5%`: never empty; of a bare text the name of who sends it."""
    if card.kind == "text":
        return "Tocsin"
    head = " ".join(filter(None, (one_line(card.severity), one_line(card.ref))))
    title = one_line(card.title) or one_line(card.fallback)
    return shorten(": ".join(filter(None, (head, title))), limit, measure) or "Tocsin"


def words(card: Card, limit: int, measure: Callable[[str], int] = len) -> str:
    """The state and the body in lines, as many as fit into `limit`; never empty."""
    if card.kind == "text":
        return shorten(neutral(card.fallback), limit, measure) or "…"
    kept: list[str] = []
    room = limit
    for line in filter(None, _lines(card)):
        cut = shorten(line, min(room, limit), measure)
        if not cut.rstrip("…"):
            break
        kept.append(cut)
        room -= measure(cut) + 1
        if room <= 0:
            break
    return "\n".join(kept) or shorten(one_line(card.fallback), limit, measure) or "…"


def link(card: Card, verb: str, limit: int) -> str:
    """Where an action's link leads; empty where the card has none, or one that is too long to be carried whole."""
    found = (web_address(action.href) for action in card.actions if action.verb == verb)
    return next((href for href in found if href and len(href) <= limit), "")


def page(card: Card, limit: int) -> str:
    """The incident's own page, on the same condition."""
    href = web_address(card.url)
    return href if len(href) <= limit else ""


def number(card: Card) -> str:
    """The digits of `#142`; empty for anything else."""
    digits = card.ref.removeprefix("#")
    return digits if card.ref.startswith("#") and digits.isascii() and digits.isdigit() and len(digits) <= 12 else ""


def _lines(card: Card) -> Iterator[str]:
    yield shorten(one_line(card.status), LINE_MAX)
    for block in card.body:
        yield from _block(block, card.lang)


def _block(block: Block, lang: str) -> Iterator[str]:
    match block:
        case Facts():
            for fact in block.facts:
                value = _words(fact.value)
                label = one_line(fact.label)
                yield shorten(f"{label}{say(lang, 'fact.colon')}{value}" if label else value, LINE_MAX)
        case Paragraph():
            for line in block.lines:
                if not _only_links(line):
                    yield shorten(_words(line), LINE_MAX)
        case Quote():
            yield shorten(neutral(block.text), QUOTE_SHOWN)


def _only_links(line: Line) -> bool:
    """A row of links says nothing where nobody can follow it: the incident's page has them."""
    return any(span.href for span in line) and all(span.href or not any(map(str.isalnum, span.text)) for span in line)


def _words(line: Line) -> str:
    return one_line("".join(span.text for span in line))
