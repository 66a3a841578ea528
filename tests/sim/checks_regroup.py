"""Checks of where alerts are: each in one incident, and counted there and nowhere else, also when people move it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.effects import Page
from bot.engine.events import AlertSeen, AlertsJoined, AlertsLeft, MergeInto, SplitOff
from bot.engine.model import Incident, Progress
from tests.sim.storage import Notes, Record

if TYPE_CHECKING:
    from tests.sim.checks import Checks

_MOVES = (AlertsJoined, AlertsLeft, MergeInto, SplitOff)


class RegroupChecks:
    """Which incident each alert belongs to, learnt from the steps alone."""

    def __init__(self, checks: Checks) -> None:
        self._all = checks
        self._home: dict[str, str] = {}
        """Alert → incident."""

    def seen(self, event: AlertSeen, after: Incident) -> None:
        """An alert is told to the one incident that has it: only people's moves change which."""
        known = self._home.setdefault(event.alert.id, after.id)
        fine = known == after.id == event.alert.incident
        self._all.must(fine, 1, f"alert {event.alert.id} of #{after.num} is in {known} and in {event.alert.incident}")

    def committed(self, notes: Notes) -> None:
        """After a commit in which people moved alerts: exactly those left and came that the steps speak of."""
        moves = [
            one for one in notes.records if isinstance(one.event, _MOVES) and one.made.reply and one.made.reply.done
        ]
        for record in moves:
            if isinstance(record.event, SplitOff):
                self._came(record, len(record.event.alerts), (record.event.whence,))
            elif isinstance(record.event, AlertsJoined):
                self._came(record, record.event.total, record.event.whence)
        for record in moves:
            self.counted(self._all.now_of(record.made.incident.id))

    def _came(self, record: Record, total: int, whence: tuple[int, ...]) -> None:
        before, after, must = record.before, record.made.incident, self._all.must
        here = self._all.sim.store.inner.read(lambda tx: tx.alerts_of(after.id, 10_000))
        new = [alert.id for alert in here if self._home.get(alert.id) != after.id]
        must(len(new) == total, 1, f"#{after.num} got {len(new)} alerts, and is told of {total}")
        nums = {self._all.num_of(self._home.get(one, "")) for one in new}
        must(nums <= set(whence), 1, f"#{after.num} got alerts of {nums}, and is told of {whence}")
        self._home |= dict.fromkeys(new, after.id)
        if before is not None:
            pages = any(isinstance(effect, Page) for effect in record.made.effects)
            stood = (before.cycle, before.round, before.level, before.loop) == (
                after.cycle, after.round, after.level, after.loop,
            )  # fmt: skip
            must(stood and not pages, 21, f"#{after.num} pages for alerts that merely joined")

    def counted(self, incident: Incident) -> None:
        """What an incident counts is what the store has of it."""
        alerts = self._all.sim.store.inner.read(lambda tx: tx.alerts_of(incident.id, 10_000))
        still, must = sum(alert.closed_at is None for alert in alerts), self._all.must
        must(
            len(alerts) == incident.alerts_total,
            1,
            f"#{incident.num} counts {incident.alerts_total} alerts, and has {len(alerts)}",
        )
        want = 0 if incident.progress is Progress.CLOSED else incident.alerts_open
        must(still == want, 1, f"#{incident.num} counts {want} open alerts, and has {still}")

    def at_rest(self) -> None:
        """Each alert is where the steps left it."""
        for incident in self._all.journal:
            for alert in self._all.sim.store.inner.read(lambda tx, one=incident: tx.alerts_of(one, 10_000)):
                home = self._home.get(alert.id)
                self._all.must(home == incident, 1, f"alert {alert.id} should be in {home}, and is in {incident}")
