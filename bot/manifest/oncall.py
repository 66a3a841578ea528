"""`tocsin oncall` as data: who is on call at a time, and every shift of a window, in the zone of the schedule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.engine import schedule as rota
from bot.engine.model import Instant
from bot.engine.world import Schedule

_EPOCH = datetime.fromisoformat("1970-01-01T00:00+00:00")


def on_call_at(schedule: Schedule, at: Instant) -> dict[str, Any]:
    """`{"schedule", "at", "on_call": [{"member", "role", "layer", "since", "until"}]}`."""
    return {
        "schedule": schedule.id,
        "at": in_zone(at, schedule.zone),
        "on_call": [
            {
                "member": duty.member,
                "role": duty.role,
                "layer": duty.layer,
                "since": in_zone(duty.since, schedule.zone),
                "until": None if duty.until is None else in_zone(duty.until, schedule.zone),
            }
            for duty in rota.on_call(schedule, at)
        ],
    }


def shifts_between(schedule: Schedule, start: Instant, end: Instant) -> dict[str, Any]:
    """`{"schedule", "shifts": [{"member", "role", "layer", "start", "end"}]}`, by start; whole shifts, not cut."""
    return {
        "schedule": schedule.id,
        "shifts": [
            {
                "member": shift.member,
                "role": shift.role,
                "layer": shift.layer,
                "start": in_zone(shift.start, schedule.zone),
                "end": in_zone(shift.end, schedule.zone),
            }
            for shift in rota.shifts(schedule, start, end)
        ],
    }


def in_zone(at: Instant, zone: str) -> str:
    """RFC 3339 with the offset of the zone: `2026-01-05T09:00:00+01:00`; milliseconds only where there are any."""
    moment = (_EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(zone))
    return moment.isoformat(timespec="milliseconds" if at % 1000 else "seconds")


def read_time(text: str, zone: str) -> Instant:
    """RFC 3339, or a wall time of `zone` without an offset. Raises ValueError with a sentence."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return rota.instant_of(text, zone)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time. Write 2026-01-05T09:00 (time of {zone}) or 2026-01-05T09:00+01:00."
        ) from None
