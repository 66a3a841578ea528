"""The verbs that change something: each becomes a command for the engine, and the engine's reply is the answer."""

from __future__ import annotations

from bot.commands import grammar
from bot.commands.editing import setting
from bot.commands.grammar import Asked, Raise
from bot.commands.quieting import Quieting
from bot.commands.rearranging import Rearranging
from bot.commands.said import Asker, Said, sentence, together, usage
from bot.directory import Directory
from bot.engine.editing import TEXT_MAX, TITLE_MAX
from bot.engine.events import (
    Acknowledge,
    AddResponders,
    Assign,
    CloseRoom,
    Escalate,
    Happening,
    Note,
    OpenRoom,
    Reopen,
    Resolve,
    SetSeverity,
    Snooze,
    Unacknowledge,
    Unsnooze,
)
from bot.engine.model import Incident, Severity, Target
from bot.registry import CARRIERS
from bot.regrouping import Regrouping
from bot.service import Service
from bot.store.base import Tx


class Acting:
    """Turns what was asked into engine commands."""

    def __init__(self, service: Service, directory: Directory) -> None:
        """Keep the parts."""
        self._service = service
        self._directory = directory
        self._quieting = Quieting(directory)
        self._rearranging = Rearranging(Regrouping(service))

    def act(self, tx: Tx, asker: Asker, asked: Asked, incidents: list[Incident]) -> Said:
        """Do it to each incident that was named."""
        if asked.verb == "trigger":
            return self._raise(tx, asker, grammar.raising(asked.rest))
        if asked.verb == "silence":
            return self._quieting.silence(tx, asker, asked, incidents)
        if asked.verb == "unsilence":
            return self._quieting.unsilence(tx, asker, asked)
        if not incidents:
            return sentence(asker, "missing_ref")
        if asked.verb == "merge":
            return self._rearranging.merge(tx, asker, asked.rest, incidents)
        if asked.verb == "move":
            return self._rearranging.move(tx, asker, asked.rest, incidents[0])
        if len(asked.rest) > TEXT_MAX and asked.verb != "set":  # each text that can be set has a limit of its own
            return sentence(asker, "too_long", {"max": str(TEXT_MAX)})
        command = self.command(asker, asked.verb, asked.rest)
        if isinstance(command, Said):
            return command
        return together(asker, [self.apply(tx, asker, each, command) for each in incidents])

    def filled(self, tx: Tx, asker: Asker, asked: Asked | Raise, incidents: list[Incident]) -> Said:
        """Do what a form asks for, as if it had been typed."""
        return self._raise(tx, asker, asked) if isinstance(asked, Raise) else self.act(tx, asker, asked, incidents)

    def apply(self, tx: Tx, asker: Asker, incident: Incident, command: Happening) -> Said:
        """Let one command happen to one incident and say what became of it."""
        handled = self._service.happen(tx, incident.id, command)
        if handled is None or handled.reply is None:
            return sentence(asker, "no_such_incident", {"num": str(incident.num)})
        reply = handled.reply
        return sentence(asker, reply.code, reply.facts, done=reply.done, about=0 if asker.press else incident.num)

    def command(self, asker: Asker, verb: str, rest: str, seen_rev: int | None = None) -> Happening | Said:  # noqa: C901, PLR0911 (a table of verbs)
        """The engine's command for a verb and its argument, or the sentence that says what is wrong with it."""
        by, via = asker.id, asker.platform
        match verb:
            case "ack":
                return Acknowledge(by=by, via=via, seen_rev=seen_rev)
            case "unack":
                return Unacknowledge(by=by, via=via, seen_rev=seen_rev)
            case "resolve":
                return Resolve(by=by, via=via, seen_rev=seen_rev, note=rest)
            case "wake":
                return Unsnooze(by=by, via=via, seen_rev=seen_rev)
            case "reopen":
                return Reopen(by=by, via=via, reason=rest) if rest else sentence(asker, "reason_required")
            case "note":
                return Note(by=by, via=via, text=rest) if rest else usage(asker, verb)
            case "snooze":
                return self._snooze(asker, rest, seen_rev)
            case "set":
                return setting(asker, rest)
            case "sev":
                return self._severity(asker, rest)
            case "escalate":
                return self._escalate(asker, rest, seen_rev)
            case "room":
                return self._room(asker, rest)
            case "assign" | "add":
                return self._people(asker, verb, rest)
            case _:
                return usage(asker, "help")

    def _snooze(self, asker: Asker, rest: str, seen_rev: int | None) -> Happening | Said:
        span = grammar.span(rest)
        if span is None:
            return sentence(asker, "bad_span", {"word": rest}) if rest else usage(asker, "snooze")
        return Snooze(by=asker.id, via=asker.platform, seen_rev=seen_rev, span=span)

    def _severity(self, asker: Asker, rest: str) -> Happening | Said:
        severity = grammar.severity(rest)
        if severity is None:
            return usage(asker, "sev")
        return SetSeverity(by=asker.id, via=asker.platform, severity=severity)

    def _escalate(self, asker: Asker, rest: str, seen_rev: int | None) -> Happening | Said:
        if rest and not (rest.isascii() and rest.isdigit() and 1 <= int(rest) <= 100):
            return usage(asker, "escalate")
        level = int(rest) - 1 if rest else None
        return Escalate(by=asker.id, via=asker.platform, seen_rev=seen_rev, level=level)

    def _room(self, asker: Asker, rest: str) -> Happening | Said:
        if rest.casefold() == "close":
            return CloseRoom(by=asker.id, via=asker.platform)
        if rest:
            return usage(asker, "room")
        able = sorted((name for name in CARRIERS if CARRIERS[name].rooms), key=lambda name: name != asker.platform)
        return OpenRoom(by=asker.id, via=asker.platform, able=tuple(able))

    def _people(self, asker: Asker, verb: str, rest: str) -> Happening | Said:
        targets = self._targets(asker, grammar.people(rest))
        if isinstance(targets, Said):
            return targets
        if not targets:
            return usage(asker, verb)
        make = Assign if verb == "assign" else AddResponders
        return make(by=asker.id, via=asker.platform, targets=targets)

    def _targets(self, asker: Asker, words: list[str]) -> tuple[Target, ...] | Said:
        targets = []
        for word in words:
            if word.casefold() in {"to", "and"}:
                continue
            name = asker.id if word.casefold() in {"me", "@me"} else word
            target = self._directory.target(name, asker.platform)
            if target is None:
                return sentence(asker, "no_such_member", {"name": word})
            targets.append(target)
        return tuple(targets)

    def _raise(self, tx: Tx, asker: Asker, raised: Raise) -> Said:
        channels = asker.world.channels
        if not raised.title:
            return usage(asker, "trigger")
        if len(raised.title) > TITLE_MAX:
            return sentence(asker, "too_long", {"max": str(TITLE_MAX)})
        wanted = raised.channel.casefold()
        channel = next((c for c in channels.values() if wanted in ("", c.id.casefold(), c.name.casefold())), None)
        if channel is None:
            return sentence(asker, "no_such_channel", {"name": raised.channel})
        severity = grammar.severity(raised.severity) if raised.severity else Severity.CRITICAL
        targets = self._targets(asker, list(raised.targets))
        if severity is None:
            return usage(asker, "trigger")
        if isinstance(targets, Said):
            return targets
        handled = self._service.open_by_hand(
            tx, channel=channel.id, title=raised.title, severity=severity, by=asker.id, targets=targets
        )
        return sentence(asker, "raised", {"num": str(handled.incident.num)}, done=True)
