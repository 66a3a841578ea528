"""`why`: the engine's verdicts about an incident, as lines for a terminal and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot import muted, turns
from bot.cards import sample
from bot.cards.build import (
    View,
    level_words,
    member_words,
    quiet_words,
    route_words,
    rule_words,
    target_words,
)
from bot.cards.text import one_line
from bot.clock import Ids, SystemClock
from bot.directory import Directory
from bot.engine.explain import as_opened, explain
from bot.engine.model import SECOND, Alert, Condition, Target
from bot.engine.verdicts import (
    LevelVerdict,
    MemberVerdict,
    QuietVerdict,
    QuietWhy,
    RouteVerdict,
    RuleVerdict,
    RuleWhy,
    Verdicts,
)
from bot.engine.world import World
from bot.manifest.oncall import in_zone
from bot.store.base import Store, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The verdicts, and what their words need. `alert` is what they are about where no incident has it."""

    view: View
    verdicts: Verdicts
    alert: Alert | None = None

    def as_text(self, member: str | None = None) -> Iterator[str]:
        """A block of lines for the rules, what keeps alerts quiet, the levels, and the people (or one of them)."""
        view, found, alert = self.view, self.verdicts, self.alert
        at = in_zone(found.at, "UTC")
        if alert:
            yield f"The alert {one_line(alert.title)} ({one_line(alert.alert_key)}) in {alert.channel}, as of {at}:"
        if found.routes:
            yield "Routes:"
            yield from (f"  {_mark(bool(each.channels))} {route_words(view, each)}" for each in found.routes)
        yield "Rules:" if alert else f"Rules, as it opened at {in_zone(view.incident.opened_at, 'UTC')}:"
        taken = (RuleWhy.CHOSEN, RuleWhy.WOULD)
        yield from (f"  {_mark(each.why in taken)} {rule_words(view, each)}" for each in found.rules)
        if found.quiet:
            yield (
                "Drop rules, silences, inhibitions and flapping:" if alert else "Drop rules, silences and inhibitions:"
            )
            yield from (f"  {_mark(each.why is QuietWhy.HIDES)} {quiet_words(view, each)}" for each in found.quiet)
        yield f"Levels, and who stands behind them at {at}:"
        last = len(found.levels) - 1
        for level in found.levels:
            yield f"  {_mark(level.current)} {level_words(view, level, last)}"
            yield from (f"      {line}" for line in target_words(view, level))
        yield "People:"
        yield from (f"  {member_words(view, each)}" for each in found.members if member in (None, each.member))
        yield ""

    def as_json(self, member: str | None = None) -> dict[str, Any]:
        """What `--json` prints under `verdicts`: the same, each with its sentence."""
        found = self.verdicts
        return self._subject() | {
            "at": in_zone(found.at, "UTC"),
            "routes": [self._route(each) for each in found.routes],
            "rules": [self._rule(each) for each in found.rules],
            "quiet": [self._quiet(each) for each in found.quiet],
            "levels": [_level(each) for each in found.levels],
            "members": [self._member(each) for each in found.members if member in (None, each.member)],
        }

    def _subject(self) -> dict[str, Any]:
        one = self.alert
        if one is None:
            return {}
        until = None if one.muted_until is None else in_zone(one.muted_until, "UTC")
        told = {"id": one.id, "key": one.alert_key, "title": one.title, "channel": one.channel}
        return {"alert": told | {"integration": one.integration, "muted": one.muted, "asked_again_at": until}}

    def _route(self, one: RouteVerdict) -> dict[str, Any]:
        return {
            "case": one.case,
            "verdict": one.why.value,
            "channels": list(one.channels),
            "fails": [_condition(each) for each in one.fails],
            "text": route_words(self.view, one),
        }

    def _rule(self, one: RuleVerdict) -> dict[str, Any]:
        fails = [_condition(each) for each in one.fails]
        return {"rule": one.rule, "verdict": one.why.value, "fails": fails, "text": rule_words(self.view, one)}

    def _quiet(self, one: QuietVerdict) -> dict[str, Any]:
        return {
            "kind": one.kind,
            "name": one.name,
            "verdict": one.why.value,
            "id": one.id,
            "until": None if one.until is None else in_zone(one.until, "UTC"),
            "cause": one.cause,
            "fails": [_condition(each) for each in one.fails],
            "text": quiet_words(self.view, one),
        }

    def _member(self, one: MemberVerdict) -> dict[str, Any]:
        return {
            "member": one.member,
            "verdict": one.why.value,
            "level": one.level,
            "through": one.through,
            "turn": one.turn,
            "ways": list(one.ways),
            "by": one.by,
            "ladder": [{"after_s": rung.after / SECOND, "ways": list(rung.ways)} for rung in one.ladder],
            "text": member_words(self.view, one),
        }


def verdicts_of(store: Store, declared: World, num: int) -> Told:
    """The verdicts about an incident that is there, in the world as it is now. Raises KeyError for one that is not."""
    clock = SystemClock()
    directory = Directory(declared, clock, Ids())

    def look(tx: Tx) -> Told:
        incident = tx.incident_by_num(num)
        if incident is None:
            raise KeyError(num)
        directory.load(tx)
        world, now = turns.for_incident(tx, directory.world(), incident), clock.now()
        view = View(incident=incident, world=world, now=now, key=sample.KEY)
        return Told(view=view, verdicts=explain(incident, as_opened(incident, tx.timeline(incident.id)), world, now))

    return store.read(look)


def verdicts_about(store: Store, declared: World, text: str) -> list[Told | int]:
    """For each alert of this key or id: the verdicts, or the number of the incident that has it.

    An alert of a channel that the manifest does not know any more is left out.
    """
    clock = SystemClock()
    directory = Directory(declared, clock, Ids())

    def look(tx: Tx) -> list[Told | int]:
        directory.load(tx)
        world, now = directory.world(), clock.now()
        found: list[Told | int] = []
        for alert in muted.named(tx, world, text):
            holder = tx.incidents([alert.incident]).get(alert.incident)
            if holder is not None:
                found.append(holder.num)
            elif alert.channel in world.channels:
                would_be, verdicts = muted.explained(tx, world, alert, now)
                view = View(incident=would_be, world=world, now=now, key=sample.KEY)
                found.append(Told(view=view, verdicts=verdicts, alert=alert))
        return found

    return store.read(look)


def _mark(yes: bool) -> str:  # noqa: FBT001 (it is the only thing to say)
    return "→" if yes else "–"


def _condition(one: Condition) -> dict[str, Any]:
    return {"key": one.key, "oper": one.oper, "vals": list(one.vals)}


def _level(one: LevelVerdict) -> dict[str, Any]:
    return {
        "level": one.level,
        "current": one.current,
        "turn": one.turn,
        "targets": [
            {
                "target": _name(each.target),
                "people": [
                    {
                        "member": who.member,
                        "role": who.duty.role if who.duty else "",
                        "layer": who.duty.layer if who.duty else "",
                        "override": who.override,
                        "since": in_zone(who.duty.since, "UTC") if who.duty else None,
                        "until": in_zone(who.duty.until, "UTC") if who.duty and who.duty.until else None,
                    }
                    for who in each.people
                ],
            }
            for each in one.targets
        ],
    }


def _name(target: Target) -> str:
    return f"{target.kind.value}:{target.id}{f'/{target.role}' if target.role else ''}"
