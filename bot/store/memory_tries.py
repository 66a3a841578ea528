"""Tries of vendors in memory; the SQL store's behaviour in dictionaries."""

from __future__ import annotations

from bot.engine.model import Instant
from bot.store.base_tries import Try
from bot.store.memory_rota import MemoryRota


class MemoryTries(MemoryRota):
    """The part of a transaction about tries; `TriesTx` says what each method promises."""

    def tries(self, delivery_id: str) -> list[Try]:
        """By their beginning."""
        ids = self._tables.tries_by_delivery.get(delivery_id, ())
        return sorted((self._tables.tries[one] for one in ids), key=_order)

    def put_try(self, one: Try) -> None:
        """Insert or replace."""
        tables, journal = self._tables, self._journal
        journal.put(tables.tries, one.id, one)
        journal.put(tables.tries_by_delivery[one.delivery], one.id, None)
        journal.put(tables.tries_by_name[one.carrier, one.vendor, one.provider_id], one.id, None)
        journal.put(tables.tries_by_name[one.carrier, one.vendor, f"mark:{one.mark}"], one.id, None)
        if one.look_at is None:
            journal.drop(tables.watched, one.id)
        else:
            journal.put(tables.watched, one.id, one.look_at)

    def try_by_provider(self, carrier: str, vendor: str, provider_id: str) -> Try | None:
        """By the vendor's name of it."""
        return self._latest(carrier, vendor, provider_id) if provider_id else None

    def try_by_mark(self, carrier: str, vendor: str, mark: str) -> Try | None:
        """By our name of it."""
        return self._latest(carrier, vendor, f"mark:{mark}") if mark else None

    def due_tries(self, now: Instant, limit: int) -> list[Try]:
        """Among those that are to be looked at."""
        due = [self._tables.tries[one] for one in self._tables.watched.until(now)]
        return sorted(due, key=lambda one: (one.look_at, one.id))[:limit]

    def waiting_tries(self, before: Instant, limit: int) -> list[Try]:
        """Among the same."""
        waiting = (self._tables.tries[one] for one in self._tables.watched)
        old = [one for one in waiting if one.provider_id and one.began_at <= before]
        return sorted(old, key=_order)[:limit]

    def _latest(self, carrier: str, vendor: str, name: str) -> Try | None:
        ids = self._tables.tries_by_name.get((carrier, vendor, name), ())
        return max((self._tables.tries[one] for one in ids), key=_order, default=None)

    def _forget(self, before: Instant, limit: int) -> int:
        """The part of `prune` that concerns noise, shifts and tries."""
        gone = super()._forget(before, limit)
        tables = self._tables
        old = sorted((one for one in tables.tries.values() if one.began_at < before), key=_order)[: limit - gone]
        for one in old:
            self._journal.drop(tables.tries, one.id)
            self._journal.drop(tables.watched, one.id)
            self._journal.drop(tables.tries_by_delivery[one.delivery], one.id)
            self._journal.drop(tables.tries_by_name[one.carrier, one.vendor, one.provider_id], one.id)
            self._journal.drop(tables.tries_by_name[one.carrier, one.vendor, f"mark:{one.mark}"], one.id)
        return gone + len(old)


def _order(one: Try) -> tuple[Instant, str]:
    return one.began_at, one.id
