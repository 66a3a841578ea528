"""Who is on call: the layers of a schedule added together, and cut by its overrides.

What a layer comes to is told by `rotation` and `restriction`; what a wall time means, by `wall`. Every handoff is
half-open, so a covered schedule leaves no instant without an owner. All rules in words: docs/schedules.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from bot.engine.model import Instant
from bot.engine.rotation import duty_of
from bot.engine.wall import Stretch, instant_of
from bot.engine.world import OnCall, Schedule, Shift

__all__ = ["Stretch", "gaps", "instant_of", "on_call", "shifts"]


def on_call(schedule: Schedule, at: Instant) -> tuple[OnCall, ...]:
    """Everybody on call at `at`, each once per role; who began first comes first.

    `since` and `until` are the bounds of the shift that `shifts` yields around `at`: one turn of the rotation, or a
    part of it, less what overrides take away. Whose next turn follows at once has two shifts, so `until` is always
    known.
    """
    return tuple(
        OnCall(member=shift.member, role=shift.role, layer=shift.layer, since=shift.start, until=shift.end)
        for shift in shifts(schedule, at, at + 1)
    )


def shifts(schedule: Schedule, start: Instant, end: Instant) -> Iterator[Shift]:
    """Every shift that overlaps the half-open window, sorted by start, with its true bounds (not cut to the window).

    Rules:

    - A layer starts at a wall time of the schedule's zone and gives its groups one turn after the other. Turns of days,
      weeks and months end at the same wall time whatever the clocks do (a day of 23 or 25 hours is one day); a month
      that lacks the day of the start hands off on its last day, and the next one returns to the day of the start. Turns
      of hours are real hours, counted from the start.
    - A restriction or a day mask leaves parts of a turn; each part is a shift of its own.
    - Layers add together, the lighter first, then in their order. Who would be on call twice in the same role is
      counted for the layer that comes first; the shift of the later layer is cut there. (In two roles, a person is on
      call in both.)
    - An override replaces every layer inside its window, in every role or (`role_only`) in its own. Where overrides of
      the same role overlap, the last one wins; where it ends, what it covered is back. Its shift bears the override's
      id as the layer.
    """
    found: list[tuple[Instant, int, Shift]] = []
    for rank, override in enumerate(schedule.overrides):
        if override.start >= end or override.end <= start:
            continue
        later = [(two.start, two.end) for two in schedule.overrides[rank + 1 :] if two.role == override.role]
        piece = partial(Shift, member=override.member, role=override.role, layer=override.id)
        found += (
            (since, -1, piece(start=since, end=until))
            for since, until in _without((override.start, override.end), later)
            if since < end and until > start
        )
    duties = [duty_of(layer, schedule.zone) for layer in sorted(schedule.layers, key=lambda layer: layer.weight)]
    for rank, duty in enumerate(duties):
        for part in duty.pieces(start, end):
            for role, member in part.people:
                piece = partial(Shift, member=member, role=role, layer=duty.layer.id)
                windows = ((one.start, one.end) for one in schedule.overrides if not one.role_only or one.role == role)
                taken = (other.stretches((role, member), part.start, part.end) for other in duties[:rank])
                found += (
                    (since, rank, piece(start=since, end=until))
                    for since, until in _without((part.start, part.end), chain(windows, *taken))
                    if since < end and until > start
                )
    found.sort(key=lambda item: item[:2])
    return (shift for _, _, shift in found)


def gaps(schedule: Schedule, start: Instant, end: Instant, role: str = "") -> Iterator[Stretch]:
    """The parts of the window in which nobody is on call (nobody in `role`, where one is given), in order."""
    covered = ((shift.start, shift.end) for shift in shifts(schedule, start, end) if role in ("", shift.role))
    return _without((start, end), covered)


def _without(whole: Stretch, taken: Iterable[Stretch]) -> Iterator[Stretch]:
    """What is left of `whole` when `taken` (in any order, overlapping or not) is cut out."""
    since, end = whole
    for start, until in sorted((a, b) for a, b in taken if a < b and a < end and b > since):
        if start > since:
            yield since, start
        since = max(since, until)
    if since < end:
        yield since, end
