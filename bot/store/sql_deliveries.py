"""The outbox in SQL. A change reads the rows that it concerns, applies `delivery_rules`, and writes them together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.sql import ColumnElement

from bot.engine.model import Instant, Span
from bot.store import delivery_rules
from bot.store.base import Delivery, DeliveryState, Lane
from bot.store.mapping import delivery_from, delivery_row, plain
from bot.store.session import Session
from bot.store.statement import Statement, constant, insert_if_new, limit, param
from bot.store.tables import DELIVERY

_WHOLE = DELIVERY.c.whole
_QUEUED = DELIVERY.c.state == constant(DeliveryState.QUEUED)
_CHANGING = ("lane", "due_at", "state", "token", "wanted_rev", "provider_id", "ref", "whole")

_ENQUEUE: Final = insert_if_new(DELIVERY, "key")
_SAVE: Final = Statement(
    lambda _: (
        update(DELIVERY).where(DELIVERY.c.id == param("id_")).values({name: param(f"{name}_") for name in _CHANGING})
    )
)


@cache
def _due(lanes: frozenset[Lane]) -> Statement:
    """The lanes are spelt out, so that each is one seek in the index however many rows wait for a later instant."""
    wanted = [constant(lane) for lane in sorted(lanes)]
    return Statement(
        lambda _: (
            select(_WHOLE)
            .where(_QUEUED, DELIVERY.c.lane.in_(wanted), DELIVERY.c.due_at <= param("now"))
            .order_by(DELIVERY.c.lane, DELIVERY.c.due_at, DELIVERY.c.seq)
            .limit(limit())
            .with_for_update(skip_locked=True)
        )
    )


_HELD: Final = Statement(
    lambda d: select(_WHOLE).where(d.among(DELIVERY.c.id, "ids"), DELIVERY.c.token == param("held")).with_for_update()
)
_CARDS_BELOW: Final = Statement(
    lambda _: (
        select(_WHOLE)
        .where(DELIVERY.c.incident == param("of"), DELIVERY.c.wanted_rev < param("rev"))
        .order_by(DELIVERY.c.seq)
        .with_for_update()
    )
)
_QUEUED_OF: Final = Statement(
    lambda _: (
        select(_WHOLE).where(DELIVERY.c.incident == param("of"), _QUEUED).order_by(DELIVERY.c.seq).with_for_update()
    )
)
_OF_INCIDENT: Final = Statement(
    lambda _: select(_WHOLE).where(DELIVERY.c.incident == param("of")).order_by(DELIVERY.c.seq)
)
_BY_ID: Final = Statement(lambda _: select(_WHOLE).where(DELIVERY.c.id == param("wanted")))


def _newest_with(column: ColumnElement[str]) -> Statement:
    return Statement(
        lambda _: (
            select(_WHOLE)
            .where(column != constant(""), DELIVERY.c.carrier == param("by"), column == param("wanted"))
            .order_by(DELIVERY.c.seq.desc())
            .limit(limit())
        )
    )


_BY_PROVIDER: Final = _newest_with(DELIVERY.c.provider_id)
_BY_REF: Final = _newest_with(DELIVERY.c.ref)


class DeliveryRows(Session):
    """The delivery part of a transaction; `Tx` says what each method promises."""

    def enqueue(self, rows: Sequence[Delivery]) -> int:
        """One `executemany`; the unique key decides."""
        return self._change_many(_ENQUEUE, [delivery_row(row) for row in rows])

    def claim_deliveries(
        self, now: Instant, limit: int, lease: Span, token: str, lanes: Collection[Lane]
    ) -> list[Delivery]:
        """Read, then push `due_at` to the lease's end."""
        if not lanes:
            return []
        due = self._read(_due(frozenset(lanes)), now=now, limit=limit)
        return self._save(delivery_rules.leased(row, now, lease, token) for row in due)

    def settle(self, rows: Sequence[Delivery], token: str) -> set[str]:
        """Fenced by the token."""
        if not token:
            return set()
        ids = self._dialect.listed([row.id for row in rows])
        held = {row.id: row for row in self._read(_HELD, ids=ids, held=token)}
        saved = self._save(delivery_rules.settled(held[row.id], row) for row in rows if row.id in held)
        return {row.id for row in saved}

    def want_cards(self, incident: str, rev: int, now: Instant) -> int:
        """Only rows that want less are read."""
        below = self._read(_CARDS_BELOW, of=incident, rev=rev)
        changed = (delivery_rules.wanting(row, rev, now) for row in below)
        return len(self._save(row for row in changed if row is not None))

    def show_again(self, delivery_id: str, rev: int, now: Instant) -> bool:
        """See `delivery_rules.overwritten`."""
        stored = self.delivery(delivery_id)
        row = delivery_rules.overwritten(stored, rev, now) if stored else None
        return bool(row and self._save((row,)))

    def withdraw_pages(self, incident: str, cycle: int) -> int:
        """Only queued rows are read."""
        queued = self._read(_QUEUED_OF, of=incident)
        changed = (delivery_rules.withdrawn(row, cycle) for row in queued)
        return len(self._save(row for row in changed if row is not None))

    def deliveries_of(self, incident: str) -> list[Delivery]:
        """In the order in which they were queued."""
        return self._read(_OF_INCIDENT, of=incident)

    def delivery(self, delivery_id: str) -> Delivery | None:
        """By its id."""
        return next(iter(self._read(_BY_ID, wanted=delivery_id)), None)

    def delivery_by_provider(self, carrier: str, provider_id: str) -> Delivery | None:
        """The newest, should a vendor use an id twice."""
        return next(iter(self._read(_BY_PROVIDER, by=carrier, wanted=plain(provider_id), limit=1)), None)

    def delivery_by_ref(self, carrier: str, ref: str) -> Delivery | None:
        """The newest, should a platform use a handle twice."""
        return next(iter(self._read(_BY_REF, by=carrier, wanted=plain(ref), limit=1)), None)

    def put_receipt(self, delivery_id: str, state: DeliveryState, error: str) -> bool:
        """See `delivery_rules.receipted`."""
        stored = self.delivery(delivery_id)
        changed = delivery_rules.receipted(stored, state, error) if stored is not None else None
        return bool(self._save([changed] if changed is not None else ()))

    def try_again(self, delivery_id: str, now: Instant) -> bool:
        """See `delivery_rules.tried_again`."""
        stored = self.delivery(delivery_id)
        changed = delivery_rules.tried_again(stored, now) if stored is not None else None
        return bool(self._save([changed] if changed is not None else ()))

    def prove(self, delivery_id: str) -> bool:
        """See `delivery_rules.proven`."""
        stored = self.delivery(delivery_id)
        changed = delivery_rules.proven(stored) if stored is not None else None
        return bool(self._save([changed] if changed is not None else ()))

    def _read(self, statement: Statement, **params: str | int) -> list[Delivery]:
        return [delivery_from(text) for (text,) in self._fetch(statement, **params)]

    def _save(self, rows: Iterable[Delivery]) -> list[Delivery]:
        """Write changed rows and pass them on."""
        changed = list(rows)
        columns = ({f"{name}_": value for name, value in delivery_row(row).items()} for row in changed)
        self._change_many(_SAVE, list(columns))
        return changed
