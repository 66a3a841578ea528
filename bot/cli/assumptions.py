"""What `simulate` is told on the command line: alerts, answers and outages, from text to what the story needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bot.clock import Ids, SystemClock
from bot.directory import Directory
from bot.engine.events import (
    Acknowledge,
    AddResponders,
    Assign,
    Escalate,
    Order,
    Reopen,
    Resolve,
    Snooze,
    Unacknowledge,
    Unsnooze,
)
from bot.engine.model import Event, EventStatus, Instant, Severity, Span, Target, Way
from bot.engine.world import Integration, World
from bot.manifest.oncall import read_time
from bot.manifest.places import WAYS
from bot.manifest.values import to_span
from bot.simulation import Answer, Fired, Outage

ACTIONS = "ack, unack, resolve, reopen, snooze=2h, wake, escalate, escalate=2, assign=ann, add=team:db"


def alerts_in(text: str) -> list[dict[str, Any]]:
    """One alert as a JSON object, or several as a list of them. Raises ValueError with a sentence."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f"--alert is no JSON: {error}.") from error
    alerts = given if isinstance(given, list) else [given]
    if not alerts or any(not isinstance(each, dict) or not _key(each) for each in alerts):
        raise ValueError('--alert needs a title, such as \'{"title": "disk full", "severity": "critical"}\'.')
    return alerts


def fired(world: World, given: dict[str, Any], start: Instant) -> Fired:
    """An alert at its own time (`"at"`: a time, or a span after `start`). Raises ValueError with a sentence."""
    severity = _severity(given)
    return Fired(
        integration=_integration(world, given),
        event=Event(
            alert_key=_key(given)[:255],
            status=EventStatus.OK if severity is Severity.OK else EventStatus.TRIGGER,
            severity=severity,
            title=str(given.get("title") or _key(given)),
            description=str(given.get("description", "")),
            labels={str(key): str(value) for key, value in dict(given.get("labels") or {}).items()},
            at=_moment(str(given.get("at") or "0s"), start),
        ),
    )


def answer(world: World, text: str) -> Answer:
    """`bo:4m` acknowledges, `bo:1h:snooze=2h` does something else. Raises ValueError with a sentence."""
    who, _, rest = text.partition(":")
    after, _, action = rest.partition(":")
    if who not in world.members:
        raise ValueError(f"There is no member {who!r}; there are {', '.join(world.members)}.")
    return Answer(member=who, after=_span(after, text), order=_order(world, who, action or "ack"))


def outage(text: str, start: Instant) -> Outage:
    """`slack`, `im` or `sms:10m..2h`: a way or medium and when it fails. Raises ValueError with a sentence."""
    way, _, when = text.partition(":")
    if way not in WAYS:
        raise ValueError(f"{way!r} is no way to reach a person; there are {', '.join(sorted(WAYS))}.")
    first, dots, last = when.partition("..")
    if when and not dots:
        raise ValueError(f"{text!r} does not say until when; write {way}:10m..2h, {way}:10m.. or {way}:..2h.")
    begin, end = (_moment(each, start) if each else None for each in (first, last))
    if begin is not None and end is not None and end <= begin:
        raise ValueError(f"{text!r} ends before it begins.")
    return Outage(way=way, start=begin, end=end)


def _order(world: World, who: str, action: str) -> Callable[[Way], Order]:
    verb, _, more = action.partition("=")
    match verb:
        case "ack" if not more:
            return lambda way: Acknowledge(by=who, via=way)
        case "unack" if not more:
            return lambda way: Unacknowledge(by=who, via=way)
        case "resolve":
            return lambda way: Resolve(by=who, via=way, note=more)
        case "reopen":
            return lambda way: Reopen(by=who, via=way, reason=more or "simulated")
        case "snooze" if more:
            span = _span(more, action)
            return lambda way: Snooze(by=who, via=way, span=span)
        case "wake" if not more:
            return lambda way: Unsnooze(by=who, via=way)
        case "escalate" if not more or (more.isdecimal() and 1 <= int(more) <= 100):
            return lambda way: Escalate(by=who, via=way, level=int(more) - 1 if more else None)
        case "assign" if more:
            targets = _target(world, more)
            return lambda way: Assign(by=who, via=way, targets=targets)
        case "add" if more:
            targets = _target(world, more)
            return lambda way: AddResponders(by=who, via=way, targets=targets)
        case _:
            raise ValueError(f"{action!r} is nothing that a person does here. There are: {ACTIONS}.")


def _target(world: World, text: str) -> tuple[Target, ...]:
    found = Directory(world, SystemClock(), Ids()).target(text)
    if found is None:
        raise ValueError(f"{text!r} is nobody; name a member, a team or a schedule.")
    return (found,)


def _moment(text: str, start: Instant) -> Instant:
    """A span after the start, or a time."""
    try:
        return start + to_span(text.removeprefix("+"))
    except ValueError:
        return read_time(text, "UTC")


def _span(text: str, whole: str) -> Span:
    try:
        return to_span(text)
    except ValueError:
        raise ValueError(f"{text!r} in {whole!r} is no span; write 30s, 4m or 1h30m.") from None


def _key(given: dict[str, Any]) -> str:
    return str(given.get("alert_key") or given.get("title") or "")


def _severity(given: dict[str, Any]) -> Severity:
    text = str(given.get("status") or given.get("severity") or "Critical").capitalize()
    if text not in tuple(Severity):
        raise ValueError(f"{text} is no severity; write Critical, Warning, Info, or Ok for what is over.")
    return Severity(text)


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
