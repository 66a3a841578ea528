"""Everything that people read, in their language: sentences by key, spans of time, and local times.

A sentence is looked up with `say`; `words_en` and `words_zh` hold the same keys with the same placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from string import Formatter
from typing import Final
from zoneinfo import ZoneInfo

from bot.cards.i18n import (
    advice_en,
    advice_zh,
    commands_en,
    commands_zh,
    forms_en,
    forms_zh,
    ladder_en,
    ladder_zh,
    mail_en,
    mail_zh,
    myself_en,
    myself_zh,
    noise_en,
    noise_zh,
    notices_en,
    notices_zh,
    numbers_en,
    numbers_zh,
    phone_en,
    phone_zh,
    places_en,
    places_zh,
    remarks_en,
    remarks_zh,
    replies_en,
    replies_zh,
    rooms_en,
    rooms_zh,
    shifts_en,
    shifts_zh,
    words_en,
    words_zh,
)
from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Instant, Span

LANGUAGES: Final = ("en", "zh")

_ENGLISH: Final = (
    words_en,
    replies_en,
    commands_en,
    noise_en,
    notices_en,
    ladder_en,
    forms_en,
    remarks_en,
    rooms_en,
    shifts_en,
    myself_en,
    phone_en,
    places_en,
    mail_en,
    numbers_en,
    advice_en,
)
_CHINESE: Final = (
    words_zh,
    replies_zh,
    commands_zh,
    noise_zh,
    notices_zh,
    ladder_zh,
    forms_zh,
    remarks_zh,
    rooms_zh,
    shifts_zh,
    myself_zh,
    phone_zh,
    places_zh,
    mail_zh,
    numbers_zh,
    advice_zh,
)

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {key: sentence for table in _ENGLISH for key, sentence in table.WORDS.items()},
    "zh": {key: sentence for table in _CHINESE for key, sentence in table.WORDS.items()},
}

_UNITS: Final = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))


_UNKNOWN: Final = "–"
_WIDE: Final = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Characters that stand without spaces between them: Chinese, and full-width punctuation."""


def language(tag: str) -> str:
    """The language that Tocsin speaks for a tag such as `zh-CN`, `zh_Hans`, `de`: English where it has no other."""
    return "zh" if tag.lower().startswith("zh") else "en"


def knows(key: str) -> bool:
    """Whether there is a sentence of this name."""
    return key in TABLES["en"]


def say(lang: str, key: str, **facts: object) -> str:
    """The sentence `key` with its placeholders filled; a fact that is missing becomes a dash.

    Raises `KeyError` for a key that no table has.
    """
    texts = {name: str(fact) for name, fact in facts.items()}
    return "".join(text for _, text in fill(TABLES[language(lang)][key], texts))


def template(lang: str, key: str) -> str:
    """The sentence `key` with its placeholders in braces, for those who fill it with more than text."""
    return TABLES[language(lang)][key]


def fill(sentence: str, facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The pieces of a sentence in order: `("", words)` or `(placeholder, fact)`.

    A space at a placeholder serves Latin text; between two Chinese characters it is left out.
    """
    pieces = [("", "")]
    for literal, name, _, _ in Formatter().parse(sentence):
        words = literal
        if words[:1] == " " and _is_wide(pieces[-1][1][-1:]) and _is_wide(words[1:2] or " "):
            words = words[1:]
        pieces.append(("", words))
        if name is not None:
            fact = facts.get(name, _UNKNOWN)
            if words[-1:] == " " and _is_wide(words[-2:-1]) and _is_wide(fact[:1]):
                pieces[-1] = ("", words[:-1])
            pieces.append((name, fact))
    return [piece for piece in pieces if piece[1]]


def _is_wide(character: str) -> bool:
    return bool(_WIDE.match(character))


def listing(items: Sequence[str], lang: str) -> str:
    """`Ann, Bo and Cara`, `Ann、Bo 和 Cara`."""
    facts = {str(index): item for index, item in enumerate(items)}
    return "".join(text for _, text in fill(list_template(len(items), lang), facts))


def list_template(count: int, lang: str) -> str:
    """`{0}, {1} and {2}`: the shape of a list of `count` things."""
    places = [f"{{{index}}}" for index in range(count)]
    if count < 2:
        return "".join(places)
    return say(lang, "list.comma").join(places[:-1]) + say(lang, "list.and") + places[-1]


def duration(span: Span, lang: str) -> str:
    """A span of milliseconds in its one or two largest units: `4 min`, `1 h 20 min`; `4 分钟`, `1 小时 20 分钟`."""
    rest = max(span, 0) // SECOND * SECOND
    parts: list[str] = []
    for name, unit in _UNITS:
        count, rest = divmod(rest, unit)
        if count and not (parts and name == "second"):
            parts.append(say(lang, f"unit.{name}", n=count))
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or say(lang, "unit.second", n=0)


def moment(at: Instant, now: Instant, zone: str, lang: str, *, dated: bool = False) -> str:
    """A local time such as `10:05`; with its date where that is not today's or `dated` asks for it."""
    there, here = local(at, zone), local(now, zone)
    clock = f"{there:%H:%M}"
    if there.date() == here.date() and not dated:
        return clock
    key = "time.this_year" if there.year == here.year else "time.other_year"
    month = say(lang, f"month.{there.month}")
    return say(lang, key, clock=clock, day=there.day, month=month, year=there.year)


def zone_name(at: Instant, zone: str) -> str:
    """How far the zone is from UTC at that instant: `UTC`, `UTC+8`, `UTC-3:30`. Letters such as CST mean too much."""
    offset = local(at, zone).utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset else 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


def local(at: Instant, zone: str) -> datetime:
    """The wall clock of an IANA zone at an instant; UTC where the zone is unknown."""
    seconds = min(max(at // SECOND, _FIRST), _LAST)
    return datetime.fromtimestamp(seconds, _zone(zone))


_FIRST: Final = int(datetime(1, 1, 3, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9999, 12, 29, tzinfo=UTC).timestamp())


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
