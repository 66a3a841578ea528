"""Deliveries and the small tables in memory; the SQL store's behaviour, told in dictionaries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bot.engine.model import Instant, Span
from bot.store import delivery_rules
from bot.store.base import AlarmRow, Delivery, DeliveryState, Identity, Lane, Token
from bot.store.mapping import LAST_NUM
from bot.store.memory_tables import Handles
from bot.store.memory_tries import MemoryTries


class MemoryOutbox(MemoryTries):
    """The delivery part of a transaction; `Tx` says what each method promises."""

    def enqueue(self, rows: Sequence[Delivery]) -> int:
        """The unique key decides."""
        tables, journal = self._tables, self._journal
        new = 0
        for row in rows:
            if row.key in tables.delivery_keys:
                continue
            new += 1
            journal.put(tables.delivery_keys, row.key, row.id)
            journal.put(tables.delivery_seq, row.id, next(tables.seq))
            journal.put(tables.deliveries_by_incident[row.incident], row.id, None)
            self._save((row,))
        return new

    def claim_deliveries(
        self, now: Instant, limit: int, lease: Span, token: str, lanes: Collection[Lane]
    ) -> list[Delivery]:
        """Among the queued ones."""
        tables = self._tables
        rows = (tables.deliveries[one] for one in tables.queued.until(now))
        due = [row for row in rows if row.lane in lanes]
        due.sort(key=lambda row: (row.lane, row.due_at, tables.delivery_seq[row.id]))
        return self._save(delivery_rules.leased(row, now, lease, token) for row in due[:limit])

    def settle(self, rows: Sequence[Delivery], token: str) -> set[str]:
        """Fenced by the token."""
        stored = ((self._tables.deliveries.get(row.id), row) for row in rows)
        held = ((old, row) for old, row in stored if old is not None and token and old.token == token)
        return {row.id for row in self._save(delivery_rules.settled(old, row) for old, row in held)}

    def want_cards(self, incident: str, rev: int, now: Instant) -> int:
        """See `delivery_rules.wanting`."""
        changed = (delivery_rules.wanting(row, rev, now) for row in self.deliveries_of(incident))
        return len(self._save(row for row in changed if row is not None))

    def show_again(self, delivery_id: str, rev: int, now: Instant) -> bool:
        """See `delivery_rules.overwritten`."""
        stored = self.delivery(delivery_id)
        row = delivery_rules.overwritten(stored, rev, now) if stored else None
        return bool(row and self._save((row,)))

    def withdraw_pages(self, incident: str, cycle: int) -> int:
        """See `delivery_rules.withdrawn`."""
        changed = (delivery_rules.withdrawn(row, cycle) for row in self.deliveries_of(incident))
        return len(self._save(row for row in changed if row is not None))

    def deliveries_of(self, incident: str) -> list[Delivery]:
        """In the order in which they were queued."""
        return [self._tables.deliveries[one] for one in self._tables.deliveries_by_incident.get(incident, ())]

    def delivery(self, delivery_id: str) -> Delivery | None:
        """By its id."""
        return self._tables.deliveries.get(delivery_id)

    def delivery_by_provider(self, carrier: str, provider_id: str) -> Delivery | None:
        """The newest, should a vendor use an id twice."""
        return self._newest(self._tables.providers.get((carrier, provider_id), {}))

    def delivery_by_ref(self, carrier: str, ref: str) -> Delivery | None:
        """The newest, should a platform use a handle twice."""
        return self._newest(self._tables.refs.get((carrier, ref), {}))

    def put_receipt(self, delivery_id: str, state: DeliveryState, error: str) -> bool:
        """See `delivery_rules.receipted`."""
        stored = self.delivery(delivery_id)
        changed = delivery_rules.receipted(stored, state, error) if stored is not None else None
        return bool(self._save((changed,) if changed is not None else ()))

    def try_again(self, delivery_id: str, now: Instant) -> bool:
        """See `delivery_rules.tried_again`."""
        stored = self.delivery(delivery_id)
        changed = delivery_rules.tried_again(stored, now) if stored is not None else None
        return bool(self._save((changed,) if changed is not None else ()))

    def prove(self, delivery_id: str) -> bool:
        """See `delivery_rules.proven`."""
        stored = self.delivery(delivery_id)
        changed = delivery_rules.proven(stored) if stored is not None else None
        return bool(self._save((changed,) if changed is not None else ()))

    def _newest(self, ids: Collection[str]) -> Delivery | None:
        return self._tables.deliveries[max(ids, key=self._tables.delivery_seq.__getitem__)] if ids else None

    def _save(self, rows: Iterable[Delivery]) -> list[Delivery]:
        """Write rows and pass them on."""
        tables, journal = self._tables, self._journal
        changed = list(rows)
        for row in changed:
            old = tables.deliveries.get(row.id)
            journal.put(tables.deliveries, row.id, row)
            if row.state is DeliveryState.QUEUED:
                journal.put(tables.queued, row.id, row.due_at)
            else:
                journal.drop(tables.queued, row.id)
            self._handle(tables.providers, row, old.provider_id if old else "", row.provider_id)
            self._handle(tables.refs, row, old.ref if old else "", row.ref)
        return changed

    def _handle(self, index: Handles, row: Delivery, old: str, new: str) -> None:
        """Find `row` under what an outsider calls it now."""
        if old == new:
            return
        if old:
            self._journal.drop(index[row.carrier, old], row.id)
        if new:
            self._journal.put(index[row.carrier, new], row.id, None)


class MemoryTx(MemoryOutbox):
    """The rest of a transaction; `Tx` says what each method promises."""

    def next_due(self) -> Instant | None:
        """The least of all due instants."""
        tables = self._tables
        soonest: Instant | None = None
        for timed in (tables.waking, tables.timed_alerts, tables.waiting, tables.queued, tables.watched):
            at = timed.earliest()
            if at is not None and (soonest is None or at < soonest):
                soonest = at
        return soonest

    def next_num(self) -> int:
        """Counted in a setting, so that no number is given twice."""
        num = int(self.get_meta(LAST_NUM) or 0) + 1
        self.put_meta(LAST_NUM, str(num))
        return num

    def identities(self) -> list[Identity]:
        """By platform and user."""
        return [identity for _, identity in sorted(self._tables.identities.items())]

    def put_identity(self, identity: Identity) -> None:
        """Insert or replace."""
        self._journal.put(self._tables.identities, (identity.platform, identity.user), identity)

    def drop_identity(self, platform: str, user: str) -> bool:
        """Delete."""
        known = (platform, user) in self._tables.identities
        self._journal.drop(self._tables.identities, (platform, user))
        return known

    def put_token(self, token: Token) -> None:
        """A hash that is known already stays as it is, used or not."""
        if token.hash not in self._tables.tokens:
            self._journal.put(self._tables.tokens, token.hash, token)

    def token(self, token_hash: str) -> Token | None:
        """Also when it was used or has expired."""
        return self._tables.tokens.get(token_hash)

    def use_token(self, token_hash: str, now: Instant) -> bool:
        """A permission whose `expires_at` (other than 0) has come is nobody's any more."""
        token = self._tables.tokens.get(token_hash)
        if token is None or token.used_at is not None or 0 < token.expires_at <= now:
            return False
        self._journal.put(self._tables.tokens, token_hash, replace(token, used_at=now))
        return True

    def first_sight(self, platform: str, key: str, now: Instant) -> bool:
        """Remember the key."""
        new = (platform, key) not in self._tables.seen
        if new:
            self._journal.put(self._tables.seen, (platform, key), now)
        return new

    def raise_alarm(self, alarm: AlarmRow) -> None:
        """Insert."""
        self._journal.put(self._tables.alarms, next(self._tables.seq), alarm)

    def alarms(self, limit: int) -> list[AlarmRow]:
        """The last one that was raised first."""
        return list(reversed(self._tables.alarms.values()))[:limit]

    def get_meta(self, key: str) -> str:
        """By its key."""
        return self._tables.meta.get(key, "")

    def put_meta(self, key: str, value: str) -> None:
        """Insert or replace."""
        self._journal.put(self._tables.meta, key, value)

    def prune(self, before: Instant, limit: int) -> int:
        """Inbox, keys, permissions that were used or have expired, flaps, sights; `limit` bounds them together."""
        tables, journal = self._tables, self._journal
        settled = (
            (body.settled_at, tables.body_seq[one], one)
            for one, body in tables.bodies.items()
            if body.settled_at is not None
        )
        bodies = [one for at, _, one in sorted(settled) if at < before][:limit]
        keys = [key for at, key in sorted((at, key) for key, at in tables.seen.items()) if at < before][
            : limit - len(bodies)
        ]
        ended = (
            one
            for one, token in sorted(tables.tokens.items(), key=lambda item: item[0])
            if (token.used_at is not None and token.used_at < before) or 0 < token.expires_at < before
        )
        tokens = list(ended)[: limit - len(bodies) - len(keys)]
        for one in bodies:
            journal.drop(tables.by_state[tables.bodies[one].state], one)
            journal.drop(tables.bodies, one)
            journal.drop(tables.body_seq, one)
        for key in keys:
            journal.drop(tables.seen, key)
        for one in tokens:
            journal.drop(tables.tokens, one)
        gone = len(bodies) + len(keys) + len(tokens)
        return gone + self._forget(before, limit - gone)
