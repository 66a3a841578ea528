"""`simulate` and `oncall`: from what was typed to the engine's answer, as plain data."""

from __future__ import annotations

from typing import Any

from bot.cards.i18n import say
from bot.cards.text import one_line
from bot.cli.assumptions import alerts_in, answer, fired, outage
from bot.clock import SystemClock
from bot.engine.model import DAY, SECOND, Instant, Span
from bot.engine.world import Schedule, World
from bot.manifest.oncall import in_zone, on_call_at, read_time, shifts_between
from bot.simulation import Told, simulate

ICAL_AHEAD: Span = 45 * DAY
"""As far as `next` and `me` look."""


def foresee(world: World, alerts: list[str], at: str, answers: list[str], down: list[str]) -> list[dict[str, Any]]:
    """The entries that `simulate --json` prints. Raises ValueError with a sentence."""
    start = read_time(at, "UTC")
    given = [each for text in alerts for each in alerts_in(text)]
    told = simulate(
        world,
        [fired(world, each, start) for each in given],
        [answer(world, each) for each in answers],
        [outage(each, start) for each in down],
    )
    return [_entry(line, start) for line in told]


def duty(world: World, name: str | None, at: str | None, start: str | None, end: str | None) -> list[dict[str, Any]]:
    """What `oncall` prints, for one schedule or all. Raises ValueError with a sentence."""
    if name is not None and name not in world.schedules:
        raise ValueError(f"There is no schedule {name!r}; there are {', '.join(world.schedules)}.")
    if (start is None) != (end is None):
        raise ValueError("Give both --from and --to, or neither.")
    if at is not None and start is not None:
        raise ValueError("Give --at, or --from and --to: one instant, or a span.")
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
        first, last = read_time(start, plan.zone), read_time(end, plan.zone)
        if last <= first:
            raise ValueError(f"--to {end} is not after --from {start}. Write the earlier time as --from.")
        return shifts_between(plan, first, last)
    return on_call_at(plan, read_time(at, plan.zone) if at else SystemClock().now())


def _entry(line: Told, start: Instant) -> dict[str, Any]:
    return {
        "at": in_zone(line.at, "UTC"),
        "after_s": (line.at - start) / SECOND,
        "kind": line.kind.value,
        "level": line.level,
        "loop": line.loop,
        "member": line.member,
        "actor": line.actor,
        "medium": line.way,
        "to": line.facts.get("members") or line.member or ",".join(line.channels),
        "rule": line.facts.get("rule", ""),
        "reason": line.reason,
        "incident": line.incident or None,
        "channel": line.channel,
        "alert": line.alert,
        "title": line.title,
        "by": line.by,
        "until": None if line.until is None else in_zone(line.until, "UTC"),
        "cause": line.cause,
        "case": line.case,
        "fails": [{"key": each.key, "oper": each.oper, "vals": list(each.vals)} for each in line.fails],
        "text": _said(line),
    }


def _said(line: Told) -> str:
    """What became of an alert, or of a case that routes it; empty for what an incident tells."""
    if line.case is not None:
        case = say("en", "verdict.case", case=line.case) if line.case else say("en", "verdict.case.default")
        fails = " or ".join(f"{each.key} {each.oper} {', '.join(each.vals)}" for each in line.fails)
        words = say("en", f"verdict.{line.reason}", case=case, to=", ".join(line.channels), fails=fails)
    elif line.reason in _ALERTS and not line.incident:
        kind, _, what = line.by.partition(":")
        until = f" until {in_zone(line.until, 'UTC')}" if line.until else ""
        words = _ALERTS[line.reason].format(what=what or kind, until=until, cause=line.cause, channel=line.channel)
    else:
        return ""
    return f"“{one_line(line.title)}”: {words}" if line.title else words


_ALERTS = {
    "silenced": "the silence {what} hides it{until}",
    "inhibited": "the inhibition {what} hides it, explained by “{cause}”",
    "flapping_muted": "it comes and goes, and is kept quiet{until}",
    "dropped": "{channel} erases it (drop)",
    "alert_dropped": "step {what} of the integration drops it",
    "alert_inhibited": "step {what} of the integration leaves it out: another alert explains it",
    "no_route": "nobody hears of it",
    "duplicate": "nothing new",
    "recovered": "it is over, and nobody had heard of it",
    "recovery_without_alert": "it is over, and was not known",
    "not_resent": "its source sent it no more, and nobody had heard of it",
}
