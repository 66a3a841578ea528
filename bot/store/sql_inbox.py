"""The inbox in SQL: raw bodies in the order in which they arrived, leased to whoever reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import null, select, update

from bot.engine.model import Instant, Span
from bot.store.base import Inbound, InboxState
from bot.store.mapping import INBOUND_COLUMNS, inbound_from, inbound_row
from bot.store.session import Session
from bot.store.statement import Statement, constant, insert_row, limit, number, param
from bot.store.tables import INBOX

_COLUMNS = [INBOX.c[name] for name in INBOUND_COLUMNS]
_WAITING = INBOX.c.state == constant(InboxState.WAITING)

_LATER = INBOX.alias("later")
_HELD_UP = select(_LATER.c.integration).where(
    _LATER.c.state == constant(InboxState.WAITING), _LATER.c.due_at > param("now")
)
"""Integrations with a body that a worker, maybe a dead one, holds: what came after it must not overtake it."""

_APPEND: Final = insert_row(INBOX)
_DUE: Final = Statement(
    lambda _: (
        select(*_COLUMNS)
        .where(_WAITING, INBOX.c.due_at <= param("now"), INBOX.c.integration.not_in(_HELD_UP))
        .order_by(INBOX.c.seq)
        .limit(limit())
        .with_for_update(skip_locked=True)
    )
)
_LEASE: Final = Statement(
    lambda d: (
        update(INBOX)
        .where(d.among(INBOX.c.id, "ids"))
        .values(due_at=param("until"), token=param("lease"), attempts=INBOX.c.attempts + number(1))
    )
)
_FINISH: Final = Statement(
    lambda d: (
        update(INBOX)
        .where(d.among(INBOX.c.id, "ids"), INBOX.c.token == param("held"), _WAITING)
        .values(state=param("becomes"), outcome=param("why"), settled_at=param("now"), token=constant(""))
    )
)
_RELEASE: Final = Statement(
    lambda d: (
        update(INBOX)
        .where(d.among(INBOX.c.id, "ids"), INBOX.c.token == param("held"), _WAITING)
        .values(due_at=param("until"), token=constant(""))
    )
)
_REVIVE: Final = Statement(
    lambda d: (
        update(INBOX)
        .where(d.among(INBOX.c.id, "ids"), INBOX.c.state == constant(InboxState.DEAD))
        .values(
            state=constant(InboxState.WAITING),
            due_at=param("now"),
            attempts=number(0),
            outcome=constant(""),
            settled_at=null(),
        )
    )
)


def _by_state(state: InboxState) -> Statement:
    return Statement(
        lambda _: select(*_COLUMNS).where(INBOX.c.state == constant(state)).order_by(INBOX.c.seq).limit(limit())
    )


_BY_STATE: Final = {state: _by_state(state) for state in InboxState}


class InboxRows(Session):
    """The inbox part of a transaction; `Tx` says what each method promises."""

    def append_inbox(self, rows: Sequence[Inbound]) -> None:
        """One `executemany`."""
        self._change_many(_APPEND, [inbound_row(body) for body in rows])

    def claim_inbox(self, now: Instant, limit: int, lease: Span, token: str) -> list[Inbound]:
        """Read, then push `due_at` to the lease's end."""
        due = [inbound_from(columns) for columns in self._fetch(_DUE, now=now, limit=limit)]
        if due:
            ids = self._dialect.listed([body.id for body in due])
            self._change(_LEASE, {"ids": ids, "until": now + lease, "lease": token})
        return [replace(body, token=token, attempts=body.attempts + 1) for body in due]

    def finish_inbox(self, ids: Collection[str], token: str, state: InboxState, outcome: str, now: Instant) -> int:
        """Fenced by the token."""
        if not token:
            return 0
        listed = self._dialect.listed(ids)
        return self._change(_FINISH, {"ids": listed, "held": token, "becomes": state.value, "why": outcome, "now": now})

    def release_inbox(self, ids: Collection[str], token: str, due_at: Instant) -> None:
        """Fenced by the token."""
        if token:
            self._change(_RELEASE, {"ids": self._dialect.listed(ids), "held": token, "until": due_at})

    def inbox_by_state(self, state: InboxState, limit: int) -> list[Inbound]:
        """In the order in which they arrived."""
        return [inbound_from(columns) for columns in self._fetch(_BY_STATE[state], limit=limit)]

    def revive_inbox(self, ids: Collection[str], now: Instant) -> int:
        """Due at once, with their attempts forgotten."""
        return self._change(_REVIVE, {"ids": self._dialect.listed(ids), "now": now})
