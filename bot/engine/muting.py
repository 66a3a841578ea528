"""Why nobody hears of an alert: what hides it, what else would, and who would be paged if nothing did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.engine import conditions, grouping, inhibition, silence
from bot.engine.events import AlertChange, AlertSeen, Fresh
from bot.engine.explain import explain
from bot.engine.flapping import Flaps
from bot.engine.inhibition import Inhibition
from bot.engine.model import Alert, Filter, Incident, Instant
from bot.engine.opening import open_incident
from bot.engine.silence import Silence
from bot.engine.verdicts import MemberWhy, Opened, QuietVerdict, QuietWhy, RuleWhy, Verdicts
from bot.engine.world import Channel, World

_PAGED = (MemberWhy.PAGED, MemberWhy.DELAYED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known around an alert: those that may explain it, the one that does, and how it came and went."""

    actives: tuple[Alert, ...] = ()
    cause: Alert | None = None
    flaps: Flaps | None = None


def explain_alert(alert: Alert, around: Around, world: World, now: Instant) -> tuple[Incident, Verdicts]:
    """Every verdict about an alert that is in no incident, and the incident that it would open.

    Raises KeyError where the world does not know its channel.
    """
    seen = AlertSeen(alert=alert, change=AlertChange.NEW, group_key="", fresh=Fresh(id="", num=0))
    would_be = open_incident(seen, world, now).incident
    at = now if alert.closed_at is None else alert.last_at
    opened = Opened(
        title=alert.title,
        description=alert.description,
        severity=alert.severity,
        labels=alert.labels,
        at=at,
        integration=alert.integration,
    )
    found = explain(would_be, opened, world, at)
    why = MemberWhy.MUTED if alert.closed_at is None else MemberWhy.CLOSED
    return would_be, replace(
        found,
        rules=tuple(replace(each, why=RuleWhy.WOULD) if each.why is RuleWhy.CHOSEN else each for each in found.rules),
        quiet=tuple(_quiet(alert, around, world.channels[alert.channel], world, at)),
        levels=tuple(replace(each, current=False) for each in found.levels),
        members=tuple(replace(each, why=why) if each.why in _PAGED else each for each in found.members),
    )


def _quiet(alert: Alert, around: Around, channel: Channel, world: World, at: Instant) -> Iterator[QuietVerdict]:
    facts = grouping.facts_of(alert)
    if channel.drop:
        yield _verdict("drop", "drop", channel.drop, facts, QuietWhy.LATER)
    for each in world.silences.get(channel.id, ()):
        yield _silence(each, alert, facts, world, at)
    for rule in channel.inhibitions:
        yield _inhibition(rule, alert, facts, around)
    kind, _, what = alert.muted.partition(":")
    known = {one.id for one in world.silences.get(channel.id, ())} | {one.id for one in channel.inhibitions}
    if what and what not in known:
        word = "silence" if kind == "silence" else "inhibition"
        yield QuietVerdict(kind=word, name=what, id=what, why=QuietWhy.OVER)
    yield _flapping(alert, around, channel)


def _silence(each: Silence, alert: Alert, facts: Mapping[str, str], world: World, at: Instant) -> QuietVerdict:
    mine = alert.muted == f"silence:{each.id}"
    awake = not silence.active(each, world.calendars, at)
    why = QuietWhy.HOURS if awake else QuietWhy.HIDES if mine else QuietWhy.OTHER
    found = _verdict("silence", each.reason or each.id, each.filter, facts, why)
    if mine and found.why is not QuietWhy.HIDES:
        found = replace(found, why=QuietWhy.OVER, fails=())
    until = silence.end_in_sight(each, world.calendars, at) if found.why is QuietWhy.HIDES else None
    return replace(found, id=each.id, until=until)


def _inhibition(rule: Inhibition, alert: Alert, facts: Mapping[str, str], around: Around) -> QuietVerdict:
    if alert.muted == f"inhibit:{rule.id}":
        over = around.cause is None or around.cause.closed_at is not None
        title = around.cause.title if around.cause else ""
        why = QuietWhy.OVER if over else QuietWhy.HIDES
        return QuietVerdict(kind="inhibition", name=rule.id, id=rule.id, why=why, cause=title)
    if conditions.matches(rule.source, facts):
        return _verdict("inhibition", rule.id, rule.target, facts, QuietWhy.IS_CAUSE)
    others = ((one, grouping.facts_of(one)) for one in around.actives if one.id != alert.id)
    cause = inhibition.cause_of(rule, alert, facts, others)
    why = QuietWhy.OTHER if cause else QuietWhy.NO_CAUSE
    return replace(_verdict("inhibition", rule.id, rule.target, facts, why), cause=cause.title if cause else "")


def _flapping(alert: Alert, around: Around, channel: Channel) -> QuietVerdict:
    if channel.flapping is None:
        return QuietVerdict(kind="flapping", name="", why=QuietWhy.OFF)
    noticed = around.flaps is not None and around.flaps.noticed_at is not None
    mine = alert.muted == "flapping"
    return QuietVerdict(
        kind="flapping",
        name="",
        why=QuietWhy.HIDES if mine else QuietWhy.NOTICED if noticed else QuietWhy.STEADY,
        until=alert.muted_until if mine else None,
        changes=len(around.flaps.changes) if around.flaps else 0,
        enough=channel.flapping.changes,
    )


def _verdict(kind: str, name: str, tests: Filter, facts: Mapping[str, str], otherwise: QuietWhy) -> QuietVerdict:
    fails = conditions.failing(tests, facts)
    return QuietVerdict(kind=kind, name=name, id=name, why=QuietWhy.FILTER if fails else otherwise, fails=fails)
