"""The store on a SQL database: one writing connection with one transaction at a time, and as many readers as ask.

Group commit: `run_all` gives each work a savepoint and makes all of them durable with a single commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from bot.engine.model import Instant
from bot.store.base import StoreUnavailable, Tx
from bot.store.dialect import Connection, Cursor, Dialect
from bot.store.sql_deliveries import DeliveryRows
from bot.store.sql_inbox import InboxRows
from bot.store.sql_noise import NoiseRows
from bot.store.sql_people import SmallRows
from bot.store.sql_rota import RotaRows
from bot.store.sql_tries import TryRows

T = TypeVar("T")


class SqlTx(InboxRows, NoiseRows, RotaRows, TryRows, DeliveryRows, SmallRows):
    """One transaction, or one work of a group."""

    def next_due(self) -> Instant | None:
        """One query over the due columns of all tables."""
        self.flush()
        return self._soonest()

    def flush(self) -> None:
        """Send what is still buffered, a table at a time."""
        self._flush_incidents()
        self._flush_alerts()
        self._flush_flaps()
        self._flush_timeline()


class SqlStore:
    """A database. `run` and `run_all` wait for each other; `read` waits for nobody."""

    def __init__(self, dialect: Dialect) -> None:
        """Connect. Raises StoreUnavailable."""
        self._dialect = dialect
        self._turn = Lock()
        self._idle_readers: list[Connection] = []
        with self._unavailable_as_such():
            self._writer = dialect.connect(reading=False)

    def run(self, work: Callable[[Tx], T]) -> T:
        """One transaction for one work."""
        with self._turn, self._unavailable_as_such(), self._transaction() as cursor:
            return self._perform(work, cursor)

    def run_all(self, works: Sequence[Callable[[Tx], T]]) -> list[T | Exception]:
        """One transaction for all; a savepoint for each."""
        results: list[T | Exception] = []
        try:
            with self._turn, self._unavailable_as_such(), self._transaction() as cursor:
                for work in works:
                    results.append(self._attempt(work, cursor))  # noqa: PERF401 - a list that fails half-way is kept
        except StoreUnavailable as error:
            return [error for _ in works]
        return results

    def read(self, work: Callable[[Tx], T]) -> T:
        """One snapshot for one work, on a connection that cannot write."""
        with self._unavailable_as_such():
            connection = self._reader()
            try:
                cursor = connection.cursor()
                cursor.execute(self._dialect.begin_read)
                tx = SqlTx(cursor, self._dialect, reading=True)
                result = work(tx)
                tx.flush()
                return result
            finally:
                connection.rollback()
                self._idle_readers.append(connection)

    def close(self) -> None:
        """Close every connection; the store is of no use afterwards."""
        with self._turn:
            self._writer.close()
            while self._idle_readers:
                self._idle_readers.pop().close()

    def _perform(self, work: Callable[[Tx], T], cursor: Cursor) -> T:
        tx = SqlTx(cursor, self._dialect, reading=False)
        result = work(tx)
        tx.flush()
        return result

    def _attempt(self, work: Callable[[Tx], T], cursor: Cursor) -> T | Exception:
        """One work of a group. A database that fails takes the whole group with it; any other exception is its own."""
        cursor.execute("SAVEPOINT work")
        try:
            result = self._perform(work, cursor)
        except Exception as error:
            if self._dialect.failure(error) is not None:
                raise
            cursor.execute("ROLLBACK TO work")
            cursor.execute("RELEASE work")
            return error
        cursor.execute("RELEASE work")
        return result

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        """Commits at the end; rolls back on any exception, of which the commit's own is one."""
        cursor = self._writer.cursor()
        cursor.execute(self._dialect.begin_write)
        try:
            yield cursor
            self._writer.commit()
        except BaseException:
            self._writer.rollback()
            raise
        finally:
            cursor.close()

    @contextmanager
    def _unavailable_as_such(self) -> Iterator[None]:
        """The driver's errors that mean a database which cannot be used, as StoreUnavailable."""
        try:
            yield
        except self._dialect.driver_error as error:
            failure = self._dialect.failure(error)
            if failure is None:
                raise
            raise failure from error

    def _reader(self) -> Connection:
        try:
            return self._idle_readers.pop()
        except IndexError:
            return self._dialect.connect(reading=True)
