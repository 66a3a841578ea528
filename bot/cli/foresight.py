"""`simulate` and `oncall`: from what was typed to the engine's answer, as plain data."""

from __future__ import annotations

import json
from typing import Any

from bot.clock import SystemClock
from bot.engine.effects import Entry
from bot.engine.model import DAY, SECOND, Event, EventStatus, Severity, Span
from bot.engine.simulation import Assumed, simulate
from bot.engine.world import Integration, Schedule, World
from bot.manifest.oncall import in_zone, on_call_at, read_time, shifts_between
from bot.manifest.values import to_span

ICAL_AHEAD: Span = 45 * DAY
"""As far as `next` and `me` look."""


def foresee(world: World, alert: str, at: str, answers: list[str], down: list[str]) -> list[dict[str, Any]]:
    """The entries that `simulate --json` prints. Raises ValueError with a sentence."""
    given = _alert(alert)
    integration = _integration(world, given)
    start = read_time(at, "UTC")
    event = Event(
        alert_key=str(given.get("alert_key") or given["title"])[:255],
        status=EventStatus.TRIGGER,
        severity=_severity(given),
        title=str(given["title"]),
        description=str(given.get("description", "")),
        labels={str(key): str(value) for key, value in dict(given.get("labels") or {}).items()},
        at=start,
    )
    assumed = Assumed(answers=dict(_answer(world, each) for each in answers), down=frozenset(down))
    return [_entry(entry, start) for entry in simulate(world, integration, event, start, assumed)]


def duty(world: World, name: str | None, at: str | None, start: str | None, end: str | None) -> list[dict[str, Any]]:
    """What `oncall` prints, for one schedule or all. Raises ValueError with a sentence."""
    if name is not None and name not in world.schedules:
        raise ValueError(f"There is no schedule {name!r}; there are {', '.join(world.schedules)}.")
    if (start is None) != (end is None):
        raise ValueError("Give both --from and --to, or neither.")
    plans = [world.schedules[name]] if name else list(world.schedules.values())
    return [_duty(plan, at, start, end) for plan in plans]


def calendar(world: World, name: str | None, start: str | None, end: str | None) -> str:
    """What `oncall --ical` prints: a schedule's shifts, by default of the next 45 days. ValueError as `duty`."""
    from bot.manifest.ical import as_ical

    if name is None:
        raise ValueError(f"--ical needs a schedule; there are {', '.join(world.schedules)}.")
    if name not in world.schedules:
        raise ValueError(f"There is no schedule {name!r}; there are {', '.join(world.schedules)}.")
    plan, now = world.schedules[name], SystemClock().now()
    first = now if start is None else read_time(start, plan.zone)
    last = first + ICAL_AHEAD if end is None else read_time(end, plan.zone)
    return as_ical(world, plan, first, last, now)


def _duty(plan: Schedule, at: str | None, start: str | None, end: str | None) -> dict[str, Any]:
    if start is not None and end is not None:
        return shifts_between(plan, read_time(start, plan.zone), read_time(end, plan.zone))
    return on_call_at(plan, read_time(at, plan.zone) if at else SystemClock().now())


def _alert(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f"--alert is no JSON: {error}.") from error
    if not isinstance(given, dict) or not given.get("title"):
        raise ValueError('--alert needs a title, such as \'{"title": "disk full", "severity": "critical"}\'.')
    return given


def _integration(world: World, given: dict[str, Any]) -> Integration:
    wanted, channel = given.get("integration"), given.get("channel")
    if wanted is not None:
        if wanted not in world.integrations:
            raise ValueError(f"There is no integration {wanted!r}; there are {', '.join(world.integrations)}.")
        return world.integrations[wanted]
    if channel is not None and channel not in world.channels:
        raise ValueError(f"There is no channel {channel!r}; there are {', '.join(world.channels)}.")
    channel = channel or next(iter(world.channels))
    return Integration(id="simulated", key="", source="standard", channel=channel)


def _severity(given: dict[str, Any]) -> Severity:
    text = str(given.get("severity", "Critical")).capitalize()
    if text not in (Severity.CRITICAL, Severity.WARNING, Severity.INFO):
        raise ValueError(f"{text} is no severity; write Critical, Warning or Info.")
    return Severity(text)


def _answer(world: World, text: str) -> tuple[str, Span]:
    who, _, after = text.partition(":")
    if who not in world.members:
        raise ValueError(f"There is no member {who!r}; there are {', '.join(world.members)}.")
    return who, to_span(after)


def _entry(entry: Entry, start: int) -> dict[str, Any]:
    return {
        "at": in_zone(entry.at, "UTC"),
        "after_s": (entry.at - start) / SECOND,
        "kind": entry.kind.value,
        "level": entry.level,
        "loop": entry.loop,
        "member": entry.member,
        "actor": entry.actor,
        "medium": entry.way,
        "to": entry.facts.get("members", entry.member),
        "rule": entry.facts.get("rule", ""),
        "reason": entry.reason.value,
    }
