"""Rarer customs of a town: what some teams do and most do not.

Each has chances of its own, drawn from what it is about, so that one custom more leaves the rest of a town as it was.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.engine.calendars import Calendar
from bot.engine.grouping import ALONE, Branch, Grouping
from bot.engine.model import (
    DAY,
    HOUR,
    MINUTE,
    Condition,
    Level,
    Rule,
    Severity,
    Target,
    TargetKind,
    TimeWindow,
)
from bot.engine.world import (
    CustomField,
    DailyPeriod,
    FieldKind,
    Layer,
    Member,
    Rung,
    Schedule,
    Shift,
    WeeklyPeriod,
)
from tests.sim.world import instant

BEGINS = ("2026-03-01T00:00", "2026-06-01T00:00", "2026-10-01T00:00")
"""The months in which nights are simulated begin here."""
MAILBOX = "duty@example.com"
HOURS = (DailyPeriod(start="08:00", end="20:00"), DailyPeriod(start="18:00", end="08:00"))
FIELDS = {
    "region": CustomField(name="region", label="Region", kind=FieldKind.SELECT, options=("eu", "us")),
    "customers": CustomField(name="customers", label="Customers", kind=FieldKind.MULTI, options=("acme", "bobco")),
    "postmortem": CustomField(name="postmortem", label="Post-mortem", kind=FieldKind.CHECKBOX),
    "ticket": CustomField(name="ticket", label="Ticket"),
}
CALENDARS = {
    "office": Calendar(
        id="office",
        zone="Europe/Berlin",
        off=frozenset({date(2026, 4, 3), date(2026, 4, 6), date(2026, 6, 18), date(2026, 10, 3)}),
        on=frozenset({date(2026, 4, 11), date(2026, 11, 8)}),
    )
}


def member(one: Member) -> Member:
    """Some have a ladder of their own: a message, a text after two minutes, mail after five."""
    rng = random.Random(f"{one!r} climbs")
    if rng.random() < 0.5:
        return one
    text = Rung(after=rng.choice((45_000, MINUTE, 2 * MINUTE)), ways=("sms",))
    mail = Rung(after=rng.choice((3 * MINUTE, 5 * MINUTE)), ways=("email",))
    call = Rung(after=5 * MINUTE, ways=("voice",))
    rungs = rng.choice(((text,), (text, mail), (mail,), (text, call)))
    return replace(one, ladder={Severity.CRITICAL: rungs, Severity.WARNING: rungs[-1:]})


def schedule(plan: Schedule, members: Sequence[str]) -> Schedule:
    """Hours, days, an end, an order that moves on, another handoff; and layers of fixed shifts."""
    rng = random.Random(f"{plan!r} hours")
    layers = [_hours(layer, rng) for layer in plan.layers]
    if rng.random() < 0.15:
        layers.append(Layer(id="planned", fixed=tuple(_shifts(members, rng)), weight=rng.randrange(2)))
    return replace(plan, layers=tuple(layers))


def _hours(layer: Layer, rng: random.Random) -> Layer:
    draw = rng.random()
    if draw < 0.15:
        layer = replace(layer, restriction=(rng.choice(HOURS),))
    elif draw < 0.25:
        layer = replace(layer, restriction=HOURS)
    elif draw < 0.35:
        week = WeeklyPeriod(start_day=1, start="08:00", end_day=5, end="18:00")
        return replace(layer, restriction=(week,), weight=rng.randrange(3))
    if rng.random() < 0.25:
        layer = replace(layer, day_mask=rng.choice(((1, 2, 3, 4, 5), (0, 6), (0, 2, 4, 6))))
        layer = replace(layer, mask_continuous=rng.random() < 0.5)
    if layer.unit in {"day", "week"} and rng.random() < 0.2:
        layer = replace(layer, handoff=rng.choice(("08:00", "17:30")))
    if rng.random() < 0.08:
        layer = replace(layer, end=f"2026-{rng.choice((4, 7, 11)):02}-{rng.randrange(1, 20):02}T12:00")
    return replace(layer, fair=rng.random() < 0.3, weight=rng.randrange(3))


def _shifts(members: Sequence[str], rng: random.Random) -> list[Shift]:
    found = []
    for begin in map(instant, BEGINS):
        at = begin + rng.randrange(DAY)
        for _ in range(12):
            lasts = rng.randrange(6, 30) * HOUR
            one = Shift(member=rng.choice(members), role="backup", layer="planned", start=at, end=at + lasts)
            found.append(one)
            at += lasts + rng.randrange(1, 72) * HOUR
    return found


def level(one: Level, members: Sequence[str]) -> Level:
    """Several targets, mailboxes, and one of a team in turn."""
    rng = random.Random(f"{one!r} asks")
    targets = list(one.targets)
    if rng.random() < 0.15:
        targets.append(Target(kind=TargetKind.EMAIL, id=MAILBOX))
    if rng.random() < 0.2:
        targets.append(Target(kind=TargetKind.TEAM, id="night"))
    if rng.random() < 0.15:
        targets.append(Target(kind=TargetKind.MEMBER, id=rng.choice(members)))
    in_turn = rng.random() < (0.4 if len(targets) > 1 or targets[0].kind is TargetKind.TEAM else 0.1)
    return replace(one, targets=tuple(targets), round_robin=in_turn)


def rules(declared: tuple[Rule, ...], name: str) -> tuple[Rule, ...]:
    """Acknowledgements that run out, rules of some hours, and rules that are switched off."""
    rng = random.Random(f"{declared!r} rules")
    timeout = rng.choice((0, 0, 5 * MINUTE, 20 * MINUTE, HOUR))
    found = [replace(rule, ack_timeout=timeout) for rule in declared]
    first = found[0]
    if rng.random() < 0.4:
        calendar = rng.choice(("", "office"))
        window = TimeWindow(
            start="09:00", end="17:00", days=rng.choice(((), (1, 2, 3, 4, 5))), calendar=calendar,
            off=bool(calendar) and rng.random() < 0.3,
        )  # fmt: skip
        zone = rng.choice(("Europe/Berlin", "America/New_York", "Asia/Kolkata"))
        found.append(
            replace(first, id=f"{name}/day", name="By day", priority=1, when=(window,), zone=zone, rounds=1, delay=0)
        )
        found[0] = replace(first, priority=2)
    if rng.random() < 0.3:
        found.append(replace(first, id=f"{name}/off", name="Off", filter=(), priority=0, enabled=False))
    return tuple(found)


def grouping(declared: Grouping) -> Grouping:
    """By branches, and strictly."""
    rng = random.Random(f"{declared!r} groups")
    if declared is ALONE or declared.method != "rules":
        return declared
    critical = ((Condition(key="severity", oper="IN", vals=("Critical",)),),)
    branch = Branch(filter=critical, by=("labels.service", "severity"))
    return replace(declared, branches=rng.choice(((), (branch,))), strict=rng.random() < 0.5)
