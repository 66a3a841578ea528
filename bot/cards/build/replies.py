"""What Tocsin answers to a command, as a sentence that tells the truth in the reader's language.

`CODES` is read off the words: a new code needs one line in `i18n.replies_en` and one in `i18n.replies_zh`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.cards.card import Card, Line, Paragraph, Span, Tone
from bot.cards.i18n import TABLES, duration, knows, listing, moment, say
from bot.cards.text import one_line
from bot.engine.effects import Reply
from bot.engine.model import Instant

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")

CODES: Final[Mapping[str, frozenset[str]]] = {
    key.removeprefix("reply."): frozenset(_PLACEHOLDER.findall(sentence))
    for key, sentence in TABLES["en"].items()
    if key.startswith("reply.") and key.count(".") == 1
}
"""Every code that has a sentence, and the facts that this sentence shows."""

_INSTANTS: Final = ("at", "until")
_PEOPLE: Final = {"by": "by", "members": "who"}
"""Facts that hold member ids separated by commas → the placeholder that shows their names."""


def reply_text(
    code: str,
    facts: Mapping[str, str],
    lang: str,
    *,
    names: Mapping[str, str] | None = None,
    you: str = "",
    zone: str = "UTC",
    now: Instant = 0,
) -> str:
    """The sentence for a reply's code and facts.

    `by` and `members` are member ids (called by `names`; `you` is the reader), `at` and `until` are instants as decimal
    text, `severity` is the domain's word, `num` an incident's number; every other fact is shown as it is. A fact that
    is not known leads to a sentence that does without it; a code without words says so instead of guessing.
    """
    if code not in CODES:
        return say(lang, "reply.unworded", code=one_line(code))
    shown = _shown(facts, lang, names or {}, zone, now)
    return say(lang, _sentence(code, facts, shown, you), **shown)


def text_card(text: str, lang: str, *, tone: Tone = Tone.INFO, about: int = 0) -> Card:
    """A sentence, or several lines, as a card; `about` puts the number of its incident in front."""
    full = say(lang, "reply.about", ref=f"#{about}", text=text) if about else text
    lines: tuple[Line, ...] = tuple((Span(text=line),) for line in full.splitlines())
    return Card(kind="text", title="", fallback=full, tone=tone, lang=lang, body=(Paragraph(lines=lines),))


def reply_card(
    reply: Reply,
    lang: str,
    *,
    names: Mapping[str, str] | None = None,
    you: str = "",
    zone: str = "UTC",
    now: Instant = 0,
) -> Card:
    """An engine's reply as a card: calm where something changed, a warning where nothing did."""
    text = reply_text(reply.code, reply.facts, lang, names=names, you=you, zone=zone, now=now)
    return text_card(text, lang, tone=Tone.INFO if reply.done else Tone.WARNING)


def _shown(facts: Mapping[str, str], lang: str, names: Mapping[str, str], zone: str, now: Instant) -> dict[str, object]:
    shown: dict[str, object] = {name: one_line(value) for name, value in facts.items() if value}
    for fact, placeholder in _PEOPLE.items():
        members = [member for member in facts.get(fact, "").split(",") if member]
        if members:
            shown[placeholder] = listing([one_line(names.get(member, member)) for member in members], lang)
    for fact in _INSTANTS:
        if (at := _instant(facts.get(fact, ""))) is not None:
            shown[fact] = moment(at, now, zone, lang)
    if (at := _instant(facts.get("at", ""))) is not None:
        shown["ago"] = duration(now - at, lang)
    if "num" in shown:
        shown["ref"] = f"#{shown['num']}"
    if knows(key := f"severity.{facts.get('severity', '')}"):
        shown["severity"] = say(lang, key)
    return shown


def _instant(text: str) -> Instant | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) and int(text) else None


def _sentence(code: str, facts: Mapping[str, str], shown: Mapping[str, object], you: str) -> str:
    """The finest sentence of a code whose facts are all known."""
    key = f"reply.{code}"
    variants = [f"{key}.you"] if you and facts.get("by") == you else []
    variants += [f"{key}.suggestion", f"{key}.who", key]
    variants += [f"{key}.itself"] if facts.get("by") == "" else []
    variants.append(f"{key}.bare")
    for variant in variants:
        if knows(variant) and set(_PLACEHOLDER.findall(TABLES["en"][variant])) <= shown.keys():
            return variant
    return variants[-1] if knows(variants[-1]) else key
