"""What is wrong with a person's own ladder although it can be read: steps that nobody will take, or take too late."""

from __future__ import annotations

from collections.abc import Iterator

from bot.engine.model import Level, Severity, Target, TargetKind
from bot.engine.world import Member, World
from bot.manifest.load import Loaded
from bot.manifest.problems import Path, Problem
from bot.manifest.values import human


def ladder_problems(loaded: Loaded, key: str, member: Member) -> Iterator[Problem]:
    """Ways that the person does not have, and steps that come only when the next level has long been paged."""
    for severity, rungs in member.ladder.items():
        levels = list(_levels(loaded.world, key, severity))
        patient = max((level.escalate_after for level in levels), default=None)
        for index, rung in enumerate(rungs):
            path: Path = ("members", key, "ladder", severity.value.lower(), index)
            for place, way in enumerate(rung.ways):
                if way not in member.reachable() and not (way == "im" and member.identities):
                    said = f"{member.name} wants {severity.value} by {way}, and cannot be reached that way."
                    cure = f"Add what {way} needs, or take it off the list."
                    yield loaded.source.problem((*path, "via", place), "missing_way", said, cure)
            if patient is not None and rung.after >= patient:
                said = (
                    f"{member.name} is reached by {' and '.join(rung.ways)} only after {human(rung.after)}; every "
                    f"level that names {member.name} has gone on by then, after {human(patient)} at the latest."
                )
                cure = f"Write after: less than {human(patient)}, or escalate later."
                yield loaded.source.problem((*path, "after"), "late_rung", said, cure)


def _levels(world: World, member: str, severity: Severity) -> Iterator[Level]:
    """Those that may page the person by the person's own preference."""
    for channel in world.channels.values():
        for rule in channel.rules:
            for level in rule.levels:
                own = not (level.ways or {}).get(severity)
                if rule.enabled and own and any(_may_be(world, target, member) for target in level.targets):
                    yield level


def _may_be(world: World, target: Target, member: str) -> bool:
    """Whether the person may ever stand behind the target."""
    if target.kind is TargetKind.MEMBER:
        return target.id == member
    if target.kind is TargetKind.TEAM:
        return member in world.teams[target.id].members
    if target.kind is TargetKind.EMAIL:
        return False
    plan = world.schedules[target.id]
    turns = {pair for layer in plan.layers for pair in layer.people()}
    turns |= {(override.role, override.member) for override in plan.overrides}
    return any(who == member and target.role in ("", role) for role, who in turns)
