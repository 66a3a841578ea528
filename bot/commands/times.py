"""Times and stretches of time as people write them, by the clocks of their own zone; what is unclear is asked back."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from bot.commands import grammar
from bot.commands.grammar import Misread
from bot.engine.model import DAY, MINUTE, SECOND, Instant, Span

WINDOW_MAX: Span = 90 * DAY
"""Our own choice: a stretch that is longer belongs into the manifest, where somebody reviews it."""
YEARS: Final = (1971, 2100)
"""Nobody means a year outside of these."""
LATE: Span = MINUTE
"""So long ago still counts as now: a person took that time to type."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_TWELVE = re.compile(r"(\d{1,2})(?::(\d{2}))?(am|pm)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FROM: Final = frozenset({"from", "从", "starting"})
_TO: Final = frozenset({"to", "until", "till", "-", "–", "—", "到", "至"})
_NEAR: Final = {"today": 0, "今天": 0, "tomorrow": 1, "明天": 1}
_WEEKDAYS: Final = {
    word: number
    for number, words in enumerate((
        "mon monday 周一 星期一", "tue tues tuesday 周二 星期二", "wed wednesday 周三 星期三",
        "thu thur thurs thursday 周四 星期四", "fri friday 周五 星期五", "sat saturday 周六 星期六",
        "sun sunday 周日 周天 星期日 星期天",
    ))
    for word in words.split()
}  # fmt: skip


class Window(NamedTuple):
    """A half-open stretch of time."""

    start: Instant
    end: Instant


def when(text: str, now: Instant, zone: str, *, after: Instant | None = None) -> Instant | Misread:
    """`18:00`, `6pm`, `today 18:00`, `mon 9:00`, `2026-11-24T09:00`, RFC 3339; nothing, or `now`, is `now`.

    Local to `zone` unless an offset is given. A time of day or a day of the week means its next occurrence after
    `after` (by default `now`). A local time that the clocks skip or repeat on that day is asked back.
    """
    text = " ".join(text.casefold().split())
    if text in {"", "now", "现在"}:
        return now
    bad = Misread(code="bad_time", facts={"word": text})
    here, from_then = _local(now, zone), now if after is None else after
    word, _, rest = text.partition(" ")
    if word in _NEAR:
        clock = _clock(rest) if rest else time()
        return bad if clock is None else _at(here.date() + timedelta(days=_NEAR[word]), clock, zone, text)
    if word in _WEEKDAYS:
        clock = _clock(rest) if rest else time()
        return bad if clock is None else _next(clock, _WEEKDAYS[word], from_then, zone, text)
    if (clock := _clock(text)) is not None:
        return _next(clock, None, from_then, zone, text)
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        return bad
    if not _DATE.match(text) or not YEARS[0] <= at.year <= YEARS[1]:
        return bad
    return _ms(at) if at.tzinfo else _at(at.date(), at.time(), zone, text)


def window(words: list[str], now: Instant, zone: str) -> Window | Misread:
    """`2h`, `18:00 2h`, `18:00 22:00`, `from tomorrow 9:00 to fri 18:00`: a stretch that is not over and has an end.

    Without a word between them, the first of the two times must have a time of day.
    """
    text = " ".join(words)
    if words and words[0].casefold() in _FROM:
        words = words[1:]
    read = _split(words, now, zone)
    if isinstance(read, Misread):
        return read
    start, end = read
    if start < now - LATE:
        return Misread(code="time_past", facts={"word": text, "at": str(start)})
    start = max(start, now)
    if end <= start:
        return Misread(code="window_backward", facts={"word": text, "at": str(start), "until": str(end)})
    if end - start > WINDOW_MAX:
        return Misread(code="window_too_long", facts={"days": str(WINDOW_MAX // DAY)})
    return Window(start, end)


def _split(words: list[str], now: Instant, zone: str) -> tuple[Instant, Instant] | Misread:
    if len(words) == 2 and words[0].casefold() == "for":
        words = words[1:]
    if len(words) == 1 and (span := _span(words[0])):
        return now, now + span
    places = [place for place, word in enumerate(words) if word.casefold() in _TO]
    if places:
        return _pair(words[: places[0]], words[places[0] + 1 :], now, zone)
    pairs = [
        _pair(words[:place], words[place:], now, zone)
        for place in range(1, len(words))
        if _is_exact(words[place - 1])
    ]  # fmt: skip
    found = next((pair for pair in pairs if not isinstance(pair, Misread)), None)
    unclear = next((pair for pair in pairs if isinstance(pair, Misread) and pair.code != "bad_time"), None)
    return found or unclear or Misread(code="bad_window", facts={"word": " ".join(words)})


def _pair(left: list[str], right: list[str], now: Instant, zone: str) -> tuple[Instant, Instant] | Misread:
    start = when(" ".join(left), now, zone)
    if isinstance(start, Misread):
        return start
    if right and right[0].casefold() == "for":
        right = right[1:]
    if span := _span("".join(right)):
        return start, start + span
    end = when(" ".join(right), now, zone, after=start) if right else Misread(code="bad_window", facts={"word": "–"})
    return end if isinstance(end, Misread) else (start, end)


def _is_exact(word: str) -> bool:
    """Whether a time can end with this word without meaning a whole day."""
    word = word.casefold()
    return word in {"now", "现在"} or _clock(word) is not None or bool(_DATE.match(word))


def _span(text: str) -> Span | None:
    """A span with its unit: a bare number is no length of a shift."""
    return None if text.isdigit() else grammar.span(text)


def _clock(text: str) -> time | None:
    if match := _CLOCK.fullmatch(text):
        hour, minute = int(match[1]), int(match[2])
    elif match := _TWELVE.fullmatch(text.replace(" ", "")):
        if not 1 <= int(match[1]) <= 12:
            return None
        hour, minute = int(match[1]) % 12 + (12 if match[3] == "pm" else 0), int(match[2] or 0)
    else:
        return None
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _next(clock: time, weekday: int | None, after: Instant, zone: str, text: str) -> Instant | Misread:
    """The next such time of day, on the day of the week where one is given."""
    day = _local(after, zone).date()
    if weekday is not None:
        day += timedelta(days=(weekday - day.weekday()) % 7)
    at = _at(day, clock, zone, text)
    if isinstance(at, int) and at < after:
        return _at(day + timedelta(days=1 if weekday is None else 7), clock, zone, text)
    return at


def _at(day: date, clock: time, zone: str, text: str) -> Instant | Misread:
    """The instant of a local time, where there is exactly one."""
    local = datetime.combine(day, clock, ZoneInfo(zone))
    first, second = local.replace(fold=0), local.replace(fold=1)
    if first.utcoffset() != second.utcoffset():
        back = datetime.fromtimestamp(first.timestamp(), ZoneInfo(zone))
        code = "time_twice" if back.replace(tzinfo=None) == local.replace(tzinfo=None) else "time_skipped"
        return Misread(code=code, facts={"word": text, "example": f"{first:%Y-%m-%dT%H:%M%z}"})
    return _ms(first)


def _local(at: Instant, zone: str) -> datetime:
    return datetime.fromtimestamp(at / SECOND, ZoneInfo(zone))


def _ms(at: datetime) -> Instant:
    return int(at.timestamp() * SECOND)
