"""Who is on call, and which rule takes an alert: the simulator's own reading of the world, counted on its fingers.

Nothing here is taken from the engine but its plain data. Hours and days are read off the clock of the zone, which is
exact as long as no period begins or ends in an hour in which clocks are changed: `customs` draws none that does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.engine.model import HOUR, Instant, Rule, Severity, Target, TargetKind, TimeWindow
from bot.engine.world import DailyPeriod, Group, Layer, Schedule, WeeklyPeriod, World

_UTC = ZoneInfo("UTC")


def behind(world: World, targets: tuple[Target, ...], at: Instant) -> set[str]:
    """Who stands behind targets."""
    found: set[str] = set()
    for target in targets:
        if target.kind is TargetKind.MEMBER:
            found.add(target.id)
        elif target.kind is TargetKind.EMAIL:
            found.add(f"mailto:{target.id}")
        elif target.kind is TargetKind.TEAM:
            found.update(world.teams[target.id].members if target.id in world.teams else ())
        elif target.id in world.schedules:
            found.update(m for m, role in on_duty(world.schedules[target.id], at) if target.role in ("", role))
    return {member for member in found if world.member(member)}


def on_duty(plan: Schedule, at: Instant) -> set[tuple[str, str]]:
    """(member, role) on call at an instant."""
    covering = [one for one in plan.overrides if one.start <= at < one.end]
    ruling = {one.role: (one.member, one.role) for one in covering}
    if any(not one.role_only for one in covering):
        return set(ruling.values())
    return {(member, role) for member, role in rostered(plan, at) if role not in ruling} | set(ruling.values())


def rostered(plan: Schedule, at: Instant) -> set[tuple[str, str]]:
    """(member, role) of the layers alone, as if nothing were overridden."""
    found: set[tuple[str, str]] = set()
    for layer in plan.layers:
        if layer.fixed:
            found |= {(one.member, one.role) for one in layer.fixed if one.start <= at < one.end}
            continue
        if layer.end and at >= wall_instant(datetime.fromisoformat(layer.end), plan.zone):
            continue
        if layer.groups and at >= wall_instant(datetime.fromisoformat(layer.start), plan.zone):
            turn = _turn(layer, plan.zone, at)
            if _in_hours(layer, plan.zone, turn, at):
                group = _whose(layer, turn)
                found |= {(member, role) for role, members in group.members.items() for member in members}
    return found


def rule_for(world: World, channel: str, severity: Severity, at: Instant) -> Rule | None:
    """The rule that takes an alert: enabled, first by priority, its severities fit and it is within its hours."""
    for rule in sorted(world.channels[channel].rules, key=lambda one: one.priority):
        fits = all(severity.value in each.vals for group in rule.filter for each in group)
        open_now = not rule.when or any(_within(window, world, rule.zone, at) for window in rule.when)
        if rule.enabled and fits and open_now:
            return rule
    return None


def _within(window: TimeWindow, world: World, zone: str, at: Instant) -> bool:
    """Windows that do not cross midnight, and open and close at hours in which no clock is changed."""
    here = _shown(at, zone)
    if not window.start <= f"{here:%H:%M}" < window.end:
        return False
    if window.days and here.isoweekday() % 7 not in window.days:
        return False
    if window.calendar not in world.calendars:
        return True
    calendar = world.calendars[window.calendar]
    opened = datetime.combine(here.date(), datetime.strptime(window.start, "%H:%M").time())  # noqa: DTZ007
    day = _shown(wall_instant(opened, zone), calendar.zone)
    worked = day.date() in calendar.on
    worked = worked or (day.isoweekday() % 7 in calendar.workdays and day.date() not in calendar.off)
    return worked is not window.off


def _in_hours(layer: Layer, zone: str, turn: int, at: Instant) -> bool:
    """Whether the periods and the day mask of a layer leave this instant on duty."""
    here, mask = _shown(at, zone), layer.day_mask
    days = [_weekday(here)]
    if layer.restriction:
        days = [day for period in layer.restriction for day in _begun(period, here)]
        if not days:
            return False
        if not layer.mask_continuous:
            days = [_weekday(here)]
    elif layer.mask_continuous:
        days = [_weekday(_shown(_handoff(layer, zone, turn), zone))]
    return not mask or any(day in mask for day in days)


def _begun(period: DailyPeriod | WeeklyPeriod, here: datetime) -> list[int]:
    """The weekdays of the starts of a period that is on now."""
    clock, today = f"{here:%H:%M}", _weekday(here)
    if isinstance(period, WeeklyPeriod):
        minute = f"{today}{clock}"
        return (
            [period.start_day]
            if f"{period.start_day}{period.start}" <= minute < f"{period.end_day}{period.end}"
            else []
        )
    if period.start < period.end:
        return [today] if period.start <= clock < period.end else []
    return [today] if clock >= period.start else [(today - 1) % 7] if clock < period.end else []


def _whose(layer: Layer, turn: int) -> Group:
    """The group of a turn: in order, moved on by one after each cycle where that is wanted and makes a difference."""
    count = len(layer.groups)
    cycle, place = divmod(turn, count)
    if layer.fair and layer.unit != "month":
        hours = layer.every * {"hour": 1, "day": 24, "week": 168}[layer.unit]
        all_starts = {n * hours % 168 for n in range(168)}
        of_one = {n * hours * count % 168 for n in range(168)}
        if all_starts != of_one:
            place = (place + cycle) % count
    return layer.groups[place]


def _turn(layer: Layer, zone: str, at: Instant) -> int:
    start = wall_instant(datetime.fromisoformat(layer.start), zone)
    if layer.unit == "hour":
        return (at - start) // (layer.every * HOUR)
    turn = 0
    if layer.unit != "month":
        days = layer.every * (7 if layer.unit == "week" else 1)
        turn = max(0, (at - start) // (days * 24 * HOUR) - 2)
    while _handoff(layer, zone, turn + 1) <= at:
        turn += 1
    return turn


def _handoff(layer: Layer, zone: str, turn: int) -> Instant:
    """When a turn begins: the first at the start of the layer, the others at the time of handoffs."""
    start, count = datetime.fromisoformat(layer.start), turn * layer.every
    if layer.unit == "hour":
        return wall_instant(start, zone) + count * HOUR
    if layer.handoff and turn:
        start = datetime.combine(start.date(), datetime.strptime(layer.handoff, "%H:%M").time())  # noqa: DTZ007
    if layer.unit == "month":
        return wall_instant(_months(start, count), zone)
    return wall_instant(start + timedelta(days=count * (7 if layer.unit == "week" else 1)), zone)


def _months(start: datetime, count: int) -> datetime:
    year, month = start.year + (start.month - 1 + count) // 12, (start.month - 1 + count) % 12 + 1
    day = start.day
    while True:
        try:
            return start.replace(year=year, month=month, day=day)
        except ValueError:
            day -= 1


def offset(at: Instant, zone: str) -> timedelta | None:
    """How far the clock of a zone is ahead of UTC."""
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).utcoffset()


def _weekday(here: datetime) -> int:
    return here.isoweekday() % 7


def _shown(at: Instant, zone: str) -> datetime:
    """What a clock on the wall shows."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def wall_instant(wall: datetime, zone: str) -> Instant:
    """When a zone's clock shows a time: the first time it does, or the end of the gap that swallows it."""
    place = ZoneInfo(zone)
    first = wall.replace(tzinfo=place, fold=0).astimezone(_UTC)
    if first.astimezone(place).replace(tzinfo=None) == wall:
        return round(first.timestamp() * 1000)
    # In a gap: step on by minutes, as people would, until the clock shows a time that is not before it.
    probe = first - timedelta(hours=3)
    while probe.astimezone(place).replace(tzinfo=None) < wall:
        probe += timedelta(minutes=1)
    return round(probe.timestamp() * 1000)
