"""What is allowed in a manifest and still leaves somebody unpaged: warnings, each with its place and its cure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bot.engine import schedule as rota
from bot.engine.model import DAY, HOUR, Condition, Instant, Level, Rule, Span, Target, TargetKind
from bot.engine.world import Channel, Member, Schedule, World
from bot.manifest.calendars import years_not_arranged
from bot.manifest.ladder_lint import ladder_problems
from bot.manifest.load import Loaded
from bot.manifest.oncall import in_zone
from bot.manifest.problems import Path, Problem, dotted
from bot.manifest.values import human

AHEAD: Span = 90 * DAY
"""How far `check` looks for hours without anybody on call."""
_ALWAYS_THERE = ("severity", "title")


def lint(loaded: Loaded, now: Instant) -> tuple[Problem, ...]:
    """Every warning, in the order of the file."""
    found = [
        *loaded.warnings,
        *_members(loaded),
        *_schedules(loaded, now),
        *_calendars(loaded, now),
        *_channels(loaded),
        *_shared(loaded),
        *_catch_all(loaded, now),
    ]
    return tuple(sorted(found, key=lambda problem: (problem.line, problem.path, problem.code)))


def report(errors: Iterable[Problem], warnings: Iterable[Problem]) -> dict[str, Any]:
    """What `check --json` prints."""
    return {"errors": [each.as_json() for each in errors], "warnings": [each.as_json() for each in warnings]}


def _members(loaded: Loaded) -> Iterator[Problem]:
    world, source = loaded.world, loaded.source
    in_teams = {member for team in world.teams.values() for member in team.members}
    for key, member in world.members.items():
        path: Path = ("members", key)
        if not member.reachable():
            said = f"{member.name} cannot be reached: no identity, and no phone or mail that a declared vendor carries."
            cure = "Add an identity, a phone or an email, and declare its carrier under platforms."
            yield source.problem(path, "unreachable_member", said, cure)
        else:
            yield from _ways(loaded, key, member)
            yield from ladder_problems(loaded, key, member)
        if key not in in_teams:
            said = f"{member.name} is in no team."
            yield source.problem(path, "no_team", said, "Add the member to a team, or remove the member.")


def _ways(loaded: Loaded, key: str, member: Member) -> Iterator[Problem]:
    """Ways that a person prefers, and does not have."""
    reachable = member.reachable()
    for severity, ways in member.ways.items():
        for index, way in enumerate(ways):
            has = bool(member.identities) if way == "im" else way in reachable
            if not has:
                path: Path = ("members", key, "notify", severity.value.lower(), index)
                said = f"{member.name} wants {severity.value} by {way}, and cannot be reached that way."
                what = {"sms": "a phone", "voice": "a phone", "email": "an email"}.get(way, "the identity")
                yield loaded.source.problem(path, "missing_way", said, f"Add {what}, or take {way} off the list.")


def _schedules(loaded: Loaded, now: Instant) -> Iterator[Problem]:
    world, source = loaded.world, loaded.source
    used = {(target.id, target.role) for target in _all_targets(world) if target.kind is TargetKind.SCHEDULE}
    for key, schedule in world.schedules.items():
        path: Path = ("schedules", key)
        if key not in {name for name, _ in used}:
            said = f"No rule notifies the schedule {schedule.name}, and the catch-all does not either."
            cure = f"Name it in a level as schedule:{key}, or remove it."
            yield source.problem(path, "unused_schedule", said, cure)
        whole = _gap(schedule, now, "")
        if whole:
            cure = "Add a layer or an override for that time, or let what ends too early go on."
            yield source.problem(path, "coverage_gap", f"Nobody is on call in {schedule.name} {whole}.", cure)
            continue
        for role in sorted(role for name, role in used if name == key and role):
            if missing := _gap(schedule, now, role):
                said = f"Nobody is on call as {role} in {schedule.name} {missing}, and a level asks for that role."
                yield source.problem(path, "role_gap", said, "Give the role to somebody in every group.")


def _calendars(loaded: Loaded, now: Instant) -> Iterator[Problem]:
    """Years whose make-up workdays were not published when the library was."""
    for key, calendar in loaded.manifest.calendars.items():
        for country, year in years_not_arranged(calendar, now, AHEAD):
            said = f"The arrangement of holidays and make-up workdays of {country} for {year} is not known yet."
            cure = "When it is published, update Tocsin, or write its dates under overrides."
            yield loaded.source.problem(("calendars", key, "holidays"), "holidays_unknown", said, cure)


def _gap(schedule: Schedule, now: Instant, role: str) -> str:
    """The hours without anybody within the next 90 days, in words; empty when there are none."""
    gaps = list(rota.gaps(schedule, now, now + AHEAD, role))
    if not gaps:
        return ""
    total = sum(end - start for start, end in gaps)
    shown = "; ".join(f"{in_zone(start, schedule.zone)} to {in_zone(end, schedule.zone)}" for start, end in gaps[:3])
    more = f" and {len(gaps) - 3} more" if len(gaps) > 3 else ""
    return f"for {total / HOUR:.4g} hours of the next 90 days ({shown}{more})"


def _channels(loaded: Loaded) -> Iterator[Problem]:
    world, source = loaded.world, loaded.source
    fed = _fed(world)
    for key, channel in world.channels.items():
        path: Path = ("channels", key)
        if not any(rule.enabled for rule in channel.rules):
            said = f"{channel.name} has no rules: everything in it goes to the catch-all."
            yield source.problem(path, "no_rules", said, "Add a rule without a filter.")
        if key not in fed:
            said = f"{channel.name} has no integration: only people can open incidents in it."
            yield source.problem(path, "no_integrations", said, f"Add an integration with channel: {key}.")
        yield from _rules(loaded, channel)


def _fed(world: World) -> set[str]:
    """The channels that some integration can lead to; one that goes by names can lead to any."""
    fed: set[str] = set()
    for integration in world.integrations.values():
        fed |= {integration.channel, *integration.default_route}
        for route in integration.routes:
            fed |= set(world.channels) if route.name_label else set(route.channels)
    return fed


def _shared(loaded: Loaded) -> Iterator[Problem]:
    for key, integration in loaded.world.integrations.items():
        takes_all = any(not route.filter and route.channels for route in integration.routes)
        if not integration.channel and not integration.default_route and not takes_all:
            said = f"What no route of {key} takes is rejected: nobody hears of it."
            yield loaded.source.problem(
                ("integrations", key), "no_default_route", said, "Add default_route: with a channel."
            )


def _rules(loaded: Loaded, channel: Channel) -> Iterator[Problem]:
    declared = loaded.manifest.channels[channel.id].rules
    places: dict[str, Path] = {
        f"{channel.id}/{rule.name}": ("channels", channel.id, "rules", index) for index, rule in enumerate(declared)
    }
    for rank, rule in enumerate(channel.rules):
        path = places[rule.id]
        if shadow := next((before for before in channel.rules[:rank] if _covers(before, rule)), None):
            line = loaded.source.line(places[shadow.id])
            said = f"The rule {rule.name} never takes an incident: {shadow.name} (line {line}) matches first."
            cure = "Put the narrower rule first (a lower priority), or remove one."
            yield loaded.source.problem(path, "shadowed_rule", said, cure)
        for index, level in enumerate(rule.levels):
            yield from _level(loaded, level, (*path, "levels", index))


def _covers(broad: Rule, narrow: Rule) -> bool:
    """Whether `broad` surely matches whatever `narrow` does, and whenever.

    At the same hours, or at all; and each group of `narrow` has a group there that asks no more.
    """
    if not broad.enabled or (broad.when and (broad.when, broad.zone) != (narrow.when, narrow.zone)):
        return False
    groups = [_asked(group) for group in narrow.filter] or [frozenset()]
    broad_groups = [_asked(group) for group in broad.filter] or [frozenset()]
    return all(any(less <= group for less in broad_groups) for group in groups)


def _asked(group: tuple[Condition, ...]) -> frozenset[tuple[str, str, frozenset[str]]]:
    """A group's conditions without those that always hold."""
    return frozenset(
        (each.key, each.oper, frozenset(each.vals))
        for each in group
        if not (each.key in _ALWAYS_THERE and each.oper == "IN" and "*" in each.vals)
    )


