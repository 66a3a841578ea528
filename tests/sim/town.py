"""The world of one seed: who works there, who is on call when, what the channels do, and how policies are edited."""

from __future__ import annotations

import random
from dataclasses import replace

from bot.engine.digest import Digest
from bot.engine.flapping import Flapping
from bot.engine.grouping import ALONE, Grouping
from bot.engine.inhibition import Inhibition
from bot.engine.model import (
    DAY,
    HOUR,
    MINUTE,
    Chat,
    Condition,
    Instant,
    Level,
    Rule,
    Severity,
    Target,
    TargetKind,
    TimeWindow,
    Way,
)
from bot.engine.silence import Silence
from bot.engine.world import Channel, Group, Integration, Layer, Member, Override, Schedule, Team, World
from tests.sim import customs

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "America/Santiago")
STARTS = ("2026-03-03T00:00", "2026-03-22T00:00", "2026-10-20T00:00", "2026-09-28T00:00", "2026-06-05T00:00")
"""Most of these reach a day on which some zone changes its clocks within a month."""

NAMES = ("ann", "bo", "cy", "di", "ed", "flo", "gus", "hal")


def build(rng: random.Random) -> World:
    """A world drawn from `rng`."""
    members = {
        name: _member(rng, number, name) for number, name in enumerate(NAMES[: rng.randrange(3, len(NAMES) + 1)])
    }
    schedules = {f"rota{n}": _schedule(rng, f"rota{n}", list(members)) for n in range(rng.randrange(1, 4))}
    teams = {
        "leads": Team(id="leads", name="Leads", members=tuple(rng.sample(list(members), 2))),
        "empty": Team(id="empty", name="Nobody yet", members=()),
    }
    teams["night"] = Team(id="night", name="Night", members=tuple(random.Random(repr(teams)).sample(list(members), 3)))
    names = [f"ch{n}" for n in range(rng.randrange(1, 4))]
    channels = {name: _channel(rng, name, list(members), list(schedules)) for name in names}
    # Noise has chances of its own, so that the seeds that mutants die by go on meaning what they meant.
    channels = {name: _noisy(each) for name, each in channels.items()}
    integrations = {}
    for name in names:
        for source in ("standard", "prometheus_v2"):
            one = f"{name}-{source}"
            integrations[one] = Integration(id=one, key=f"key-{one}", source=source, channel=name)
    return World(
        members=members,
        teams=teams,
        schedules=schedules,
        channels=channels,
        integrations=integrations,
        silences={name: _silences(each) for name, each in channels.items()},
        catch_all=(Target(kind=TargetKind.TEAM, id="leads"),),
        calendars=customs.CALENDARS,
        fields=customs.FIELDS,
        version="0",
        url=rng.choice(("", "https://tocsin.example.com")),
    )


def edit(world: World, rng: random.Random, now: Instant) -> tuple[World, str]:
    """The same world after somebody edited its manifest, and what they did."""
    version = str(int(world.version) + 1)
    members, schedules, channels = dict(world.members), dict(world.schedules), dict(world.channels)
    what = rng.choice(("override", "rotation", "rules", "rules", "preference", "rename", "gap"))
    name = rng.choice(list(schedules))
    match what:
        case "override":
            start = now + rng.randrange(0, 2 * DAY)
            one = Override(
                id=f"override-{version}",
                start=start,
                end=start + rng.randrange(HOUR, DAY),
                member=rng.choice(list(members)),
                role="backup" if int(version) % 4 == 0 else "primary",
                role_only=int(version) % 3 == 0,
            )
            schedules[name] = replace(schedules[name], overrides=(*schedules[name].overrides[-3:], one))
        case "rotation":
            schedules[name] = _schedule(rng, name, list(members))
        case "gap":
            schedules[name] = replace(schedules[name], layers=())
        case "rules":
            channel = rng.choice(list(channels))
            new = _channel(rng, channel, list(members), list(schedules))
            channels[channel] = replace(channels[channel], rules=new.rules)
        case "preference":
            person = rng.choice(list(members))
            members[person] = replace(members[person], ways=_ways(rng))
        case _:
            person = rng.choice(list(members))
            members[person] = replace(members[person], name=f"{person.capitalize()} the {version}th")
    edited = replace(world, members=members, schedules=schedules, channels=channels, version=version)
    return edited, f"{what} in {name}" if what in {"override", "rotation", "gap"} else what


def _member(rng: random.Random, number: int, name: str) -> Member:
    accounts = rng.choice((("slack",), ("telegram",), ("slack", "telegram"), ("telegram", "slack")))
    ids = {"slack": f"U0{name.upper()}", "telegram": str(100 + number)}
    phone, email = rng.random() < 0.85, rng.random() < 0.7
    one = Member(
        id=name,
        name=name.capitalize(),
        lang=rng.choice(("en", "en", "zh")),
        zone=rng.choice(ZONES),
        phone=f"+1202555{number:04}" if phone else "",
        email=f"{name}@example.com" if email else "",
        identities={platform: ids[platform] for platform in accounts},
        ways=_ways(rng),
        calls=phone and rng.random() < 0.5,
    )
    return customs.member(one)


def _ways(rng: random.Random) -> dict[Severity, tuple[Way, ...]]:
    return rng.choice((
        {}, {},
        {Severity.CRITICAL: ("im", "sms"), Severity.WARNING: ("im",), Severity.INFO: ("email",)},
        {Severity.CRITICAL: ("sms",)},
        {Severity.CRITICAL: ("sms", "email"), Severity.WARNING: ("email",)},
        {Severity.CRITICAL: ("im", "voice")},
    ))  # fmt: skip


