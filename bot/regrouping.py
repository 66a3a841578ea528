"""Alerts from one incident to another, in one transaction: every incident takes its own step, and the rows follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from bot.engine.editing import TITLE_MAX
from bot.engine.effects import Reply
from bot.engine.events import AlertsJoined, AlertsLeft, MergeInto, SplitOff
from bot.engine.grouping import ALERTS_MAX
from bot.engine.model import Alert, Incident, Progress, Severity, worse
from bot.engine.people import closed_already, too_long
from bot.service import Service
from bot.store.base import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Who moves alerts, and where they said it."""

    by: str
    via: str = ""


class Regrouping:
    """Merges incidents, and moves single alerts."""

    def __init__(self, service: Service) -> None:
        """Keep the part."""
        self._service = service

    def merge(
        self, tx: Tx, mover: Mover, sources: Sequence[Incident], target: Incident, comment: str = ""
    ) -> list[tuple[int, Reply]]:
        """Empty each source into the target. The truth about each, by its number; what cannot be merged stays."""
        if target.progress is Progress.CLOSED:
            return [(target.num, closed_already(target))]
        if wordy := too_long(comment):
            return [(target.num, wordy)]
        told: list[tuple[int, Reply]] = []
        merged: list[int] = []
        moved: list[Alert] = []
        for source in sources:
            alerts = tx.alerts_of(source.id, ALERTS_MAX)
            if source.id == target.id:
                told.append((source.num, Reply(code="same_incident", done=False)))
                continue
            if target.alerts_total + len(moved) + len(alerts) > ALERTS_MAX:
                told.append((source.num, Reply(code="too_many_alerts", done=False, facts={"max": str(ALERTS_MAX)})))
                continue
            order = MergeInto(by=mover.by, via=mover.via, into=target.num, comment=comment)
            reply = self._reply(tx, source, order)
            told.append((source.num, reply))
            if reply.done:
                merged.append(source.num)
                moved += alerts
        if merged:
            self._join(tx, mover, target, moved, tuple(merged), comment)
        return told

    def move(self, tx: Tx, mover: Mover, alerts: Sequence[Alert], source: Incident, target: Incident) -> Reply:
        """Give some alerts of an incident to another one."""
        if target.progress is Progress.CLOSED:
            return closed_already(target)
        if source.id == target.id:
            return Reply(code="same_incident", done=False)
        if target.alerts_total + len(alerts) > ALERTS_MAX:
            return Reply(code="too_many_alerts", done=False, facts={"max": str(ALERTS_MAX)})
        reply = self._leave(tx, mover, alerts, source, target.num)
        if reply.done:
            self._join(tx, mover, target, alerts, (source.num,))
        return reply

    def split(self, tx: Tx, mover: Mover, alerts: Sequence[Alert], source: Incident, title: str = "") -> Reply:
        """Make some alerts of an incident an incident of their own, which its channel's rules take."""
        first, *others = sorted(alerts, key=lambda alert: (alert.closed_at is not None, alert.first_at))
        if source.progress is not Progress.CLOSED and first.closed_at is not None:
            return Reply(code="nothing_open", done=False)
        if wordy := too_long(title, TITLE_MAX):
            return wordy
        fresh = self._service.fresh(tx)
        reply = self._leave(tx, mover, alerts, source, fresh.num)
        if not reply.done:
            return reply
        gone = [replace(alert, incident=fresh.id) for alert in (first, *others)]
        tx.put_alerts(gone)
        order = SplitOff(by=mover.by, via=mover.via, fresh=fresh, alerts=tuple(gone), whence=source.num, title=title)
        return self._service.open(tx, order).reply or reply

    def _leave(self, tx: Tx, mover: Mover, alerts: Sequence[Alert], source: Incident, into: int) -> Reply:
        order = AlertsLeft(by=mover.by, via=mover.via, into=into, total=len(alerts), still_open=_open(alerts))
        return self._reply(tx, source, order)

    def _join(
        self,
        tx: Tx,
        mover: Mover,
        target: Incident,
        alerts: Sequence[Alert],
        whence: tuple[int, ...],
        comment: str = "",
    ) -> None:
        tx.put_alerts([replace(alert, incident=target.id) for alert in alerts])
        order = AlertsJoined(
            by=mover.by,
            via=mover.via,
            whence=whence,
            total=len(alerts),
            still_open=_open(alerts),
            severity=reduce(worse, (alert.severity for alert in alerts), Severity.OK) if alerts else None,
            comment=comment,
        )
        self._reply(tx, target, order)

    def _reply(self, tx: Tx, incident: Incident, order: MergeInto | AlertsLeft | AlertsJoined) -> Reply:
        handled = self._service.happen(tx, incident.id, order)
        gone = Reply(code="no_such_incident", done=False, facts={"num": str(incident.num)})
        return (handled.reply if handled else None) or gone


def _open(alerts: Sequence[Alert]) -> int:
    return sum(alert.closed_at is None for alert in alerts)
