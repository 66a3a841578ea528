"""A step being written: the incident as it changes, and what has been decided so far.

A `Draft` lives for one call of `step` and never leaves the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.effects import Effect, Entry, Kind, Reason, Refresh, Reply, Step
from bot.engine.model import Incident, Instant, Responder, Watch, Way
from bot.engine.values import altered
from bot.engine.world import Member, World


class Draft:
    """Collects changes, timeline entries and effects, and closes them into a `Step`."""

    __slots__ = ("_visible", "before", "effects", "entries", "incident", "now", "world")

    def __init__(self, incident: Incident, world: World, now: Instant) -> None:
        """Begin with an incident as it was loaded; its own time never runs backwards."""
        self.before = incident
        self.incident = incident
        self.world = world
        self.now = max(now, incident.last_at)
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self._visible = False

    @property
    def next_rev(self) -> int:
        """The revision that this step makes if anything visible changes."""
        return self.before.rev + 1

    def change(self, **fields: Any) -> None:
        """Set fields of the incident that no card shows."""
        self.incident = altered(self.incident, **fields)

    def show(self, **fields: Any) -> None:
        """Set fields that cards show: the step makes a new revision."""
        self._visible = True
        self.change(**fields)

    def turn(self, **fields: Any) -> None:
        """Set fields that change who has it or what comes next: buttons drawn before are stale from here on."""
        self.show(turn_rev=self.next_rev, **fields)

    def log(
        self,
        kind: Kind,
        reason: Reason,
        *,
        actor: str = "",
        member: str = "",
        way: Way = "",
        level: int | None = None,
        loop: int | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Add a line to the timeline."""
        self.entries.append(
            Entry(
                at=self.now,
                kind=kind,
                reason=reason,
                actor=actor,
                member=member,
                way=way,
                level=level,
                loop=loop,
                facts=facts or {},
            )
        )

    def emit(self, effect: Effect) -> None:
        """Decide an action; it becomes a row in the same commit."""
        self.effects.append(effect)

    def member(self, member_id: str) -> Member | None:
        """A member of the world as it is now."""
        return self.world.member(member_id)

    def responder(self, member_id: str) -> Responder | None:
        """The responder entry of a member, if there is one."""
        return next((r for r in self.incident.responders if r.member == member_id), None)

    def holders(self) -> tuple[Responder, ...]:
        """Who has acknowledged and not withdrawn, earliest first."""
        acked = [r for r in self.incident.responders if r.acked_at is not None]
        return tuple(sorted(acked, key=lambda r: (r.acked_at or 0, r.member)))

    def set_watch(self, watch: Watch) -> None:
        """Replace, add, or (when nothing is to come) drop the watch over one member's firing."""
        others = tuple(w for w in self.incident.watches if (w.member, w.firing) != (watch.member, watch.firing))
        self.change(watches=(*others, watch) if watch.pending or watch.later else others)

    def done(self, reply: Reply | None = None) -> Step:
        """Close the draft: the revision, the own clock and the next wake follow from what changed."""
        if self._visible:
            self.emit(Refresh())
        if self.incident is not self.before:
            # One copy for all three: an incident has many fields, and copying it is the dearest thing that a step does.
            rev = self.next_rev if self._visible else self.incident.rev
            self.change(rev=rev, last_at=self.now, next_wake=next_wake(self.incident))
        return Step(incident=self.incident, entries=tuple(self.entries), effects=tuple(self.effects), reply=reply)


def next_wake(incident: Incident) -> Instant | None:
    """The earliest instant at which time alone changes this incident."""
    times = [incident.notify_at, incident.escalate_at, incident.close_at, incident.snoozed_until, incident.ack_until]
    times += [pending.due_at for watch in incident.watches for pending in (*watch.pending, *watch.later)]
    return min((t for t in times if t is not None), default=None)
