"""Checks of what begins and ends by itself: recoveries, alerts that come back, and silences that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.effects import Kind, Reason
from bot.engine.events import AlertChange, AlertSeen, AlertsLeft, Reopen
from bot.engine.model import MINUTE, SECOND, Incident, Instant, Progress
from bot.noise import SILENCED
from tests.sim.people import Heard
from tests.sim.process import TICK
from tests.sim.storage import Record

if TYPE_CHECKING:
    from tests.sim.checks import Checks

BACK_WITHIN = 5 * MINUTE
"""An alert that is back so soon never was gone, as docs/noise.md promises."""
HEARD_WITHIN = 3 * TICK + SECOND


class QuietChecks:
    """Ends and beginnings that nobody asked for."""

    def __init__(self, checks: Checks) -> None:
        self._all = checks
        self._last: dict[tuple[str, str, str], str] = {}
        """Integration, channel and key → the incident that its latest alert was in."""
        self._revived: set[str] = set()
        """Incidents that a person reopened: their alerts are over, and they are open all the same."""

    def step(self, record: Record) -> None:
        """All alerts over: closed, unless pinned; closed for that: all alerts over."""
        before, after, event, must = record.before, record.made.incident, record.event, self._all.must
        if isinstance(event, Reopen) and record.made.reply and record.made.reply.done:
            self._revived.add(after.id)
        if any(one.kind is Kind.RESOLVE and one.reason is Reason.RECOVERED for one in record.made.entries):
            must(isinstance(event, (AlertSeen, AlertsLeft)), 22, f"#{after.num} recovered by {type(event).__name__}")
            must(after.close_with_alerts, 22, f"#{after.num} is pinned, and closed when its alerts were over")
            alerts = self._all.sim.store.inner.read(lambda tx: tx.alerts_of(after.id, 10_000))
            open_still = [alert.id for alert in alerts if alert.closed_at is None]
            if self._all.now_of(after.id) == after:
                must(not open_still, 22, f"#{after.num} closed as recovered, and {open_still} still fire")
        if not isinstance(event, AlertSeen):
            return
        over = event.change is AlertChange.RECOVERED and after.alerts_open == 0 and after.close_with_alerts
        must(not over or after.progress is Progress.CLOSED, 22, f"#{after.num} is over, and still open")
        slot = (event.alert.integration, event.alert.channel, event.alert.alert_key)
        if before is None and event.change is AlertChange.NEW:
            self._not_back(record, after, self._last.get(slot, ""))
        self._last[slot] = after.id

    def _not_back(self, record: Record, after: Incident, last: str) -> None:
        """A new incident for an alert that was gone for a moment: only where its old one could not go on."""
        channel = record.world.channels[after.channel]
        if not last or channel.flapping is None:
            return
        old = self._all.now_of(last)
        gone = record.wall - (old.closed_at or 0)
        stood = old.progress is Progress.CLOSED and old.pause is not None and old.loop >= 0 and not old.exhausted
        alive = not old.auto_close_after or record.wall < old.opened_at + old.auto_close_after
        collects = old.collects_until is None or record.wall < old.collects_until
        free = not self._all.engine.holder(old.channel, old.group_key, but=after.id) and not old.group_key.startswith(
            "retired:"
        )
        here = old.channel == after.channel  # people may have moved the alert into an incident of another channel
        could = here and stood and alive and collects and free and 0 <= gone < BACK_WITHIN
        self._all.must(not could, 22, f"#{after.num} opened {gone} ms after #{old.num}, which could have gone on")

    def at_rest(self) -> None:
        """Nothing is open whose alerts are all over, but what is pinned, was opened by hand or was reopened."""
        for one in self._all.journal:
            now = self._all.now_of(one)
            open_still = now.progress is not Progress.CLOSED
            if open_still and now.close_with_alerts and now.alerts_total and one not in self._revived:
                self._all.must(now.alerts_open > 0, 22, f"#{now.num} is open, and all its alerts are over")

    # -- silences

    def answered(self, heard: Heard) -> None:
        """A silence was made, changed or lifted."""
        sim, said = self._all.sim, heard.said
        if said is None or said.outcome not in {"silenced", "silence_changed", "unsilenced"}:
            return
        self._all.marks["unsilenced" if said.outcome == "unsilenced" else "quick_silence"] += 1
        word = getattr(heard.inbound, "text", "").split()[-1]
        for one in sim.store.inner.read(lambda tx: tx.silences()):
            if one.end is not None:
                sim.line.at(one.end - sim.line.skew + HEARD_WITHIN, self._over, one.channel, one.id, one.end)
        if said.outcome == "unsilenced":
            sim.line.after(HEARD_WITHIN, self._lifted, word, sim.line.now)

    def _over(self, channel: str, name: str, end: Instant) -> None:
        """The end of a silence has come: unless it was edited, it hides nothing any more."""
        sim = self._all.sim
        late = sim.line.clock.now() - end
        if late < HEARD_WITHIN:
            sim.line.after(HEARD_WITHIN - late, self._over, channel, name, end)
            return
        edited = any(
            one.id == name and (one.channel != channel or one.end != end)
            for one in sim.store.inner.read(lambda tx: tx.silences())
        )
        if not edited:
            self._lifted(name, sim.line.now - late)

    def _lifted(self, name: str, since: Instant) -> None:
        """What it hid was asked about again: it is heard, or something else hides it."""
        sim = self._all.sim
        there = any(one.id == name for one in sim.store.inner.read(lambda tx: tx.silences()))
        if there or not sim.process.alive or sim.excuses.between(since - MINUTE, sim.line.now):
            return
        hidden = sim.store.inner.read(lambda tx: tx.muted_alerts(SILENCED + name, 10))
        self._all.must(not hidden, 23, f"{[one.alert_key for one in hidden]} are hidden by {name}, which is no more")
