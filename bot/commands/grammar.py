"""From the text after `/toc` to what it asks for. Total: every text gives a request or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.commands import vocabulary
from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Instant, Severity, Span

REFS_MAX = 100
"""A batch names at most this many incidents."""

_REF = re.compile(r"#?(\d{1,9})")
_SPAN = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
_TAKES_REFS = frozenset(
    {"ack", "unack", "resolve", "reopen", "snooze", "wake", "escalate", "assign", "add", "note", "sev", "show", "why"}
)
_MANY = frozenset({"ack", "unack"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command that was understood as far as grammar goes. `rest` is what follows the incidents."""

    verb: str
    refs: tuple[int, ...] = ()
    rest: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """A text that is no command: the code of the reply and what its sentence needs."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


def read(text: str) -> Asked | Misread:
    """Understand a command. Nothing at all asks for help."""
    words = text.translate(_QUOTES).split()
    here = "--here" in words
    words = [word for word in words if word != "--here"]
    if not words:
        return Asked(verb="help", here=here)
    verb = vocabulary.find(words[0].lstrip("/"))
    if verb is None:
        suggestion = vocabulary.suggest(words[0])
        return Misread(code="unknown_command", facts={"word": words[0], "suggestion": suggestion})
    rest = words[1:]
    if verb.name == "note" and "to" in rest and len(rest) > 2 and _REF.fullmatch(rest[-1]) and rest[-2] == "to":
        rest = [rest[-1], *rest[:-2]]  # `note <text> to <id>`, as Opsgenie has it
    refs: list[int] = []
    while rest and verb.name in _TAKES_REFS and (match := _REF.fullmatch(rest[0])):
        if refs and verb.name not in _MANY:
            break
        refs.append(int(match[1]))
        rest = rest[1:]
    if len(refs) > REFS_MAX:
        return Misread(code="too_many", facts={"max": str(REFS_MAX)})
    return Asked(verb=verb.name, refs=tuple(dict.fromkeys(refs)), rest=" ".join(rest), here=here)


def span(text: str) -> Span | None:
    """`30m`, `2h`, `1h30m`, `1d` in milliseconds; a bare number counts minutes. None where it is no span."""
    text = text.strip().casefold().replace(" ", "")
    if text.isascii() and text.isdigit() and len(text) < 6:
        return int(text) * MINUTE
    match = _SPAN.fullmatch(text)
    if not text or match is None:
        return None
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return days * DAY + hours * HOUR + minutes * MINUTE


def severity(text: str) -> Severity | None:
    """`critical`, `warning`, `info`, and what people shorten them to."""
    known = {"critical": "C", "crit": "C", "c": "C", "warning": "W", "warn": "W", "w": "W", "info": "I", "i": "I"}
    by_letter = {"C": Severity.CRITICAL, "W": Severity.WARNING, "I": Severity.INFO}
    return by_letter.get(known.get(text.casefold(), ""))


def instant(text: str, now: Instant, zone: str) -> Instant | None:
    """`18:00`, `tomorrow 9:00`, `2026-11-24 18:00`, RFC 3339; local to `zone` unless an offset is given.

    A bare time of day means its next occurrence. None where it is no time.
    """
    text = text.strip().casefold()
    here = datetime.fromtimestamp(now / SECOND, ZoneInfo(zone))
    if text in {"", "now"}:
        return now
    day, _, clock = text.partition(" ")
    if day in {"today", "tomorrow"}:
        here = here.replace(hour=0, minute=0) + timedelta(days=int(day == "tomorrow"))
        text = clock or "0:00"
    if match := _CLOCK.fullmatch(text):
        hour, minute = int(match[1]), int(match[2])
        if hour > 23 or minute > 59:
            return None
        at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if day not in {"today", "tomorrow"} and _ms(at) < now:
            at += timedelta(days=1)
        return _ms(at)
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return _ms(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone)))


def _ms(at: datetime) -> Instant:
    return int(at.timestamp() * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """What `trigger` asks for."""

    title: str
    channel: str = ""
    severity: str = ""
    targets: tuple[str, ...] = ()


def raising(text: str) -> Raise:
    """Split `<title> [in <channel>] [sev <s>] [for <targets>]`; the keywords count from the end only."""
    words = text.split()
    channel = sev = ""
    targets: tuple[str, ...] = ()
    for place in range(len(words) - 2, 0, -1):
        key, value = words[place].casefold(), words[place + 1 :]
        if key == "for" and not targets:
            targets, words = tuple(w.strip(",") for w in value), words[:place]
        elif key == "sev" and not sev and len(value) == 1:
            sev, words = value[0], words[:place]
        elif key == "in" and not channel and len(value) == 1:
            channel, words = value[0], words[:place]
    return Raise(title=" ".join(words).strip("\"'"), channel=channel, severity=sev, targets=targets)
