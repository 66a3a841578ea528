"""From raw bodies to incidents: claim what waits in the inbox, parse it, and hand the events to the service.

A body that cannot be read becomes a dead letter and an alarm; it is kept, and `tocsin replay` runs it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.clock import Clock, Ids
from bot.engine.model import SECOND, Event, Span
from bot.engine.world import Integration, World
from bot.observe import EVENTS, log
from bot.service import Absorbed, Service
from bot.store.base import Inbound, InboxState, Store, StoreUnavailable, Tx

LEASE: Span = 15 * SECOND
BATCH = 64
TRIES_MAX = 5
RETRY_AFTER: Span = 2 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a parser made of a body: events, or the reason why there are none. `broken`: it could not be read at all."""

    events: tuple[Event, ...] = ()
    why: str = ""
    broken: bool = False


Parse = Callable[[Inbound, Integration], Read]


class Intake:
    """The inbox worker's sync step."""

    def __init__(
        self, service: Service, parsers: Mapping[str, Parse], worlds: Callable[[], World], clock: Clock, ids: Ids
    ) -> None:
        """Keep the parts; `parsers` maps a source kind to its reader."""
        self._service = service
        self._parsers = parsers
        self._worlds = worlds
        self._clock = clock
        self._ids = ids

    def step(self, store: Store) -> int:
        """Work off one batch in two commits (claim, then handle). Returns how many bodies were claimed."""
        token, now = self._ids.short(), self._clock.now()
        rows = store.run(lambda tx: tx.claim_inbox(now, BATCH, LEASE, token))
        if not rows:
            return 0
        results = store.run_all([lambda tx: self._handle_all(tx, rows)])
        if isinstance(results[0], StoreUnavailable):
            raise results[0]
        if isinstance(results[0], Exception):
            # One body spoils the batch: take them one by one, so that the others go through.
            for row, result in zip(rows, store.run_all([_bind(self._handle, row) for row in rows]), strict=True):
                if isinstance(result, Exception):
                    self._failed(store, row, result)
        return len(rows)

    def _handle_all(self, tx: Tx, rows: Sequence[Inbound]) -> None:
        for row in rows:
            self._handle(tx, row)

    def _handle(self, tx: Tx, row: Inbound) -> None:
        now = self._clock.now()
        integration = self._worlds().integrations.get(row.integration)
        parse = self._parsers.get(row.source)
        if integration is None or parse is None:
            self._bury(tx, row, f"nothing reads {row.source!r} for integration {row.integration!r} any more")
            return
        read = parse(row, integration)
        if read.broken:
            self._bury(tx, row, read.why)
            return
        absorbed = self._service.absorb(tx, integration, read.events)
        for one in absorbed:
            EVENTS.labels(one.reason).inc()
        tx.finish_inbox([row.id], row.token, InboxState.DONE, _outcome(absorbed, read.why), now)

    def _bury(self, tx: Tx, row: Inbound, why: str) -> None:
        now = self._clock.now()
        tx.finish_inbox([row.id], row.token, InboxState.DEAD, why, now)
        text = (
            f"A body for {row.integration} ({row.source}) could not be read: {why}. It is kept: tocsin replay {row.id}"
        )
        self._service.alarm(tx, "dead_letter", text)
        log.error("dead_letter", inbox=row.id, integration=row.integration, source=row.source, why=why)

    def _failed(self, store: Store, row: Inbound, error: Exception) -> None:
        """Our own fault, not the body's: try again a few times, then keep it as a dead letter."""
        log.error("intake_failed", inbox=row.id, attempts=row.attempts, exc_info=error)
        now = self._clock.now()
        if row.attempts >= TRIES_MAX:
            store.run(lambda tx: self._bury(tx, row, f"handling it failed {row.attempts} times: {error!r}"))
        else:
            store.run(lambda tx: tx.release_inbox([row.id], row.token, now + RETRY_AFTER * row.attempts))


def _bind(handle: Callable[[Tx, Inbound], None], row: Inbound) -> Callable[[Tx], None]:
    return lambda tx: handle(tx, row)


def _outcome(absorbed: Sequence[Absorbed], why: str) -> str:
    """What became of each event, kept with the body: an accepted alert is in an incident or has a reason."""
    rows = [{"alert_key": a.alert_key, "reason": a.reason, "incident": a.incident} for a in absorbed]
    return json.dumps({"events": rows, "why": why} if why else {"events": rows}, ensure_ascii=False)
