"""A card as a Pushover message, without token and user: an emergency that rings until somebody has it, or a line.

Fields and limits: https://pushover.net/api#limits, https://pushover.net/api#priority
"""

from __future__ import annotations

from typing import Any, Final

from bot.cards.card import Card, Tone
from bot.cards.i18n import say
from bot.cards.push.plain import headline, link, number, page, words
from bot.cards.text import one_line, shorten

TITLE_MAX: Final = 250
MESSAGE_MAX: Final = 1_024
URL_MAX: Final = 512
URL_TITLE_MAX: Final = 100
EMERGENCY: Final = 2
"""Repeats until it is acknowledged."""

_PRIORITIES: Final = {
    Tone.CRITICAL: EMERGENCY,
    Tone.WARNING: 1,
    Tone.PROCESSING: 1,
    Tone.SNOOZED: 1,
    Tone.INFO: 0,
    Tone.CLOSED: 0,
}
"""1 breaks through the person's quiet hours, 0 does not (https://pushover.net/api#priority)."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`title`, `message`, `priority`, `url`, `url_title` and `tags`: total, and within every limit above.

    An emergency is acknowledged in the app itself, so its link opens the incident; the others link to the page that
    asks whether the reader has it. `tags` says which incident a receipt is about.
    """
    said: Json = {
        "title": headline(card, TITLE_MAX),
        "message": words(card, MESSAGE_MAX),
        "priority": _PRIORITIES[card.tone] if card.kind == "incident" else 0,
    }
    opened = (say(card.lang, "action.open", ref=one_line(card.ref)), page(card, URL_MAX))
    acked = (next((a.label for a in card.actions if a.verb == "ack"), ""), link(card, "ack", URL_MAX))
    for label, href in (opened, acked) if said["priority"] == EMERGENCY else (acked, opened):
        if href:
            said |= {"url": href, "url_title": shorten(one_line(label), URL_TITLE_MAX) or "…"}
            break
    if card.kind == "incident" and number(card):
        said["tags"] = f"incident-{number(card)}"
    return said
