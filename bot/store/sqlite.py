"""SQLite: one file, one writer at a time, readers that never wait.

WAL with synchronous=FULL: a commit that returned is on the disk (sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from sqlalchemy import Table, bindparam, func, text, tuple_
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import Dialect as Compiler
from sqlalchemy.sql import ColumnElement

from bot.store.base import StoreUnavailable
from bot.store.dialect import Connection

BUSY_TIMEOUT_S: Final = 5.0
"""How long a writer waits for another process before it says that the database is locked."""

STATEMENTS_CACHED: Final = 256
"""More than the statements there are, so that the driver parses each once for each connection."""

CHECKPOINT_PAGES: Final = 4_000
"""16 MB of WAL between checkpoints: a checkpoint writes each changed page once, however often it changed."""

_CAUSES: Final = {
    sqlite3.SQLITE_PERM: "its file may not be opened: give Tocsin's user the right to read and write it and its folder",
    sqlite3.SQLITE_BUSY: "another process holds its lock: find a long transaction or a second, hanging Tocsin",
    sqlite3.SQLITE_LOCKED: "another connection holds its lock: find a long transaction in this process",
    sqlite3.SQLITE_READONLY: "it is read-only: give Tocsin's user the right to write the file and its folder",
    sqlite3.SQLITE_IOERR: "the disk does not read or write: look at the machine's kernel log",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore the last backup",
    sqlite3.SQLITE_FULL: "the disk is full: make room, nothing else is needed",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened: look at the path, and run `tocsin migrate` if it is a new one",
    sqlite3.SQLITE_PROTOCOL: "too many processes lock it at once: run fewer, or use PostgreSQL",
    sqlite3.SQLITE_NOTADB: "the file is something else than a database: look at the path",
}
"""Result codes after which nothing was saved and nothing will be until somebody acts (sqlite.org/rescode.html)."""


class Sqlite:
    """A database in a file. Several processes may open the same one."""

    begin_write: Final = "BEGIN IMMEDIATE"
    begin_read: Final = "BEGIN"
    driver_error: Final[type[Exception]] = sqlite3.Error

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Name the file, which must exist."""
        self.compiler: Compiler = SQLiteDialect_pysqlite(paramstyle="qmark")
        self._path = path
        self._busy_timeout_s = busy_timeout_s

    def connect(self, *, reading: bool) -> Connection:
        """Open the file for any one thread at a time. Raises sqlite3.Error; a file that is missing is never made."""
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode=rw",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_CACHED,
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            if reading:
                connection.execute("PRAGMA query_only=ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def failure(self, error: Exception) -> StoreUnavailable | None:
        """The cause and the cure, by SQLite's result code."""
        code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        cause = _CAUSES.get(code & 0xFF)
        if cause is None:
            return None
        return StoreUnavailable(f"The database {self._path} cannot be used ({error}). Nothing was saved; {cause}.")

    def insert(self, table: Table) -> Insert:
        """SQLite's INSERT."""
        return insert(table)

    def among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Through a JSON array."""
        return column.in_(text(f"SELECT value FROM json_each(:{name})"))  # noqa: S608 - the name is our own

    def pairs(self, one: ColumnElement[str], other: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Through a JSON array of arrays."""
        wanted = f"SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:{name})"  # noqa: S608
        return tuple_(one, other).in_(text(wanted))

    def holds(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """By `instr`, which minds upper and lower case; LIKE does not."""
        return func.instr(column, bindparam(name)) > 0

    def listed(self, values: Collection[str] | Collection[tuple[str, str]]) -> Any:
        """A JSON array."""
        return msgspec.json.encode(list(values)).decode()
