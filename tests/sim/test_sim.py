"""The simulator itself: a few short seeds pass, the same seed tells the same story, and planted mistakes are found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.sim import mutants
from tests.sim.checks import INVARIANTS
from tests.sim.run import Report, again, missing_marks, simulate
from tests.sim.simulation import Plan
from tests.sim.world import span_of, span_text

ROOT = Path(__file__).parents[2]
QUICK = ("ack-keeps-timers", "budget-ignored", "inbox-finished-first")
"""Mutants that die within seconds; `python -m tests.sim.run --mutants` hunts them all."""


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """A few short seeds: one without faults, one with real cards, the others as they are drawn."""
    return [simulate(Plan(seed=seed, days=5)) for seed in (2, 3, 4, 6, 7, 8)]


def test_five_days_of_a_few_seeds_go_well(reports):
    for report in reports:
        assert not report.failure, "\n".join([*report.tail, report.failure, again(report)])
    assert sum(report.tally["incidents"] for report in reports) > 50
    assert sum(report.tally["crashes"] for report in reports) > 0


def test_the_same_seed_tells_the_same_story_whatever_the_order_of_hashes():
    command = [sys.executable, "-m", "tests.sim.run", "--seed", "3", "--days", "3", "--jobs", "1"]
    runs = [
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, text=True, check=False
        )
        for hashes in ("0", "4242")
    ]
    traces = [run.stdout.splitlines()[-1] for run in runs]
    assert traces[0].startswith("trace "), runs[0].stdout + runs[0].stderr
    assert traces[0] == traces[1]


def test_sqlite_decides_as_memory_does():
    memory, sqlite = (simulate(Plan(seed=2, days=1, store=store)) for store in ("memory", "sqlite"))
    assert not sqlite.failure, sqlite.failure
    assert memory.trace == sqlite.trace


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_planted_mistake_is_found(name):
    reports = mutants.hunt(name, mutants.plans(name, days=6, seeds=4), 1)
    assert reports[-1].failure


@pytest.mark.parametrize("name", sorted(mutants.MUTANTS))
def test_a_mutant_still_fits_the_code(name):
    _, _, original, mutant = mutants.breed(name)
    assert (
        original.__code__.co_code != mutant.__code__.co_code or original.__code__.co_consts != mutant.__code__.co_consts
    )


def test_a_failure_prints_the_command_that_shows_it_again():
    report = Report(Plan(seed=8812), failed_at=span_of("3d04h"))
    assert again(report) == "make sim SEED=8812 UNTIL=3d04h01m"


def test_a_run_that_met_nothing_says_so():
    assert "ladder_exhausted" in missing_marks([Report(Plan(seed=1))])


def test_spans_are_read_as_they_are_written():
    assert span_text(span_of("3d04h")) == "3d04h00m00.000"
    with pytest.raises(ValueError, match="unit"):
        span_of("12")


def test_every_invariant_is_checked_by_some_seed(reports):
    checked = Counter(number for report in reports for number in report.checked)
    assert [number for number in INVARIANTS if not checked[number]] == []
