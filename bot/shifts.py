"""Overrides that people make in chat: put, wished for, taken, swapped and ended; each with a line in the log."""

from __future__ import annotations

from dataclasses import replace

from bot.engine import schedule
from bot.engine.model import DAY, Instant, Span
from bot.engine.world import Schedule, Shift
from bot.observe import log
from bot.store.base import Tx
from bot.store.base_rota import ChatOverride

AHEAD: Span = 45 * DAY
"""How far shifts are looked for: the longest preview of a schedule."""


def put(tx: Tx, override: ChatOverride) -> None:
    """Put an override, or the wish for one, in force."""
    tx.put_chat_override(override)
    _note("override_put" if override.member else "override_wished", override, override.by)


def take(tx: Tx, wish: ChatOverride, member: str, now: Instant) -> ChatOverride | None:
    """Give what is left of a wish to somebody. None where somebody has it already."""
    taken = replace(wish, member=member, at=now, start=max(wish.start, now))
    if not tx.take_chat_override(taken):
        return None
    _note("override_taken", taken, member)
    return taken


def end(tx: Tx, override: ChatOverride, by: str, now: Instant) -> None:
    """End an override or a wish. The part that is over stays, so that it can still be asked who was on call."""
    tx.drop_chat_override(override.id)
    if override.member and override.start < now:
        tx.put_chat_override(replace(override, end=now))
    _note("override_ended", override, by)


def roles(plan: Schedule) -> tuple[str, ...]:
    """The roles of a schedule, in the order of its layers."""
    found = (role for layer in plan.layers for role in _roles(layer.people()))
    return tuple(dict.fromkeys(found)) or ("primary",)


def coming(plan: Schedule, member: str, now: Instant, *, role: str = "") -> list[Shift]:
    """A member's shifts of a schedule that are not over, by start."""
    found = schedule.shifts(plan, now, now + AHEAD)
    return [shift for shift in found if shift.member == member and role in ("", shift.role)]


def counter(plan: Schedule, wish: ChatOverride, member: str, now: Instant) -> Shift | None:
    """The shift that somebody gives for a swap: their next one in the same role that begins beside the other."""
    found = coming(plan, member, now, role=wish.role)
    beside = (shift for shift in found if shift.start >= now and (shift.end <= wish.start or shift.start >= wish.end))
    return next(beside, None)


def _roles(people: frozenset[tuple[str, str]]) -> list[str]:
    return sorted({role for role, _ in people}, key=lambda role: (role != "primary", role))


def _note(what: str, override: ChatOverride, by: str) -> None:
    log.info(
        what,
        override=override.id,
        schedule=override.schedule,
        role=override.role,
        member=override.member,
        start=override.start,
        end=override.end,
        by=by,
    )
