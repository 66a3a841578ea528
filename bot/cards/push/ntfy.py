"""A card as the JSON that ntfy publishes, without its topic: plain text, a priority, and links that only open a page.

Fields and limits: https://docs.ntfy.sh/publish/#publish-as-json and https://docs.ntfy.sh/publish/#limitations
"""

from __future__ import annotations

from typing import Any, Final

from bot.cards.card import Card, Tone
from bot.cards.i18n import say
from bot.cards.push.plain import headline, link, octets, page, words
from bot.cards.text import one_line, shorten

MESSAGE_MAX: Final = 3_000
"""Bytes of the message, our own: a server takes 4,096 (`message-size-limit`), and Firebase, which carries it to most
phones, 4,000 for message and all else together (https://docs.ntfy.sh/config/#firebase-fcm)."""
TITLE_MAX: Final = 400
"""Bytes, our own: two lines of a phone."""
ACTIONS_MAX: Final = 3
"""https://docs.ntfy.sh/publish/#action-buttons"""
LABEL_MAX: Final = 40
LINK_MAX: Final = 700
"""Characters of one link, our own: the whole JSON of a server that was not told otherwise has 8,192 bytes."""

_PRIORITIES: Final = {
    Tone.CRITICAL: 5,
    Tone.WARNING: 4,
    Tone.PROCESSING: 4,
    Tone.SNOOZED: 4,
    Tone.INFO: 3,
    Tone.CLOSED: 3,
}
"""https://docs.ntfy.sh/publish/#message-priority: 5 rings through "do not disturb" where the person allows it."""
_TAGS: Final = {
    Tone.CRITICAL: "rotating_light",
    Tone.WARNING: "warning",
    Tone.INFO: "information_source",
    Tone.PROCESSING: "hammer_and_wrench",
    Tone.SNOOZED: "zzz",
    Tone.CLOSED: "white_check_mark",
}
"""Short codes that ntfy shows as pictures (https://docs.ntfy.sh/emojis/)."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`title`, `message`, `priority`, `tags`, `click` and `actions`: total.

    Every action is a `view`: it opens the page that asks. An `http` action would act when the phone sends it, and
    anybody who reads the topic could send it as well.
    """
    said: Json = {
        "title": headline(card, TITLE_MAX, octets),
        "message": words(card, MESSAGE_MAX, octets),
        "priority": _PRIORITIES[card.tone] if card.kind == "incident" else 3,
    }
    if card.kind == "incident":
        said["tags"] = [_TAGS[card.tone]]
    if click := page(card, LINK_MAX) or link(card, "ack", LINK_MAX):
        said["click"] = click
    if actions := _actions(card):
        said["actions"] = actions
    return said


def _actions(card: Card) -> list[Json]:
    wanted = [(action.label or action.verb, link(card, action.verb, LINK_MAX)) for action in card.actions]
    wanted.append((say(card.lang, "action.open", ref=one_line(card.ref)), page(card, LINK_MAX)))
    labels = {href: shorten(one_line(label), LABEL_MAX) or "…" for label, href in reversed(wanted) if href}
    ordered = [href for _, href in wanted if href]
    return [
        {"action": "view", "label": labels[href], "url": href} for href in list(dict.fromkeys(ordered))[:ACTIONS_MAX]
    ]
