"""Alerts in SQL. What a transaction has read or written of them is kept, so that a batch of events reads each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from bot.engine.model import Alert, Instant
from bot.store.base import AlertSlot, StaleRevision
from bot.store.dialect import Cursor, Dialect
from bot.store.mapping import alert_from, alert_row, plain
from bot.store.session import Session
from bot.store.statement import Statement, limit, param, upsert_row
from bot.store.tables import ALERT

_OPEN = ALERT.c.closed_at.is_(None)

_UPSERT: Final = upsert_row(ALERT, "id")
_BY_KEY: Final = Statement(
    lambda d: select(ALERT.c.whole).where(_OPEN, d.pairs(ALERT.c.integration, ALERT.c.alert_key, "keys"))
)
_ACTIVE: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(_OPEN, ALERT.c.integration == param("feed"), ALERT.c.last_at >= param("since"))
        .order_by(ALERT.c.last_at.desc(), ALERT.c.seq.desc())
        .limit(limit())
    )
)
_OF_INCIDENT: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(ALERT.c.incident == param("incident_"))
        .order_by(ALERT.c.first_at, ALERT.c.seq)
        .limit(limit())
    )
)
_OPEN_OF_INCIDENT: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(_OPEN, ALERT.c.incident == param("incident_"))
        .order_by(ALERT.c.first_at, ALERT.c.seq)
    )
)
_DUE: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(_OPEN, ALERT.c.due_at <= param("now"))
        .order_by(ALERT.c.due_at, ALERT.c.seq)
        .limit(limit())
    )
)


def slot_of(alert: Alert) -> AlertSlot:
    """What only one open alert may have, as the columns hold it."""
    return plain(alert.integration), plain(alert.channel), plain(alert.alert_key)


def _key_of(alert: Alert) -> tuple[str, str]:
    return plain(alert.integration), plain(alert.alert_key)


class AlertRows(Session):
    """The alert part of a transaction; `Tx` says what each method promises."""

    def __init__(self, cursor: Cursor, dialect: Dialect, *, reading: bool) -> None:
        """Begin with nothing read."""
        super().__init__(cursor, dialect, reading=reading)
        self._keys: dict[tuple[str, str], dict[AlertSlot, Alert]] = {}
        self._left_slots: set[AlertSlot] = set()
        self._changed_alerts: dict[str, Alert] = {}

    def open_alerts(self, keys: Collection[tuple[str, str]]) -> dict[AlertSlot, Alert]:
        """One query for those that this transaction has not met yet."""
        wanted = {(plain(feed), plain(key)): (feed, key) for feed, key in keys}
        self._load_keys(wanted)
        found = ((wanted[key], alert) for key in wanted for alert in self._keys[key].values())
        return {(feed, alert.channel, key): alert for (feed, key), alert in found}

    def active_alerts(self, integration: str, since: Instant, limit: int) -> list[Alert]:
        """Through the index of open alerts, whose first column is the integration."""
        self._flush_alerts()
        rows = self._fetch(_ACTIVE, feed=plain(integration), since=since, limit=limit)
        return [alert_from(text) for (text,) in rows]

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Saved at the end of the work. Raises StaleRevision where another alert is open for the same key."""
        self._load_keys({_key_of(alert) for alert in alerts})
        for alert in alerts:
            slot, opened = slot_of(alert), self._keys[_key_of(alert)]
            holder = opened.get(slot)
            mine = holder is None or holder.id == alert.id
            if alert.closed_at is None and not mine:
                raise StaleRevision(
                    f"Another alert is open already in {alert.channel} for {alert.alert_key!r} of {alert.integration}."
                )
            if alert.closed_at is None and holder is None and slot in self._left_slots:
                self._flush_alerts()
            if holder is not None and alert.closed_at is not None and mine:
                self._left_slots.add(slot)
            if alert.closed_at is None:
                opened[slot] = alert
            elif mine:
                opened.pop(slot, None)
            self._changed_alerts[alert.id] = alert

    def alerts_of(self, incident: str, limit: int) -> list[Alert]:
        """By the instant at which they began."""
        self._flush_alerts()
        return [alert_from(text) for (text,) in self._fetch(_OF_INCIDENT, incident_=incident, limit=limit)]

    def close_alerts(self, incident: str, now: Instant) -> None:
        """Read and put back closed."""
        self._flush_alerts()
        still_open = [alert_from(text) for (text,) in self._fetch(_OPEN_OF_INCIDENT, incident_=incident)]
        self.put_alerts([replace(alert, closed_at=now) for alert in still_open])

    def due_alerts(self, now: Instant, limit: int) -> list[Alert]:
        """Through a partial index."""
        self._flush_alerts()
        return [alert_from(text) for (text,) in self._fetch(_DUE, now=now, limit=limit)]

    def _load_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        """Learn what is open for each key. An unknown one was not written either, so the table is right about it."""
        unknown = {key for key in keys if key not in self._keys}
        if not unknown:
            return
        rows = self._fetch(_BY_KEY, keys=self._dialect.listed(unknown))
        self._keys.update({key: {} for key in unknown})
        for alert in (alert_from(text) for (text,) in rows):
            self._keys[_key_of(alert)][slot_of(alert)] = alert

    def _flush_alerts(self) -> None:
        """In the order of the first change. No slot changes hands in it, so the unique index is content with any."""
        self._change_many(_UPSERT, [alert_row(alert) for alert in self._changed_alerts.values()])
        self._changed_alerts.clear()
        self._left_slots.clear()
