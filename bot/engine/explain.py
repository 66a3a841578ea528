"""Why it went to these people and not to others: every rule, silence, level and preference with its verdict.

Looks at the world of now: what was changed since the incident opened is told as it is today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.engine import conditions, dispatching, escalation, preference, routing, schedule, silence
from bot.engine.calendars import within
from bot.engine.effects import Entry, Kind
from bot.engine.model import (
    Condition,
    Event,
    EventStatus,
    Filter,
    Incident,
    Instant,
    Level,
    Progress,
    Responder,
    Rule,
    Severity,
    Target,
    TargetKind,
    Way,
)
from bot.engine.routing import Called
from bot.engine.verdicts import (
    LevelVerdict,
    MemberVerdict,
    MemberWhy,
    Opened,
    QuietVerdict,
    QuietWhy,
    RouteVerdict,
    RuleVerdict,
    RuleWhy,
    Stands,
    TargetVerdict,
    Verdicts,
)
from bot.engine.world import Channel, Member, World

_NOTHING = Channel(id="", name="")
"""Stands for a channel that the world does not know any more."""


def explain(incident: Incident, opened: Opened, world: World, now: Instant) -> Verdicts:
    """Every verdict about an incident that opened like this."""
    at = opened.at if incident.progress is Progress.CLOSED else now
    channel = world.channels.get(incident.channel, _NOTHING)
    levels = _ladder(incident)
    called = [routing.people(world, level.targets, at) for level in levels]
    return Verdicts(
        at=at,
        rules=tuple(_rules(incident, channel, opened, world)),
        quiet=tuple(_quiet(channel, opened, world)),
        levels=tuple(
            LevelVerdict(
                level=number,
                targets=tuple(TargetVerdict(target=each, people=_stand(world, each, at)) for each in level.targets),
                current=number == incident.level,
                turn=_turn(world, incident, number, level, called[number]),
            )
            for number, level in enumerate(levels)
        ),
        routes=_routes(opened, world),
        members=tuple(_member(incident, world, levels, called, each) for each in _everybody(incident, world, called)),
    )


def as_opened(incident: Incident, entries: Iterable[Entry]) -> Opened:
    """What the rules were asked about, as far as the timeline kept it; else as it is now."""
    first = next((entry.facts for entry in entries if entry.kind is Kind.NEW), {})
    return Opened(
        title=first.get("title", incident.title),
        description=incident.description,
        severity=Severity(first.get("severity", incident.severity)),
        labels=incident.labels,
        at=incident.opened_at,
        integration=first.get("integration", ""),
    )


def _ladder(incident: Incident) -> tuple[Level, ...]:
    return (*incident.rule.levels, incident.last_resort)


def _rules(incident: Incident, channel: Channel, opened: Opened, world: World) -> Iterator[RuleVerdict]:
    facts = _facts(opened)
    chosen, taken = incident.rule, False
    known = any(rule.id == chosen.id for rule in channel.rules)
    for rule in sorted(channel.rules, key=lambda each: each.priority):
        mine = rule.id == chosen.id
        why, fails = (RuleWhy.CHOSEN, ()) if mine else _rule(rule, facts, world, opened.at)
        if why is RuleWhy.SINCE and chosen.direct:
            why = RuleWhy.BY_HAND
        elif why is RuleWhy.SINCE and taken:
            why = RuleWhy.SHADOWED
        yield RuleVerdict(rule=rule.name, why=why, fails=fails, by=chosen.name if why is RuleWhy.SHADOWED else "")
        taken = taken or mine
    if not known:
        yield RuleVerdict(rule=chosen.name, why=RuleWhy.CHOSEN)


def _rule(rule: Rule, facts: Mapping[str, str], world: World, at: Instant) -> tuple[RuleWhy, tuple[Condition, ...]]:
    """Why the rule does not take it; SINCE, if it would."""
    if not rule.enabled:
        return RuleWhy.DISABLED, ()
    if not within(rule.when, world.calendars, rule.zone, at):
        return RuleWhy.HOURS, ()
    fails = conditions.failing(rule.filter, facts)
    return (RuleWhy.FILTER, fails) if fails else (RuleWhy.SINCE, ())


def _routes(opened: Opened, world: World) -> tuple[RouteVerdict, ...]:
    feed = world.integrations.get(opened.integration)
    if feed is None or feed.channel:
        return ()
    event = Event(
        alert_key="",
        status=EventStatus.TRIGGER,
        severity=opened.severity,
        title=opened.title,
        description=opened.description,
        labels=opened.labels,
        at=opened.at,
    )
    return dispatching.cases(event, feed, world.channels)


def _quiet(channel: Channel, opened: Opened, world: World) -> Iterator[QuietVerdict]:
    facts = _facts(opened)
    if channel.drop:
        yield _unheard("drop", "drop", channel.drop, facts, QuietWhy.LATER)
    for each in world.silences.get(channel.id, ()):
        awake = not silence.active(each, world.calendars, opened.at)
        why = QuietWhy.HOURS if awake else QuietWhy.LATER
        yield _unheard("silence", each.reason or each.id, each.filter, facts, why)
    for rule in channel.inhibitions:
        why = QuietWhy.IS_CAUSE if conditions.matches(rule.source, facts) else QuietWhy.NO_CAUSE
        yield _unheard("inhibition", rule.id, rule.target, facts, why)


def _unheard(kind: str, name: str, tests: Filter, facts: Mapping[str, str], otherwise: QuietWhy) -> QuietVerdict:
    fails = conditions.failing(tests, facts)
    return QuietVerdict(kind=kind, name=name, why=QuietWhy.FILTER if fails else otherwise, fails=fails)


def _facts(opened: Opened) -> Mapping[str, str]:
    return conditions.facts(
        title=opened.title,
        description=opened.description,
        severity=opened.severity,
        labels=opened.labels,
        integration=opened.integration,
    )


def _stand(world: World, target: Target, at: Instant) -> tuple[Stands, ...]:
    plan = world.schedules.get(target.id) if target.kind is TargetKind.SCHEDULE else None
    if plan is None:
        return tuple(Stands(member=one.member) for one in routing.people(world, (target,), at))
    overrides = {each.id for each in plan.overrides}
    return tuple(
        Stands(member=duty.member, duty=duty, override=duty.layer in overrides)
        for duty in schedule.on_call(plan, at)
        if target.role in ("", duty.role)
    )


def _turn(world: World, incident: Incident, number: int, level: Level, called: tuple[Called, ...]) -> str:
    found = escalation.turn_at(incident, number, world, called) if level.round_robin else None
    return found[0] if found else ""


def _everybody(incident: Incident, world: World, called: Iterable[tuple[Called, ...]]) -> tuple[str, ...]:
    """Those of the ladder first, then whoever was asked otherwise, then everybody else."""
    of_ladder = (one.member for level in called for one in level)
    asked = (responder.member for responder in incident.responders)
    return tuple(dict.fromkeys((*of_ladder, *asked, *world.members)))


def _member(
    incident: Incident, world: World, levels: tuple[Level, ...], called: list[tuple[Called, ...]], name: str
) -> MemberVerdict:
    holder = next((one for one in incident.responders if one.member == name), None)
    here = _place(incident, called, name)
    level = levels[here] if here is not None else None
    through = next((one.through for one in called[here] if one.member == name), "") if here is not None else ""
    turn = _turn(world, incident, here, level, called[here]) if level is not None and here is not None else ""
    why = _why(incident, holder, here, has_a_way=_is_reached(world, name), has_the_turn=turn in ("", name))
    if why is MemberWhy.NOT_NAMED:
        through = next((f"schedule:{plan}" for plan in _schedules(levels) if _ever(world, plan, name)), "")
        why = MemberWhy.NOT_ON_CALL if through else why
    known = world.member(name)
    ways, by = _ways(known, incident.severity, level) if known else ((), "")
    unified = level.ways if level else None
    rungs = preference.own_ladder(known, incident.severity, unified) if known else ()
    return MemberVerdict(
        member=name,
        why=why,
        level=here,
        through=through,
        turn=turn if why is MemberWhy.NOT_THE_TURN else "",
        ways=ways,
        by=by,
        ladder=tuple(rung for rung in rungs if rung.ways),
    )


def _place(incident: Incident, called: list[tuple[Called, ...]], name: str) -> int | None:
    """The level that asks a person: the current one if it does, else the next, else the last that did."""
    asks = [number for number, level in enumerate(called) if any(one.member == name for one in level)]
    on = min(incident.level, len(called) - 1)
    if not called[on] and len(called) - 1 in asks:  # nobody is on call: the last resort stands in
        return on if on in asks else len(called) - 1
    coming = [number for number in asks if number >= on]
    return coming[0] if coming else asks[-1] if asks else None


def _why(
    incident: Incident, holder: Responder | None, here: int | None, *, has_a_way: bool, has_the_turn: bool
) -> MemberWhy:
    asked = holder is not None
    answers = (
        (MemberWhy.ACKED, holder is not None and holder.acked_at is not None),
        (MemberWhy.ADDED, asked and here is None),
        (MemberWhy.NOT_NAMED, here is None),
        (MemberWhy.NO_WAY, not has_a_way),
        (MemberWhy.EARLIER, asked and here is not None and here < incident.level),
        (MemberWhy.PAGED, asked),
        (MemberWhy.NOT_THE_TURN, here == incident.level and not has_the_turn),
        (MemberWhy.CLOSED, incident.progress is Progress.CLOSED),
        (MemberWhy.SOMEBODY_HAS_IT, incident.progress is Progress.PROCESSING),
        (MemberWhy.DELAYED, here == incident.level),
    )
    return next((why for why, holds in answers if holds), MemberWhy.LATER)


def _is_reached(world: World, name: str) -> bool:
    known = world.member(name)
    return known is not None and bool(known.reachable())


def _ways(member: Member, severity: Severity, level: Level | None) -> tuple[tuple[Way, ...], str]:
    """The first ways, and where they come from."""
    unified = (level.ways or {}).get(severity) if level else None
    wanted = unified or member.ways.get(severity) or ()
    has = any(way in member.reachable() or (way == "im" and member.identities) for way in wanted)
    by = "default" if not has else "unified" if unified else "own"
    return preference.first_ways(member, severity, level.ways if level else None), by


def _schedules(levels: Iterable[Level]) -> Iterator[str]:
    for level in levels:
        yield from (target.id for target in level.targets if target.kind is TargetKind.SCHEDULE)


def _ever(world: World, plan: str, name: str) -> bool:
    """Whether a person takes turns in a schedule."""
    known = world.schedules.get(plan)
    return known is not None and any(member == name for layer in known.layers for _, member in layer.people())
