"""One transaction on one connection: runs statements, and knows whether it may write.

The parts of the SQL store (inbox, alerts, incidents, deliveries, the rest) build on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.store.dialect import Cursor, Dialect
from bot.store.statement import Statement


class Session:
    """Statements of one transaction."""

    def __init__(self, cursor: Cursor, dialect: Dialect, *, reading: bool) -> None:
        """Work on `cursor`, whose transaction somebody else begins and ends."""
        self._cursor = cursor
        self._dialect = dialect
        self._reading = reading

    def _fetch(self, statement: Statement, **params: Any) -> list[tuple[Any, ...]]:
        """The rows that a query finds, or that a change returns."""
        prepared = statement.on(self._dialect)
        self._cursor.execute(prepared.sql, prepared.order(params))
        return self._cursor.fetchall()

    def _change(self, statement: Statement, params: Mapping[str, Any]) -> int:
        """Change rows; how many were changed. Raises RuntimeError inside `read`."""
        self._refuse_in_read()
        prepared = statement.on(self._dialect)
        self._cursor.execute(prepared.sql, prepared.order(params))
        return self._cursor.rowcount

    def _change_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run one statement for many rows; how many were changed. Raises RuntimeError inside `read`."""
        if not rows:
            return 0
        self._refuse_in_read()
        prepared = statement.on(self._dialect)
        self._cursor.executemany(prepared.sql, [prepared.order(row) for row in rows])
        return self._cursor.rowcount

    def _refuse_in_read(self) -> None:
        if self._reading:
            raise RuntimeError("This work ran in `read` and tried to write; nothing was saved. Give it to `run`.")
