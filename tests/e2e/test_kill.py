"""SIGKILL of `web` and `worker` under load loses no accepted alert and no page, and repeats only what was in flight.

A short storm by default; TOCSIN_KILL_FULL=1 runs the long one, as does `python -m tests.e2e.kill`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e import kill
from tests.e2e.load import Post
from tests.e2e.stage import Place
from tests.e2e.verdict import Kill, Verdict, _duplicates, judge

FULL = bool(os.environ.get("TOCSIN_KILL_FULL"))


@pytest.mark.slow
async def test_nothing_is_lost_when_processes_are_killed(tmp_path: Path):
    alerts, kills = (10_000, 20) if FULL else (1_500, 6)
    found = await kill.run(tmp_path, alerts=alerts, kills=kills, seed=7)
    print(found.report())
    assert len(found.kills) >= kills
    assert found.verdict.counts["alerts accepted"] == alerts
    assert found.verdict.counts["incidents"] > alerts / 20
    assert not found.verdict.wrong, found.report()