def _schedule(rng: random.Random, name: str, members: list[str]) -> Schedule:
    people = rng.sample(members, min(len(members), rng.randrange(2, 5)))
    turned = people[1:] + people[:1]
    pairs = zip(people, turned, strict=True)
    if rng.random() < 0.5:
        groups = tuple(Group(members={"primary": (one,), "backup": (two,)}) for one, two in pairs)
    else:
        groups = tuple(Group(members={"primary": (one,)}) for one in people)
    unit, every = rng.choice((("day", 1), ("week", 1), ("day", 3), ("hour", 12), ("hour", 7), ("month", 1)))
    hour = rng.choice((0, 2, 9, 23))
    start = f"2026-0{rng.randrange(1, 3)}-{rng.randrange(1, 29):02}T{hour:02}:{rng.choice((0, 30)):02}"
    layers = [Layer(id="main", groups=groups, unit=unit, every=every, start=start)]
    if rng.random() < 0.3:
        extra = Group(members={"primary": (rng.choice(members),)})
        layers.append(Layer(id="second", groups=(extra,), unit="week", start="2026-01-05T09:00"))
    plan = Schedule(id=name, name=name.capitalize(), zone=rng.choice(ZONES), layers=tuple(layers))
    return customs.schedule(plan, members)


def _channel(rng: random.Random, name: str, members: list[str], schedules: list[str]) -> Channel:
    chats = [Chat(platform="slack", address=f"C0{name.upper()}", name=f"#{name}", zone=rng.choice(ZONES))]
    if rng.random() < 0.6:
        chats.append(Chat(platform="telegram", address=f"-100{len(name)}{name[-1]}", name=f"{name} night", lang="zh"))
    severe = Condition(key="severity", oper="IN", vals=("Critical", "Warning"))
    rules = [Rule(
        id=f"{name}/severe", name="Severe", filter=((severe,),), rounds=rng.choice((1, 1, 2, 3)),
        delay=rng.choice((0, 0, 0, 30_000, 2 * MINUTE)),
        levels=tuple(_level(rng, members, schedules) for _ in range(rng.randrange(1, 4))),
    )]  # fmt: skip
    if rng.random() < 0.6:
        rules.append(
            Rule(id=f"{name}/rest", name="Rest", priority=9, rounds=1, levels=(_level(rng, members, schedules),))
        )
    closes = rng.random() < 0.8
    return Channel(
        id=name,
        name=name.capitalize(),
        chats=tuple(chats),
        rules=customs.rules(tuple(rules), name),
        grouping=rng.choice((ALONE, ALONE, Grouping(method="rules", by=("labels.service",)))),
        close_with_alerts=closes,
        # What nothing else would ever close, where nobody answers, would be refreshed with every alert for months.
        auto_close_after=rng.choice((0, 0, 6 * HOUR, DAY) if closes else (6 * HOUR, DAY)),
    )


def _noisy(channel: Channel) -> Channel:
    rng = random.Random(repr(channel.rules))
    grouping = channel.grouping
    if grouping is not ALONE:
        grouping = replace(grouping, window=rng.choice((0, 10 * MINUTE, HOUR)), sliding=rng.random() < 0.5)
        grouping = customs.grouping(grouping)
    elif rng.random() < 0.3:
        grouping = Grouping(method="similar")
    infos = ((Condition(key="severity", oper="IN", vals=("Info",)),),)
    severe = ((Condition(key="severity", oper="IN", vals=("Critical",)),),)
    inhibition = Inhibition(id="severe", source=severe, target=infos)
    return replace(
        channel,
        grouping=grouping,
        storm=rng.choice(((), (2, 4))),
        digest=random.Random(repr(channel.rules) + "digest").choice((Digest(), Digest(incidents=4), None)),
        flapping=rng.choice((Flapping(), Flapping(), Flapping(changes=3, mute=30 * MINUTE), None)),
        inhibitions=rng.choice(((), (inhibition,))),
    )


def _silences(channel: Channel) -> tuple[Silence, ...]:
    """A few hours of every day, in some zone, for the service whose name ends in a digit; marked or dropped."""
    rng = random.Random(repr(channel.rules) + "quiet")
    tests = ((Condition(key="labels.service", oper="IN", vals=(f"*{rng.randrange(10)}",)),),)
    hours = (TimeWindow(start=f"{rng.randrange(24):02}:00", end=f"{rng.randrange(24):02}:30"),)
    mode = rng.choice(("mark", "mark", "mark", "drop"))
    return (
        Silence(id=f"{channel.id}/s", channel=channel.id, filter=tests, when=hours, zone=rng.choice(ZONES), mode=mode),
    )


def _level(rng: random.Random, members: list[str], schedules: list[str]) -> Level:
    target = rng.choice((
        Target(kind=TargetKind.SCHEDULE, id=rng.choice(schedules), role=rng.choice(("", "primary"))),
        Target(kind=TargetKind.SCHEDULE, id=rng.choice(schedules)),
        Target(kind=TargetKind.MEMBER, id=rng.choice(members)),
        Target(kind=TargetKind.TEAM, id=rng.choice(("leads", "leads", "empty"))),
    ))  # fmt: skip
    one = Level(
        targets=(target,),
        chats=(Chat(platform="slack", address="C0BOSS", name="#bosses"),) if rng.random() < 0.2 else (),
        ways=rng.choice((None, None, {Severity.CRITICAL: ("sms", "im")}, {Severity.CRITICAL: ("voice", "sms")})),
        repeat_every=rng.choice((0, MINUTE, 5 * MINUTE, 10 * MINUTE)),
        repeat_times=rng.choice((0, 0, 1, 1, 2, 3)),
        escalate_after=rng.choice((MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE)),
        even_if_acked=rng.random() < 0.12,
    )
    return customs.level(one, members)