def _level(loaded: Loaded, level: Level, path: Path) -> Iterator[Problem]:
    lasts = level.repeat_every * level.repeat_times
    if lasts > level.escalate_after:
        said = (
            f"{dotted(path)} repeats for {human(lasts)}, but escalates after {human(level.escalate_after)}: "
            "the last repeats never happen."
        )
        cure = f"Repeat fewer times, or write escalate_after: {human(lasts)} or more."
        yield loaded.source.problem((*path, "repeat"), "repeats_cut", said, cure)
    if not any(_reach(loaded.world, target) for target in level.targets):
        said = f"{dotted(path)} reaches nobody: none of those whom it names can be reached."
        yield loaded.source.problem((*path, "notify"), "level_reaches_nobody", said, "Name somebody who can be.")


def _catch_all(loaded: Loaded, now: Instant) -> Iterator[Problem]:
    world, path = loaded.world, ("catch_all",)
    if not any(_reach(world, target) for target in world.catch_all):
        said = "catch_all reaches nobody: what no rule takes would be silent."
        yield loaded.source.problem(path, "catch_all_reaches_nobody", said, "Name a member who can be reached.")
        return
    if any(target.kind is not TargetKind.SCHEDULE for target in world.catch_all):
        return
    gaps = [_gap(world.schedules[target.id], now, target.role) for target in world.catch_all]
    if all(gaps):
        said = f"catch_all names schedules alone, and {world.catch_all[0].id} has nobody {gaps[0]}."
        yield loaded.source.problem(path, "catch_all_gap", said, "Add a member or a team to catch_all.")


def _reach(world: World, target: Target) -> bool:
    """Whether somebody behind the target can be reached, at some time."""
    if target.kind is TargetKind.EMAIL:
        return True
    if target.kind is TargetKind.MEMBER:
        names: Iterable[str] = (target.id,)
    elif target.kind is TargetKind.TEAM:
        names = world.teams[target.id].members
    else:
        names = _ever_on_call(world.schedules[target.id], target.role)
    return any(world.members[name].reachable() for name in names)


def _ever_on_call(schedule: Schedule, role: str) -> Iterator[str]:
    for layer in schedule.layers:
        yield from (member for name, member in layer.people() if role in ("", name))
    yield from (override.member for override in schedule.overrides if role in ("", override.role))


def _all_targets(world: World) -> Iterator[Target]:
    yield from world.catch_all
    for channel in world.channels.values():
        for rule in channel.rules:
            for level in rule.levels:
                yield from level.targets
