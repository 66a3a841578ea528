"""Wakes what is due: incidents by their one time column, and alerts that their source stopped resending.

A tick is only a hint. The step looks at the state and at the clock, so a late or doubled tick does no harm.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.clock import Clock
from bot.engine.events import Wake
from bot.engine.model import SECOND, Instant
from bot.observe import LATENESS, WAKES, log
from bot.service import Service
from bot.store.base import Store, StoreUnavailable, Tx

BATCH = 200


class Ticker:
    """The timer worker's sync step."""

    def __init__(self, service: Service, clock: Clock) -> None:
        """Keep the parts."""
        self._service = service
        self._clock = clock

    def step(self, store: Store) -> int:
        """Wake everything that is due, up to a batch. Returns how many were woken."""
        now = self._clock.now()
        due = store.read(lambda tx: [(i.id, i.next_wake or now) for i in tx.due_incidents(now, BATCH)])
        results = store.run_all([self._waker(incident) for incident, _ in due])
        for (incident, at), result in zip(due, results, strict=True):
            if isinstance(result, StoreUnavailable):
                raise result
            if isinstance(result, Exception):
                log.error("wake_failed", incident=incident, exc_info=result)
            else:
                WAKES.inc()
                LATENESS.observe(max(0, now - at) / SECOND)
        expired = store.run(lambda tx: self._service.expire_alerts(tx, BATCH)) if self._any_expired(store, now) else 0
        return len(due) + expired

    def next_due(self, store: Store) -> Instant | None:
        """When something becomes due next, as far as the store knows."""
        return store.read(lambda tx: tx.next_due())

    def _waker(self, incident: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            self._service.happen(tx, incident, Wake())

        return work

    def _any_expired(self, store: Store, now: Instant) -> bool:
        return bool(store.read(lambda tx: tx.alerts_to_resolve(now, 1)))
