"""From raw bodies to incidents: claim what waits in the inbox, parse it, and hand the events to the service.

A body that cannot be read becomes a dead letter and an alarm; it is kept, and `tocsin replay` runs it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.clock import Clock, Ids
from bot.engine import dynamic
from bot.engine.enrichment import NO_ANSWERS, Answers
from bot.engine.feed import Lookup
from bot.engine.model import SECOND, Event, Instant, Span
from bot.engine.world import Integration, World
from bot.noise import Absorbed
from bot.observe import EVENTS, log
from bot.service import Service
from bot.store.base import Inbound, InboxState, Store, StoreUnavailable, Tx

LEASE: Span = 10 * SECOND
BATCH = 64
COMMIT_BYTES = 256 * 1024
"""Bodies under one commit: some 400 alerts, so that a commit stays far below the lease, and below the patience of
whoever waits to write the same database."""
TRIES_MAX = 5
RETRY_AFTER: Span = 2 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a parser made of a body: events, or the reason why there are none. `broken`: it could not be read at all."""

    events: tuple[Event, ...] = ()
    why: str = ""
    broken: bool = False


Parse = Callable[[Inbound, Integration], Read]
Learn = Callable[[Sequence[tuple[Integration, Event]]], Answers]
"""Asks the services of the integrations' lookups about events, and waits for them."""


class LeaseLost(Exception):
    """Another worker took the body over meanwhile: what was made of it here must not be saved a second time."""


