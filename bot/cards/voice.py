"""A card as a call says it: who speaks, how bad, which one, what is broken, since when, and which key does what.

One side of a call is at most 45 seconds long, so that whoever was woken hears the keys before they hang up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from bot.cards.card import Card, Tone
from bot.cards.i18n import language, say
from bot.cards.speech import PAUSES, digits, speakable
from bot.cards.text import one_line, shorten

SAID_MAX: Final = 600
"""What is said at most, counted by `_weight`: 45 s of English at some 13 letters a second, or 200 Chinese characters.
Our own choice, below what vendors take (Vonage: 1,500 characters of a talk, https://developer.vonage.com/voice)."""
CHANNEL_MAX: Final = 40
WIDE: Final = re.compile("[\u2e80-\u9fff\uf900-\ufaff]")
GAP: Final = re.compile(rf"\s+([{re.escape(PAUSES)}])")
"""What is left where a fact is missing."""
PLAIN_NUMBER_MAX: Final = 4
"""English numbers up to this long are read whole; longer ones, and all Chinese ones, digit by digit."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`{"text", "values", "lang"}`, as `adapters.vendors.contract.Words` has it; the title is shortened first."""
    lang = language(card.lang)
    plain = not card.severity and not card.ref
    told = ". ".join(filter(str.strip, (card.fallback or card.title).splitlines())) if plain else card.title
    title = speakable(told, lang)
    text = _script(card, lang, title)
    while _weight(text) > SAID_MAX and title:
        over = (_weight(text) - SAID_MAX) // (3 if WIDE.search(title) else 1)
        title = speakable(shorten(title, max(0, len(title) - max(2, over))), lang)
        text = _script(card, lang, title)
    return {
        "text": text or say(lang, "voice.hello"),
        "values": {
            "severity": speakable(card.severity, lang, CHANNEL_MAX),
            "incident": re.sub(r"\D", "", card.ref)[:9],
            "title": title,
            "channel": speakable(card.channel, lang, CHANNEL_MAX),
            "attempt": str(card.attempt or 1),
        },
        "lang": lang,
    }


def spoken_reply(lang: str, text: str) -> str:
    """What is said after a key, before the call ends: the answer that a chat would show, made fit for a voice."""
    lang = language(lang)
    said = speakable(". ".join(text.splitlines()), lang, SAID_MAX if lang == "en" else SAID_MAX // 3)
    return _joined((_sentence(said, lang), say(lang, "voice.bye")), lang)


def unknown_key(lang: str) -> str:
    """What is said after a key that does nothing: which keys there are, and the call goes on."""
    return _joined((say(lang, "voice.unknown_key"), say(lang, "voice.keys")), language(lang))


def _script(card: Card, lang: str, title: str) -> str:
    """Everything in the order of its weight for somebody half asleep."""
    hello = say(lang, "voice.hello")
    if not card.severity and not card.ref:
        return _joined((hello, _sentence(title, lang)), lang)
    facts = {
        "severity": speakable(card.severity, lang, CHANNEL_MAX),
        "num": _number(card.ref, lang),
        "channel": speakable(card.channel, lang, CHANNEL_MAX),
        "title": title.rstrip(PAUSES + " "),
    }
    key = "voice.what" if facts["channel"] else "voice.what_bare"
    said = [hello, say(lang, key if facts["title"] else "voice.untitled", **facts)]
    if since := speakable(card.since, lang, CHANNEL_MAX):
        said.append(say(lang, "voice.since", since=since))
    if status := _turned(card, lang):
        said.append(say(lang, "voice.state", status=status))
    if card.keys and card.tone is not Tone.CLOSED:
        said.append(say(lang, "voice.keys"))
    return _joined(said, lang)


def _turned(card: Card, lang: str) -> str:
    """How it stands, where it is not simply waiting for somebody."""
    if card.tone not in (Tone.PROCESSING, Tone.SNOOZED, Tone.CLOSED):
        return ""
    return speakable(one_line(card.status).lower(), lang, CHANNEL_MAX)


def _number(ref: str, lang: str) -> str:
    number = re.sub(r"[^0-9]", "", ref)[:9]
    return number if lang == "en" and len(number) <= PLAIN_NUMBER_MAX else digits(number)


def _joined(sentences: Sequence[str], lang: str) -> str:
    said = ("" if lang == "zh" else " ").join(filter(None, sentences))
    return GAP.sub(r"\1", " ".join(said.split()))


def _sentence(said: str, lang: str) -> str:
    if not said or said[-1] in PAUSES:
        return said
    return f"{said}。" if lang == "zh" else f"{said}."


def _weight(text: str) -> int:
    """How long it takes to say: a Chinese character takes as long as three letters."""
    return len(text) + 2 * len(WIDE.findall(text))
