"""What a database on disk promises beyond a dictionary: kill -9, several processes, a full disk, a lock that stays."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.store.base import InboxState, Lane, StoreUnavailable
from bot.store.opening import open_store, sqlite_path
from bot.store.sql import SqlStore
from bot.store.sqlite import Sqlite
from tests.conformance.store.kit import ids, sqlite_url
from tests.conformance.store.samples import body, card, entry, incident, page

REPOSITORY = Path(__file__).parents[3]

WRITER = """
import sys
from bot.store.opening import open_store
from tests.conformance.store.samples import body, entry, incident, page

store = open_store(sys.argv[1])
for n in range(100_000):
    def work(tx, n=n):
        tx.append_inbox([body(f"b{n}")])
        tx.put_incident(incident(f"i{n}"), None)
        tx.append_timeline(f"i{n}", [entry()])
        tx.enqueue([page(f"p{n}", incident=f"i{n}"), page(f"q{n}", incident=f"i{n}")])
    if n % 2:
        store.run(work)
    else:
        assert store.run_all([work, lambda tx: 1 / 0])[0] is None
    print(n, flush=True)
"""

CLAIMER = """
import sys
from bot.store.base import InboxState, Lane
from bot.store.opening import open_store

store, name = open_store(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
while True:
    rows = store.run(lambda tx: tx.claim_deliveries(5_000, 7, 60_000, name, list(Lane)))
    bodies = store.run(lambda tx: tx.claim_inbox(5_000, 7, 60_000, name))
    for row in [*rows, *bodies]:
        print(row.id, flush=True)
    if not rows and not bodies:
        break
"""


@pytest.fixture
def url(tmp_path):
    return sqlite_url(tmp_path)


@pytest.fixture
def store(url):
    store = open_store(url)
    yield store
    store.close()


def python(program, *arguments):
    """Another process that runs `program`, with pipes to talk to it."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_process_loses_nothing_that_was_confirmed(url):
    with python(WRITER, url) as writer:
        confirmed = [int(writer.stdout.readline()) for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        confirmed += [int(line) for line in writer.stdout if line.endswith("\n")]
    assert confirmed == list(range(len(confirmed)))
    store = open_store(url)
    bodies = ids(store.read(lambda tx: tx.inbox_by_state(InboxState.WAITING, 100_000)))
    # The process may have died between a commit and its confirmation: one more is right, half of one is not.
    assert len(bodies) - len(confirmed) in (0, 1)
    for n in range(len(bodies)):
        one = f"i{n}"
        found = store.read(
            lambda tx, one=one: (len(tx.incidents([one])), len(tx.timeline(one)), len(tx.deliveries_of(one)))
        )
        assert found == (1, 1, 2)
    store.close()


def test_two_processes_never_claim_the_same_row(url, store):
    store.run(lambda tx: tx.enqueue([card(f"d{n}") for n in range(300)]))
    store.run(lambda tx: tx.append_inbox([body(f"b{n}", integration=f"feed{n}") for n in range(300)]))
    workers = [python(CLAIMER, url, f"w{n}") for n in range(2)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    claims = [worker.communicate(timeout=60)[0].split() for worker in workers]
    everything = {f"d{n}" for n in range(300)} | {f"b{n}" for n in range(300)}
    assert sorted(claims[0] + claims[1]) == sorted(everything)
    assert [worker.returncode for worker in workers] == [0, 0]


def test_a_transaction_owns_the_database_before_it_reads(url, store):
    """What it decides upon cannot change under it, so it never has to fail half-way."""
    other = SqlStore(Sqlite(sqlite_path(url), busy_timeout_s=0))

    def work(tx):
        with pytest.raises(StoreUnavailable, match="another process holds its lock"):
            other.run(lambda _: None)

    store.run(work)
    other.run(lambda _: None)
    other.close()


def test_threads_never_claim_the_same_row(store):
    store.run(lambda tx: tx.enqueue([card(f"d{n}") for n in range(200)]))
    with ThreadPoolExecutor(8) as pool:
        claims = list(
            pool.map(lambda n: store.run(lambda tx: tx.claim_deliveries(5_000, 9, 99, f"w{n}", list(Lane))), range(40))
        )
    assert sorted(row.id for rows in claims for row in rows) == sorted(f"d{n}" for n in range(200))


def test_a_lock_that_stays_is_said_within_the_time_for_it(url):
    store = SqlStore(Sqlite(sqlite_path(url), busy_timeout_s=0.2))
    with sqlite3.connect(sqlite_path(url), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="another process holds its lock"):
            store.run(lambda tx: tx.put_meta("k", "v"))
        results = store.run_all([lambda tx: tx.put_meta("k", "v"), lambda tx: tx.get_meta("k")])
        assert time.monotonic() - began < 2
        assert [type(result) for result in results] == [StoreUnavailable, StoreUnavailable]
        assert store.read(lambda tx: tx.get_meta("k")) == ""
        other.execute("ROLLBACK")
    other.close()
    store.run(lambda tx: tx.put_meta("k", "w"))
    assert store.read(lambda tx: tx.get_meta("k")) == "w"
    store.close()


class SmallDisk(Sqlite):
    """A database whose file cannot grow beyond what it has now and a few pages: SQLite answers as on a full disk."""

    def connect(self, *, reading):
        connection = super().connect(reading=reading)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 4}")
        return connection


def much(tx, name="a"):
    tx.put_incident(incident(name, description="x" * 9_000), None)
    tx.append_timeline(name, [entry(facts={"note": "y" * 9_000})])
    tx.enqueue([page(f"p-{name}", error="z" * 9_000)])


def test_a_full_disk_is_said_and_saves_nothing_by_halves(url):
    store = SqlStore(SmallDisk(sqlite_path(url)))
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.run(much)
    results = store.run_all([lambda tx: tx.put_meta("small", "fits"), much, lambda tx: tx.next_num()])
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    left = store.read(lambda tx: (tx.incidents(["a"]), tx.timeline("a"), tx.deliveries_of("i"), tx.get_meta("small")))
    assert left == ({}, [], [], "")
    assert store.run(lambda tx: tx.next_num()) == 1
    store.close()
    roomy = open_store(url)
    roomy.run(much)
    roomy.close()


def test_a_read_only_file_is_said(url, store):
    class ReadOnly(Sqlite):
        def connect(self, *, reading):
            return super().connect(reading=True)

    refused = SqlStore(ReadOnly(sqlite_path(url)))
    with pytest.raises(StoreUnavailable, match="it is read-only"):
        refused.run(lambda tx: tx.put_meta("k", "v"))
    refused.close()
    assert store.read(lambda tx: tx.get_meta("k")) == ""


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at as one\n" * 20)
    with pytest.raises(StoreUnavailable, match="something else than a database"):
        open_store(f"sqlite:///{tmp_path}/notes.txt")


def test_a_mistake_in_a_work_is_not_taken_for_a_broken_database(store):
    store.run(lambda tx: tx.append_inbox([body("b")]))
    with pytest.raises(sqlite3.IntegrityError):
        store.run(lambda tx: tx.append_inbox([body("b")]))
    first, second = store.run_all([lambda tx: tx.append_inbox([body("b")]), lambda tx: tx.append_inbox([body("c")])])
    assert isinstance(first, sqlite3.IntegrityError)
    assert second is None
    assert ids(store.read(lambda tx: tx.inbox_by_state(InboxState.WAITING, 9))) == ["b", "c"]


def test_readers_do_not_wait_for_a_writer(store):
    """The snapshot of a read is the last commit; a transaction that is still open neither shows nor blocks."""
    store.run(lambda tx: tx.put_meta("k", "before"))

    def work(tx):
        tx.put_meta("k", "after")
        return store.read(lambda reader: reader.get_meta("k"))

    assert store.run(work) == "before"
    assert store.read(lambda tx: tx.get_meta("k")) == "after"


def test_the_settings_that_durability_rests_on(store):
    def pragma(name):
        return store._writer.cursor().execute(f"PRAGMA {name}").fetchone()[0]

    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)


@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("delivery_due", lambda tx: tx.claim_deliveries(1, 9, 9, "w", list(Lane))),
        ("inbox_waiting", lambda tx: tx.claim_inbox(1, 9, 9, "w")),
        ("incident_wake", lambda tx: tx.due_incidents(1, 9)),
        ("alert_due", lambda tx: tx.due_alerts(1, 9)),
        ("alert_muted", lambda tx: tx.muted_alerts("silence:s", 9)),
        ("alert_open", lambda tx: tx.open_alerts([("prom", "x")])),
        ("incident_open", lambda tx: tx.open_incidents([("db", "g")])),
        ("incident_num", lambda tx: tx.incident_by_num(1)),
        ("delivery_incident", lambda tx: tx.want_cards("i", 1, 1)),
        ("delivery_provider", lambda tx: tx.delivery_by_provider("sms", "SM1")),
        ("delivery_ref", lambda tx: tx.delivery_by_ref("slack", "C1/1")),
        ("timeline_incident", lambda tx: tx.timeline("i")),
        ("sqlite_autoindex_delivery_1", lambda tx: tx.settle([page("p")], "w")),
    ],
)
def test_due_work_is_found_through_its_index(store, index, query):
    """A table scan would be right as well, and slower every month."""
    asked = []
    store._writer.set_trace_callback(asked.append)
    store.run(query)
    store._writer.set_trace_callback(None)
    (select,) = [sql for sql in asked if sql.startswith("SELECT")]
    steps = [step for *_, step in store._writer.cursor().execute(f"EXPLAIN QUERY PLAN {select}")]
    assert any(index in step for step in steps), steps
    assert not any("TEMP B-TREE" in step or step == "SCAN delivery" for step in steps), steps


def test_what_is_due_next_is_found_without_reading_tables(store):
    asked = []
    store._writer.set_trace_callback(asked.append)
    store.run(lambda tx: tx.next_due())
    store._writer.set_trace_callback(None)
    (select,) = [sql for sql in asked if sql.startswith("SELECT")]
    steps = [step for *_, step in store._writer.cursor().execute(f"EXPLAIN QUERY PLAN {select}")]
    tables = [step for step in steps if step.startswith(("SEARCH", "SCAN")) and "anon" not in step]
    assert len(tables) == 7, steps
    assert all(" INDEX " in step for step in tables), steps
