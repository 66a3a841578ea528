"""Wakes what is due: incidents by their one time column, alerts that their source stopped resending, unproven calls.

A tick is only a hint. The step looks at the state and at the clock, so a late or doubled tick does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot import silences
from bot.clock import Clock
from bot.engine.events import Wake
from bot.engine.model import MINUTE, SECOND, Instant
from bot.observe import LATENESS, WAKES, log
from bot.phones import Phones
from bot.service import Service
from bot.store.base import Store, StoreUnavailable, Tx
from bot.store.base_tries import Try

BATCH = 200


class Ticker:
    """The timer worker's sync step."""

    def __init__(self, service: Service, phones: Phones, clock: Clock) -> None:
        """Keep the parts."""
        self._service = service
        self._phones = phones
        self._clock = clock

    def step(self, store: Store) -> int:
        """Wake everything that is due, up to a batch. Returns how many were woken."""
        now = self._clock.now()
        due = store.read(lambda tx: [(i.id, i.next_wake or now) for i in tx.due_incidents(now, BATCH)])
        woken = self._each(
            store, [self._waker(incident) for incident, _ in due], "wake_failed", [one for one, _ in due]
        )
        for (_, at), fine in zip(due, woken, strict=True):
            if fine:
                WAKES.inc()
                LATENESS.observe(max(0, now - at) / SECOND)
        alerts = store.read(lambda tx: [alert.id for alert in tx.due_alerts(now, BATCH)])
        called = self._each(store, [self._caller(alert) for alert in alerts], "alert_due_failed", alerts)
        tries = store.read(lambda tx: tx.due_tries(now, BATCH))
        looked = self._each(store, [self._looker(one) for one in tries], "try_due_failed", [one.id for one in tries])
        if odd := [one for one, fine in zip(tries, looked, strict=True) if not fine]:
            store.run_all([self._later(one, now + MINUTE) for one in odd])  # so that it holds up no other
        if store.read(lambda tx: silences.over(tx, now)):
            store.run(self._service.sweep)
        return sum(woken) + sum(called) + sum(looked)

    def next_due(self, store: Store) -> Instant | None:
        """When something becomes due next, as far as the store knows."""
        return store.read(lambda tx: tx.next_due())

    def _waker(self, incident: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            self._service.happen(tx, incident, Wake())

        return work

    def _caller(self, alert: str) -> Callable[[Tx], None]:
        return lambda tx: self._service.alert_due(tx, alert)

    def _looker(self, one: Try) -> Callable[[Tx], None]:
        return lambda tx: self._phones.look(tx, one)

    def _later(self, one: Try, at: Instant) -> Callable[[Tx], None]:
        return lambda tx: tx.put_try(replace(one, look_at=at))

    def _each(self, store: Store, works: list[Callable[[Tx], None]], failed: str, about: list[str]) -> list[bool]:
        """Run works under one commit; one that fails does not hold up the others. Returns which went well."""
        results = store.run_all(works) if works else []
        for one, result in zip(about, results, strict=True):
            if isinstance(result, StoreUnavailable):
                raise result
            if isinstance(result, Exception):
                log.error(failed, about=one, exc_info=result)
        return [not isinstance(result, Exception) for result in results]
