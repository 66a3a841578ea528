"""Alerts in SQL. What a transaction has read or written of them is kept, so that a batch of events reads each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from bot.engine.model import Alert, Instant
from bot.store.base import StaleRevision
from bot.store.dialect import Cursor, Dialect
from bot.store.mapping import alert_from, alert_row, plain
from bot.store.session import Session
from bot.store.statement import Statement, limit, param, upsert_row
from bot.store.tables import ALERT

Slot = tuple[str, str]

_OPEN = ALERT.c.closed_at.is_(None)

_UPSERT: Final = upsert_row(ALERT, "id")
_BY_SLOT: Final = Statement(
    lambda d: select(ALERT.c.whole).where(_OPEN, d.pairs(ALERT.c.integration, ALERT.c.alert_key, "slots"))
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
_TO_RESOLVE: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(_OPEN, ALERT.c.resolve_at <= param("now"))
        .order_by(ALERT.c.resolve_at, ALERT.c.seq)
        .limit(limit())
    )
)


def slot_of(alert: Alert) -> Slot:
    """What only one open alert may have, as the columns hold it."""
    return plain(alert.integration), plain(alert.alert_key)


class AlertRows(Session):
    """The alert part of a transaction; `Tx` says what each method promises."""

    def __init__(self, cursor: Cursor, dialect: Dialect, *, reading: bool) -> None:
        """Begin with nothing read."""
        super().__init__(cursor, dialect, reading=reading)
        self._slots: dict[Slot, Alert | None] = {}
        self._left_slots: set[Slot] = set()
        self._changed_alerts: dict[str, Alert] = {}

    def open_alerts(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Alert]:
        """One query for those that this transaction has not met yet."""
        slots = {key: (plain(key[0]), plain(key[1])) for key in keys}
        self._load_slots(slots.values())
        found = {key: self._slots[slot] for key, slot in slots.items()}
        return {key: alert for key, alert in found.items() if alert is not None}

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Saved at the end of the work. Raises StaleRevision where another alert is open for the same key."""
        self._load_slots({slot_of(alert) for alert in alerts})
        for alert in alerts:
            slot = slot_of(alert)
            holder = self._slots[slot]
            mine = holder is None or holder.id == alert.id
            if alert.closed_at is None and not mine:
                raise StaleRevision(
                    f"Another alert is open already for {alert.alert_key!r} of integration {alert.integration}."
                )
            if alert.closed_at is None and holder is None and slot in self._left_slots:
                self._flush_alerts()
            if holder is not None and alert.closed_at is not None and mine:
                self._left_slots.add(slot)
            if mine:
                self._slots[slot] = alert if alert.closed_at is None else None
            self._changed_alerts[alert.id] = alert

    def alerts_of(self, incident: str, limit: int) -> list[Alert]:
        """By the instant at which they began."""
        self._flush_alerts()
        return [alert_from(text) for (text,) in self._fetch(_OF_INCIDENT, incident_=incident, limit=limit)]

    def close_alerts(self, incident: str, now: Instant) -> None:
        """Read and put back closed."""
        self._flush_alerts()
        still_open = [alert_from(text) for (text,) in self._fetch(_OPEN_OF_INCIDENT, incident_=incident)]
        self._slots.update({slot_of(alert): alert for alert in still_open})
        self.put_alerts([replace(alert, closed_at=now) for alert in still_open])

    def alerts_to_resolve(self, now: Instant, limit: int) -> list[Alert]:
        """Through a partial index."""
        self._flush_alerts()
        return [alert_from(text) for (text,) in self._fetch(_TO_RESOLVE, now=now, limit=limit)]

    def _load_slots(self, slots: Iterable[Slot]) -> None:
        """Learn who holds each slot. An unknown one was not written either, so the table is right about it."""
        unknown = {slot for slot in slots if slot not in self._slots}
        if not unknown:
            return
        rows = self._fetch(_BY_SLOT, slots=self._dialect.listed(unknown))
        self._slots.update(dict.fromkeys(unknown))
        self._slots.update({slot_of(alert): alert for alert in (alert_from(text) for (text,) in rows)})

    def _flush_alerts(self) -> None:
        """In the order of the first change. No slot changes hands in it, so the unique index is content with any."""
        self._change_many(_UPSERT, [alert_row(alert) for alert in self._changed_alerts.values()])
        self._changed_alerts.clear()
        self._left_slots.clear()
