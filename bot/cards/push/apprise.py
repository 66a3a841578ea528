"""A card as title and plain text for Apprise, which translates them for whatever service stands behind a URL.

Source: https://github.com/caronc/apprise/wiki/Development_API. Services differ in what they read into text, so nothing
that any of them would take for a mention is left in it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from bot.cards.card import Card, Tone
from bot.cards.i18n import say
from bot.cards.push.plain import headline, page, words
from bot.cards.text import one_line

TITLE_MAX: Final = 200
BODY_MAX: Final = 1_500
"""Characters, our own: Apprise cuts or splits what is longer than the service takes, and most take as much."""
LINK_MAX: Final = 1_000

_TYPES: Final = {
    Tone.CRITICAL: "failure",
    Tone.WARNING: "warning",
    Tone.INFO: "info",
    Tone.PROCESSING: "info",
    Tone.SNOOZED: "info",
    Tone.CLOSED: "success",
}
_PINGS: Final = re.compile(r"([@＠])")
_TAGS: Final = re.compile(r"<(?=[^\s=]|\Z)")

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`title`, `body` and `type` (info, success, warning, failure): total."""
    body = _calm(words(card, BODY_MAX))
    if href := page(card, LINK_MAX):
        body += f"\n{_calm(say(card.lang, 'action.open', ref=one_line(card.ref)))}: {href}"
    kind = _TYPES[card.tone] if card.kind == "incident" else "info"
    return {"title": _calm(headline(card, TITLE_MAX)), "body": body, "type": kind}


def _calm(text: str) -> str:
    """No `@name`, no `<tag>`: a word joiner breaks the one, a look-alike the other."""
    return _TAGS.sub("‹", _PINGS.sub("\\1\u2060", text))
