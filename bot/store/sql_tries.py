"""Tries of vendors in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from bot.engine.model import Instant
from bot.store.base_tries import Try
from bot.store.mapping import plain, try_from, try_row
from bot.store.session import Session
from bot.store.statement import Statement, constant, limit, param, upsert_row
from bot.store.tables import TRY

_OF_DELIVERY: Final = Statement(
    lambda _: select(TRY.c.whole).where(TRY.c.delivery == param("of")).order_by(TRY.c.began_at, TRY.c.id)
)
_PUT: Final = upsert_row(TRY, "id")
_DUE: Final = Statement(
    lambda _: (
        select(TRY.c.whole)
        .where(TRY.c.look_at.is_not(None), TRY.c.look_at <= param("now"))
        .order_by(TRY.c.look_at, TRY.c.id)
        .limit(limit())
    )
)


_WAITING: Final = Statement(
    lambda _: (
        select(TRY.c.whole)
        .where(TRY.c.look_at.is_not(None), TRY.c.provider_id != constant(""), TRY.c.began_at <= param("before"))
        .order_by(TRY.c.began_at, TRY.c.id)
        .limit(limit())
    )
)


def _newest_with(column: ColumnElement[str]) -> Statement:
    return Statement(
        lambda _: (
            select(TRY.c.whole)
            .where(
                column != constant(""),
                TRY.c.carrier == param("by"),
                TRY.c.vendor == param("through"),
                column == param("wanted"),
            )
            .order_by(TRY.c.began_at.desc(), TRY.c.id.desc())
            .limit(limit())
        )
    )


_BY_PROVIDER: Final = _newest_with(TRY.c.provider_id)
_BY_MARK: Final = _newest_with(TRY.c.mark)


class TryRows(Session):
    """The part of a transaction about tries; `TriesTx` says what each method promises."""

    def tries(self, delivery_id: str) -> list[Try]:
        """By their beginning."""
        return [try_from(text) for (text,) in self._fetch(_OF_DELIVERY, of=delivery_id)]

    def put_try(self, one: Try) -> None:
        """Insert or replace."""
        self._change(_PUT, try_row(one))

    def try_by_provider(self, carrier: str, vendor: str, provider_id: str) -> Try | None:
        """By the vendor's name of it."""
        return self._newest(_BY_PROVIDER, carrier, vendor, provider_id)

    def try_by_mark(self, carrier: str, vendor: str, mark: str) -> Try | None:
        """By our name of it."""
        return self._newest(_BY_MARK, carrier, vendor, mark)

    def due_tries(self, now: Instant, limit: int) -> list[Try]:
        """From the index of those that are to be looked at."""
        return [try_from(text) for (text,) in self._fetch(_DUE, now=now, limit=limit)]

    def waiting_tries(self, before: Instant, limit: int) -> list[Try]:
        """From the same index."""
        return [try_from(text) for (text,) in self._fetch(_WAITING, before=before, limit=limit)]

    def _newest(self, statement: Statement, carrier: str, vendor: str, wanted: str) -> Try | None:
        rows = self._fetch(statement, by=carrier, through=vendor, wanted=plain(wanted), limit=1)
        return next((try_from(text) for (text,) in rows), None)
