"""SIGKILL of `web` and `worker` under load loses no accepted alert and no page, and repeats only what was in flight.

A short storm by default; TOCSIN_KILL_FULL=1 runs the long one, as does `python -m tests.e2e.kill`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e import kill
from tests.e2e.verdict import judge

ALERTS, KILLS = (10_000, 20) if os.environ.get("TOCSIN_KILL_FULL") else (1_500, 6)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill")


@pytest.fixture(scope="module")
def storm(folder: Path) -> Iterator[kill.Run]:
    """One storm for all tests of this file: it takes most of a minute."""
    found = asyncio.run(kill.run(folder, alerts=ALERTS, kills=KILLS, seed=7))
    print(found.report())
    return found


def test_nothing_is_lost_when_processes_are_killed(storm):
    assert len(storm.kills) >= KILLS
    assert storm.verdict.counts["alerts accepted"] == ALERTS
    assert storm.verdict.counts["incidents"] > ALERTS / 20
    assert storm.answers["no answer"], "No request was under way at any kill, so this run proves little."
    assert storm.verdict.counts["in flight at the kills"], "Nothing was being sent at any kill."
    assert not storm.verdict.wrong, storm.report()


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("DELETE FROM alert WHERE seq = (SELECT max(seq) FROM alert)", "Alerts lost after a 2xx"),
        ("UPDATE alert SET incident = 'gone' WHERE seq = 1", "Alerts without an incident"),
        ("UPDATE alert SET incident = (SELECT id FROM incident WHERE seq = 9) WHERE seq = 1", "of another group"),
        ("DELETE FROM inbox WHERE seq <= 60", "were kept"),  # more than can be kept without an answer at kills
        ("UPDATE inbox SET state = 'waiting' WHERE seq = 5", "not worked off"),
        ("DELETE FROM delivery WHERE lane = '0page' AND carrier = 'slack'", "reached nobody"),
        ("DELETE FROM delivery WHERE lane <> '0page'", "without a card"),
        ("UPDATE delivery SET whole = json_set(whole, '$.state', 'queued') WHERE seq = 3", "still in the queue"),
        (
            "UPDATE incident SET whole = json_set(whole, '$.progress', 'Triggered') WHERE progress = 'Closed'",
            "stay open",
        ),
        (
            "INSERT INTO incident SELECT 0, 'twin', 0, channel, '', progress, NULL, '', whole FROM incident LIMIT 1",
            "more than one incident",
        ),
    ],
)
def test_the_judge_sees_what_is_missing_in_the_database(harm, found, storm, folder, tmp_path):
    database = tmp_path / "harmed.db"
    with closing(sqlite3.connect(folder / "tocsin.db")) as whole, closing(sqlite3.connect(database)) as copy:
        whole.backup(copy)  # a killed process leaves pages in the log beside the file
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(harm)
    wrong = judge(database, storm.accepted, storm.arrivals, storm.kills).wrong
    assert any(found in sentence for sentence in wrong), wrong


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        pytest.param(lambda arrivals: arrivals[: len(arrivals) // 2], "never arrived", id="messages that vanish"),
        pytest.param(
            lambda arrivals: [*arrivals, (*arrivals[0][:2], arrivals[0][2] + 3600, arrivals[0][3])],
            "no kill explains",
            id="a message that comes again an hour later",
        ),
    ],
)
def test_the_judge_sees_what_is_wrong_at_the_platforms(harm: Callable, found, storm, folder):
    wrong = judge(folder / "tocsin.db", storm.accepted, harm(storm.arrivals), storm.kills).wrong
    assert any(found in sentence for sentence in wrong), wrong
