"""From a URL to a store."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.store.base import Store
from bot.store.sql import SqlStore
from bot.store.sqlite import Sqlite


def sqlite_path(url: str) -> Path:
    """The file that `sqlite:///relative` or `sqlite:////absolute` names. Raises ValueError for anything else."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError(f"{url!r} is not a database URL. Write sqlite:///tocsin.db, for example.") from error
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f"Tocsin cannot use {parsed.get_backend_name()} databases. Write sqlite:///tocsin.db, for example."
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("The database must be a file. Write sqlite:///tocsin.db, for example.")
    return Path(parsed.database)


def open_store(url: str) -> Store:
    """The store at a URL, whose schema must be there (see `bot.store.migrations.migrate`).

    Raises ValueError for a URL that nothing can open, and StoreUnavailable when the database does not answer.
    """
    return SqlStore(Sqlite(sqlite_path(url)))
