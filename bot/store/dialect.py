"""Everything in which one SQL database differs from another, and the little that is asked of its driver (PEP 249)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.engine.interfaces import Dialect as Compiler
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.schema import Table

from bot.store.base import StoreUnavailable


class Cursor(Protocol):
    """Runs statements."""

    @property
    def rowcount(self) -> int:
        """How many rows the last change touched."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ..., /) -> object:
        """Run a statement."""
        ...

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> object:
        """Run a statement for many rows."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that it found."""
        ...

    def close(self) -> None:
        """Free it."""
        ...


class Connection(Protocol):
    """A connection that begins no transaction by itself."""

    def cursor(self) -> Cursor:
        """A cursor."""
        ...

    def commit(self) -> None:
        """Make durable."""
        ...

    def rollback(self) -> None:
        """Undo; nothing happens where no transaction is open."""
        ...

    def close(self) -> None:
        """Free it."""
        ...


class Dialect(Protocol):
    """Everything in which one database differs from another."""

    @property
    def compiler(self) -> Compiler:
        """SQLAlchemy's dialect, with positional parameters."""
        ...

    @property
    def begin_write(self) -> str:
        """Begins a transaction that will write."""
        ...

    @property
    def begin_read(self) -> str:
        """Begins a transaction that sees one snapshot."""
        ...

    @property
    def driver_error(self) -> type[Exception]:
        """The driver's base class of errors."""
        ...

    def connect(self, *, reading: bool) -> Connection:
        """A connection that leaves transactions to us; `reading` ones may not write. Raises the driver's errors."""
        ...

    def failure(self, error: Exception) -> StoreUnavailable | None:
        """What an error of the driver means when the database cannot be used; None when the statement was at fault."""
        ...

    def insert(self, table: Table) -> SqliteInsert | PostgresInsert:
        """An INSERT that knows ON CONFLICT."""
        ...

    def among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Whether a column's value is in the list that parameter `name` holds (see `listed`)."""
        ...

    def pairs(self, one: ColumnElement[str], other: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Whether two columns together are in the list of pairs that parameter `name` holds (see `listed`)."""
        ...

    def holds(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Whether a column's text contains the parameter, to the letter."""
        ...

    def listed(self, values: Collection[str] | Collection[tuple[str, str]]) -> Any:
        """A list as one parameter, so that a statement is the same however many values it asks for."""
        ...
