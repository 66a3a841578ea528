"""Which escalation rule takes an incident, and who stands behind a target at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.engine import conditions, schedule
from bot.engine.calendars import within
from bot.engine.model import MINUTE, Instant, Level, Rule, Severity, Target, TargetKind
from bot.engine.world import MAILTO, Channel, World

DIRECT_REPEAT_EVERY = 5 * MINUTE
DIRECT_REPEAT_TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A member who stands behind a target, and how we got to them."""

    member: str
    through: str
    """`schedule:primary-db/primary`, `team:db`, `member:ann`: shown by `why`, and on the person's card."""


def choose_rule(
    channel: Channel,
    title: str,
    description: str,
    severity: Severity,
    labels: Mapping[str, str],
    integration: str = "",
    *,
    world: World,
    now: Instant,
) -> Rule | None:
    """The first enabled rule, by priority, whose filter and hours match; None leaves it to the catch-all."""
    facts = conditions.facts(
        title=title, description=description, severity=severity, labels=labels, integration=integration
    )
    for rule in sorted((each for each in channel.rules if each.enabled), key=lambda each: each.priority):
        if within(rule.when, world.calendars, rule.zone, now) and conditions.matches(rule.filter, facts):
            return rule
    return None


def catch_all_rule(world: World) -> Rule:
    """The rule for what no rule matched: silence is never an answer."""
    return Rule(id="catch_all", name="catch-all", levels=(direct_level(world.catch_all),), rounds=1)


def direct_rule(targets: tuple[Target, ...]) -> Rule:
    """The policy of a direct assignment: these people, repeated, then the last resort."""
    return Rule(id="direct", name="direct assignment", levels=(direct_level(targets),), rounds=1, direct=True)


def direct_level(targets: tuple[Target, ...]) -> Level:
    """A level that insists: every 5 minutes, three times, within the usual half hour."""
    return Level(targets=targets, repeat_every=DIRECT_REPEAT_EVERY, repeat_times=DIRECT_REPEAT_TIMES)


def people(world: World, targets: Iterable[Target], now: Instant) -> tuple[Called, ...]:
    """Everybody behind the targets at `now`, in order, each once; whoever the world does not know is left out."""
    found: dict[str, Called] = {}
    for target in targets:
        for called in _behind(world, target, now):
            if world.member(called.member) is not None:
                found.setdefault(called.member, called)
    return tuple(found.values())


def _behind(world: World, target: Target, now: Instant) -> Iterable[Called]:
    match target.kind:
        case TargetKind.MEMBER:
            return (Called(member=target.id, through=f"member:{target.id}"),)
        case TargetKind.TEAM:
            team = world.teams.get(target.id)
            return (Called(member=m, through=f"team:{target.id}") for m in (team.members if team else ()))
        case TargetKind.EMAIL:
            return (Called(member=f"{MAILTO}{target.id}", through=f"email:{target.id}"),)
        case TargetKind.SCHEDULE:
            plan = world.schedules.get(target.id)
            duty = schedule.on_call(plan, now) if plan else ()
            return (
                Called(member=d.member, through=f"schedule:{target.id}/{d.role}")
                for d in duty
                if target.role in ("", d.role)
            )