class Intake:
    """The inbox worker's sync step."""

    def __init__(
        self,
        service: Service,
        parsers: Mapping[str, Parse],
        worlds: Callable[[], World],
        clock: Clock,
        ids: Ids,
        learn: Learn = lambda _: NO_ANSWERS,
    ) -> None:
        """Keep the parts; `parsers` maps a source kind to its reader. Without `learn`, lookups find nothing."""
        self._service = service
        self._parsers = parsers
        self._worlds = worlds
        self._clock = clock
        self._ids = ids
        self._learn = learn

    def step(self, store: Store) -> int:
        """Work off one batch: a commit to claim it, and then one for every few bodies. Returns how many were claimed.

        What fails is put off, and with it the later bodies of its integration: none may overtake it.
        """
        token, now = self._ids.short(), self._clock.now()
        rows = store.run(lambda tx: tx.claim_inbox(now, BATCH, LEASE, token))
        put_off: dict[str, Instant] = {}
        asking = [row for row in rows if self._asks(row)]
        with_lookups = {row.integration for row in asking}
        self._work_off(store, [row for row in rows if row.integration not in with_lookups], NO_ANSWERS, put_off)
        if asking:  # they come last: what their services take their time for keeps nobody else waiting
            self._work_off(store, asking, self._answers(asking), put_off)
        for integration, due_at in put_off.items():
            self._release(store, [row.id for row in rows if row.integration == integration], token, due_at)
        return len(rows)

    def _asks(self, row: Inbound) -> bool:
        integration = self._worlds().integrations.get(row.integration)
        return integration is not None and any(isinstance(rule.does, Lookup) for rule in integration.enrich)

    def _answers(self, rows: Sequence[Inbound]) -> Answers:
        try:
            return self._learn(self._events_of(rows))
        except Exception:  # noqa: BLE001 (whatever it is, an alert without some labels is better than none)
            log.exception("lookups_failed", bodies=len(rows))
            return NO_ANSWERS

    def _events_of(self, rows: Sequence[Inbound]) -> list[tuple[Integration, Event]]:
        """What the bodies hold, as far as they can be read; what cannot is told where it is handled."""
        found: list[tuple[Integration, Event]] = []
        for row in rows:
            integration, parse = self._worlds().integrations.get(row.integration), self._parsers.get(row.source)
            if integration is not None and parse is not None:
                with suppress(Exception):
                    found += ((integration, event) for event in _addressed(parse(row, integration), row).events)
        return found

    def _work_off(self, store: Store, rows: Sequence[Inbound], answers: Answers, put_off: dict[str, Instant]) -> None:
        for together in _commits(rows):
            try:
                self._commit(store, [row for row in together if row.integration not in put_off], answers)
            except StoreUnavailable:
                raise
            except Exception:  # noqa: BLE001 (one body spoils the others: take them one by one, and see which it is)
                for row in together:
                    if row.integration not in put_off:
                        self._alone(store, row, answers, put_off)

    def _commit(self, store: Store, rows: Sequence[Inbound], answers: Answers) -> None:
        def work(tx: Tx) -> None:
            for row in rows:
                self._handle(tx, row, answers)

        if rows:
            store.run(work)

    def _release(self, store: Store, ids: Sequence[str], token: str, due_at: Instant) -> None:
        """Give back what is still held; what was settled meanwhile stays as it is."""
        store.run(lambda tx: tx.release_inbox(ids, token, due_at))

    def _alone(self, store: Store, row: Inbound, answers: Answers, put_off: dict[str, Instant]) -> None:
        try:
            self._commit(store, [row], answers)
        except StoreUnavailable:
            raise
        except LeaseLost:
            log.warning("lease_lost", inbox=row.id, integration=row.integration)
        except Exception as error:  # noqa: BLE001 (whatever it is, the next body must be handled)
            self._failed(store, row, error, put_off)

    def _handle(self, tx: Tx, row: Inbound, answers: Answers) -> None:
        integration = self._worlds().integrations.get(row.integration)
        parse = self._parsers.get(row.source)
        if integration is None or parse is None:
            self._bury(tx, row, f"nothing reads {row.source!r} for integration {row.integration!r} any more")
            return
        read = _addressed(parse(row, integration), row)
        if read.broken:
            self._bury(tx, row, read.why)
            return
        absorbed = self._service.absorb(tx, integration, read.events, answers)
        for one in absorbed:
            EVENTS.labels(one.reason).inc()
        self._finish(tx, row, InboxState.DONE, _outcome(absorbed, read.why))

    def _bury(self, tx: Tx, row: Inbound, why: str) -> None:
        self._finish(tx, row, InboxState.DEAD, why)
        text = (
            f"A body for {row.integration} ({row.source}) could not be read: {why}. It is kept: tocsin replay {row.id}"
        )
        self._service.alarm(tx, "dead_letter", text)
        log.error("dead_letter", inbox=row.id, integration=row.integration, source=row.source, why=why)

    def _finish(self, tx: Tx, row: Inbound, state: InboxState, outcome: str) -> None:
        if not tx.finish_inbox([row.id], row.token, state, outcome, self._clock.now()):
            raise LeaseLost

    def _failed(self, store: Store, row: Inbound, error: Exception, put_off: dict[str, Instant]) -> None:
        """Our own fault, not the body's: try again a few times, then keep it as a dead letter."""
        log.error("intake_failed", inbox=row.id, attempts=row.attempts, exc_info=error)
        if row.attempts >= TRIES_MAX:
            with suppress(LeaseLost):
                store.run(lambda tx: self._bury(tx, row, f"handling it failed {row.attempts} times: {error!r}"))
        else:
            put_off[row.integration] = self._clock.now() + RETRY_AFTER * row.attempts


def _addressed(read: Read, row: Inbound) -> Read:
    """Targets that the sender wrote into the address become labels of every event; what an event says itself stays."""
    named = dynamic.from_query(row.path)
    if not named:
        return read
    return replace(read, events=tuple(replace(event, labels={**named, **event.labels}) for event in read.events))


def _commits(rows: Sequence[Inbound]) -> Iterator[list[Inbound]]:
    """The bodies in order, as many together as share a commit."""
    together: list[Inbound] = []
    size = 0
    for row in rows:
        if together and size + len(row.body) > COMMIT_BYTES:
            yield together
            together, size = [], 0
        together.append(row)
        size += len(row.body)
    if together:
        yield together


def _outcome(absorbed: Sequence[Absorbed], why: str) -> str:
    """What became of each event, kept with the body: an accepted alert is in an incident or has a reason."""
    rows = [
        {"alert_key": a.alert_key, "reason": a.reason, "channel": a.channel, "incident": a.incident} for a in absorbed
    ]
    return json.dumps({"events": rows, "why": why} if why else {"events": rows}, ensure_ascii=False)
