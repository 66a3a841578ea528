"""`silence`, `silences`, `unsilence`: what is to be quiet, what is quiet and hides how much, and quiet no more."""

from __future__ import annotations

import re

from bot import silences
from bot.cards.build import text_card
from bot.cards.i18n import moment, say
from bot.cards.text import one_line, shorten
from bot.commands import grammar
from bot.commands.grammar import Asked
from bot.commands.said import Asker, Said, sentence
from bot.directory import Directory
from bot.engine import conditions, silence
from bot.engine.model import DAY, Condition, Filter, Incident, Severity, Span
from bot.engine.silence import Silence
from bot.store.base import Tx

WHAT_MAX = 160
"""Characters of a filter that a reply shows."""
ROWS_MAX = 20
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_TEST = re.compile(r"([A-Za-z_][^\s=!]*)(!?)=(.+)", re.DOTALL)


class Quieting:
    """Quick silences, as people ask for them."""

    def __init__(self, directory: Directory) -> None:
        """Keep the part that lays quick silences over the world."""
        self._directory = directory

    def silence(self, tx: Tx, asker: Asker, asked: Asked, incidents: list[Incident]) -> Said:
        """`<ref> [1d] [reason]`, or `severity=Info service=web [in channel] [1d] [reason]`."""
        words = _WORD.findall(asked.rest)
        if incidents:
            incident = incidents[0]
            channel, tests, name = incident.channel, silence.like(incident), str(incident.num)
        else:
            tests_or_said, words = _filter(asker, words)
            if isinstance(tests_or_said, Said):
                return tests_or_said
            where, words = _where(asker, words)
            if isinstance(where, Said):
                return where
            channel, tests = where, tests_or_said
            name = silence.quick_id(channel, tests)
        span = _span(words[0]) if words else None
        reason = " ".join(words if span is None else words[1:])
        span = silence.QUICK if span is None else span
        if not 0 < span <= silence.QUICK_MAX:
            return sentence(asker, "silence_too_long", {"days": str(silence.QUICK_MAX // DAY)})
        quiet = Silence(
            id=name,
            channel=channel,
            filter=tests,
            start=asker.now,
            end=asker.now + span,
            by=asker.id,
            reason=reason,
            incident=incidents[0].id if incidents else "",
            created_at=asker.now,
        )
        hidden = silences.hides(tx, quiet)
        known = silences.keep(tx, quiet, asker.now)
        self._directory.load(tx)
        facts = {"until": str(quiet.end), "count": str(hidden), "id": name, **_told(asker, quiet)}
        return sentence(asker, "silence_changed" if known else "silenced", facts, done=True)

    def unsilence(self, tx: Tx, asker: Asker, asked: Asked) -> Said:
        """`<id>`."""
        wanted = asked.rest.strip().lstrip("#")
        found = next((each for each in tx.silences() if each.id == wanted), None)
        if found is None:
            declared = any(each.id == wanted for each in _all(asker))
            return sentence(asker, "silence_declared" if declared else "no_such_silence", {"id": wanted or "–"})
        hidden = silences.lift(tx, found, asker.now)
        self._directory.load(tx)
        return sentence(asker, "unsilenced", {"id": found.id, "count": str(hidden)}, done=True)

    def silences(self, tx: Tx, asker: Asker, asked: Asked) -> Said:
        """Every silence, those in force first."""
        calendars, rows = asker.world.calendars, []
        for quiet in _all(asker):
            facts: dict[str, object] = {"id": quiet.id, **_told(asker, quiet)}
            key = "silences.row_idle"
            if in_force := silence.active(quiet, calendars, asker.now):
                until = silence.ends_at(quiet, calendars, asker.now)
                by = asker.world.members.get(quiet.by)
                facts["until"] = moment(until, asker.now, asker.zone, asker.lang)
                facts["who"] = one_line(by.name) if by else quiet.by
                facts["count"] = silences.hides(tx, quiet)
                key = "silences.row" if quiet.by else "silences.row_declared"
            row = say(asker.lang, key, **facts)
            if quiet.reason:
                row = say(asker.lang, "silences.reason", row=row, reason=shorten(one_line(quiet.reason), WHAT_MAX))
            if in_force or quiet.end is None or quiet.end > asker.now:
                rows.append((not in_force, row))
        rows.sort(key=lambda each: each[0])
        lines = [row for _, row in rows[:ROWS_MAX]] or [say(asker.lang, "silences.none")]
        if len(rows) > ROWS_MAX:
            lines.append(say(asker.lang, "list.more", n=len(rows) - ROWS_MAX))
        return Said(card=text_card("\n".join(lines), asker.lang), here=asked.here)


def spelled(tests: Filter) -> str:
    """A filter as it is written in chat."""
    groups = (
        " ".join(f"{each.key}{'=' if each.oper == 'IN' else '!='}{','.join(each.vals)}" for each in group)
        for group in tests
    )
    return " | ".join(groups)


def _told(asker: Asker, quiet: Silence) -> dict[str, str]:
    channel = asker.world.channels.get(quiet.channel)
    return {
        "what": shorten(one_line(spelled(quiet.filter)), WHAT_MAX),
        "channel": one_line(channel.name) if channel else quiet.channel,
    }


def _all(asker: Asker) -> list[Silence]:
    return [each for silences_there in asker.world.silences.values() for each in silences_there]


def _filter(asker: Asker, words: list[str]) -> tuple[Filter | Said, list[str]]:
    """The leading `key=value` words as one group of conditions, and the words after them."""
    found: list[Condition] = []
    while words and (match := _TEST.fullmatch(words[0])):
        key, negated, written = match.groups()
        if not conditions.is_key(key):
            key = f"labels.{key}"
        values = tuple(value for value in written.replace('"', "").split(",") if value)
        if key == "severity":
            values = tuple(_severity(value) for value in values)
        for value in values:
            if why := conditions.fault(value):
                return sentence(asker, "silence_unread", {"word": value, "why": why}), words
        if not values or not conditions.is_key(key):
            return sentence(asker, "silence_unread", {"word": words[0], "why": key}), words
        found.append(Condition(key=key, oper="NOTIN" if negated else "IN", vals=values))
        words = words[1:]
    if not found:
        return sentence(asker, "silence_empty"), words
    return (tuple(found),), words


def _severity(text: str) -> str:
    known: Severity | None = grammar.severity(text)
    return known.value if known else text


def _where(asker: Asker, words: list[str]) -> tuple[str | Said, list[str]]:
    """The channel that `in <channel>` names, or the only one there is; and the words after it."""
    channels = asker.world.channels.values()
    if len(words) > 1 and words[0].casefold() == "in":
        wanted, words = words[1].strip('"').casefold(), words[2:]
        found = [each.id for each in channels if wanted in (each.id.casefold(), each.name.casefold())]
    else:
        found = [each.id for each in channels]
    if len(found) != 1:
        return sentence(asker, "silence_where", {"known": ", ".join(each.id for each in channels)}), words
    return found[0], words


def _span(word: str) -> Span | None:
    """`30m`, `1d`, `2w`; a bare number is the beginning of a reason."""
    return None if word.isdigit() else grammar.span(word)
