"""A card as a text message of at most two segments: how bad, which one, what is broken, and where to say "I have it".

Segments: 3GPP TS 23.038 (GSM 7-bit alphabet) and TS 23.040 (concatenation): 160 or 153 septets, 70 or 67 UTF-16 units.
"""

from __future__ import annotations

from typing import Any, Final

from bot.cards.card import Card
from bot.cards.i18n import say
from bot.cards.text import one_line, shorten, utf16, web_address

SEGMENTS_MAX: Final = 2
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""These take an escape and a septet."""
_PLAINER: Final = str.maketrans({
    "…": "...", "–": "-", "—": "-", "‑": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "·": "-", "•": "-", "\t": " ",
    "\u00a0": " ", "→": "->", "×": "x", "`": "'",
})  # fmt: skip
"""Typography that would turn a whole message into UCS-2, which holds less than half as much."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`{"text"}`: at most two segments in either alphabet; the title is shortened, the link never."""
    head = " ".join(filter(None, (one_line(card.severity), one_line(card.ref))))
    title = one_line(card.title) if card.severity or card.ref else one_line(card.fallback or card.title)
    link = _link(card)
    text = _compose(head, title, link)
    while segments(text) > SEGMENTS_MAX and title:
        over = _length(text) - _capacity(text)
        title = shorten(title, max(0, len(title) - max(1, over // _widest(text))))
        title = "" if title.rstrip("….") == "" else title
        text = _compose(head, title, link)
    if segments(text) > SEGMENTS_MAX:
        text = _compose(shorten(head, 40, utf16), "", link)
    if segments(text) > SEGMENTS_MAX:
        text = _compose(shorten(head, 40, utf16), "", "")
    return {"text": text or "Tocsin"}


def segments(text: str) -> int:
    """How many text messages a carrier counts (and charges) for `text`."""
    length = _length(text)
    if is_gsm(text):
        return 1 if length <= 160 else _concatenated(text, 153)
    return 1 if length <= 70 else _concatenated(text, 67)


def is_gsm(text: str) -> bool:
    """Whether the GSM 7-bit alphabet has every character."""
    return all(character in _BASIC or character in _EXTENDED for character in text)


def _concatenated(text: str, size: int) -> int:
    """Segments of `size` units: an escape pair or a surrogate pair is never split between two."""
    gsm = is_gsm(text)
    count, used = 1, 0
    for character in text:
        width = (2 if character in _EXTENDED else 1) if gsm else utf16(character)
        if used + width > size:
            count, used = count + 1, 0
        used += width
    return count


def _length(text: str) -> int:
    return len(text) + sum(character in _EXTENDED for character in text) if is_gsm(text) else utf16(text)


def _capacity(text: str) -> int:
    return SEGMENTS_MAX * (153 if is_gsm(text) else 67)


def _widest(text: str) -> int:
    return 2 if is_gsm(text) else max((utf16(character) for character in text), default=1)


def _compose(head: str, title: str, link: str) -> str:
    text = "\n".join(filter(None, (" ".join(filter(None, (head, title))), link)))
    return text.translate(_PLAINER)


def _link(card: Card) -> str:
    """The link that takes the incident, else the one that shows it."""
    ack = next((web_address(action.href) for action in card.actions if action.verb == "ack"), "")
    return say(card.lang, "sms.ack", url=ack) if ack else web_address(card.url)
