"""The verbs that only ask: who is on call, what is open, what happened and why."""

from __future__ import annotations

from dataclasses import replace

from bot import turns
from bot.cards.build import (
    View,
    alerts_card,
    essence,
    help_card,
    incident_card,
    list_card,
    oncall_card,
    text_card,
    why_card,
)
from bot.cards.i18n import duration, moment, say
from bot.commands import grammar
from bot.commands.grammar import Asked
from bot.commands.likeness import similar
from bot.commands.quieting import Quieting
from bot.commands.said import Asker, Said, sentence
from bot.commands.vocabulary import VERBS, find
from bot.directory import Directory
from bot.engine import schedule
from bot.engine.explain import as_opened, explain
from bot.engine.grouping import ALERTS_MAX
from bot.engine.model import DAY, Incident, Instant, Progress, Span, medium_of
from bot.engine.world import Schedule, Shift
from bot.rendering import Rendering
from bot.store.base import Tx

LIST_MAX = 50
AHEAD: Span = 45 * DAY
"""How far `next` and `me` look: the longest preview of a schedule."""
SHIFTS_SHOWN = 6


class Asking:
    """Answers questions from the world and the store; changes nothing."""

    def __init__(self, directory: Directory, rendering: Rendering) -> None:
        """Keep the parts."""
        self._directory = directory
        self._rendering = rendering
        self._quieting = Quieting(directory)

    def answer(self, tx: Tx, asker: Asker, asked: Asked, incidents: list[Incident]) -> Said:
        """Answer one question."""
        match asked.verb:
            case "oncall":
                return self._oncall(asker, asked)
            case "next":
                return self._next(asker, asked)
            case "me":
                return self._me(tx, asker)
            case "list":
                return self._list(tx, asker, asked)
            case "silences":
                return self._quieting.silences(tx, asker, asked)
            case "show" | "why" | "alerts" | "similar":
                return self._about(tx, asker, asked, incidents[0]) if incidents else sentence(asker, "missing_ref")
            case _:
                return self._help(asker, asked)

    def _about(self, tx: Tx, asker: Asker, asked: Asked, incident: Incident) -> Said:
        """Answer one question about an incident."""
        match asked.verb:
            case "why":
                return self._why(tx, asker, asked, incident)
            case "similar":
                return similar(tx, asker, asked, incident)
            case "alerts":
                found = tx.alerts_of(incident.id, ALERTS_MAX)
                card = alerts_card(incident, found, asker.lang, zone=asker.zone, now=asker.now)
            case _:
                view = self._view(tx, asker, incident)
                card, _ = self._rendering.worded(view, incident_card(view), medium_of(asker.platform))
        return Said(card=card, here=asked.here)

    def _oncall(self, asker: Asker, asked: Asked) -> Said:
        name, _, when = asked.rest.partition(" at ") if " at " in asked.rest else (asked.rest, "", "")
        if asked.rest.startswith("at "):
            name, when = "", asked.rest.removeprefix("at ")
        at = grammar.instant(when, asker.now, asker.zone)
        if at is None:
            return sentence(asker, "bad_time", {"word": when})
        plans = self._schedules(name.strip())
        if not plans and name:
            return sentence(asker, "no_such_schedule", {"name": name})
        rows = [(plan.name or plan.id, schedule.on_call(plan, at)) for plan in plans]
        card = oncall_card(rows, asker.world, asker.lang, zone=asker.zone, now=asker.now, at=at if when else None)
        return Said(card=card, here=asked.here)

    def _schedules(self, name: str) -> list[Schedule]:
        """The schedule of this name, those with a member of the team of this name, or all."""
        plans = list(self._directory.world().schedules.values())
        if not name:
            return plans
        one = self._directory.schedule(name)
        if one is not None:
            return [one]
        team = self._directory.team(name)
        mine = set(team.members) if team else set()
        return [plan for plan in plans if mine & _people(plan)]

    def _next(self, asker: Asker, asked: Asked) -> Said:
        plans = self._schedules(asked.rest.strip())
        if not plans:
            return sentence(asker, "no_such_schedule", {"name": asked.rest or "–"})
        lines = []
        for plan in plans:
            coming = [s for s in schedule.shifts(plan, asker.now, asker.now + AHEAD) if s.start > asker.now]
            lines += [self._shift_line(asker, plan, shift) for shift in sorted(coming, key=_starts)[:1]]
        return Said(card=text_card("\n".join(lines) or say(asker.lang, "oncall.none"), asker.lang), here=asked.here)

    def _me(self, tx: Tx, asker: Asker) -> Said:
        mine = [
            (plan, shift)
            for plan in asker.world.schedules.values()
            for shift in schedule.shifts(plan, asker.now, asker.now + AHEAD)
            if shift.member == asker.id
        ]
        mine.sort(key=lambda row: _starts(row[1]))
        lines = [self._shift_line(asker, plan, shift) for plan, shift in mine[:SHIFTS_SHOWN]]
        held = tx.list_incidents(open_only=True, limit=LIST_MAX, responder=asker.id)
        lines += [f"#{i.num} {i.title}" for i in held]
        return Said(card=text_card("\n".join(lines) or say(asker.lang, "me.nothing"), asker.lang))

    def _shift_line(self, asker: Asker, plan: Schedule, shift: Shift) -> str:
        member = asker.world.members.get(shift.member)
        start = moment(max(shift.start, asker.now), asker.now, asker.zone, asker.lang, dated=True)
        return say(
            asker.lang,
            "shift.line",
            schedule=plan.name or plan.id,
            who=member.name if member else shift.member,
            start=start,
            span=duration(shift.end - max(shift.start, asker.now), asker.lang),
        )

    def _list(self, tx: Tx, asker: Asker, asked: Asked) -> Said:
        wanted = asked.rest.casefold()
        if wanted not in {"", "open", "mine", "ack"}:
            return sentence(asker, "usage", {"usage": f"/toc {VERBS['list'].usage}"})
        responder = asker.id if wanted == "mine" else ""
        found = tx.list_incidents(open_only=True, limit=LIST_MAX, responder=responder)
        if wanted == "ack":
            found = [i for i in found if i.progress is Progress.PROCESSING]
        card = list_card(found, asker.world, asker.lang, zone=asker.zone, now=asker.now, url=asker.world.url)
        return Said(card=card, here=asked.here)

    def _why(self, tx: Tx, asker: Asker, asked: Asked, incident: Incident) -> Said:
        entries, asks = tx.timeline(incident.id), ""
        view = self._view(tx, asker, incident)
        world = turns.for_incident(tx, asker.world, incident)
        found = explain(incident, as_opened(incident, entries), world, asker.now)
        if asked.rest:
            member = self._directory.named(asked.rest, asker.platform)
            if member is None:
                return sentence(asker, "no_such_member", {"name": asked.rest})
            asks = member.id
            entries = [e for e in entries if asks in (e.member, e.actor, *e.facts.get("members", "").split(","))]
        verdicts = [f"{said[:1].upper()}{said[1:]}." for said in essence(view, found, asks)]
        return Said(card=why_card(replace(view, entries=tuple(entries)), verdicts), here=asked.here)

    def _view(self, tx: Tx, asker: Asker, incident: Incident) -> View:
        return self._rendering.view(
            tx, incident, carrier=asker.platform, lang=asker.lang, zone=asker.zone, viewer=asker.id, now=asker.now
        )

    def _help(self, asker: Asker, asked: Asked) -> Said:
        one = find(asked.rest) if asked.rest else None
        verbs = [one] if one else list(VERBS.values())
        rows = {f"/toc {verb.usage}": say(asker.lang, f"help.{verb.name}") for verb in verbs}
        return Said(card=help_card(rows, asker.lang), here=asked.here)


def _starts(shift: Shift) -> Instant:
    return shift.start


def _people(plan: Schedule) -> set[str]:
    return {member for layer in plan.layers for _, member in layer.people()}
