"""Everything that people read, in their language: sentences by key, spans of time, and local times.

A sentence is looked up with `say`; `words_en` and `words_zh` hold the same keys with the same placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from bot.cards.i18n import replies_en, replies_zh, words_en, words_zh
from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Instant, Span

LANGUAGES: Final = ("en", "zh")

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": words_en.WORDS | replies_en.WORDS,
    "zh": words_zh.WORDS | replies_zh.WORDS,
}

_UNITS: Final = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))


class _Gaps(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "–"


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
    return TABLES[language(lang)][key].format_map(_Gaps(facts))


def listing(items: Sequence[str], lang: str) -> str:
    """`Ann, Bo and Cara`, `Ann、Bo 和 Cara`."""
    if len(items) < 2:
        return "".join(items)
    return say(lang, "list.comma").join(items[:-1]) + say(lang, "list.and") + items[-1]


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
    """The wall clock of an IANA zone at an instant; UTC where the zone is unknown, nearest possible where out of range."""
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
