"""A card as a text message of at most two segments: how bad, which one, what is broken, and how to say "I have it".

Segments: 3GPP TS 23.038 (GSM 7-bit alphabet) and TS 23.040 (concatenation): 160 or 153 septets, 70 or 67 UTF-16 units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from bot.cards.card import Card
from bot.cards.i18n import language, say
from bot.cards.text import one_line, shorten, utf16, web_address

SEGMENTS_MAX: Final = 2
TITLE_KEPT: Final = 40
"""Characters of a title that are worth more than a link, where a text can be answered with a code."""
VALUE_MAX: Final = 200
"""Characters of a template's value; each vendor cuts it to what it approved."""
BUNDLE_TITLES: Final = (60, 40, 30, 24, 20, 16, 12, 8)
"""Characters of each title in a bundle, tried in turn; then fewer incidents are named, and all are counted."""
CODES_SHOWN: Final = 3
"""Codes at the end of a bundle: enough to see how several are answered at once."""
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

_URL = re.compile(r"\b(?:https?://|www\.)\S*", re.IGNORECASE)

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`{"text", "values", "lang"}`, as `adapters.vendors.contract.Words` has it.

    At most two segments in either alphabet. The title is shortened; where there are reply codes the link goes before
    much of the title does, and where there are none the link stays.
    """
    head = " ".join(filter(None, (one_line(card.severity), one_line(card.ref))))
    title = one_line(card.title) if card.severity or card.ref else one_line(card.fallback or card.title)
    text = ""
    for tail in _tails(card):
        kept = _fitting(head, title, tail)
        made = _compose(head, kept, *tail)
        if segments(made) <= SEGMENTS_MAX:
            text = made
            if not card.reply_code or len(kept) >= min(len(title), TITLE_KEPT):
                break
    if not text:
        text = _compose(shorten(head, 40, utf16), "")
    return {"text": text or "Tocsin", "values": _values(card, title), "lang": language(card.lang)}


def render_bundle(cards: Sequence[Card]) -> Json:
    """Several incidents in one text for one person, in the given order; the first card's language is theirs.

    As many as fit are named, each with its code; all are counted. Raises `ValueError` for no card at all.
    """
    if not cards:
        raise ValueError("A bundle has at least one incident.")
    text = ""
    for named in range(len(cards), 0, -1):
        for width in BUNDLE_TITLES:
            text = _bundle(cards, named, width)
            if segments(text) <= SEGMENTS_MAX:
                break
        else:
            continue
        break
    else:
        text = say(cards[0].lang, "sms.bundle", count=len(cards)).rstrip(":：").translate(_PLAINER)
    title = one_line(text.replace("\n", " "))
    return {"text": text, "values": _values(cards[0], title), "lang": language(cards[0].lang)}


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


def _compose(head: str, title: str, *tail: str) -> str:
    text = "\n".join(filter(None, (" ".join(filter(None, (head, title))), *tail)))
    return text.translate(_PLAINER)


def _tails(card: Card) -> list[tuple[str, ...]]:
    """What may follow the title, the most helpful first."""
    link = _link(card)
    if not card.reply_code:
        return [(link,), ()]
    long, short = (say(card.lang, key, n=card.reply_code) for key in ("sms.codes", "sms.codes_short"))
    return [(long, link), (short, link), (long,), (short,)]


def _fitting(head: str, title: str, tail: tuple[str, ...]) -> str:
    """As much of the title as there is room for beside the rest; maybe nothing."""
    text = _compose(head, title, *tail)
    while segments(text) > SEGMENTS_MAX and title:
        over = _length(text) - _capacity(text)
        title = shorten(title, max(0, len(title) - max(1, over // _widest(text))))
        title = "" if title.rstrip("….") == "" else title
        text = _compose(head, title, *tail)
    return title


def _bundle(cards: Sequence[Card], named: int, width: int) -> str:
    lang = cards[0].lang
    rows = [say(lang, "sms.bundle", count=len(cards)), *(_bundle_row(card, width) for card in cards[:named])]
    if named < len(cards):
        rows.append(say(lang, "sms.bundle_more", count=len(cards) - named))
    codes = [f"{card.reply_code}a" for card in cards[:named] if card.reply_code]
    if codes:
        codes = codes if len(codes) <= CODES_SHOWN else [*codes[:CODES_SHOWN], "..."]
        rows.append(say(lang, "sms.bundle_codes", codes=" ".join(codes)))
    return "\n".join(rows).translate(_PLAINER)


def _bundle_row(card: Card, width: int) -> str:
    title = shorten(one_line(card.title), width)
    if not card.reply_code:
        return " ".join(filter(None, (one_line(card.ref), title)))
    return say(card.lang, "sms.bundle_row", code=f"{card.reply_code}a", ref=one_line(card.ref), title=title).strip()


def _values(card: Card, title: str) -> dict[str, str]:
    """What a template's variables may name: plain words, and no link anywhere."""
    return {
        "severity": _value(card.severity),
        "incident": _value(card.ref.lstrip("#")),
        "title": _value(title),
        "channel": _value(card.channel),
        "attempt": str(card.attempt or 1),
    }


def _value(text: str) -> str:
    return shorten(one_line(_URL.sub(" ", text)), VALUE_MAX)


def _link(card: Card) -> str:
    """The link that takes the incident, else the one that shows it."""
    ack = next((web_address(action.href) for action in card.actions if action.verb == "ack"), "")
    return say(card.lang, "sms.ack", url=ack) if ack else web_address(card.url)
