"""From the text after `/toc` to what it asks for. Total: every text gives a request or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.commands import vocabulary
from bot.engine.model import DAY, HOUR, MINUTE, Severity, Span

REFS_MAX = 100
"""A batch names at most this many incidents."""

_REF = re.compile(r"#?(\d{1,9})")
_SPAN = re.compile(r"(?:(\d{1,2})w)?(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?")
_MENTION = re.compile(r"<@([A-Za-z0-9_-]+)(?:\|[^>]*)?>|<at(?: [^>]*)?>([^<]+)</at>")
_COMMA = re.compile(r"[,，、]")
_BETWEEN = re.compile(r"[,，、]|\sand\s")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
_ONE = frozenset({"show", "why", "alerts", "move", "similar", "silence"})
"""These take one incident."""
_NUMBERS = frozenset({"ack", "unack", "wake", "sev", "set", "merge", "room"})
"""These take any number of incidents, and nothing after them begins with a number."""
_NUMBER_LAST = frozenset({"snooze", "escalate", "assign", "add"})
"""These take several too; what they do with them may itself be a number, which is then the last word."""
_TEXT_LAST = frozenset({"resolve", "reopen", "note"})
"""These take several too; a text follows that may begin with a number: after the first, only `#` marks an incident."""


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
    if words and words[0].casefold() == "/toc":  # typed as the answers write it, where no platform takes it off
        words = words[1:]
    here = "--here" in words
    words = [word for word in words if word != "--here"]
    if not words:
        return Asked(verb="help", here=here)
    verb = vocabulary.find(words[0].lstrip("/"))
    if verb is None:
        suggestion = vocabulary.suggest(words[0])
        return Misread(code="unknown_command", facts={"word": words[0], "suggestion": suggestion})
    rest = words[1:]
    if verb.name == "oncall" and (duty := _my_duty(rest)):
        verb, rest = vocabulary.VERBS[duty[0]], duty[1:]
    if verb.name == "note" and "to" in rest and len(rest) > 2 and _REF.fullmatch(rest[-1]) and rest[-2] == "to":
        rest = [rest[-1], *rest[:-2]]  # `note <text> to <id>`, as Opsgenie has it
    refs = _leading_refs(verb.name, rest)
    if len(refs) > REFS_MAX:
        return Misread(code="too_many", facts={"max": str(REFS_MAX)})
    return Asked(verb=verb.name, refs=tuple(dict.fromkeys(refs)), rest=" ".join(rest[len(refs) :]), here=here)


def _my_duty(words: list[str]) -> list[str]:
    """`oncall me [2h] [for <schedule>]`, as Opsgenie has it: an hour unless told. Nothing where it is a question."""
    who = words[0] if words else ""
    if who.casefold() != "me" and not who.startswith("@"):
        return []
    long, there = ("1h", words[1:]) if words[1:2] == ["for"] else ("".join(words[1:2]), words[2:])
    if span(long) is None:
        return ["me"] if words == [who] and who.casefold() == "me" else []
    return ["override", *(there[1:] if there[:1] == ["for"] else there), f"@{who.lstrip('@')}", long]


def _leading_refs(verb: str, words: list[str]) -> list[int]:
    """The incidents that a command begins with."""
    refs: list[int] = []
    only_refs = verb == "resolve" and all(map(_REF.fullmatch, words))
    for place, word in enumerate(words):
        match = _REF.fullmatch(word)
        goes_on = (
            verb in _NUMBERS
            or (verb in _NUMBER_LAST and (word.startswith("#") or place + 1 < len(words)))
            or (verb in _TEXT_LAST and (word.startswith("#") or only_refs))
        )
        first = not refs and verb in _ONE | _NUMBERS | _NUMBER_LAST | _TEXT_LAST
        if match is None or not (first or goes_on):
            break
        refs.append(int(match[1]))
    return refs


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What follows the incidents of `merge`: the one that takes them, and why."""

    into: int
    comment: str = ""


def takes_refs(asked: Asked) -> bool:
    """Whether a command without a number is about the incident of the place where it is said."""
    named = "=" in asked.rest if asked.verb == "silence" else asked.verb == "why" and not asked.rest.startswith("@")
    return "<#num" in vocabulary.VERBS[asked.verb].usage and not (named and asked.rest)


def merging(rest: str) -> Merge | None:
    """`into <ref> [comment]`; None where it is something else."""
    words = rest.split()
    match = _REF.fullmatch(words[1]) if len(words) > 1 and words[0].casefold() in {"into", "to"} else None
    return Merge(into=int(match[1]), comment=" ".join(words[2:])) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What follows the incident of `move`: alerts by their short names, and where to; `into` 0 means a new one."""

    alerts: tuple[str, ...]
    into: int = 0
    title: str = ""


def moving(rest: str) -> Move | None:
    """`<alert…> to <ref>` or `<alert…> to new [title]`; None where it is something else."""
    words = rest.split()
    at = next((place for place, word in enumerate(words) if word.casefold() in {"to", "into"}), 0)
    names, there = tuple(word.strip(",") for word in words[:at]), words[at + 1 :]
    if not names or not there:
        return None
    if there[0].casefold() == "new":
        return Move(alerts=names, title=" ".join(there[1:]).strip("\"'"))
    match = _REF.fullmatch(there[0])
    return Move(alerts=names, into=int(match[1])) if match and len(there) == 1 else None


def ref(text: str) -> int | None:
    """`#142` or `142`."""
    match = _REF.fullmatch(text.strip())
    return int(match[1]) if match else None


def people(text: str) -> list[str]:
    """The names in a list of people: `@ann @bo`, `ann, bo`, or mentions as platforms write them, one each.

    With a comma, a name may have spaces in it; `and` and `to` between the names are none.
    """
    mentions, rest = _MENTION.findall(text), _MENTION.sub(" ", text)
    names = _BETWEEN.split(rest) if _COMMA.search(rest) else rest.split()
    found = [next(filter(None, parts)).strip() for parts in mentions] + [name.strip() for name in names]
    return [name for name in found if name.casefold() not in {"", "and", "to"}]


def span(text: str) -> Span | None:
    """`30m`, `2h`, `1h30m`, `1d`, `2w` in milliseconds; a bare number counts minutes. None where it is no span."""
    text = text.strip().casefold().replace(" ", "")
    if text.isascii() and text.isdigit() and len(text) < 6:
        return int(text) * MINUTE
    match = _SPAN.fullmatch(text)
    if not text or match is None:
        return None
    weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
    return (7 * weeks + days) * DAY + hours * HOUR + minutes * MINUTE


def severity(text: str) -> Severity | None:
    """`critical`, `warning`, `info`, and what people shorten them to."""
    known = {"critical": "C", "crit": "C", "c": "C", "warning": "W", "warn": "W", "w": "W", "info": "I", "i": "I"}
    by_letter = {"C": Severity.CRITICAL, "W": Severity.WARNING, "I": Severity.INFO}
    return by_letter.get(known.get(text.casefold(), ""))


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
