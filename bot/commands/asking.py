"""The verbs that only ask: who is on call, what is open, what happened and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot import muted, turns
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
from bot.cards.card import Card
from bot.cards.feed import feed_url
from bot.cards.i18n import duration, moment, say
from bot.commands import times
from bot.commands.grammar import Asked, Misread
from bot.commands.likeness import similar
from bot.commands.myself import about_me
from bot.commands.quieting import Quieting
from bot.commands.said import Asker, Said, sentence, usage
from bot.commands.shifting import Shifting
from bot.commands.supposing import supposed
from bot.commands.vocabulary import VERBS, Verb, find, suggest
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

    def __init__(self, directory: Directory, rendering: Rendering, shifting: Shifting) -> None:
        """Keep the parts."""
        self._directory = directory
        self._shifting = shifting
        self._rendering = rendering
        self._quieting = Quieting(directory)

    def answer(  # noqa: PLR0911 (a table of verbs)
        self, tx: Tx, asker: Asker, asked: Asked, incidents: list[Incident]
    ) -> Said:
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
            case "overrides":
                return self._shifting.overrides(tx, asker, asked)
            case "prefs" | "vcard" | "doctor":
                return about_me(tx, asker, asked.verb)
            case "simulate":
                return supposed(asker, asked, self._rendering.key)
            case "why" if not incidents and asked.rest:
                return self._why_unheard(tx, asker, asked)
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
        at = times.when(when, asker.now, asker.zone)
        if isinstance(at, Misread):
            return sentence(asker, at.code, at.facts)
        plans = self._schedules(name.strip())
        if not plans and name:
            return sentence(asker, "no_such_schedule", {"name": name})
        rows = [(plan.name or plan.id, schedule.on_call(plan, at)) for plan in plans]
        alone = len(plans) == 1 and not asked.here and asker.member is not None
        feed = feed_url(self._rendering.key, asker.world.url, plans[0].id) if alone else ""
        card = oncall_card(
            rows, asker.world, asker.lang, zone=asker.zone, now=asker.now, at=at if when else None, feed=feed
        )
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
        if not plans and asked.rest.strip():
            return sentence(asker, "no_such_schedule", {"name": asked.rest})
        lines = []
        for plan in plans:
            coming = [s for s in schedule.shifts(plan, asker.now, asker.now + AHEAD) if s.start > asker.now]
            lines += [self._shift_line(asker, plan, shift) for shift in sorted(coming, key=_starts)[:1]]
        return Said(card=text_card("\n".join(lines) or say(asker.lang, "oncall.none"), asker.lang), here=asked.here)

    def _me(self, tx: Tx, asker: Asker) -> Said:
        mine = enumerate(self._shifting.mine(asker)[:SHIFTS_SHOWN], 1)
        lines = [say(asker.lang, "shift.row", n=n, row=self._shift_line(asker, *row)) for n, row in mine]
        held = tx.list_incidents(open_only=True, limit=LIST_MAX, responder=asker.id)
        if not lines and not held:
            return Said(card=text_card(say(asker.lang, "me.nothing"), asker.lang))
        return Said(card=self._listed(asker, held, above=lines))

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
            return usage(asker, "list")
        responder = asker.id if wanted == "mine" else ""
        found = tx.list_incidents(open_only=True, limit=LIST_MAX, responder=responder)
        if wanted == "ack":
            found = [i for i in found if i.progress is Progress.PROCESSING]
        return Said(card=self._listed(asker, found, buttons=not asked.here), here=asked.here)

    def _listed(
        self, asker: Asker, incidents: list[Incident], *, above: Sequence[str] = (), buttons: bool = True
    ) -> Card:
        key = self._rendering.key if buttons else None
        url = asker.world.url
        return list_card(
            incidents, asker.world, asker.lang, zone=asker.zone, now=asker.now, url=url, key=key, above=above
        )

    def _why(self, tx: Tx, asker: Asker, asked: Asked, incident: Incident) -> Said:
        entries, asks = tx.timeline(incident.id), ""
        view = self._view(tx, asker, incident)
        world = turns.for_incident(tx, asker.world, incident)
        found = explain(incident, as_opened(incident, entries), world, asker.now)
        if asked.rest:
            member = self._directory.named(asked.rest, asker.platform)
            if member is None and muted.named(tx, world, _key_and_person(asked.rest)[0]):
                return self._why_unheard(tx, asker, asked)
            if member is None:
                return sentence(asker, "no_such_member", {"name": asked.rest})
            asks = member.id
            entries = [e for e in entries if asks in (e.member, e.actor, *e.facts.get("members", "").split(","))]
        verdicts = [f"{said[:1].upper()}{said[1:]}." for said in essence(view, found, asks)]
        return Said(card=why_card(replace(view, entries=tuple(entries)), verdicts), here=asked.here)

    def _why_unheard(self, tx: Tx, asker: Asker, asked: Asked) -> Said:
        """Why nobody hears of an alert, by its key or id; of one that an incident has, why that went as it did."""
        (key, person), world = _key_and_person(asked.rest), asker.world
        alerts = [alert for alert in muted.named(tx, world, key) if alert.channel in world.channels]
        if not alerts:
            return sentence(asker, "no_open_alert", {"name": key})
        holder = tx.incidents([alerts[0].incident]).get(alerts[0].incident)
        if holder is not None:
            return self._why(tx, asker, replace(asked, rest=person), holder)
        member = self._directory.named(person, asker.platform) if person else None
        if person and member is None:
            return sentence(asker, "no_such_member", {"name": person})
        lines = []
        for alert in alerts:
            would_be, found = muted.explained(tx, world, alert, asker.now)
            view = View(
                incident=would_be, world=world, now=asker.now, key=self._rendering.key, lang=asker.lang, zone=asker.zone
            )
            lines.append(say(asker.lang, "why.alert", title=view.title, channel=world.channels[alert.channel].name))
            lines += [f"{said[:1].upper()}{said[1:]}." for said in essence(view, found, member.id if member else "")]
        return Said(card=text_card("\n".join(lines), asker.lang), here=asked.here)

    def _view(self, tx: Tx, asker: Asker, incident: Incident) -> View:
        return self._rendering.view(
            tx, incident, carrier=asker.platform, lang=asker.lang, zone=asker.zone, viewer=asker.id, now=asker.now
        )

    def _help(self, asker: Asker, asked: Asked) -> Said:
        word = asked.rest.split()[0].lstrip("/") if asked.rest else ""
        verb = find(word)
        if word and verb is None:
            return sentence(asker, "unknown_command", {"word": word, "suggestion": suggest(word)})
        if verb is not None:
            return Said(card=text_card("\n".join(_explained(verb, asker.lang)), asker.lang), here=asked.here)
        rows = {f"/toc {each.usage}": say(asker.lang, f"help.{each.name}") for each in VERBS.values()}
        return Said(card=help_card(rows, asker.lang), here=asked.here)


def _key_and_person(rest: str) -> tuple[str, str]:
    """`disk full @bo`: the key of an alert, and whom it is asked about."""
    key, mark, person = rest.rpartition(" @")
    return (key, f"@{person}") if mark else (rest, "")


def _explained(verb: Verb, lang: str) -> list[str]:
    """One command: how it is written, what it does, its other names, and an example."""
    lines = [f"/toc {verb.usage}", say(lang, f"help.{verb.name}")]
    if verb.aliases:
        lines.append(say(lang, "help.also", words=", ".join(verb.aliases)))
    return [*lines, say(lang, "help.example", example=f"/toc {verb.example or verb.name}")]


def _starts(shift: Shift) -> Instant:
    return shift.start


def _people(plan: Schedule) -> set[str]:
    return {member for layer in plan.layers for _, member in layer.people()}
