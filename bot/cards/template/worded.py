"""Where the team's own words go: into the free text of a card; in a text message, in place of the title."""

from __future__ import annotations

from dataclasses import replace

from bot.cards.card import Block, Card, Facts, Paragraph, Quote, Span
from bot.cards.text import neutral, one_line

LINES_MAX = 60
"""Lines of a card's free text; who has it and what comes next must not be pushed out of sight."""


def worded(card: Card, medium: str, text: str) -> Card:
    """The card with a template's text. Who has it, what is next, and the buttons stay as they are."""
    if medium == "sms":
        return replace(card, title=one_line(text) or card.title)
    lines = neutral(text).splitlines()[:LINES_MAX]
    own: tuple[Block, ...] = (Paragraph(lines=tuple((Span(text=line),) for line in lines)),) if lines else ()
    kept = tuple(block for block in card.body if not isinstance(block, Quote))
    last = max((place for place, block in enumerate(kept) if isinstance(block, Facts)), default=-1)
    return replace(card, body=(*kept[: last + 1], *own, *kept[last + 1 :]))
