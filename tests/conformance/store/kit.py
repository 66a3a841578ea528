"""The stores under test. A case asks for `store` and runs on each; a new database joins by one entry here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.store.base import Lane, Store
from bot.store.memory import MemoryStore
from bot.store.migrations import migrate
from bot.store.opening import open_store


@cache
def migrated_file() -> Path:
    """An empty SQLite database with all tables, to copy: migrating is most of what a case would take."""
    folder = TemporaryDirectory(prefix="tocsin-store-")
    KEPT.append(folder)
    path = Path(folder.name) / "template.db"
    migrate(f"sqlite:///{path}")
    return path


KEPT: list[TemporaryDirectory[str]] = []
"""Folders that live as long as the tests do."""


def sqlite_url(folder: Path) -> str:
    """The URL of a fresh database in `folder`."""
    shutil.copy(migrated_file(), folder / "tocsin.db")
    return f"sqlite:///{folder}/tocsin.db"


def memory_store(_: Path) -> Store:
    return MemoryStore()


def sqlite_store(folder: Path) -> Store:
    return open_store(sqlite_url(folder))


STORES: dict[str, Callable[[Path], Store]] = {"memory": memory_store, "sqlite": sqlite_store}


LEASE = 10_000
"""How long the cases lease for."""


def ids(rows):
    return [row.id for row in rows]


def claim_bodies(store, now, token="w1", limit=100):
    return store.run(lambda tx: tx.claim_inbox(now, limit, LEASE, token))


def claim_deliveries(store, now, token="w1", limit=100, lanes=tuple(Lane)):
    return store.run(lambda tx: tx.claim_deliveries(now, limit, LEASE, token, lanes))
