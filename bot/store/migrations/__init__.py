"""The schema's history, forward only. Nobody needs an alembic.ini: these functions are the whole interface.

A migration runs in one transaction under the database's write lock, so several processes may start it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bot.store.opening import sqlite_path
from bot.store.sqlite import BUSY_TIMEOUT_S, Sqlite

HERE: Final = Path(__file__).parent

_ONE_AT_A_TIME: Final = Lock()
"""Alembic keeps the current migration in module globals; between processes the database's own lock does the same."""


class SchemaTooOld(Exception):
    """The database was made by an older Tocsin and has not been migrated."""


def migrate(url: str) -> None:
    """Bring the schema up to this release, making the database where there is none.

    Raises ValueError for a URL that nothing can open, and StoreUnavailable when the database cannot be written.
    """
    with _ONE_AT_A_TIME, _connected(url, "BEGIN IMMEDIATE") as connection:
        command.upgrade(_config(connection), "head")


def pending(url: str) -> bool:
    """Whether `migrate` has something to do. A schema that is newer than this release is not behind it.

    Raises as `migrate` does.
    """
    if not sqlite_path(url).exists():
        return True
    with _connected(url, "BEGIN") as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        script = ScriptDirectory.from_config(_config(connection))
        known = {revision.revision for revision in script.walk_revisions()}
    return current is None or (current in known and current != script.get_current_head())


def require_current(url: str) -> None:
    """Raise SchemaTooOld unless the schema is at least as new as this release: what `serve` calls before it starts."""
    if pending(url):
        raise SchemaTooOld(
            f"The database {url} has no tables yet, or those of an older Tocsin. Nothing was started. "
            "Run `tocsin migrate`, then start again."
        )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(url: str, begin: str) -> Iterator[Connection]:
    """A connection whose transactions begin as told."""
    path = sqlite_path(url)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        failure = Sqlite(path).failure(error.orig) if isinstance(error.orig, Exception) else None
        if failure is None:
            raise
        raise failure from error
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: Any, _: object) -> None:
    """The driver would commit before every CREATE TABLE."""
    connection.isolation_level = None
