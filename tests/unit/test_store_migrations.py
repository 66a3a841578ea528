"""The migrations make exactly the tables that the code expects, whoever runs them and however often."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bot.store.base import StoreUnavailable
from bot.store.migrations import HERE, SchemaTooOld, migrate, pending, require_current
from bot.store.opening import open_store
from bot.store.tables import METADATA
from tests.conformance.store.samples import card, incident


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/100% tocsin.db"


def test_the_migrations_and_the_tables_agree(url):
    migrate(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_they_agree_to_the_letter(url, tmp_path):
    """Alembic does not compare the conditions of partial indexes; SQLite's own record of the schema does."""
    migrate(url)
    direct = create_engine(f"sqlite:///{tmp_path}/direct.db")
    METADATA.create_all(direct)
    direct.dispose()
    assert schema(tmp_path / "100% tocsin.db") == schema(tmp_path / "direct.db")


def schema(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name <> 'alembic_version'").fetchall()
    connection.close()
    return {name: sql.split() if sql else None for name, sql in rows if "alembic" not in name}


def test_a_database_is_pending_until_it_is_migrated(url):
    assert pending(url)
    with pytest.raises(SchemaTooOld, match="tocsin migrate"):
        require_current(url)
    migrate(url)
    assert not pending(url)
    require_current(url)


def test_an_empty_file_is_pending(url, tmp_path):
    (tmp_path / "100% tocsin.db").touch()
    assert pending(url)


def test_migrating_again_changes_nothing(url):
    migrate(url)
    open_store(url).run(lambda tx: tx.put_meta("name", "kept"))
    migrate(url)
    assert open_store(url).read(lambda tx: tx.get_meta("name")) == "kept"


def test_a_newer_schema_is_not_behind(url, tmp_path):
    """The old release runs on the new schema."""
    migrate(url)
    with sqlite3.connect(tmp_path / "100% tocsin.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert not pending(url)


def test_there_is_one_chain():
    script = ScriptDirectory(HERE)
    assert len(script.get_heads()) == 1
    revisions = [each.revision for each in script.walk_revisions()]
    assert sorted(revisions, reverse=True) == revisions, "each revision follows the one before it"


def test_rows_of_the_first_release_are_read_after_the_upgrade(url, tmp_path):
    """What was added to incidents and deliveries since then has a value for those that lack it."""
    migrate(url)
    kept, row = incident("1"), card("1")
    open_store(url).run(lambda tx: (tx.put_incident(kept, None), tx.enqueue([row])))
    make_it_old(tmp_path / "100% tocsin.db", {"incident": {"rooms", "turns", "digest"}, "delivery": {"op"}})
    assert pending(url)
    migrate(url)
    store = open_store(url)
    assert store.read(lambda tx: tx.incidents([kept.id])) == {kept.id: kept}
    assert store.read(lambda tx: tx.delivery(row.id)) == row
    assert store.read(lambda tx: (tx.turns(kept.channel), tx.chat_overrides(), tx.tries(row.id))) == ({}, [], [])


def make_it_old(path, later):
    """Take away what the revisions after the first have brought: their tables, and these fields of rows."""
    with sqlite3.connect(path) as connection:
        for table in ("turn", "chat_override", "try"):
            connection.execute(f"DROP TABLE {table}")
        for table, names in later.items():
            for one, text in connection.execute(f"SELECT id, whole FROM {table}").fetchall():
                old = {name: value for name, value in json.loads(text).items() if name not in names}
                assert len(old) < len(json.loads(text)), "these fields were there"
                connection.execute(f"UPDATE {table} SET whole = ? WHERE id = ?", (json.dumps(old), one))
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()


def test_threads_may_migrate_at_once(url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [url] * 4))
    assert not pending(url)


def test_processes_may_migrate_at_once(url):
    command = [sys.executable, "-c", f"from bot.store.migrations import migrate; migrate({url!r})"]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert not pending(url)


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        migrate(f"sqlite:///{tmp_path}/nowhere/tocsin.db")


@pytest.mark.parametrize("wrong", ["tocsin.db", "mysql://db/tocsin", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_names_no_file_is_refused_with_an_example(wrong):
    with pytest.raises(ValueError, match=r"sqlite:///tocsin\.db"):
        open_store(wrong)


def test_a_store_never_makes_an_empty_database(tmp_path):
    with pytest.raises(StoreUnavailable, match="tocsin migrate"):
        open_store(f"sqlite:///{tmp_path}/new.db")
    assert list(tmp_path.iterdir()) == []
